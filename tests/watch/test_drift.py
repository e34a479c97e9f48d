from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cdk_pull.fargate.estimate.measured import MeasuredGroup, MeasuredStart
from cdk_pull.fargate.estimate.pulls import TaskImage
from cdk_pull.fargate.estimate.start_model import Interval
from cdk_pull.watch.drift import ChosenStart, find_drift
from tests.fargate.task_records import DIGEST, ECR, NOON

CHOSEN = ChosenStart(
    task="Shop/Web",
    images=(f"{ECR}/web:1.4.0",),
    cpu=512,
    memory_mib=1024,
    region="eu-west-1",
    start=Interval(40, 59, 90),
)


def _group(seconds: list[float], **more: Any) -> MeasuredGroup:
    group = MeasuredGroup(
        launch_type="FARGATE",
        region="eu-west-1",
        os="linux",
        cpu=512,
        memory_mib=1024,
        images=(TaskImage(f"{ECR}/web:1.5.0", DIGEST),),
        starts=tuple(
            MeasuredStart(NOON + timedelta(minutes=number), str(number), 12.0, value - 16.0, 4.0)
            for number, value in enumerate(seconds)
        ),
    )
    return replace(group, **more)


def test_a_later_start_is_reported() -> None:
    """A median beyond the noise is drift, whatever tag the image has by now."""
    [drift] = find_drift([_group([70.0, 74.0, 80.0])], [CHOSEN])
    assert str(drift) == (
        "Shop/Web now starts in 74 s (median of 3 starts); its size was chosen for 59 s: 15 s later"
    )
    assert drift.to_json() == {
        "task": "Shop/Web",
        "drifted": True,
        "starts": 3,
        "measured_seconds": {"low": 70.8, "expected": 74.0, "high": 78.8},
        "chosen_for_seconds": {"low": 40, "expected": 59, "high": 90},
    }


def test_a_sooner_start_is_reported() -> None:
    """A size may be larger than it has to be."""
    [drift] = find_drift([_group([30.0])], [CHOSEN])
    assert str(drift) == (
        "Shop/Web now starts in 30 s (median of 1 start); its size was chosen for 59 s: 29 s sooner"
    )


def test_noise_is_no_drift() -> None:
    """A difference that two tasks of one image have is none between the estimate and the starts."""
    [drift] = find_drift([_group([64.0, 66.0])], [CHOSEN])
    assert str(drift) == "Shop/Web starts in 65 s (median of 2 starts), as chosen: 59 s"
    assert not drift.drifted


@pytest.mark.parametrize(
    "other",
    [
        {"cpu": 1024},
        {"memory_mib": 2048},
        {"region": "eu-central-1"},
        {"images": (TaskImage(f"{ECR}/api:1", DIGEST),)},
        {"images": (TaskImage(f"{ECR}/web:1", DIGEST), TaskImage("envoy:1", DIGEST))},
    ],
)
def test_other_starts_do_not_count(other: dict[str, Any]) -> None:
    """Starts of another size, Region or set of images say nothing of this task."""
    assert find_drift([_group([74.0], **other)], [CHOSEN]) == []


@pytest.mark.parametrize(
    ("image", "measured"),
    [
        ("${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/web:1", f"{ECR}/web:2"),
        ("${?}/web@sha256:" + "a" * 64, f"{ECR}/web:2"),
        ("nginx:1.27", "nginx:1.29"),
        ("localhost:5000/team/web:1", "localhost:5000/team/web"),
    ],
)
def test_images_are_known_again_by_their_repository(image: str, measured: str) -> None:
    """An account that only the deployment knows does not hide the image, nor does a new tag."""
    group = _group([74.0], images=(TaskImage(measured, DIGEST),))
    assert len(find_drift([group], [replace(CHOSEN, images=(image,), region="")])) == 1


def test_the_largest_difference_comes_first() -> None:
    """Tasks are in the order of how far they have drifted, groups of one task together."""
    far = replace(CHOSEN, task="Far", start=Interval(1, 10, 20))
    found = find_drift(
        [_group([74.0]), _group([76.0], images=(TaskImage(f"{ECR}/web:9", DIGEST),))], [CHOSEN, far]
    )
    assert [(each.chosen.task, each.starts) for each in found] == [("Far", 2), ("Shop/Web", 2)]
