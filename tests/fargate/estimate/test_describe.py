from __future__ import annotations

import json
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.aws import AwsError
from cdk_pull.fargate.estimate.describe import describe_pulls
from cdk_pull.fargate.estimate.pulls import Pull
from tests.fargate.task_records import task
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNING, STOPPED = [task(n) for n in range(150)], [task(n) for n in range(150, 170)]


class Ecs:
    """Amazon ECS's API over HTTP: pages of 100, and throttling."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.throttle = 0
        self.error: dict[str, str] | None = None

    def answer(self, action: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request."""
        self.asked.append((action, request))
        if self.error:
            return 400, self.error
        if self.throttle:
            self.throttle -= 1
            return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
        if action == "ListTasks":
            tasks = RUNNING if request["desiredStatus"] == "RUNNING" else STOPPED
            start = int(request.get("nextToken", 0))
            page = {"taskArns": [each["taskArn"] for each in tasks[start : start + 100]]}
            return 200, page | ({"nextToken": str(start + 100)} if start + 100 < len(tasks) else {})
        known = {each["taskArn"]: each for each in (*RUNNING, *STOPPED)}
        assert len(request["tasks"]) <= 100
        return 200, {"tasks": [_epochs(known[arn]) for arn in request["tasks"]], "failures": []}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return the handler for an HTTP server."""
        ecs = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = ecs.answer(self.headers["X-Amz-Target"].rpartition(".")[2], request)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _epochs(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its moments as ECS's JSON has them: seconds since 1970."""
    return {
        name: datetime.fromisoformat(value).timestamp() if name.endswith("At") else value
        for name, value in record.items()
    }


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecs]:
    """Run the API, with credentials of the test's own."""
    made = Ecs()
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with https_server(made.handler(), None) as host:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", f"http://{host}")
        yield made


def test_pages(ecs: Ecs) -> None:
    """Every task that runs or has just stopped, over all pages, throttled or not."""
    ecs.throttle = 2
    pulls = describe_pulls("prod", service="web", region="eu-west-1")
    assert pulls == [Pull.of_task(each) for each in (*RUNNING, *STOPPED)]
    lists = [request for action, request in ecs.asked if action == "ListTasks"]
    assert all(request["cluster"] == "prod" and request["serviceName"] == "web" for request in lists)
    assert sum(action == "DescribeTasks" for action, _ in ecs.asked) == 3


def test_refusals(ecs: Ecs, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's own word, or the lack of an answer, in one line."""
    ecs.error = {"__type": "ClusterNotFoundException", "message": "Cluster not found."}
    expected = (
        "Amazon ECS answers ClusterNotFoundException for cluster prod: Cluster not found.; check its name"
    )
    with pytest.raises(AwsError, match=expected):
        describe_pulls("prod", region="eu-west-1")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    with pytest.raises(AwsError, match="Amazon ECS cannot be asked: You must specify a region"):
        describe_pulls("prod")
