from __future__ import annotations

from datetime import date

import pytest

from cdk_pull.image.profile import ImageProfile, Layer
from cdk_pull.windows.base import cached_base, recognise
from cdk_pull.windows.catalogue import packaged_catalogue
from cdk_pull.windows.window import Days

BASE_2022, AUGUST = packaged_catalogue().find("10.0.20348.5499").layer_digests  # type: ignore[union-attr]
OWN = Layer(compressed_bytes=90_000_000, digest="sha256:" + "1" * 64)


def image(*digests: str, os_version: str, first: int = 1_489_019_076) -> ImageProfile:
    """Return a Windows image on these layers, with one layer of its own."""
    sizes = (first, 694_978_322)
    below = [
        Layer(compressed_bytes=size, digest=digest) for size, digest in zip(sizes, digests, strict=False)
    ]
    return ImageProfile(layers=(*below, OWN), os="windows", os_version=os_version)


def test_every_release_is_recognised_by_its_layers() -> None:
    """The image of each release, with a layer on top, is built on that release and no other."""
    for release in packaged_catalogue().releases:
        if release.layer_digests and release.revision:
            below = [Layer(compressed_bytes=10**9, digest=digest) for digest in release.layer_digests]
            profile = ImageProfile(layers=(*below, OWN), os="windows", os_version=release.tag)
            found = recognise(profile)
            assert found is not None
            assert (found.release.tag, found.by, found.layers) == (release.tag, "layers", len(below))


def test_a_cached_base() -> None:
    """The release of August 2026 is cached in September until the window leaves it, and only the own layer travels."""
    profile = image(BASE_2022, AUGUST, os_version="10.0.20348.5499")
    answer = cached_base(profile, date(2026, 9, 20))
    assert (answer.status, answer.until) == (
        "cached",
        Days(earliest=date(2026, 10, 13), latest=date(2026, 10, 20)),
    )
    assert answer.miss_bytes == 1_489_019_076 + 694_978_322
    assert answer.uncached(profile).layers == (OWN,)
    assert answer.reason == (
        "base 10.0.20348.5499 of 2026-08 (its layers) is in the window until 2026-10-13, 2026-10-20 at the latest"
    )


def test_a_base_that_fell_out() -> None:
    """The release of June costs its update layer in September: the base layer is still the one of the cached releases."""
    june = packaged_catalogue().find("10.0.20348.5256")
    assert june is not None
    profile = image(*june.layer_digests, os_version="")
    answer = cached_base(profile, date(2026, 9, 20))
    assert (answer.status, answer.cached_layers, answer.miss_bytes) == ("not-cached", 1, 694_978_322)
    assert answer.reason == (
        "base 10.0.20348.5256 of 2026-06 (its layers) is not in the window of 2026-09-20, which holds "
        "10.0.20348.5622, 10.0.20348.5499; its large base layer still is; build on 10.0.20348.5622"
    )


def test_by_os_version_alone() -> None:
    """Other layers with a known build are taken for that build, but nothing is promised of the cache."""
    profile = image("sha256:" + "2" * 64, "sha256:" + "3" * 64, os_version="10.0.20348.5499")
    answer = cached_base(profile, date(2026, 9, 20))
    assert answer.base is not None
    assert (answer.base.by, answer.status, answer.cached_layers) == ("os.version", "unknown", 0)
    assert "(by os.version alone) is in the window" in answer.reason


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (ImageProfile(layers=(OWN,)), "the image is not for Windows"),
        (
            image("sha256:" + "2" * 64, os_version="10.0.20348.5499", first=120_000_000),
            "the first layer is too small for servercore; Fargate's hosts cache no nanoserver image",
        ),
        (
            image("sha256:" + "2" * 64, os_version="10.0.20348.9999"),
            "the catalogue has no image 10.0.20348.9999; refresh it with cdk-pull refresh windows",
        ),
        (
            image("sha256:" + "2" * 64, os_version="10.0.14393.1"),
            "os.version 10.0.14393.1 is of no Windows Server that the catalogue has (17763, 20348, 26100)",
        ),
    ],
)
def test_what_is_not_recognised(profile: ImageProfile, reason: str) -> None:
    """An unknown base is unknown, with the reason, and its whole image travels."""
    answer = cached_base(profile, date(2026, 9, 20))
    assert (answer.base, answer.status, answer.reason) == (None, "unknown", reason)
    assert answer.miss_bytes == profile.compressed_bytes


def test_past_the_horizon() -> None:
    """A day that the catalogue does not reach is unknown, never cached."""
    answer = cached_base(image(BASE_2022, AUGUST, os_version="10.0.20348.5499"), date(2026, 12, 1))
    assert answer.status == "unknown"
    assert "refresh the catalogue" in answer.reason


def test_a_server_that_fargate_does_not_run() -> None:
    """A base of Windows Server 2025 is never cached."""
    release = packaged_catalogue().find("10.0.26100.33296")
    assert release is not None
    answer = cached_base(image(*release.layer_digests, os_version=release.tag), date(2026, 9, 20))
    assert (answer.status, answer.cached_layers, answer.reason) == (
        "not-cached",
        0,
        "10.0.26100.33296 is windows-server-2025, which Fargate does not run",
    )
