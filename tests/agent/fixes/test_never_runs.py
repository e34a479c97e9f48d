"""Fixes of user data that swallows its own settings, and of quotes that the agent keeps."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.fixes.apply import fix_user_data
from cdk_pull.agent.readers.codes import WarningCode

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
ONCE: Final = f"echo {B}=once >> {F}"


@pytest.mark.parametrize(
    ("before", "after", "safe"),
    [
        (
            f"cat << \u2018EOF\u2019 >> {F}\nECS_CLUSTER=edge\nEOF\n{ONCE}",
            f"cat << 'EOF' >> {F}\nECS_CLUSTER=edge\nEOF\n{ONCE}",
            False,
        ),
        (
            f"cat <<EOF >> {F}\nECS_CLUSTER=edge\nEOT\n{ONCE}",
            f"cat <<EOF >> {F}\nECS_CLUSTER=edge\nEOF\n{ONCE}",
            False,
        ),
        (f"echo \u201c{B}=once\u201d >> {F}", f'echo "{B}=once" >> {F}', True),
        (f"cat <<E >> {F}\n{B}=\u201conce\u201d\nE", f"cat <<E >> {F}\n{B}=once\nE", True),
        (f'cat <<E >> {F}\nECS_CLUSTER="web"\nE', f"cat <<E >> {F}\nECS_CLUSTER=web\nE", True),
        (f"echo 'ECS_CLUSTER=\"web\"' >> {F}", f"echo 'ECS_CLUSTER=web' >> {F}", True),
        (f'echo "ECS_CLUSTER=\\"web\\"" >> {F}', f'echo "ECS_CLUSTER=web" >> {F}', True),
        (f"reboot\n{ONCE}", f"{ONCE}\nreboot", True),
    ],
)
def test_fixed(before: str, after: str, safe: bool) -> None:  # noqa: FBT001 - a case's value
    """What was meant is certain: the quotes go, the word ends its here-document, the setting comes first."""
    for unsafe in (False, True):
        fixed = fix_user_data(f"#!/bin/bash\n{before}", "linux", dict.fromkeys(WarningCode, unsafe))
        assert fixed.text == f"#!/bin/bash\n{after if safe or unsafe else before}"


@pytest.mark.parametrize(
    "script",
    [
        f"if true; then\n{ONCE}",
        "while true; do sleep 5; done",
        f"cat <<EOF >> {F}\nECS_CLUSTER=a\n{ONCE}",
        "until curl localhost:51678; do sleep 1; done",
    ],
)
def test_left_alone(script: str) -> None:
    """Where nobody can tell what was meant, nothing is changed."""
    text = f"#!/bin/bash\n{script}"
    assert fix_user_data(text, "linux", dict.fromkeys(WarningCode, True)).text == text
