"""Images that user data pulls, which the agent uses with ``prefer-cached`` alone."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.readers import linux, windows

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"


@pytest.mark.parametrize("behavior", ["once", "default", "always", ""])
@pytest.mark.parametrize(
    "pull",
    [
        "docker pull web:1",
        "sudo docker pull web:1",
        "docker image pull web:1",
        "docker pull -q web:1",
        "docker pull --platform linux/arm64 web:1",
        "I=web:1\ndocker pull $I",
        "for i in web:1; do docker pull $i; done",
        "pull() { docker pull $1; }\npull web:1",
        "docker pull web:1 &",
        "timeout 60 docker pull web:1",
        "docker pull web:1 || true",
        "docker login -u AWS x && docker pull web:1",
        "docker run --rm other:1 ls\ndocker pull web:1",
        "bash -c 'docker pull web:1'",
    ],
)
def test_not_used(behavior: str, pull: str) -> None:
    """The agent asks the registry again for what the user data has pulled."""
    setting = f"echo {B}={behavior} >> {F}\n" if behavior else ""
    found = linux.read(f"#!/bin/bash\n{setting}{pull}\n").warnings
    assert [(each.code, each.message) for each in found] == [
        (
            "pull-not-used",
            (
                f"the agent uses {behavior or 'default'} and asks the registry for web:1 again; only prefer-cached uses an "
                "image that the agent did not pull itself"
            ),
        )
    ]


@pytest.mark.parametrize(
    "script",
    [
        f"echo {B}=prefer-cached >> {F}\ndocker pull web:1",
        f"echo {B}=$MODE >> {F}\ndocker pull web:1",
        f"echo {B}=once >> {F}\ndocker pull web:1\ndocker run -d web:1",
        f"echo {B}=once >> {F}\ndocker pull web:1\ndocker create --name x web:1",
        f"echo {B}=once >> {F}\ndocker pull web:1\ndocker tag web:1 web:latest",
        f"echo {B}=once >> {F}\ndocker pull amazon/amazon-ecs-agent:latest",
        f"echo {B}=once >> {F}\necho 'docker pull web:1' > /etc/cron.daily/pull",
        f"echo {B}=once >> {F}\n# docker pull web:1",
        f"echo {B}=once >> {F}\ngit pull",
        f"echo {B}=once >> {F}\ndocker pull",
        f"echo {B}=once >> {F}\nif false; then docker pull web:1; fi",
    ],
)
def test_left_alone(script: str) -> None:
    """What is used, runs later, or whose behaviour nobody knows, is left alone."""
    assert [each.code for each in linux.read(f"#!/bin/bash\n{script}\n").warnings] == []


def test_windows() -> None:
    """PowerShell that pulls is found as well."""
    text = f"<powershell>\n[Environment]::SetEnvironmentVariable('{B}', 'once', 'Machine')\ndocker pull web:1\n</powershell>"
    assert [(each.code, each.line) for each in windows.read(text).warnings] == [("pull-not-used", 3)]
    assert windows.read(text.replace("once", "prefer-cached")).warnings == ()
