from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.settings import AgentSettings, Conflict, PullBehavior
from cdk_pull.agent.variables import variables
from cdk_pull.errors import ConflictError, InvalidValueError

MINUTES = timedelta(minutes=1)


class Duration:
    """What aws_cdk.Duration looks like from here."""

    def __init__(self, minutes: int) -> None:
        self._minutes = minutes

    def to_milliseconds(self) -> float:
        """Return the length."""
        return self._minutes * 60_000


def test_to_environment() -> None:
    """Every setting becomes its variable in the form that the agent reads."""
    settings = AgentSettings(
        image_pull_behavior=PullBehavior.ONCE,
        image_pull_inactivity_timeout=3 * MINUTES,
        image_pull_timeout=Duration(90),
        manifest_pull_timeout=timedelta(seconds=45.5),
        image_cleanup_interval=15 * MINUTES,
        image_minimum_cleanup_age=timedelta(microseconds=5),
        non_ecs_image_minimum_cleanup_age=timedelta(days=1),
        num_images_delete_per_cycle=9,
        disable_image_cleanup=False,
        enable_untracked_image_cleanup=True,
        pull_dependent_containers_upfront=True,
        warm_pools_check=False,
        exclude_untracked_image=["a:1", "b$(x)"],
        engine_task_cleanup_wait_duration=timedelta(seconds=1),
    )
    assert settings.to_environment() == {
        "ECS_IMAGE_PULL_BEHAVIOR": "once",
        "ECS_IMAGE_CLEANUP_INTERVAL": "15m0s",
        "ECS_IMAGE_MINIMUM_CLEANUP_AGE": "5us",
        "NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE": "24h0m0s",
        "ECS_NUM_IMAGES_DELETE_PER_CYCLE": "9",
        "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT": "3m0s",
        "ECS_IMAGE_PULL_TIMEOUT": "1h30m0s",
        "ECS_MANIFEST_PULL_TIMEOUT": "45.5s",
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "1s",
        "ECS_DISABLE_IMAGE_CLEANUP": "false",
        "ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP": "true",
        "ECS_EXCLUDE_UNTRACKED_IMAGE": "a:1,b$(x)",
        "ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT": "true",
        "ECS_WARM_POOLS_CHECK": "false",
    }
    assert AgentSettings().to_environment() == {}
    assert hash(settings) == hash(settings.merge(AgentSettings()))


@pytest.mark.parametrize("behavior", ["default", "always", "once", "prefer-cached"])
def test_behavior_by_its_text(behavior: str) -> None:
    """The agent's own spelling of a behaviour is taken."""
    settings = AgentSettings(image_pull_behavior=behavior)  # type: ignore[arg-type] # what a user without types writes
    assert settings.image_pull_behavior is PullBehavior(behavior)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"image_pull_behavior": "ONCE"},
            (
                "image_pull_behavior is not a value that the ECS agent knows: 'ONCE'; allowed: default, always, once, "
                "prefer-cached. The agent would silently use 'default'."
            ),
        ),
        (
            {"image_cleanup_interval": 5 * MINUTES},
            (
                "image_cleanup_interval is shorter than the ECS agent accepts: '5m0s'; allowed: from 10m. The agent would "
                "silently use its default, 30m."
            ),
        ),
        (
            {"image_pull_inactivity_timeout": timedelta(seconds=59)},
            (
                "image_pull_inactivity_timeout is shorter than the ECS agent accepts: '59s'; allowed: from 1m. The agent "
                "would silently use 1m."
            ),
        ),
        (
            {"manifest_pull_timeout": timedelta(seconds=29)},
            (
                "manifest_pull_timeout is shorter than the ECS agent accepts: '29s'; allowed: from 30s. The agent would "
                "silently use 30s."
            ),
        ),
        (
            {"engine_task_cleanup_wait_duration": timedelta(milliseconds=999)},
            (
                "engine_task_cleanup_wait_duration is shorter than the ECS agent accepts: '999ms'; allowed: from 1s. The "
                "agent would silently use its default, 3h."
            ),
        ),
        (
            {"image_pull_timeout": timedelta(0)},
            (
                "image_pull_timeout is not a length of time: '0s'; allowed: more than 0. To the ECS agent it means the "
                "default, 2h. Leave it out to keep the default."
            ),
        ),
        (
            {"image_pull_timeout": -MINUTES},
            (
                "image_pull_timeout is not a length of time: '-1m0s'; allowed: more than 0. To the ECS agent it means a "
                "value that fails every time. Leave it out to keep the default."
            ),
        ),
        (
            {"image_pull_timeout": timedelta.max},
            (
                "image_pull_timeout is longer than the ECS agent can read: '999999999 days, 23:59:59.999999'; allowed: up "
                "to 2562047h47m16.854775807s"
            ),
        ),
        (
            {"image_pull_timeout": 60},
            (
                "image_pull_timeout is not a duration: 60; allowed: aws_cdk.Duration.minutes(30) or "
                "datetime.timedelta(minutes=30)"
            ),
        ),
        (
            {"num_images_delete_per_cycle": 0},
            (
                "num_images_delete_per_cycle is not a number that the ECS agent accepts: 0; allowed: a whole number from 1. "
                "The agent would silently use 5. To switch cleanup off, set disable_image_cleanup=True."
            ),
        ),
        (
            {"num_images_delete_per_cycle": True},
            (
                "num_images_delete_per_cycle is not a number that the ECS agent accepts: True; allowed: a whole number from "
                "1. The agent would silently use 5. To switch cleanup off, set disable_image_cleanup=True."
            ),
        ),
        (
            {"warm_pools_check": "yes"},
            "warm_pools_check is not a boolean: 'yes'; allowed: True, False",
        ),
        (
            {"exclude_untracked_image": "nginx"},
            (
                "exclude_untracked_image is not a list of image names: 'nginx'; allowed: a list with at least one image "
                "name. Leave it out to exclude nothing."
            ),
        ),
        (
            {"exclude_untracked_image": []},
            (
                "exclude_untracked_image is not a list of image names: []; allowed: a list with at least one image name. "
                "Leave it out to exclude nothing."
            ),
        ),
        (
            {"image_pull_behavior": "prefer-cached", "image_cleanup_interval": 15 * MINUTES},
            (
                "image_cleanup_interval has no effect: prefer-cached switches image cleanup off for the whole instance: "
                "'15m0s'; allowed: not set. Leave it out, or use PullBehavior.ONCE, which keeps cleanup on."
            ),
        ),
        (
            {"disable_image_cleanup": True, "num_images_delete_per_cycle": 7},
            (
                "num_images_delete_per_cycle has no effect: disable_image_cleanup=True switches image cleanup off: '7'; "
                "allowed: not set. Leave one of the two out."
            ),
        ),
        (
            {"enable_untracked_image_cleanup": False, "non_ecs_image_minimum_cleanup_age": MINUTES},
            (
                "non_ecs_image_minimum_cleanup_age has no effect: enable_untracked_image_cleanup=False leaves untracked "
                "images alone: '1m0s'; allowed: not set. Leave it out, or set enable_untracked_image_cleanup=True."
            ),
        ),
    ],
)
def test_refused(given: dict[str, Any], message: str) -> None:
    """What the agent would change or ignore is an error that says what it would do."""
    with pytest.raises(InvalidValueError) as error:
        AgentSettings(**given)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "image", ["", "a,b", "a b", " a", "a\n", "a\tb", "a\u00a0b", "a\x00", "\ud800", "a\u2028", 5]
)
def test_refused_image(image: object) -> None:
    """An entry of the exclude list that the agent would split, or that cannot be written to a line, is an error."""
    with pytest.raises(InvalidValueError, match="has an entry that is not one image name"):
        AgentSettings(exclude_untracked_image=[image])  # type: ignore[list-item] # what the test is about


