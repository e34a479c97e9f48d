from __future__ import annotations

import csv
import re

import pytest

from cdk_pull.data.preferred import read_data
from cdk_pull.image.base import base_of

BOOKWORM_SLIM = "sha256:774043ccc8ccd0d0833a9ee0792142ab7ad93df971e59dd248fbf82db16d0150"
DEBIAN = "RUN # debian.sh --arch 'amd64' out/ 'bookworm' '@1789689600'"


@pytest.mark.parametrize(
    ("first_layer", "annotations", "labels", "history", "expected"),
    [
        (
            BOOKWORM_SLIM,
            {"org.opencontainers.image.base.name": "x"},
            {},
            [DEBIAN],
            "debian:bookworm-slim of 2026-09-18",
        ),
        (
            "sha256:1",
            {"org.opencontainers.image.base.name": "docker.io/library/node:22"},
            {},
            [DEBIAN],
            "docker.io/library/node:22",
        ),
        ("sha256:1", {}, {"org.opencontainers.image.base.name": "golang:1"}, [], "golang:1"),
        ("sha256:1", {}, {}, [DEBIAN, "CMD"], "debian bookworm"),
        ("sha256:1", {}, {}, ["ADD alpine-minirootfs-3.22.6-x86_64.tar.gz / # buildkit"], "alpine 3.22.6"),
        (
            "sha256:1",
            {},
            {"org.opencontainers.image.version": "24.04"},
            ["/bin/sh -c #(nop)  ARG RELEASE", "/bin/sh -c #(nop)  ARG LAUNCHPAD_BUILD_ARCH"],
            "ubuntu 24.04",
        ),
        (
            "sha256:1",
            {},
            {"vendor": "Red Hat, Inc.", "name": "ubi9/ubi", "version": "9.6"},
            [],
            "ubi9/ubi 9.6",
        ),
        ("sha256:1", {}, {"org.opencontainers.image.version": "24.04"}, ["COPY . /"], ""),
        ("", {}, {}, [], ""),
    ],
)
def test_bases(
    first_layer: str, annotations: dict[str, str], labels: dict[str, str], history: list[str], expected: str
) -> None:
    """The first layer goes before what the image says of itself, and nothing is guessed."""
    assert base_of(first_layer, annotations, labels, history) == expected


def test_the_table() -> None:
    """Every row has a digest of its own, a date and a source."""
    rows = list(csv.DictReader(read_data("linux_bases.csv").splitlines()))
    assert len({row["layer_digest"] for row in rows}) == len(rows) == 20
    for row in rows:
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", row["layer_digest"])
        assert re.fullmatch(r"2026-\d\d-\d\d", row["date"])
        assert row["source"].startswith("docker-library/repo-info ")
