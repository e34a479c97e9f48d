from __future__ import annotations

from dataclasses import fields

import pytest

from cdk_pull.agent.settings import AgentSettings
from cdk_pull.agent.variables import bottlerocket_keys, variables


def test_every_setting_is_a_variable() -> None:
    """The settings and the table of variables name the same things."""
    assert {each.field for each in variables().values()} == {each.name for each in fields(AgentSettings)}


@pytest.mark.parametrize(
    ("name", "raw", "effective"),
    [
        ("ECS_IMAGE_PULL_BEHAVIOR", "", "default"),
        ("ECS_IMAGE_PULL_BEHAVIOR", "once", "once"),
        ("ECS_IMAGE_PULL_BEHAVIOR", "ONCE", "default"),
        ("ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", "59s", "1m0s"),
        ("ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", "-1m", "1m0s"),
        ("ECS_IMAGE_PULL_TIMEOUT", "-1m", "-1m0s"),
        ("ECS_IMAGE_PULL_TIMEOUT", "0", "2h0m0s"),
        ("ECS_MANIFEST_PULL_TIMEOUT", "1ns", "30s"),
        ("ECS_MANIFEST_PULL_TIMEOUT", "0s", "1m0s"),
        ("ECS_IMAGE_CLEANUP_INTERVAL", "9m59s", "30m0s"),
        ("ECS_IMAGE_CLEANUP_INTERVAL", "10m", "10m0s"),
        ("ECS_IMAGE_MINIMUM_CLEANUP_AGE", "1ns", "1ns"),
        ("NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE", "-5m", "-5m0s"),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE", "0", 5),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE", "-1", 5),
        ("ECS_NUM_IMAGES_DELETE_PER_CYCLE", "99999999999999999999", 2**63 - 1),
        ("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "999ms", "3h0m0s"),
        ("ECS_DISABLE_IMAGE_CLEANUP", " T\t", True),
        ("ECS_DISABLE_IMAGE_CLEANUP", "yes", False),
        ("ECS_EXCLUDE_UNTRACKED_IMAGE", "a, b,", ["a", " b", ""]),
        ("ECS_EXCLUDE_UNTRACKED_IMAGE", "", []),
    ],
)
def test_effective_on_linux(name: str, raw: str, effective: object) -> None:
    """A raw value becomes what the agent makes of it: bounds, defaults and nonsense."""
    assert variables()[name].effective(raw) == effective


def test_windows_has_one_default_of_its_own() -> None:
    """The inactivity time-out is three minutes on Windows, and a too short one still becomes one."""
    timeout = variables()["ECS_IMAGE_PULL_INACTIVITY_TIMEOUT"]
    assert timeout.effective("", "windows") == "3m0s"
    assert timeout.effective("10s", "windows") == "1m0s"
    changed = [
        each.name for each in variables().values() if each.effective("", "windows") != each.effective("")
    ]
    assert changed == ["ECS_IMAGE_PULL_INACTIVITY_TIMEOUT"]


def test_bottlerocket_keys() -> None:
    """Each key that stands for a variable of settings.ecs is one that Bottlerocket knows there."""
    ours = {each.bottlerocket for each in variables().values() if each.bottlerocket is not None}
    assert {each.key for each in ours if each.table == "settings.ecs"} <= bottlerocket_keys()
    assert [each.name for each in variables().values() if each.bottlerocket is None] == [
        "NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE",
        "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT",
        "ECS_IMAGE_PULL_TIMEOUT",
        "ECS_MANIFEST_PULL_TIMEOUT",
        "ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP",
        "ECS_EXCLUDE_UNTRACKED_IMAGE",
        "ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT",
    ]
