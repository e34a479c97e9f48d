from __future__ import annotations

from datetime import date

import pytest

from cdk_pull.image.reference import ImageReference
from cdk_pull.windows.base_image import BaseProblem, check_base
from cdk_pull.windows.families import fargate_family

FAMILY = "WINDOWS_SERVER_2022_CORE"
MCR = "mcr.microsoft.com"


def problems(image: str, family: str = FAMILY) -> list[BaseProblem]:
    """Return what an image has against it on 2026-09-20."""
    return check_base(ImageReference.parse(image), family, fargate_family(family), date(2026, 9, 20))


@pytest.mark.parametrize(
    "image",
    [
        f"{MCR}/windows/servercore:10.0.20348.5622",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/site:ltsc2019",
        "nginx:nanoserver",
    ],
)
def test_nothing_against_it(image: str) -> None:
    """A cached servercore is fine, and of another registry's image nothing is known."""
    assert problems(image) == []


@pytest.mark.parametrize(
    ("image", "family", "whose"),
    [
        (f"{MCR}/windows/servercore:10.0.17763.9121", FAMILY, "windows-server-2019"),
        (f"{MCR}/windows/servercore:ltsc2019", FAMILY, "windows-server-2019"),
        (f"{MCR}/windows/servercore:ltsc2022", "WINDOWS_SERVER_2019_FULL", "windows-server-2022"),
        (f"{MCR}/windows/servercore/iis:windowsservercore-ltsc2019", FAMILY, "windows-server-2019"),
        (f"{MCR}/dotnet/framework/aspnet:4.8-windowsservercore-ltsc2019", FAMILY, "windows-server-2019"),
        (f"{MCR}/windows/nanoserver:ltsc2025", FAMILY, "windows-server-2025"),
    ],
)
def test_another_server(image: str, family: str, whose: str) -> None:
    """An image of another Windows Server cannot run, whichever kind of tag says so."""
    ((fatal, text),) = problems(image, family)
    assert fatal
    assert text.startswith(
        f"{image} ({whose}) cannot run on {family}: host and container must have the same build"
    )


@pytest.mark.parametrize(
    "image", [f"{MCR}/windows/nanoserver:ltsc2022", f"{MCR}/dotnet/runtime:8.0-nanoserver-ltsc2022"]
)
def test_nanoserver(image: str) -> None:
    """Nanoserver is cached nowhere."""
    ((fatal, text),) = problems(image)
    assert fatal
    assert text == (
        f"{image} is on nanoserver, which no Fargate host has cached: each task would pull it whole. "
        "Build on the servercore that ServerCore.pin chooses"
    )


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (f"{MCR}/windows/servercore:10.0.20348.5386", "left the hosts' cache by 2026-09-15"),
        (f"{MCR}/windows/servercore:ltsc2022", "servercore tag names no exact build: 'ltsc2022'"),
        (f"{MCR}/windows/servercore", "servercore tag names no exact build: ''"),
        (
            f"{MCR}/windows/servercore/iis:windowsservercore-ltsc2022",
            "adds layers that no Fargate host has cached",
        ),
    ],
)
def test_warned_of(image: str, said: str) -> None:
    """What runs, and pulls more than it would have to, is no more than a warning."""
    ((fatal, text),) = problems(image)
    assert not fatal
    assert said in text
