"""The Lambda function for backfills, against an Amazon ECR and a CloudFormation on this machine."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.image.backfill_handler import handler

if TYPE_CHECKING:
    from collections.abc import Iterator

OREGON = {"region": "us-west-2", "registryId": "111122223333"}
IRELAND = {"region": "eu-west-1", "registryId": "111122223333"}


class Cloud:
    """What was asked, and how Amazon ECR answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.url = ""


@contextmanager
def running(cloud: Cloud) -> Iterator[None]:
    """Run both services on one port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cloud.requests.append((self.path, dict(self.headers), body))
            status, answer = (
                cloud.answers.pop(0)
                if cloud.answers
                else (200, {"replicationBackfillId": "b-1", "status": "PREPARING"})
            )
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def do_PUT(self) -> None:
            self.do_POST_of_cloudformation()

        def do_POST_of_cloudformation(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cloud.requests.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Return both services, with what a Lambda function has in its environment."""
    made = Cloud()
    with running(made):
        for name, value in {
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL_ECR": f"{made.url}/",
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def ask(cloud: Cloud, kind: str, destinations: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    """Ask as CloudFormation does, and return what it is told."""
    event = {
        "RequestType": kind,
        "ResponseURL": f"{cloud.url}/response?signature=x",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Backfill",
        "ResourceProperties": {"Destinations": destinations, "Filters": ["web"]},
        **more,
    }
    handler(event, None)
    path, _, body = cloud.requests.pop()
    assert path == "/response?signature=x"
    assert isinstance(body, dict)
    return body


def test_one_backfill_for_each_destination(cloud: Cloud) -> None:
    """Each request is signed, and names one destination; CloudFormation hears the ids."""
    told = ask(cloud, "Create", [OREGON, IRELAND])
    assert [body for _, _, body in cloud.requests] == [{"destination": OREGON}, {"destination": IRELAND}]
    headers = cloud.requests[0][1]
    assert headers["X-Amz-Target"] == "AmazonEC2ContainerRegistry_V20150921.StartReplicationBackfill"
    assert "Credential=AKIDEXAMPLE/" in headers["Authorization"]
    assert "/eu-central-1/ecr/aws4_request" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"
    assert told == {
        "Status": "SUCCESS",
        "Reason": "backfill b-1 to 111122223333 in us-west-2 is PREPARING; backfill b-1 to 111122223333 in eu-west-1 is PREPARING",
        "PhysicalResourceId": "cdk-pull-backfill",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Backfill",
    }


def test_a_backfill_that_is_under_way(cloud: Cloud) -> None:
    """One that runs already copies the images as well."""
    cloud.answers = [(400, {"__type": "ReplicationBackfillInProgressException"})]
    told = ask(cloud, "Create", [OREGON])
    assert (told["Status"], told["Reason"]) == (
        "SUCCESS",
        "a backfill to 111122223333 in us-west-2 is under way",
    )


def test_a_failure_is_told(cloud: Cloud) -> None:
    """Whatever Amazon ECR refuses fails the deployment with its words, and does not let it wait for an hour."""
    cloud.answers = [(400, {"__type": "LimitExceededException", "message": "at most 10"})]
    told = ask(cloud, "Create", [OREGON])
    assert told["Status"] == "FAILED"
    assert told["Reason"].startswith("RuntimeError: backfill to 111122223333 in us-west-2: 400 ")
    assert "at most 10" in told["Reason"]
    told = ask(cloud, "Create", [OREGON], ResourceProperties={})
    assert (told["Status"], told["Reason"]) == ("FAILED", "KeyError: 'Destinations'")


@pytest.mark.parametrize(
    ("old", "asked"),
    [
        ({"Destinations": [OREGON], "Filters": ["web"]}, [IRELAND]),
        ({"Destinations": [OREGON], "Filters": []}, [OREGON, IRELAND]),
    ],
)
def test_an_update_asks_for_what_is_new(
    cloud: Cloud, old: dict[str, Any], asked: list[dict[str, str]]
) -> None:
    """A new destination is filled; new repositories are copied to all."""
    told = ask(cloud, "Update", [OREGON, IRELAND], OldResourceProperties=old, PhysicalResourceId="mine")
    assert [body["destination"] for _, _, body in cloud.requests] == asked
    assert told["PhysicalResourceId"] == "mine"


def test_a_deletion_asks_for_nothing(cloud: Cloud) -> None:
    """What was copied stays."""
    assert ask(cloud, "Delete", [OREGON])["Status"] == "SUCCESS"
    assert cloud.requests == []
