from __future__ import annotations

from dataclasses import replace

import pytest

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.fargate.choose import Goal
from cdk_pull.fargate.sizes import FargateSize
from cdk_pull.fargate.sizing import SizingRequest, TaskFacts, Warned, size_task
from cdk_pull.image.declared_sizes import UNKNOWN_SIZE, ImageSizes, profile_of
from cdk_pull.image.profile import Compression, ImageProfile, Layer

_IMAGE = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)
_MINUTE = Goal(start_seconds=60)
_SMALLEST = TaskFacts(cpu=256, memory_mib=512, region="us-east-1")


def test_a_decision_says_size_reason_price_and_certainty() -> None:
    """The decision has the size, why, both figures of the price, and the interval with its coverage."""
    sized = size_task(SizingRequest(goal=_MINUTE, profile=_IMAGE), _SMALLEST)
    assert sized.size == FargateSize(4096, 8192)
    assert sized.warning is None
    [decision] = sized.decisions
    assert (decision.topic, decision.decided, decision.confidence) == (
        "fargate-size",
        "4 vCPU, 8 GB",
        "start 45 s (25-108 s), 80% coverage",
    )
    assert decision.why == (
        "the cheapest size whose expected start, 45 s, is within 60 s; 2 vCPU, 4 GB misses it by 3 s, less than the "
        "noise of 10 s, and costs $72 a month less"
    )
    assert decision.cost == (
        "$144 a month in us-east-1 ($0.1975 per hour), $135 a month more than 0.25 vCPU, 0.5 GB"
    )
    assert {
        name: decision.details[name]
        for name in ("from", "start_seconds", "usd_per_month", "usd_per_month_before", "better", "ways")
    } == {
        "from": "0.25 vCPU, 0.5 GB",
        "start_seconds": {"low": 25.3, "expected": 45.4, "high": 107.7},
        "usd_per_month": 144.16,
        "usd_per_month_before": 9.01,
        "better": "0.25 vCPU, 0.5 GB with an image of half the size: 52 s, $9.01 a month",
        "ways": [
            (
                "0.25 vCPU, 0.5 GB with an image of half the size: 52 s, $9.01 a month; needs a smaller base image, build "
                "tools left in an earlier stage, fewer packages; estimated"
            ),
            (
                "0.25 vCPU, 0.5 GB with a SOCI index: 18 s, $9.01 a month; needs an index in private ECR and platform "
                "version 1.4.0; the image's digest changes; rules out zstd; one published pull; the image is read as the "
                "container runs, so compare the time to healthy"
            ),
            (
                "2 vCPU, 4 GB with the image in zstd: 59 s, $72 a month; needs a build by docker buildx with "
                "compression=zstd and force-compression=true; rules out SOCI; estimated; AWS measured up to 27% off the "
                "start"
            ),
        ],
    }
    assert list(decision.details["weighed"].items())[:2] == [
        ("0.25 vCPU, 0.5 GB", "87 s (39-235 s), $9.01 a month in us-east-1 ($0.0123 per hour)"),
        ("0.5 vCPU, 1 GB", "78 s (36-207 s), $18 a month in us-east-1 ($0.0247 per hour)"),
    ]
    assert sized.metadata == {
        "fargate-size": {
            "decided": decision.decided,
            "why": decision.why,
            "cost": decision.cost,
            "confidence": decision.confidence,
            **decision.details,
        }
    }


def test_unknown_images_keep_the_size_and_say_what_to_do() -> None:
    """Without the images' size the task stays as it is, with its price, and a warning."""
    sized = size_task(SizingRequest(goal=_MINUTE, profile=None), _SMALLEST)
    assert sized.size == FargateSize(256, 512)
    assert sized.warning == Warned(
        "cdk-pull:fargateImageSizeUnknown",
        "the task size is kept at 0.25 vCPU, 0.5 GB, and it is unknown whether it will start within 60 s (expected): "
        + UNKNOWN_SIZE,
    )
    [decision] = sized.decisions
    assert (decision.decided, decision.cost, decision.confidence) == (
        "0.25 vCPU, 0.5 GB, not weighed",
        "$9.01 a month in us-east-1 ($0.0123 per hour)",
        "start unknown",
    )


