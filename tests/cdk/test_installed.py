from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement

from cdk_pull.cdk.installed import FLOOR, is_older, require_cdk

# Runs code in an interpreter that sees another release of aws-cdk-lib, or none.
PRETEND = """
import importlib.metadata as metadata
import sys
true, release = metadata.version, {release!r}
def version(name):
    if name != "aws-cdk-lib":
        return true(name)
    if not release:
        raise metadata.PackageNotFoundError(name)
    return release
metadata.version = version
try:
    {code}
except ImportError as error:
    print(error)
print("aws_cdk" in sys.modules)
"""


def _pretend(release: str, code: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", PRETEND.format(release=release, code=code)],
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout.splitlines()


@pytest.mark.parametrize(
    "code", ["from cdk_pull import FargateTask", "import cdk_pull.cdk.ec2.image_pull_behavior"]
)
def test_without_cdk_one_line_says_what_to_install(code: str) -> None:
    """Where aws-cdk-lib is missing, asking for a construct names the extra, and aws_cdk is not tried."""
    assert _pretend("", code) == [
        (
            "A construct or mixin of cdk-pull requires aws-cdk-lib, constructs and jsii: aws-cdk-lib is not installed. "
            'Run: pip install "cdk-pull[cdk]"'
        ),
        "False",
    ]


def test_a_cdk_that_is_too_old_is_named() -> None:
    """Below the floor, asking for a construct says which release is there and which command installs another."""
    assert _pretend("2.243.0", "from cdk_pull import ImagePullBehavior") == [
        (
            "A construct or mixin of cdk-pull requires aws-cdk-lib 2.244.0 or later: 2.243.0 is installed. "
            'Run: pip install --upgrade "aws-cdk-lib>=2.244.0,<3"'
        ),
        "False",
    ]


def test_pull_checks_asks_for_more() -> None:
    """PullChecks names the release that it needs by itself, and what checks the app until then."""
    assert _pretend("2.251.0", "from cdk_pull import PullChecks")[0] == (
        "PullChecks requires aws-cdk-lib 2.252.0 or later: 2.251.0 is installed. "
        'Run: pip install --upgrade "aws-cdk-lib>=2.252.0,<3". '
        "Until then, run `cdk-pull check cdk.out` after `cdk synth`"
    )


def test_baked_images_ask_for_more() -> None:
    """BakedImages names the release that it needs by itself, and what does without it."""
    assert _pretend("2.264.0", "from cdk_pull import BakedImages")[0] == (
        "BakedImages requires aws-cdk-lib 2.265.0 or later: 2.264.0 is installed. "
        'Run: pip install --upgrade "aws-cdk-lib>=2.265.0,<3". '
        "Until then, PrePulledImages pulls the images at each boot"
    )


@pytest.mark.parametrize(
    ("release", "older"),
    [("2.243.9", True), ("2.244.0", False), ("2.1000.0", False), ("3.0.0", False), ("2.244.0rc1", False)],
)
def test_releases_compare_by_number(release: str, *, older: bool) -> None:
    """A release is compared part by part as numbers, not as text."""
    assert is_older(release, "2.244.0") is older


def test_the_installed_cdk_will_do() -> None:
    """With the release of this environment nothing is raised."""
    require_cdk()


def test_the_floor_is_the_one_that_pip_is_told() -> None:
    """The extra ``cdk`` of the distribution asks for the same floor, and nothing of CDK is asked for without it."""
    found = [each for each in map(Requirement, requires("cdk-pull") or []) if each.name == "aws-cdk-lib"]
    assert {str(each.specifier) for each in found} == {f"<3,>={FLOOR}"}
    assert not any(each.marker is None or each.marker.evaluate({"extra": ""}) for each in found)
