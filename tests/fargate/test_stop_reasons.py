from __future__ import annotations

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.fargate.why import explain_stop, is_start_failure

_ROWS = json.loads(files("cdk_pull.data").joinpath("ecs_stop_reasons.json").read_text("utf-8"))["reasons"]


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: str(row["id"]))
def test_each_row_explains_its_own_example(row: dict[str, str]) -> None:
    """No row before it takes the form that a row is for, and each says what happened, what to do and its source."""
    meaning = explain_stop(row["example"])
    assert meaning is not None
    assert meaning.id == row["id"]
    assert meaning.what.endswith(".")
    assert meaning.do.endswith(".")
    assert meaning.source.startswith("https://")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("CannotPullContainerError: failed to find a descriptor for platform {linux/amd64}", "platform"),
        (
            (
                "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter "
                "overlayfs: mismatched image rootfs and manifest layers"
            ),
            "corrupt",
        ),
        (
            (
                "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:7c: write "
                "/var/lib/containerd/x: no space left on device: unknown"
            ),
            "disk-full",
        ),
        (
            "CannotPullContainerError: Error response from daemon: manifest for nginx:9 not found: manifest unknown",
            "not-found",
        ),
        (
            "CannotPullImageManifestError: Error response from daemon: manifest unknown: manifest unknown",
            "not-found",
        ),
        (
            (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
                "1.dkr.ecr.us-east-1.amazonaws.com/x@sha256:401abc: not found"
            ),
            "not-found",
        ),
        (
            "CannotPullImageManifestError: Error response from daemon: toomanyrequests: Request exceeded pull rate limit",
            "rate-limit",
        ),
        (
            (
                "CannotPullImageManifestError: Error response from daemon: errors: denied: requested access to the resource "
                "is denied unauthorized: authentication required"
            ),
            "denied",
        ),
        (
            (
                "CannotPullContainerError: failed to resolve ref ghcr.io/org/image:1: failed to authorize: failed to fetch "
                "anonymous token: unexpected status from GET request to https://ghcr.io/token: 401 Unauthorized"
            ),
            "denied",
        ),
        (
            "CannotPullECRContainerError: AccessDeniedException: not authorized to perform: ecr:GetAuthorizationToken",
            "denied",
        ),
        (
            (
                "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth "
                "from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network "
                "configuration."
            ),
            "unreachable",
        ),
        (
            (
                "CannotPullContainerError: Error response from daemon: Get https://1.dkr.ecr.us-east-1.amazonaws.com/v2/: "
                "net/http: request canceled while waiting for connection (Client.Timeout exceeded)"
            ),
            "unreachable",
        ),
        (
            "CannotPullContainerError: failed to do request: Head https://registry-1.docker.io: net/http: TLS handshake timeout",
            "unreachable",
        ),
        (
            "CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries",
            "platform",
        ),
        (
            (
                "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter "
                "overlayfs: failed to extract layer sha256:1: write /var/lib: no space left on device: unknown"
            ),
            "disk-full",
        ),
        (
            (
                "ResourceInitializationError: unable to pull secrets or registry auth: unable to get registry auth from asm: "
                "The task cannot retrieve secret with ARN 'x' from AWS Secrets Manager. Check whether the secret exists"
            ),
            "secret-missing",
        ),
        # It begins reasons of many kinds, and is one where nothing else tells.
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: something new",
            "secrets-or-auth",
        ),
        ("CannotPullContainerError: something that nobody has seen yet", "unknown"),
    ],
)
def test_the_forms_that_people_report(reason: str, kind: str) -> None:
    """Of the agent, of Docker, of containerd and of Fargate, each by what is wrong; a new one is unknown and said so."""
    meaning = explain_stop(reason)
    assert meaning is not None
    assert meaning.id == kind


@pytest.mark.parametrize(
    "reason",
    ["", "Essential container in task exited", "Scaling activity initiated by (deployment ecs-svc/1)"],
)
def test_a_task_that_ended_otherwise_is_not_explained(reason: str) -> None:
    """What stopped after it had started, or was stopped on purpose, did not fail to pull."""
    assert explain_stop(reason) is None


@given(st.text(max_size=300))
def test_any_text_is_explained_or_not(text: str) -> None:
    """Whatever ECS writes there is an answer, and every failure of a start has one."""
    assert explain_stop("CannotPullContainerError: " + text) is not None
    assert (explain_stop(text) is not None) is is_start_failure(text)
