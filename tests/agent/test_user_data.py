from __future__ import annotations

from cdk_pull.agent.user_data import read_any

TOML = '[settings.ecs]\nimage-pull-behavior = "once"\n'


def test_the_operating_system_that_is_stated_counts() -> None:
    """A stated operating system counts before what the text looks like: Linux reads no TOML."""
    assert read_any(TOML, "bottlerocket").settings == {"ECS_IMAGE_PULL_BEHAVIOR": "once"}
    assert read_any(TOML, "linux").settings == {}


def test_without_one_the_text_tells() -> None:
    """Without an operating system, the text tells it, or nothing is known."""
    assert read_any(TOML, None).settings == {"ECS_IMAGE_PULL_BEHAVIOR": "once"}
    [unknown] = read_any("something", None).unknown
    assert unknown.reason == "the text does not tell its operating system"
