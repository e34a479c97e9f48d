"""What tags tell of a build of Windows."""

from __future__ import annotations

import pytest

from cdk_pull.windows.catalogue import ServercoreTag, build_of_tag, read_servercore_tag


@pytest.mark.parametrize(
    ("tag", "build"),
    [
        ("10.0.20348.1906", 20348),
        ("10.0.20348", 20348),
        ("ltsc2022", 20348),
        ("ltsc2019-amd64", 17763),
        ("1809", 17763),
        ("8.0-nanoserver-1809", 17763),
        ("8.0-nanoserver-20H2", 19042),
        ("4.8-windowsservercore-ltsc2019", 17763),
        ("10.0.1-nanoserver-ltsc2025", 26100),
        ("3.12-windowsservercore-10.0.20348.1906", 20348),
    ],
)
def test_a_tag_names_a_build(tag: str, build: int) -> None:
    """By the build itself, or by the word that Microsoft has for it; 10.0.1 is a version of .NET."""
    assert build_of_tag(tag) == build


@pytest.mark.parametrize("tag", ["", "8.0", "10.0.1", "latest", "4.8", "2019-CU18-ubuntu-20.04", "1.809"])
def test_other_tags_name_none(tag: str) -> None:
    """Numbers that look alike are no builds."""
    assert build_of_tag(tag) is None


@pytest.mark.parametrize(
    ("tag", "read"),
    [
        ("10.0.20348.1906", ServercoreTag(exact="10.0.20348.1906")),
        ("10.0.20348.1906-amd64", ServercoreTag(exact="10.0.20348.1906")),
        ("ltsc2022", ServercoreTag(floating=True)),
        ("ltsc2022-amd64", ServercoreTag(floating=True)),
        ("1809", ServercoreTag(floating=True)),
        ("ltsc2022-KB5029250", ServercoreTag(exact="10.0.20348.1906")),
        ("ltsc2022-KB5029250-amd64", ServercoreTag(exact="10.0.20348.1906")),
        ("ltsc2019-KB5029250", None),
        ("ltsc2022-KB1", None),
        ("latest", None),
        ("", None),
        ("10.0.20348", None),
    ],
)
def test_tags_of_servercore(tag: str, read: ServercoreTag | None) -> None:
    """An exact build, a tag that moves, or a KB of the catalogue, each with its architecture or without."""
    assert read_servercore_tag(tag) == read
