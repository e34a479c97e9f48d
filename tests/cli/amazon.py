"""An AWS on this machine, which answers each operation as a test says."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.fargate.task_records import ECR, NOON, event, task
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = ["CLUSTER", "Amazon", "amazon_at", "answers"]

CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"
_TASK = CLUSTER.replace("cluster/", "task/") + "/" + "0" * 32
_PULL = "CannotPullContainerError: failed to resolve ref: not found"


class Amazon:
    """What each operation answers: JSON's types, or a status and bytes."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = answers()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return the handler for an HTTP server."""
        amazon = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                answer = amazon.answers[self.headers["X-Amz-Target"].rpartition(".")[2]]
                status, body = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def amazon_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    """Run it, and let every client of AWS ask it."""
    made = Amazon()
    with https_server(made.handler(), None) as host:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def answers(text: str = "") -> dict[str, Any]:
    """Return right answers; a text stands after every string in them that is not compared with a name that is known."""
    started = {name: NOON.timestamp() + 10 * at for at, name in enumerate(_MOMENTS)}
    described = {**task(1), **started, "taskArn": _TASK, "lastStatus": "RUNNING"}
    container = {"name": f"app{text}", "image": f"{ECR}/app:1{text}", "imageDigest": f"sha256:0{text}"}
    started_task = {**described, "containers": [container], "group": f"service:web{text}"}
    failed = {
        **started_task,
        "taskArn": f"{_TASK}{text}",
        "stoppedReason": f"{_PULL}{text}",
        "containers": [{**container, "reason": f"{_PULL}{text}"}],
    }
    recorded = {**task(2), "containers": [container], "lastStatus": "RUNNING"}
    return {
        "DescribeServices": {
            "services": [
                {
                    "serviceName": f"web{text}",
                    "status": "ACTIVE",
                    "taskDefinition": "web:1",
                    "events": [{"id": "1", "message": f"{_PULL}{text}"}],
                }
            ]
        },
        "ListServices": {"serviceArns": [f"{CLUSTER}/web{text}"]},
        "ListTasks": {"taskArns": [_TASK]},
        "DescribeTasks": {"tasks": [started_task, failed]},
        "DescribeTaskDefinition": {
            "taskDefinition": {
                "family": f"web{text}",
                "containerDefinitions": [container],
                "cpu": "512",
                "memory": "1024",
                "runtimePlatform": {
                    "cpuArchitecture": f"ARM64{text}",
                    "operatingSystemFamily": f"LINUX{text}",
                },
                "ephemeralStorage": {"sizeInGiB": 21},
            }
        },
        "FilterLogEvents": {
            "events": [
                {"timestamp": 1, "message": json.dumps(event(recorded))},
                {"timestamp": 2, "message": f"{{{text}"},
                {"timestamp": 3, "message": json.dumps(event({**recorded, "taskArn": f"arn:{text}"}))},
            ]
        },
        "DescribeImageReplicationStatus": {
            "repositoryName": f"web{text}",
            "replicationStatuses": [
                {
                    "region": f"eu-west-3{text}",
                    "registryId": f"1{text}",
                    "status": f"FAILED{text}",
                    "failureCode": f"Denied{text}",
                }
            ],
        },
    }


_MOMENTS = ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt")
