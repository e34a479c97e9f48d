"""What a type checker and an editor say of the public names."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import cdk_pull
from tests.test_package import CONSTRUCTS

ROOT = Path(cdk_pull.__file__).parents[1]
SNIPPET = """
import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull


def build(stack: cdk.Stack, cluster: ecs.Cluster, image: ecs.ContainerImage) -> None:
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior("prefer-cached"))
    pull.FargateTask(stack, "A", image=image, container={"memory_limit_mib": 512, "environment": {"A": "1"}})
    pull.FargateTask(stack, "B", container=ecs.ContainerDefinitionOptions(image=image))
    pull.CachedImageCapacityProvider(
        stack, "C", cluster=cluster, instance_type=ec2.InstanceType("m7i.large"), spot_price="0.1", max_capacity=3
    )
    pull.assert_pulls_well(stack)
    pull.Imagepullbehavior  # E: Module has no attribute "Imagepullbehavior"; maybe "ImagePullBehavior"?
    pull.FargateTask(stack, "D", image=image, container={"memory_limit_mibb": 512})  # E: Argument "container"
    pull.CachedImageCapacityProvider(stack, "E", cluster=cluster, instance_type=ec2.InstanceType("m7i.large"), min_capacityy=3)  # E: "min_capacityy"
    pull.FargateTaskSize.start_within(cdk.Duration.minutes(1), compresed="1GB")  # E: "compresed"
"""


def test_a_misspelled_name_or_key_is_an_error_of_mypy(tmp_path: Path) -> None:
    """Each line that is marked has the error it is marked with, and no other line has any."""
    file = tmp_path / "snippet.py"
    file.write_text(SNIPPET, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", str(file)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    found = {int(line.split(":")[1]): line for line in run.stdout.splitlines() if ": error:" in line}
    expected = {
        number: line.partition("# E: ")[2]
        for number, line in enumerate(SNIPPET.splitlines(), 1)
        if "# E: " in line
    }
    assert set(found) == set(expected), run.stdout + run.stderr
    for number, text in expected.items():
        assert text in found[number]


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_an_editor_shows_our_text(name: str) -> None:
    """A construct's own docstring is on its class, and its first line on its constructor, where CDK's would be shown."""
    found = getattr(cdk_pull, name)
    assert found.__doc__
    if inspect.isclass(found):
        own = found.__dict__["__init__"].__doc__
        assert own is not None
        assert own.splitlines()[0] == found.__doc__.splitlines()[0]
