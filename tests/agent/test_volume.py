"""The volume for what accumulates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.volume import ImageLoad, image_disk, image_volume, recommend
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.profile import ImageProfile

ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
PREFER_CACHED = AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED)


def test_prefer_cached_keeps_every_version_of_an_instance_s_life() -> None:
    """Fifteen versions of 2 GiB, one more in flight and 8 GiB of system leave a fifth free on 50 GiB."""
    load = ImageLoad(images=[2 * 2**30], deployments_per_day=1, instance_lifetime=timedelta(days=14))

    volume = image_volume(load, PREFER_CACHED)

    assert (volume.size_gib, volume.versions, volume.device_name) == (50, 15, "/dev/xvda")
    assert volume.why == "2.15 GB of images in up to 15 versions, each for 14 days"
    assert volume.usd_per_month == 4.0


def test_once_keeps_what_clean_up_has_not_reached_yet() -> None:
    """With the agent's defaults an image is there for 4.5 hours after its last task."""
    load = ImageLoad(images=["10GB"], deployments_per_day=24)

    volume = image_volume(load, ONCE)

    assert (volume.size_gib, volume.versions) == (92, 6)
    assert volume.why == "10 GB of images in up to 6 versions, each for 4.5 hours"


def test_clean_up_settings_count() -> None:
    """A shorter wait, age and interval leave fewer versions; with cleanup off, all stay."""
    load = ImageLoad(images=["1GB"], deployments_per_day=24)
    quick = AgentSettings(
        image_pull_behavior=PullBehavior.ONCE,
        engine_task_cleanup_wait_duration=timedelta(minutes=10),
        image_minimum_cleanup_age=timedelta(minutes=10),
        image_cleanup_interval=timedelta(minutes=10),
    )
    never = AgentSettings(image_pull_behavior=PullBehavior.ONCE, disable_image_cleanup=True)

    assert image_volume(load, quick).versions == 2
    assert image_volume(load, never).versions == 1 + 24 * 14


@pytest.mark.parametrize(
    ("os", "size", "device"),
    [("linux", 30, "/dev/xvda"), ("windows", 50, "/dev/sda1"), ("bottlerocket", 20, "/dev/xvdb")],
)
def test_the_system_has_its_size_and_device(os: Any, size: int, device: str) -> None:
    """Without images, the volume is the one that the ECS-optimized image has itself."""
    volume = image_volume(ImageLoad(), PREFER_CACHED, os=os)

    assert (volume.size_gib, volume.device_name) == (size, device)
    assert volume.why == "no image sizes given, so what the operating system's image has"


def test_an_image_that_nobody_has_looked_up_counts_as_a_placeholder() -> None:
    """None counts as 2 GB among the others, and the reason says so."""
    load = ImageLoad(images=["3GB", None])

    volume = image_volume(load, PREFER_CACHED)

    assert (load.unknown, volume.size_gib) == (
        1,
        image_volume(ImageLoad(images=["3GB", "2GB"]), PREFER_CACHED).size_gib,
    )
    assert volume.why == "5 GB of images (1 not looked up, 2 GB each) in up to 15 versions, each for 14 days"


def test_shared_layers_are_there_once() -> None:
    """Versions that share three quarters of their bytes need a quarter of the room each."""
    load = ImageLoad(images=["4GB"], deployments_per_day=10, instance_lifetime=timedelta(days=10))
    shared = ImageLoad(
        images=["4GB"], deployments_per_day=10, instance_lifetime=timedelta(days=10), shared_share=0.75
    )

    assert image_volume(load, PREFER_CACHED).size_gib == 485
    assert image_volume(shared, PREFER_CACHED).size_gib == 136


def test_a_profile_tells_what_is_in_flight() -> None:
    """A profile's compressed bytes are what a pull needs beside the image."""
    profile = ImageProfile.of_size(compressed_bytes=10 * 2**30, uncompressed_bytes=40 * 2**30)

    volume = image_volume(ImageLoad(images=[profile], deployments_per_day=0), PREFER_CACHED)

    assert volume.size_gib == 73


