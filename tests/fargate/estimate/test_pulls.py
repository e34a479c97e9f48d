from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from cdk_pull.fargate.estimate.pulls import Pull, TaskImage, group_pulls, is_cached, spread_of
from cdk_pull.fargate.estimate.start_model import Interval
from tests.fargate.task_records import DIGEST, ECR, NOON, task


def start(**fields: Any) -> Pull:
    """Return the start of a task that has one."""
    pull = Pull.of_task(task(**fields))
    assert pull is not None
    return pull


def test_a_task() -> None:
    """Every field of a task's record, from texts and from boto3's moments of any zone alike."""
    expected = Pull(
        task=f"arn:aws:ecs:eu-west-1:111122223333:task/prod/{1:032x}",
        created=NOON + timedelta(minutes=1),
        pre_pull=12.0,
        pull=30.0,
        post_pull=4.0,
        launch_type="FARGATE",
        cpu=512,
        memory_mib=1024,
        os="linux",
        region="eu-west-1",
        images=(TaskImage(f"{ECR}/app:1", DIGEST),),
    )
    assert start() == expected
    assert expected.total == 46.0
    zone = timezone(timedelta(hours=-7))
    record = {
        name: datetime.fromisoformat(value).astimezone(zone) if name.endswith("At") else value
        for name, value in task().items()
    }
    assert Pull.of_task(record) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"pullStoppedAt": None},
        {"pullStartedAt": "soon"},
        {"createdAt": 1},
        {"taskArn": None},
        {"pullStoppedAt": "2026-11-23T11:00:00Z"},
        {"createdAt": "2026-11-24T11:00:00Z"},
    ],
)
def test_records_that_tell_no_pull(change: dict[str, Any]) -> None:
    """A pull that is not over, and moments that cannot be, are left out."""
    assert Pull.of_task(task() | change) is None


def test_what_a_record_may_lack() -> None:
    """A task without a size, without containers and without a launch type is still a start."""
    record = task(
        platformFamily="WINDOWS_SERVER_2022_CORE", containers=None, capacityProviderName="FARGATE_SPOT"
    )
    del record["cpu"], record["launchType"]
    pull = Pull.of_task(record)
    assert pull is not None
    assert (pull.cpu, pull.images, pull.launch_type, pull.os) == (0, (), "FARGATE", "windows")


def test_groups() -> None:
    """Starts are grouped by images and size; of one task the record that tells most counts once."""
    pulls = [
        start(number=2),
        start(number=1, post=None),
        start(number=1),
        start(number=3, cpu=256),
        start(number=1),
    ]
    groups = group_pulls(pulls)
    assert [(group.first.cpu, [pull.task[-1] for pull in group.pulls]) for group in groups] == [
        (256, ["3"]),
        (512, ["1", "2"]),
    ]
    assert groups[1].seconds("post_pull") == [4.0, 4.0]
    assert group_pulls([start(post=None)])[0].seconds("total") == []


def test_cached_pulls() -> None:
    """Only a pull on EC2 can find its image on the instance."""
    assert is_cached(start(pull=0.3, launchType="EC2"))
    assert not is_cached(start(pull=2.0, launchType="EC2"))
    assert not is_cached(start(pull=0.3))


def test_quantiles() -> None:
    """The deciles and the median, of one value itself."""
    assert spread_of([3.0]) == Interval(3.0, 3.0, 3.0)
    assert spread_of([float(n) for n in range(11)]) == Interval(1.0, 5.0, 9.0)
