from __future__ import annotations

from typing import Any

from cdk_pull.fargate.estimate.describe import Described
from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.why import explain_starts, ranked_by_own_starts
from cdk_pull.image.profile import ImageProfile
from tests.fargate.task_records import ECR, task

_BIG = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)
_DENIED = "CannotPullContainerError: failed to resolve ref app:1: unexpected status: 403 Forbidden"
_GONE = "CannotPullContainerError: failed to resolve ref app:1: not found"


def _failed(number: int, reason: str, **more: Any) -> dict[str, Any]:
    made = task(number, post=None, stoppedReason=reason, stoppedAt=f"2026-11-23T13:{number:02d}:00Z", **more)
    del made["pullStartedAt"], made["pullStoppedAt"]
    return made


def _described(*tasks: dict[str, Any], **more: Any) -> Described:
    return Described(
        kind="service", name="web", cluster="prod", region="eu-west-1", tasks=list(tasks), **more
    )


def test_starts_and_failures_are_told_apart() -> None:
    """Starts by size, failures by what is wrong, the most frequent first; what does neither is counted."""
    why = explain_starts(
        _described(
            *(task(n, pull=20.0 + n) for n in range(5)),
            task(9, cpu=1024),
            task(10, pull=0.1, launchType="EC2"),
            task(11, post=None),
            _failed(20, _GONE),
            _failed(21, _DENIED),
            _failed(22, "Task failed to start", containers=[{"image": f"{ECR}/app:1", "reason": _DENIED}]),
            task(30, stoppedReason="Essential container in task exited"),
        )
    )
    assert [(group.first.cpu, len(group.pulls)) for group in why.groups] == [(512, 6), (1024, 1)]
    assert (why.cached, why.other) == (1, 1)
    assert [
        (each.meaning.id, [int(name, 16) for name in each.tasks], each.reason) for each in why.failures
    ] == [
        ("denied", [0x16, 0x15], _DENIED),
        ("not-found", [0x14], _GONE),
    ]


def test_events_that_tell_of_a_failed_start_are_kept_once() -> None:
    """A service repeats the same event for each task; one that says that all is well says nothing here."""
    events = [f"(service web) failed to launch a task with (error {_DENIED})."] * 3
    why = explain_starts(_described(events=[*events, "(service web) has reached a steady state."]))
    assert why.events == (events[0],)


def test_without_a_start_the_images_are_those_of_the_definition() -> None:
    """A service whose every task fails still has images to look at, and a platform."""
    definition = {
        "containerDefinitions": [{"image": "app:1"}, {"image": "proxy:2"}],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    }
    why = explain_starts(_described(_failed(1, _GONE), definition=definition))
    assert (why.images, why.architecture, why.os) == (("app:1", "proxy:2"), "arm64", "linux")
    assert ranked_by_own_starts(why, _BIG, Goal()) is None


def test_the_ways_are_calibrated_by_the_starts() -> None:
    """Ten own starts of 90 s with a pull of 74 draw the estimate of the size that runs to what was measured."""
    why = explain_starts(_described(*(task(n, pull=74.0) for n in range(10))))
    ranked = ranked_by_own_starts(why, _BIG, Goal(start_seconds=60))
    assert ranked is not None
    choice, notes = ranked
    assert 84 < choice.floor.start.total.expected < 94
    assert choice.floor.size.cpu == 512
    assert (choice.region, choice.ways[0].change.what) == ("eu-west-1", "an image of half the size")
    assert notes[0] == "the pull rests on 10 measured pulls of this image in eu-west-1"


def test_a_size_that_fargate_does_not_have_ranks_nothing() -> None:
    """A task on EC2, or of a size that is not known, has no sizes to weigh."""
    assert ranked_by_own_starts(explain_starts(_described(task(1, launchType="EC2"))), _BIG, Goal()) is None
    assert ranked_by_own_starts(explain_starts(_described(task(1, cpu=300))), _BIG, Goal()) is None