@given(
    sizes=st.lists(st.integers(0, 10**11), max_size=4),
    rate=st.floats(0, 60),
    days=st.integers(1, 30),
)
def test_prefer_cached_never_needs_less_than_once(sizes: list[int], rate: float, days: int) -> None:
    """Keeping everything takes at least the room of cleaning up."""
    load = ImageLoad(images=sizes, deployments_per_day=rate, instance_lifetime=timedelta(days=days))
    try:
        kept = image_volume(load, PREFER_CACHED).size_gib
    except InvalidValueError:
        return

    assert kept >= image_volume(load, ONCE).size_gib >= 30


def test_a_small_load_prefers_the_cache() -> None:
    """Where all versions fit a small volume, prefer-cached is recommended."""
    assert recommend(ImageLoad(images=["2GB"])) == (
        PREFER_CACHED,
        "a task whose image is on the instance starts without asking the registry",
    )


def test_a_large_load_leaves_clean_up_on() -> None:
    """Where the versions would fill hundreds of GiB, once is recommended, with the figures."""
    assert recommend(ImageLoad(images=["2GB"], deployments_per_day=20)) == (
        ONCE,
        (
            "prefer-cached would keep 281 versions and need 637 GiB more; "
            "once starts from the cache too and leaves cleanup on"
        ),
    )


def test_a_load_beyond_ebs_leaves_clean_up_on() -> None:
    """Where no volume holds the versions, once is recommended, with the reason."""
    _, why = recommend(ImageLoad(images=["100GB"], deployments_per_day=30))

    assert why.startswith("cleanup has to stay on: the images that accumulate do not fit a volume: '49")


def test_a_load_beyond_clean_up_keeps_all() -> None:
    """Where more images come than cleanup removes, keeping them is honest."""
    settings, why = recommend(
        ImageLoad(images=[1000] * 10, deployments_per_day=25, instance_lifetime=timedelta(days=1))
    )

    assert settings == PREFER_CACHED
    assert why == (
        "cleanup would not keep up: cleanup removes fewer images than deployments bring: '250 new images a day'; "
        "allowed: up to 240 a day. Raise num_images_delete_per_cycle."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"deployments_per_day": -1}, "deployments_per_day is not a rate: -1; allowed: from 0"),
        ({"deployments_per_day": float("nan")}, "deployments_per_day is not a rate: nan; allowed: from 0"),
        ({"shared_share": 1}, "shared_share is not a share: 1; allowed: from 0 to below 1, such as 0.6"),
        (
            {"instance_lifetime": timedelta(0)},
            "instance_lifetime is not a length of time: '0:00:00'; allowed: above zero",
        ),
        ({"images": [-1]}, "an image's uncompressed size is not a size: -1; allowed: from 0 bytes"),
        (
            {"images": [ImageProfile.of_size(compressed_bytes=10**9)]},
            (
                "the uncompressed size of an image is unknown: '1 GB compressed'; "
                "allowed: a profile with uncompressed sizes, or the size itself, such as '2.4GB'"
            ),
        ),
    ],
)
def test_an_impossible_load_is_refused(arguments: dict[str, Any], message: str) -> None:
    """A load that cannot be is an error with the value and what is allowed."""
    with pytest.raises(InvalidValueError) as error:
        ImageLoad(**arguments)

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("os", "disks", "known_ami", "disk"),
    [
        # The AMIs of Bottlerocket are AWS's, by whatever id; the root of another own AMI may be of any size.
        ("bottlerocket", {}, False, ("/dev/xvdb", 20, False, ())),
        ("linux", {}, False, None),
        ("linux", {}, True, ("/dev/xvda", 30, False, ())),
        # A disk of open size is none that was enlarged, nor is one as small as the system's.
        ("bottlerocket", {"/dev/xvda": None, "/dev/sdf": 20}, True, ("/dev/xvdb", 20, False, ())),
        ("bottlerocket", {"/dev/xvda": 200}, True, ("/dev/xvdb", 20, False, (("/dev/xvda", 200),))),
        ("bottlerocket", {"/dev/xvdb": 50}, True, ("/dev/xvdb", 50, True, ())),
        ("linux", {"/dev/xvda": None}, True, None),
    ],
)
def test_the_disk_that_holds_the_images(
    os: Any, disks: dict[str, int | None], *, known_ami: bool, disk: tuple[Any, ...] | None
) -> None:
    """The images are on the device of the operating system, of the size that is mapped or else the AMI's."""
    found = image_disk(os, disks, known_ami=known_ami)
    assert (
        None if found is None else (found.device_name, found.size_gib, found.stated, found.others)
    ) == disk
