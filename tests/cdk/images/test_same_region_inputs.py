"""What goes into SameRegionImage, and what the template really has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

from cdk_pull.cdk.images.same_region import SameRegionImage, SameRegionImages
from cdk_pull.errors import InvalidValueError
from tests.cdk.images.test_same_region import ACCOUNT, FRANKFURT, errors, from_registry, run, stack_in, uri

if TYPE_CHECKING:
    from pathlib import Path


def test_whatever_has_an_image_goes_in(tmp_path: Path) -> None:
    """A tarball asset, another image held to the Region and a class of one's own are held to the Region too."""

    class Own(ecs.ContainerImage):
        """Somebody's image."""

        def bind(self, *_: object) -> ecs.ContainerImageConfig:
            """Name it."""
            return ecs.ContainerImageConfig(image_name=uri("us-west-2"))

    (tmp_path / "image.tar").write_bytes(b"")
    stack = stack_in(FRANKFURT)
    tarball = ecr_assets.TarballImageAsset(stack, "Tar", tarball_file=str(tmp_path / "image.tar"))
    task = run(stack, SameRegionImage(tarball), "tarball")
    task.add_container(
        "plain", image=SameRegionImage(ecs.ContainerImage.from_tarball(str(tmp_path / "image.tar")))
    )
    task.add_container("nested", image=SameRegionImage(SameRegionImage(uri("eu-central-1"))))
    assert errors(stack) == []
    (definition,) = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    images = [str(each["Image"]) for each in definition["Properties"]["ContainerDefinitions"]]
    assert images[0] == images[1]
    other = stack_in(FRANKFURT)
    run(other, SameRegionImage(Own()), "own")
    (error,) = errors(other)
    assert error.startswith(f"Stack/Taskown/own: container own: {uri('us-west-2')} is pulled from us-west-2")


def test_aws_batch() -> None:
    """The image of a Batch job is held to the Region, and the error names the job's container."""
    stack = stack_in(FRANKFURT)
    container = batch.EcsEc2ContainerDefinition(
        stack, "Container", image=SameRegionImage(uri("us-west-2")), cpu=1, memory=cdk.Size.mebibytes(512)
    )
    batch.EcsJobDefinition(stack, "Job", container=container)
    (error,) = errors(stack)
    assert error.startswith(
        f"Stack/Container: container the job: {uri('us-west-2')} is pulled from us-west-2"
    )


def test_what_is_no_image() -> None:
    """Anything else is refused at the line of the call."""
    with pytest.raises(InvalidValueError) as error:
        SameRegionImage(5)  # type: ignore[arg-type]
    assert str(error.value) == (
        "SameRegionImage is not made of: 5; allowed: a repository, an image asset, an image URI, or an ecs.ContainerImage"
    )


def test_an_override_is_seen() -> None:
    """What an add_property_override writes is what the template has, and is judged."""
    stack = stack_in(FRANKFURT)
    definition = run(stack, from_registry(uri("eu-central-1"))).node.default_child
    assert isinstance(definition, ecs.CfnTaskDefinition)
    definition.add_property_override("ContainerDefinitions.0.Image", uri("us-west-2"))
    stack.with_(SameRegionImages())
    (error,) = errors(stack)
    assert error.startswith(
        f"Stack/Taskweb/Resource: container web: {uri('us-west-2')} is pulled from us-west-2"
    )


def test_another_partition() -> None:
    """From another partition nothing can be pulled: the error says so, in the words of PULL301."""
    stack = stack_in(FRANKFURT)
    run(stack, SameRegionImage(f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1"))
    (error,) = errors(stack)
    assert (
        "is in cn-north-1, and eu-central-1 is in another partition: no role of aws may pull from aws-cn"
        in error
    )