@pytest.mark.parametrize("facts", [TaskFacts(cpu=None, memory_mib=512), TaskFacts(cpu=256, memory_mib=None)])
def test_values_of_cloudformation_are_left_alone(facts: TaskFacts) -> None:
    """A token as CPU or memory gives no size and no check, and a warning where one was asked for."""
    sized = size_task(SizingRequest(goal=_MINUTE, profile=_IMAGE), facts)
    assert (sized.size, sized.ephemeral_gib) == (None, None)
    assert sized.warning == Warned(
        "cdk-pull:fargateSizeUnknown",
        "the task size is left as it is: cpu or memory is a token, whose value is known only at deployment. Give plain "
        "numbers to have it chosen",
    )
    assert [decision.decided for decision in sized.decisions] == ["unknown, as given"]
    assert size_task(SizingRequest(goal=Goal(), profile=_IMAGE), facts).decisions == ()


def test_a_target_that_no_size_meets_names_the_ways_out() -> None:
    """The smallest size is kept, and the warning says what would help."""
    sized = size_task(SizingRequest(goal=Goal(start_seconds=10), profile=_IMAGE), _SMALLEST)
    assert sized.size == FargateSize(256, 512)
    assert sized.warning == Warned(
        "cdk-pull:fargateTargetNotMet",
        "no size starts within 10 s: the expected start of 8 vCPU, 16 GB is 34 s; the smallest size is kept. Ways out: "
        "a later target, or another image (0.25 vCPU, 0.5 GB with a SOCI index: 18 s, $9.01 a month)",
    )


@pytest.mark.parametrize(
    ("given", "working_gib", "profile", "expected"),
    [
        (None, 0, _IMAGE, None),
        (None, 30, _IMAGE, 33),
        (25, 30, _IMAGE, 33),
        (100, 30, _IMAGE, None),
        (None, 30, None, 30),
    ],
)
def test_storage_is_raised_to_what_images_and_working_data_need(
    given: int | None, working_gib: int, profile: ImageProfile | None, expected: int | None
) -> None:
    """What is given is raised where it does not do, and left alone where it does."""
    request = SizingRequest(goal=Goal(), profile=profile, working_bytes=working_gib * 2**30)
    sized = size_task(request, TaskFacts(cpu=256, memory_mib=512, ephemeral_gib=given))
    assert sized.ephemeral_gib == expected
    storage = [decision.decided for decision in sized.decisions if decision.topic == "ephemeral-storage"]
    assert storage == ([] if expected is None else [f"{expected} GiB"])


def test_storage_that_cloudformation_fills_in_is_left_alone() -> None:
    """A token as ephemeral storage is not replaced; the decision says what it has to be."""
    request = SizingRequest(goal=Goal(), profile=_IMAGE, working_bytes=30 * 2**30)
    sized = size_task(request, TaskFacts(cpu=256, memory_mib=512, storage_is_token=True))
    assert sized.ephemeral_gib is None
    assert sized.decisions[-1].decided == "as CloudFormation fills it in"
    assert "the working data need 33 GiB" in sized.decisions[-1].why


@pytest.mark.parametrize("facts", [{"ephemeral_gib": 30}, {"storage_is_token": True}])
def test_windows_takes_no_ephemeral_storage(facts: dict[str, int]) -> None:
    """A setting that a Windows task does not know is an error with the reason."""
    with pytest.raises(InvalidValueError) as error:
        size_task(
            SizingRequest(goal=Goal(), profile=None),
            TaskFacts(cpu=1024, memory_mib=2048, os="windows", **facts),  # type: ignore[arg-type]
        )
    assert str(error.value) == (
        "Fargate does not accept an ephemeral storage setting for Windows tasks: "
        f"{facts.get('ephemeral_gib', 'a token')!r}; allowed: none, for the 20 GiB that every task has. "
        "Leave it out, and keep larger working data on FSx for Windows File Server or S3"
    )


