from __future__ import annotations

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.ephemeral import needed_gib
from cdk_pull.image.profile import ImageProfile

_GIB = 2**30


def _profile(compressed_gib: float, uncompressed_gib: float) -> ImageProfile:
    return ImageProfile.of_size(
        compressed_bytes=round(compressed_gib * _GIB), uncompressed_bytes=round(uncompressed_gib * _GIB)
    )


@pytest.mark.parametrize(
    ("compressed", "uncompressed", "working", "expected"),
    [
        (0, 0, 0, 20),
        (5, 15, 0, 20),
        (5, 15, 1, 21),
        (6, 14, _GIB, 21),
        (10, 30, 2 * _GIB, 42),
        (60, 140, 0, 200),
    ],
)
def test_storage_holds_both_forms_of_the_image_and_the_working_data(
    compressed: float, uncompressed: float, working: int, expected: int
) -> None:
    """Compressed plus uncompressed plus working data, in whole GiB, from the 20 that are included to 200."""
    assert needed_gib(_profile(compressed, uncompressed), working_bytes=working) == expected


def test_more_than_fargate_gives_is_an_error_with_the_way_out() -> None:
    """201 GiB fit no Linux task, and 21 no Windows task."""
    with pytest.raises(InvalidValueError) as error:
        needed_gib(_profile(60, 140), working_bytes=1)
    assert str(error.value) == (
        "the images and their working data do not fit a Linux task's ephemeral storage: "
        "'64.4 GB compressed, 150 GB uncompressed and 1 B working data'; allowed: 200 GiB in all. "
        "Make the image smaller, keep the working data on EFS or S3, or run the task on EC2 capacity"
    )
    with pytest.raises(
        InvalidValueError, match=r"do not fit a Windows task's ephemeral storage: .*; allowed: 20 GiB"
    ):
        needed_gib(_profile(6, 15), os="windows")
    assert needed_gib(_profile(5, 15), os="windows") == 20
