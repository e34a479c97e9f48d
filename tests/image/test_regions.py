from __future__ import annotations

import re

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.regions import check_known_region, environment_region, known_regions


def test_every_partition_has_its_regions() -> None:
    """The names of commercial, Chinese, government and isolated Regions, each in the form of one."""
    assert {
        "us-east-1",
        "eu-central-1",
        "cn-north-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "eusc-de-east-1",
    } <= known_regions()
    assert all(re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", name) for name in known_regions())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("eu-wset-1", "eu-west-1"),
        ("eu-central1", "eu-central-1"),
        ("US-EAST-1", "us-east-1"),
        ("useast1", "us-east-1"),
    ],
)
def test_an_unknown_region_is_refused_with_the_nearest(typed: str, meant: str) -> None:
    """The message has what was typed, what is allowed, and the name that was probably meant."""
    with pytest.raises(InvalidValueError) as error:
        check_known_region(typed)
    assert str(error.value) == (
        f"unknown Region: {typed!r}; allowed: the name of an AWS Region, such as us-east-1. Did you mean {meant}?"
    )


def test_a_region_that_is_newer_than_the_package_can_be_known_otherwise() -> None:
    """A price book of the user's own may have one."""
    assert check_known_region("xx-new-1", also=["xx-new-1"]) == "xx-new-1"
    with pytest.raises(InvalidValueError, match=r"^unknown Region: 'moon'; [^.]*us-east-1$"):
        check_known_region("moon")


def test_the_environment_names_a_region_by_either_variable() -> None:
    """AWS_REGION goes before AWS_DEFAULT_REGION, an empty one names none."""
    assert environment_region({}) is None
    assert environment_region({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}) == "eu-west-1"
    assert environment_region({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}) == "eu-west-2"
