from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.readers.prunes import Prune, find_prunes
from cdk_pull.agent.user_data import read_user_data

B, F = "ECS_IMAGE_PULL_BEHAVIOR", "/etc/ecs/ecs.config"


@pytest.mark.parametrize(
    ("line", "command", "dangling"),
    [
        ("0 3 * * * root docker image prune -af", "docker image prune -af", False),
        ("docker system prune --all --force", "docker system prune --all --force", False),
        ("docker system prune -f --volumes", "docker system prune -f --volumes", True),
        ("docker image prune -f --filter until=24h", "docker image prune -f --filter until=24h", True),
        (
            '*/15 * * * * root docker rmi $(docker images --filter "dangling=true" -q --no-trunc)',
            'docker rmi $(docker images --filter "dangling=true" -q --no-trunc)',
            True,
        ),
        (
            "docker rmi -f $(docker images -qf dangling=true)",
            "docker rmi -f $(docker images -qf dangling=true)",
            True,
        ),
        (
            'docker rmi $(docker images | grep "builds" | grep "hour" | awk "{print \\$3}") -f',
            'docker rmi $(docker images | grep "builds" | grep "hour" | awk "{print \\$3}") -f',
            False,
        ),
        ("docker rmi `docker images -q`", "docker rmi `docker images -q`", False),
        ("docker images -q | xargs -r docker rmi", "docker images -q | xargs -r docker rmi", False),
        ("docker image ls -q -f dangling=true | xargs docker image rm", None, True),
        ("echo 'docker system prune -a' > /etc/cron.daily/clean", "docker system prune -a", False),
        ("podman image prune -a", "podman image prune -a", False),
        ("docker run -d -v /var/run/docker.sock:/s meltwater/docker-cleanup:latest", None, False),
    ],
)
def test_what_removes_images(line: str, command: str | None, *, dangling: bool) -> None:
    """A command that removes images is known, and whether it spares those that have a tag."""
    (found,) = find_prunes(f"#!/bin/bash\n{line}\n")
    assert (found.line, found.dangling) == (2, dangling)
    assert command is None or found.command == command


@pytest.mark.parametrize(
    "line",
    [
        "# docker system prune -af",
        "  # docker rmi $(docker images -q)",
        "docker container prune -f",
        "docker volume prune -f",
        "docker network prune -f",
        "docker builder prune -af",
        "docker images",
        "docker rmi my/installer:1",
        "git remote prune origin",
        "docker rm $(docker ps -aq)",
        "docker ps -aq | xargs docker rm",
    ],
)
def test_what_removes_none(line: str) -> None:
    """A comment, and a cleanup of something else, removes no image of the agent's."""
    assert list(find_prunes(line)) == []


def test_a_command_over_several_lines() -> None:
    """A command that goes on after its line is read as one, at the line where it begins."""
    assert list(find_prunes("ls\ndocker images -q \\\n  | xargs \\\n  docker rmi\n")) == [
        Prune(2, "docker images -q | xargs docker rmi", dangling=False)
    ]


def test_each_line_is_named() -> None:
    """Beside once, each job has a warning of its own: a removal of tagged images is another one than of dangling ones."""
    jobs = (
        "*/15 * * * * root docker rmi $(docker images --filter dangling=true -q)\n"
        "*/15 * * * * root docker rmi $(docker images | grep hour)\n"
    )
    text = f"#!/bin/bash\necho {B}={{}} >> {F}\ndocker system prune -af\ncat <<'EOF' > /etc/cron.d/c\n{jobs}EOF\n"
    found = read_user_data(text.format("once"), "linux").warnings
    assert [(each.code, each.line, text.format("once")[slice(*each.span)]) for each in found] == [
        ("dangling-beside-once", 5, jobs.split("\n", maxsplit=1)[0]),
        ("prune-beside-once", 6, jobs.split("\n")[1]),
    ]
    assert [each.message for each in found] == [
        (
            "docker rmi $(docker images --filter dangling=true -q) removes images without a tag, which once counts as "
            "pulled: a task that names one by digest stops with CannotPullImageManifestError"
        ),
        (
            "docker rmi $(docker images | grep hour) removes images that once counts as pulled: the next task of one stops "
            "with CannotPullImageManifestError"
        ),
    ]
    assert read_user_data(text.format("prefer-cached"), "linux").warnings == ()


@given(st.text())
def test_any_text(text: str) -> None:
    """No text makes it fail."""
    assert all(0 < each.line <= text.count("\n") + 1 for each in find_prunes(text))
