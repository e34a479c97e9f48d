from __future__ import annotations

import json

import pytest

from cdk_pull.cli import main

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "a" * 64


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Run the command and return its exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as caught:
        main(["image", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


def test_ecr_image_of_the_region(capsys: pytest.CaptureFixture[str]) -> None:
    """An image in the asked Region gives all the keys and exit status 0."""
    status, out, err = run(capsys, f"{ECR}/team/app:1.2@{DIGEST}", "--region", "eu-west-1", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "reference": f"{ECR}/team/app:1.2@{DIGEST}",
        "registry": ECR,
        "kind": "ecr",
        "account": "111122223333",
        "region": "eu-west-1",
        "repository": "team/app",
        "tag": "1.2",
        "digest": DIGEST,
        "mutable": False,
        "same_region": True,
    }


def test_image_of_another_region(capsys: pytest.CaptureFixture[str]) -> None:
    """An image in another Region gives false, exit status 1 and one line that names both Regions."""
    status, out, err = run(capsys, f"{ECR}/app:1", "--region", "us-east-1", "--json")
    assert status == 1
    assert json.loads(out)["same_region"] is False
    assert err == f"cdk-pull: image {ECR}/app:1 is in eu-west-1; asked for us-east-1\n"


@pytest.mark.parametrize(
    ("reference", "kind"), [("nginx", "other"), ("public.ecr.aws/docker/library/nginx", "ecr-public")]
)
def test_image_of_no_region(capsys: pytest.CaptureFixture[str], reference: str, kind: str) -> None:
    """A registry whose name tells no Region gives null, and exit status 1 only when a Region was asked for."""
    status, out, err = run(capsys, reference, "--region", "us-east-1", "--json")
    facts = json.loads(out)
    assert (status, facts["kind"], facts["region"], facts["same_region"]) == (1, kind, None, None)
    assert "is in a registry whose name holds no Region; asked for us-east-1" in err
    status, out, err = run(capsys, reference, "--json")
    assert (status, json.loads(out)["same_region"], err) == (0, None, "")


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json the same facts are printed for people."""
    status, out, _ = run(capsys, "nginx:1")
    assert status == 0
    assert "reference    docker.io/library/nginx:1\n" in out
    assert "mutable      yes\n" in out
    assert "region       -\n" in out


@pytest.mark.parametrize("arguments", [("Nginx",), ("nginx", "--region", "Mars"), ("",), ()])
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    """Bad input gives exit status 2 and one line on standard error."""
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("cdk-pull: ")
