from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.readers.ecs_config import read
from cdk_pull.agent.variables import variables

# What the real ecs-init and agent 1.105.1 computed for each text.
TRUTH: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "ecs_agent_config_truth.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("row", TRUTH, ids=range(len(TRUTH)))
def test_as_the_agent_computes_it(row: dict[str, Any]) -> None:
    """The effective settings are those that the real agent has."""
    assert dict(read(row["ecs_config"]).effective) == row["effective"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('ECS_IMAGE_PULL_BEHAVIOR="once"', "quotes"),
        ("ECS_IMAGE_PULL_BEHAVIOR='once'", "quotes"),
        ('ECS_IMAGE_CLEANUP_INTERVAL="15m"', "quotes"),
        ("ECS_IMAGE_PULL_BEHAVIOR=ONCE", "letter-case"),
        ("ECS_IMAGE_PULL_BEHAVIOR=preferCached", "letter-case"),
        ("ECS_IMAGE_PULL_BEHAVIOR=prefer_cached", "letter-case"),
        ("ecs_image_pull_behavior=once", "letter-case"),
        ("ECS_DISABLE_IMAGE_CLEANUP=tRue", "letter-case"),
        ("export ECS_IMAGE_PULL_BEHAVIOR=once", "export"),
        ("ECS_IMAGE_PULL_BEHAVIOR=once # cached", "trailing-comment"),
        ("ECS_IMAGE_PULL_BEHAVIOR =once", "blanks"),
        ("ECS_IMAGE_PULL_BEHAVIOR= once", "blanks"),
        ("ECS_EXCLUDE_UNTRACKED_IMAGE=a, b", "blanks"),
        ("\ufeffECS_IMAGE_PULL_BEHAVIOR=once", "byte-order-mark"),
        ("ECS_IMAGE_PULL_BEHAVIOR=never", "value-ignored"),
        ("ECS_IMAGE_PULL_TIMEOUT=7d", "value-ignored"),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE=5.5", "value-ignored"),
        ("ECS_DISABLE_IMAGE_CLEANUP=yes", "value-ignored"),
        ("ECS_EXCLUDE_UNTRACKED_IMAGE=a,,b", "value-ignored"),
        ('ECS_EXCLUDE_UNTRACKED_IMAGE=["a", "b"]', "value-ignored"),
        ("ECS_IMAGE_CLEANUP_INTERVAL=5m", "value-changed"),
        ("ECS_IMAGE_MINIMUM_CLEANUP_AGE=0s", "value-changed"),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE=0", "value-changed"),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE=99999999999999999999", "value-changed"),
        ("ECS_IMAGE_PULL_TIMEOUT=-1m", "negative-timeout"),
        ("ECS_IMAGE_PULL_BEHAVIOR=once\nECS_IMAGE_PULL_BEHAVIOR=always", "two-values"),
        ("ECS_IMAGE_PULL_BEHAVIOR=prefer-cached\nECS_IMAGE_CLEANUP_INTERVAL=1h", "no-effect"),
        ("ECS_DISABLE_IMAGE_CLEANUP=true\nECS_NUM_IMAGES_DELETE_PER_CYCLE=9", "no-effect"),
        ("ECS_IMAGE_PULL_BEHAVIOR=prefer-cached\nECS_DISABLE_IMAGE_CLEANUP=false", "no-effect"),
    ],
)
def test_warnings(text: str, code: str) -> None:
    """Each mistake in a line has its own warning, on its line, that names the variable."""
    found = read(text).warnings
    assert [each.code for each in found] == [code]
    assert found[0].line == text.count("\n") + 1
    assert found[0].variable in variables()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# ECS_IMAGE_PULL_BEHAVIOR=ONCE",
        "#ECS_IMAGE_PULL_BEHAVIOR=ONCE",
        "ECS_CLUSTER=my cluster # x",
        "ECS_IMAGE_PULL_BEHAVIOR=",
        " ECS_IMAGE_PULL_BEHAVIOR=once \t\r\n",
        "ECS_IMAGE_CLEANUP_INTERVAL=30m\nECS_IMAGE_CLEANUP_INTERVAL=30m0s",
        "ECS_DISABLE_IMAGE_CLEANUP= true",
        "ECS_EXCLUDE_UNTRACKED_IMAGE=a:1,b@sha256:00",
        "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached\nECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1h",
        "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached\nECS_DISABLE_IMAGE_CLEANUP=true",
    ],
)
def test_no_warning(text: str) -> None:
    """What the agent takes as it stands, and what is not its own, has no warning."""
    assert read(text).warnings == ()


def test_warning_says_what_happens() -> None:
    """A warning says what is wrong and what the agent uses instead."""
    (warning,) = read("ECS_IMAGE_CLEANUP_INTERVAL=5m").warnings
    assert warning.message == "ECS_IMAGE_CLEANUP_INTERVAL=5m: the minimum is 10m; the agent uses 30m0s"


def test_settings_are_the_raw_values() -> None:
    """Settings hold what the text says, with the line that says it last."""
    reading = read("ECS_CLUSTER=x\nECS_IMAGE_CLEANUP_INTERVAL=5m\nECS_IMAGE_CLEANUP_INTERVAL=5m\n")
    assert dict(reading.settings) == {"ECS_IMAGE_CLEANUP_INTERVAL": "5m"}
    assert dict(reading.lines) == {"ECS_IMAGE_CLEANUP_INTERVAL": 3}


@given(st.text())
def test_any_text(text: str) -> None:
    """No text makes the reader fail, and every variable has a value."""
    assert None not in read(text).effective.values()


@given(st.sampled_from(sorted(variables())), st.text(alphabet=st.characters(exclude_characters="\n")))
def test_one_line(name: str, raw: str) -> None:
    """One line sets one variable to what the agent makes of the text after the sign, less what is trimmed."""
    expected = variables()[name].effective(
        raw.rstrip(
            " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
            "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
        )
    )
    assert read(f"{name}={raw}").effective.get(name, expected) == expected


@pytest.mark.parametrize(
    ("line", "effective", "codes"),
    [
        ("ECS_IMAGE_PULL_TIMEOUT=2562047h47m16.854775807s", "2562047h47m16.854775807s", []),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE=+09223372036854775807", 2**63 - 1, []),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE=9223372036854775808", 2**63 - 1, ["value-changed"]),
        (f"ECS_NUM_IMAGES_DELETE_PER_CYCLE={'9' * 5000}", 2**63 - 1, ["value-changed"]),
    ],
    ids=["longest", "largest", "larger", "huge"],
)
def test_the_largest_values(line: str, effective: object, codes: list[str]) -> None:
    """The largest values that Go holds are taken as they are, and a larger number with a warning."""
    reading = read(line)
    assert reading.effective[line.partition("=")[0]] == effective
    assert [each.code for each in reading.warnings] == codes