@pytest.mark.parametrize(
    "field",
    [
        each.field
        for each in variables().values()
        if each.needs_cleanup or each.field == "disable_image_cleanup"
    ],
)
def test_no_cleanup_setting_beside_prefer_cached(field: str) -> None:
    """Each cleanup setting beside prefer-cached is an error: the agent never starts its cleanup."""
    value: Any = {"duration": timedelta(hours=1), "integer": 9, "boolean": True, "list": ["a"]}[
        next(each.kind for each in variables().values() if each.field == field)
    ]
    assert AgentSettings(**{field: value}).to_environment()
    with pytest.raises(InvalidValueError, match=f"{field} has no effect: prefer-cached"):
        AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED, **{field: value})


def test_task_cleanup_beside_prefer_cached() -> None:
    """How long a stopped task keeps its containers still matters beside prefer-cached."""
    settings = AgentSettings(
        image_pull_behavior=PullBehavior.PREFER_CACHED, engine_task_cleanup_wait_duration=10 * MINUTES
    )
    assert settings.to_environment()["ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION"] == "10m0s"


def test_merge() -> None:
    """Settings that agree merge; those that differ are conflicts that name both values."""
    once = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
    slow = AgentSettings(image_cleanup_interval=60 * MINUTES)
    both = once.merge(slow)
    assert both == AgentSettings(image_pull_behavior=PullBehavior.ONCE, image_cleanup_interval=60 * MINUTES)
    assert both.merge(once) == both
    always = AgentSettings(image_pull_behavior=PullBehavior.ALWAYS)
    assert once.conflicts(always) == [Conflict("ECS_IMAGE_PULL_BEHAVIOR", "once", "always")]
    assert once.conflicts(slow) == []
    with pytest.raises(ConflictError) as error:
        once.merge(always)
    assert str(error.value) == (
        "two values for one setting of the ECS agent: ECS_IMAGE_PULL_BEHAVIOR is 'once' and 'always'; keep one of them"
    )
    with pytest.raises(InvalidValueError, match="prefer-cached switches image cleanup off"):
        slow.merge(AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED))


@given(
    st.timedeltas(min_value=timedelta(minutes=10), max_value=timedelta(days=100_000)),
    st.integers(min_value=1, max_value=2**63 - 1),
)
def test_accepted_is_effective(length: timedelta, number: int) -> None:
    """The agent takes exactly what is accepted."""
    settings = AgentSettings(
        image_cleanup_interval=length, image_pull_timeout=length, num_images_delete_per_cycle=number
    )
    for name, text in settings.to_environment().items():
        variable = variables()[name]
        taken = variable.effective(text)
        assert taken == (number if variable.kind == "integer" else taken)
        assert variable.parse(text) == (
            number if variable.kind == "integer" else length // timedelta(microseconds=1) * 1000
        )
        assert variable.parse(str(taken)) == variable.parse(text)
