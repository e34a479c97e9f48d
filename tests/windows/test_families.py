from __future__ import annotations

import pytest

from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.windows.families import fargate_family, product_of_build


@pytest.mark.parametrize(
    ("family", "name", "os_build", "floating_tag"),
    [
        ("WINDOWS_SERVER_2019_CORE", "windows-server-2019", 17763, "ltsc2019"),
        ("WINDOWS_SERVER_2019_FULL", "windows-server-2019", 17763, "ltsc2019"),
        ("WINDOWS_SERVER_2022_CORE", "windows-server-2022", 20348, "ltsc2022"),
        ("WINDOWS_SERVER_2022_FULL", "windows-server-2022", 20348, "ltsc2022"),
    ],
)
def test_families_of_fargate(family: str, name: str, os_build: int, floating_tag: str) -> None:
    """CORE and FULL of 2019 and 2022 run on Fargate."""
    product = fargate_family(family)
    assert (product.name, product.os_build, product.floating_tag) == (name, os_build, floating_tag)
    assert product_of_build(os_build) == product
    assert product.oldest_container == os_build


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("WINDOWS_SERVER_2025_CORE", "containers-roadmap#2754"),
        ("WINDOWS_SERVER_2025_FULL", "containers-roadmap#2754"),
        ("WINDOWS_SERVER_2016_FULL", "never came to Fargate"),
        ("WINDOWS_SERVER_2004_CORE", "past its end of life"),
        ("WINDOWS_SERVER_20H2_CORE", "past its end of life"),
    ],
)
def test_families_of_ec2_only(family: str, reason: str) -> None:
    """A family that ECS runs on EC2 only is refused with the reason and both ways out."""
    with pytest.raises(UnsupportedError) as caught:
        fargate_family(family)
    message = str(caught.value)
    assert message.startswith(f"Fargate does not run {family}: ")
    assert reason in message
    assert f"WINDOWS_SERVER_2022_FULL, or run {family} on EC2 capacity" in message


@pytest.mark.parametrize("family", ["LINUX", "", "windows_server_2022_core", "WINDOWS_SERVER_2030_CORE"])
def test_other_families(family: str) -> None:
    """What is no Windows family is refused with the families that are."""
    with pytest.raises(
        InvalidValueError, match=r"is not one of Windows on Fargate: .*WINDOWS_SERVER_2019_CORE"
    ):
        fargate_family(family)


def test_product_of_unknown_build() -> None:
    """A build of no known Windows Server gives none."""
    assert product_of_build(14393) is None


def test_a_family_is_a_string() -> None:
    """CDK's class in place of its name is an error that says to write the name."""
    with pytest.raises(InvalidValueError, match=r"must be a string: 5; .*Write the name in place of ecs"):
        fargate_family(5)  # type: ignore[arg-type]