def test_a_profile_of_another_platform_is_refused() -> None:
    """An image looked up for x86_64 says nothing of a task on ARM64; sizes typed by hand have no platform."""
    looked_up = ImageProfile(layers=(Layer(compressed_bytes=1, digest="sha256:0"),))
    request = SizingRequest(goal=_MINUTE, profile=looked_up)
    with pytest.raises(InvalidValueError) as error:
        size_task(request, replace(_SMALLEST, architecture="arm64"))
    assert str(error.value) == (
        "image_profile is of another platform than the task: 'linux/amd64'; allowed: linux/arm64. Look it up for the "
        "task: look_up_image(…, platform='linux/arm64')"
    )
    typed = replace(request, profile=_IMAGE)
    assert size_task(typed, replace(_SMALLEST, architecture="arm64")).size == FargateSize(4096, 8192)


def test_nothing_known_and_nothing_asked_decides_nothing() -> None:
    """A task without a goal and without images is checked, and that is all."""
    sized = size_task(SizingRequest(goal=Goal(), profile=None), _SMALLEST)
    assert (sized.size, sized.decisions, sized.warning) == (FargateSize(256, 512), (), None)


def test_sizes_of_images_are_read_as_people_write_them() -> None:
    """Sizes give a profile of one layer, a profile stays itself, and nothing is unknown."""
    assert profile_of({}) is None
    assert profile_of({"image_profile": _IMAGE}) == _IMAGE
    assert profile_of({"compressed": "800MB", "uncompressed": "2.4GB"}) == _IMAGE
    assert profile_of({"compressed": "1GiB", "compression": "zstd"}) == ImageProfile.of_size(
        compressed_bytes=2**30, compression=Compression.ZSTD
    )


@pytest.mark.parametrize(
    ("sizes", "kind", "message"),
    [
        (
            {"compressed": "1GB", "image_profile": _IMAGE},
            ConflictError,
            "image_profile and compressed both give the images' sizes: keep one of them",
        ),
        (
            {"uncompressed": "1GB"},
            InvalidValueError,
            "the images' compressed size is missing beside: 'uncompressed'; allowed: compressed='800MB' as well",
        ),
        (
            {"compressed": "1GB", "compression": "lz4"},
            InvalidValueError,
            "compression is not one of image layers: 'lz4'; allowed: gzip, zstd, none",
        ),
        (
            {"compressed": "big"},
            InvalidValueError,
            "compressed is not a size in bytes: 'big'; allowed: a number",
        ),
    ],
)
def test_sizes_that_contradict_or_mean_nothing_are_refused(
    sizes: ImageSizes, kind: type[Exception], message: str
) -> None:
    """Two sources, half a size, another compression or no size at all are errors that say so."""
    with pytest.raises(kind) as error:
        profile_of(sizes)
    assert str(error.value).startswith(message)


def test_profiles_of_several_images_are_one_pull() -> None:
    """A layer that two images share travels once, and one image that is not known makes the whole unknown."""
    base, own, other = (Layer(compressed_bytes=size, digest=f"sha256:{size}") for size in (100, 20, 3))
    first, second = ImageProfile(layers=(base, own), digest="sha256:a"), ImageProfile(layers=(base, other))
    assert profile_of({"image_profile": [first, second]}) == ImageProfile(layers=(base, own, other))
    assert profile_of({"image_profile": [first]}) == first
    assert profile_of({"image_profile": [first, None]}) is None
    arm = ImageProfile(layers=(own,), architecture="arm64")
    with pytest.raises(InvalidValueError, match="the images of a task are not for one platform"):
        profile_of({"image_profile": [first, arm]})
