from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.fargate.choose import Goal, choose
from cdk_pull.fargate.estimate.calibration import calibrate
from cdk_pull.fargate.estimate.measured import MeasuredGroup
from cdk_pull.fargate.estimate.pulls import Pull, group_pulls
from cdk_pull.fargate.estimate.start import estimate_start
from cdk_pull.fargate.estimate.start_model import load_start_model
from cdk_pull.image.profile import ImageProfile
from tests.fargate.task_records import DIGEST, ECR, task

PROFILE = replace(
    ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_000_000_000), digest=DIGEST
)
OTHER = ImageProfile.of_size(compressed_bytes=300_000_000, uncompressed_bytes=700_000_000)
PRIOR = load_start_model()


def measured(
    pulls: list[float],
    *,
    cpu: int = 512,
    profile: ImageProfile | None = PROFILE,
    image: str = f"{ECR}/app:1",
    digest: str = DIGEST,
) -> MeasuredGroup:
    """Return starts with these seconds of pull."""
    containers = [{"name": "app", "image": image, "imageDigest": digest}]
    records = [
        Pull.of_task(task(n, pull=pull, cpu=cpu, containers=containers)) for n, pull in enumerate(pulls)
    ]
    (group,) = group_pulls(record for record in records if record)
    return MeasuredGroup.of(group, profile)


def around(centre: float, count: int) -> list[float]:
    """Return pulls that vary as tasks of one image do."""
    return [centre * math.exp(0.2 * math.sin(2.4 * n)) for n in range(count)]


def test_the_interval_narrows() -> None:
    """With the number of measured pulls the interval narrows around them, and never below what tasks differ by."""
    before = estimate_start(PROFILE, cpu=512).pull
    widths = [math.log(before.high / before.low)]
    for count in (1, 3, 10, 100):
        model = calibrate([measured(around(90, count))], PROFILE, region="eu-west-1").model
        after = estimate_start(PROFILE, cpu=512, model=model).pull
        widths.append(math.log(after.high / after.low))
    assert widths == sorted(widths, reverse=True)
    assert widths[1] < widths[0] * 0.6
    assert after.expected == pytest.approx(90, rel=0.03)
    # Eight of ten lie inside.
    inside = [after.low <= pull <= after.high for pull in around(90, 100)]
    assert 70 <= sum(inside) <= 95


def test_other_images_of_the_registry() -> None:
    """Pulls of other images of the registry move the estimate half-way and narrow it less than one's own."""
    slow = 2.0 * estimate_start(OTHER, cpu=512).pull.expected
    others = [
        measured(around(slow, 20), profile=OTHER, image=f"{ECR}/other{n}:1", digest=f"sha256:{n:064x}")
        for n in range(4)
    ]
    near = calibrate(others, PROFILE, images=[f"{ECR}/app:2"], region="eu-west-1")
    own = calibrate([measured(around(90, 20))], PROFILE, region="eu-west-1")
    assert (near.own, near.near, own.own, own.near) == (0, 80, 20, 0)
    assert PRIOR.pull_scale * 1.4 < near.model.pull_scale < PRIOR.pull_scale * 2.1
    assert own.model.pull_factor < near.model.pull_factor < PRIOR.pull_factor
    assert near.notes[0] == (
        "the pull rests on published pulls, and on 80 measured ones of other images from its registry in eu-west-1"
    )


def test_what_does_not_count() -> None:
    """Other Regions, other registries, EC2, and another operating system leave the prior as it is."""
    group = measured(around(90, 20))
    for groups, region, os in (
        ([group], "us-east-1", "linux"),
        ([replace(group, launch_type="EC2")], "eu-west-1", "linux"),
        ([group], "eu-west-1", "windows"),
        ([], "eu-west-1", "linux"),
    ):
        found = calibrate(groups, PROFILE, images=[f"{ECR}/app:1"], region=region, os=os)  # type: ignore[arg-type]
        assert found.model.pre_pull == PRIOR.pre_pull
        assert found.model.pull_scale == pytest.approx(PRIOR.pull_scale)
        assert found.model.pull_factor == pytest.approx(PRIOR.pull_factor)
        assert found.notes[0].startswith("the pull rests on published pulls alone")
    elsewhere = measured(around(90, 20), image="ghcr.io/a/b:1", digest="")
    found = calibrate([elsewhere], replace(PROFILE, digest=""), images=[f"{ECR}/app:1"], region="eu-west-1")
    assert (found.own, found.near, found.starts) == (0, 0, 20)


def test_the_same_repository_is_the_same_image() -> None:
    """Another tag of the repository counts as the image; without a name only the digest does."""
    group = measured(around(90, 5))
    unnamed = replace(PROFILE, digest="")
    assert calibrate([group], unnamed, images=[f"{ECR}/app:2"], region="eu-west-1").own == 5
    assert calibrate([group], unnamed, region="eu-west-1").own == 0


def test_a_choice_changes() -> None:
    """Fast pulls of one's own make a smaller task good enough."""

    def chosen(pulls: list[float]) -> int:
        model = calibrate([measured(pulls)], PROFILE, region="eu-west-1").model if pulls else None
        return choose(PROFILE, cpu=512, memory_mib=1024, goal=Goal(start_seconds=60), model=model).size.cpu

    assert (chosen([]), chosen(around(25, 40))) == (2048, 512)


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=30), st.sampled_from([256, 512, 4096]))
def test_any_measured_seconds(pulls: list[float], cpu: int) -> None:
    """Whatever was measured, the model is finite, and its interval in order."""
    model = calibrate([measured(pulls, cpu=cpu)], PROFILE, region="eu-west-1").model
    pull = estimate_start(PROFILE, cpu=cpu, model=model).pull
    assert 0 < pull.low <= pull.expected <= pull.high < math.inf
