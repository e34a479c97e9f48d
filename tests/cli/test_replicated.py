"""`cdk-pull replicated`, against an Amazon ECR on this machine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.cli import main, replicated

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.4.2"
DONE = {"region": "us-west-2", "registryId": "111122223333", "status": "COMPLETE"}
GOING = {"region": "ap-south-1", "registryId": "111122223333", "status": "IN_PROGRESS"}
FAILED = {
    "region": "ap-south-1",
    "registryId": "111122223333",
    "status": "FAILED",
    "failureCode": "AccessDenied",
}


class Ecr:
    """What Amazon ECR answers, the last answer again and again, and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.asked: list[dict[str, Any]] = []


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecr]:
    """Run an Amazon ECR that knows one operation."""
    made = Ecr()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, answer = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL_ECR": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(replicated, "_PAUSE", 0.05)
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Run the command."""
    with pytest.raises(SystemExit) as caught:
        main(["replicated", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


def states(*found: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Return an answer."""
    return 200, {"repositoryName": "shop/web", "replicationStatuses": list(found)}


@pytest.mark.parametrize(
    ("found", "options", "code", "out"),
    [
        ([DONE], [], 0, "us-west-2 111122223333: complete\n"),
        ([DONE, GOING], [], 1, "us-west-2 111122223333: complete\nap-south-1 111122223333: in progress\n"),
        ([DONE, GOING], ["--region", "us-west-2"], 0, "us-west-2 111122223333: complete\n"),
        ([DONE], ["--region", "eu-west-3"], 1, "eu-west-3 111122223333: not replicated there\n"),
        ([FAILED], [], 1, "ap-south-1 111122223333: failed (AccessDenied)\n"),
        ([], [], 1, "no replication rule of eu-west-1 is about shop/web\n"),
    ],
)
def test_where_the_copies_are(
    ecr: Ecr,
    capsys: pytest.CaptureFixture[str],
    found: list[dict[str, str]],
    options: list[str],
    code: int,
    out: str,
) -> None:
    """The status is 0 when all copies that are asked for are there."""
    ecr.answers = [states(*found)]
    assert run(capsys, IMAGE, *options) == (code, out, "")
    assert ecr.asked[0] == {
        "registryId": "111122223333",
        "repositoryName": "shop/web",
        "imageId": {"imageTag": "1.4.2"},
    }


def test_waiting(ecr: Ecr, capsys: pytest.CaptureFixture[str]) -> None:
    """It asks again while a copy is on its way, and not for longer than it may."""
    ecr.answers = [states(), states(DONE, GOING), states(DONE, {**GOING, "status": "COMPLETE"})]
    code, out, _ = run(capsys, IMAGE, "--wait", "10s", "--json")
    assert (code, [each["status"] for each in json.loads(out)["copies"]]) == (0, ["COMPLETE"] * 2)
    assert len(ecr.asked) == 3
    ecr.answers = [states(GOING)]
    assert run(capsys, IMAGE, "--wait", "0.2s")[0] == 1


def test_amazon_ecr_refuses(ecr: Ecr, capsys: pytest.CaptureFixture[str]) -> None:
    """What Amazon ECR says against it is in the error."""
    ecr.answers = [(400, {"__type": "ImageNotFoundException", "message": "no such image"})]
    code, _, err = run(capsys, IMAGE)
    assert code == 2
    assert "no such image" in err
    assert "ecr:DescribeImageReplicationStatus" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nginx:1"], "image is not in private Amazon ECR: 'nginx:1'"),
        (["111122223333.dkr.ecr.eu-west-1.amazonaws.com/web"], "image has no tag and no digest"),
        (["shop/WEB:1"], "upper-case"),
        ([IMAGE, "--region", "Oregon"], "Region is malformed: 'Oregon'"),
        ([IMAGE, "--wait", "soon"], "--wait"),
    ],
)
def test_invalid_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be right ends with status 2 and one line, before anything is asked."""
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
