from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.fargate.goal import Goal, Usage
from cdk_pull.fargate.sizing_props import sizing_request
from cdk_pull.image.profile import ImageProfile


def test_sizes_are_taken_with_their_unit_or_under_a_name_that_has_it() -> None:
    """Text with a unit and a number of bytes under such a name are the same request."""
    text = sizing_request({"compressed": "800MB", "uncompressed": "2.4GB", "working_data": "5GB"})
    number = sizing_request(
        {
            "compressed_bytes": 800_000_000,
            "uncompressed_bytes": 2_400_000_000,
            "working_data_bytes": 5 * 10**9,
        }
    )
    assert text == number
    assert text.profile == ImageProfile.of_size(
        compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000
    )
    assert text.working_bytes == 5 * 10**9


@pytest.mark.parametrize(
    ("props", "kind", "message"),
    [
        ({"compressed": "800"}, InvalidValueError, "compressed has no unit: '800'; allowed: a number with B"),
        ({"compressed": 800}, InvalidValueError, "compressed has no unit: 800; allowed: a number with B"),
        ({"working_data": "5"}, InvalidValueError, "working_data has no unit: '5'; allowed: a number with B"),
        (
            {"compressed": "1GB", "compressed_bytes": 10**9},
            ConflictError,
            "compressed='1GB' and compressed_bytes=1000000000 are both given: keep one of them",
        ),
        (
            {"runs_for": timedelta(minutes=5)},
            InvalidValueError,
            "runs_for is given without starts_per_day: datetime.timedelta(seconds=300); allowed: starts_per_day beside it",
        ),
        (
            {"starts_per_day": 0},
            InvalidValueError,
            "starts_per_day must be above 0: 0; allowed: a number above 0",
        ),
        ({"hold": "high"}, InvalidValueError, "hold needs a start to hold to it: 'high'"),
    ],
)
def test_what_is_not_a_request_is_refused(props: dict[str, Any], kind: type[Exception], message: str) -> None:
    """Each error names the argument, the value and what is allowed."""
    with pytest.raises(kind) as error:
        sizing_request(props)
    assert str(error.value).startswith(message)


def test_usage_is_part_of_the_goal_and_of_the_requests_name() -> None:
    """How often and how long a task runs is asked for by the construct, and told apart from another request."""
    request = sizing_request(
        {"compressed": "1GB", "starts_per_day": 200, "runs_for": timedelta(minutes=5)},
        start_within=timedelta(minutes=1),
    )
    assert request.goal == Goal(start_seconds=60, usage=Usage(starts_per_day=200, runs_for_seconds=300))
    assert str(request) == "start within 60 s (expected), images of 1 GB, 200 runs a day of 300 s"


def test_several_profiles_can_be_one_without_its_sidecars() -> None:
    """With a profile for each image, the largest alone is among the ways; one that is not known yet says nothing."""
    web, proxy = (ImageProfile.of_size(compressed_bytes=size) for size in (900_000_000, 100_000_000))
    (change,) = sizing_request({"image_profile": [proxy, web]}).changes
    assert change.what == "image_profile[1] alone, without image_profile[0]"
    assert change.profile == web
    assert sizing_request({"image_profile": [proxy, None]}).changes == ()
    assert sizing_request({"image_profile": web}).changes == ()
    assert sizing_request({"compressed": "1GB"}).changes == ()
