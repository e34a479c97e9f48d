from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

import cdk_pull as pull
from cdk_pull.agent.cfn import read_value, to_text
from cdk_pull.errors import InvalidValueError
from cdk_pull.report.decisions import read_decisions
from tests.cdk.ec2.test_pre_pulled_images import ON, OWN, Capacity, launch_user_data

if TYPE_CHECKING:
    from cdk_pull.report.decisions import RecordedDecision

BLOCK = "# cdk-pull: Docker downloads up to 10 layers of an image at once."


def decisions(stack: cdk.Stack) -> list[RecordedDecision]:
    """Return the decisions of a stack's app."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return [one for each in read_decisions(Path(app.synth().directory)) for one in each.decisions]


@pytest.mark.parametrize("on", ON)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("pre_pulls", [False, True])
def test_matrix(*, on: str, first: bool, pre_pulls: bool) -> None:
    """On whatever it is applied, in any order, Docker is set up, before a pre-pull, and no agent setting changes."""
    stack = Capacity()
    if not first:
        stack.join()
    mixins: list[Any] = [pull.PrePulledImages([OWN])] if pre_pulls else []
    cdk.Mixins.of(ON[on](stack)).apply(*mixins, pull.DockerSettings(max_concurrent_downloads=10))
    if first:
        stack.join()
    value = launch_user_data(stack.written())
    text = to_text(value).text
    assert text.count(BLOCK) == 1
    assert read_value(value).settings == ({"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"} if pre_pulls else {})
    if pre_pulls:
        assert text.index(BLOCK) < text.index("docker pull -q")


def test_the_decision() -> None:
    """The decision says the number, and nothing of a pull behavior that nobody asked for."""
    stack = Capacity()
    stack.join()
    stack.group.with_(pull.DockerSettings(max_concurrent_downloads=10))
    [found] = decisions(stack)
    assert (found.decision.topic, found.decision.decided) == (
        "docker-settings",
        "Docker downloads up to 10 layers of an image at once, in place of 3",
    )


def test_two_numbers_stop_the_synth() -> None:
    """Two numbers for one group are a conflict that names both call sites."""
    stack = Capacity()
    stack.join()
    stack.group.with_(
        pull.DockerSettings(max_concurrent_downloads=10), pull.DockerSettings(max_concurrent_downloads=6)
    )
    with pytest.raises(
        RuntimeError,
        match=r"two values for the same capacity: max_concurrent_downloads: '10' \(.*\) and '6' \(",
    ):
        stack.written()


def test_the_nearest_number_counts() -> None:
    """A number on the group counts before one on the stack, and the decision says so."""
    stack = Capacity()
    stack.join()
    cdk.Mixins.of(stack).apply(pull.DockerSettings(max_concurrent_downloads=6), pull.ImagePullBehavior.once())
    stack.group.with_(pull.DockerSettings(max_concurrent_downloads=10))
    value = launch_user_data(stack.written())
    assert BLOCK in to_text(value).text
    assert read_value(value).settings == {"ECS_IMAGE_PULL_BEHAVIOR": "once"}
    assert [each.decision.why.partition("; ")[2].partition(" (")[0] for each in decisions(stack)] == [
        "",
        "in place of max_concurrent_downloads=6, which DockerSettings on Stack",
    ]


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"windows": True}, "max_concurrent_downloads is not supported on Windows"),
        ({"bottlerocket": True}, "Bottlerocket has no setting for max_concurrent_downloads"),
    ],
)
def test_other_systems_stop_the_synth(props: dict[str, bool], message: str) -> None:
    """Windows and Bottlerocket stop the synth with what is possible there."""
    stack = Capacity(**props)
    stack.join()
    stack.group.with_(pull.DockerSettings(max_concurrent_downloads=10))
    with pytest.raises(RuntimeError, match=message):
        stack.written()


def test_bad_values() -> None:
    """A number that Docker would not take is refused where the mixin is made."""
    with pytest.raises(
        InvalidValueError, match="invalid max_concurrent_downloads: 0; allowed: a whole number from 1"
    ):
        pull.DockerSettings(max_concurrent_downloads=0)
