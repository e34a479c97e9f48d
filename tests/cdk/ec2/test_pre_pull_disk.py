"""The disk of capacity that pre-pulls, by what is known of the images."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Annotations, Match

import cdk_pull as pull
from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile, Layer
from cdk_pull.image.reference import ImageReference
from cdk_pull.report.decisions import read_decisions

LINUX = Platform.parse("linux/amd64")
DIGEST = f"sha256:{'a' * 64}"


def context(sizes: dict[str, int]) -> dict[str, Any]:
    """Return what `cdk-pull lookup` writes of images with these unpacked sizes in GB."""
    found = {}
    for name, size in sizes.items():
        reference = ImageReference.parse(name)
        layer = Layer(compressed_bytes=size * 10**9 // 3, uncompressed_bytes=size * 10**9, digest=DIGEST)
        profile = ImageProfile(layers=(layer,), digest=DIGEST, os="linux", architecture="amd64")
        facts = ImageFacts(reference=str(reference), digest=DIGEST, profile=profile)
        found[context_key(reference, LINUX)] = to_context(facts, date(2026, 11, 26))
    return found


def decided(
    folder: Path,
    sizes: dict[str, int],
    images: list[str],
    *,
    volume: int | None = None,
    region: str = "us-east-1",
    bottlerocket: bool = False,
) -> tuple[str, Any, cdk.Stack]:
    """Return what the decision says of the disk, the block devices in the template, and the stack."""
    app = cdk.App(context=context(sizes), outdir=str(folder))
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region=region))
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, availability_zones=[f"{region}a"])
    disk = autoscaling.BlockDeviceVolume.ebs(volume or 1)
    group = autoscaling.AutoScalingGroup(
        stack,
        "Group",
        vpc=vpc,
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ecs.BottleRocketImage() if bottlerocket else ecs.EcsOptimizedImage.amazon_linux2023(),
        block_devices=[autoscaling.BlockDevice(device_name="/dev/xvda", volume=disk)] if volume else None,
    )
    ecs.Cluster(stack, "Cluster", vpc=vpc).add_asg_capacity_provider(
        ecs.AsgCapacityProvider(
            stack,
            "Provider",
            auto_scaling_group=group,
            machine_image_type=ecs.MachineImageType.BOTTLEROCKET
            if bottlerocket
            else ecs.MachineImageType.AMAZON_LINUX_2,
        )
    )
    group.with_(pull.PrePulledImages(images, bottlerocket_image="pulls:1" if bottlerocket else None))
    assembly = app.synth()
    resources = assembly.get_stack_by_name("Stack").template["Resources"].values()
    launch = next(
        each["Properties"]
        for each in resources
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}
    )
    [cost] = [
        one.decision.cost
        for each in read_decisions(Path(assembly.directory))
        for one in each.decisions
        if one.decision.topic == "pre-pull"
    ]
    mappings = launch.get("LaunchTemplateData", launch).get("BlockDeviceMappings")
    return cost.partition("; the instance takes")[0], mappings, stack


def test_a_disk_that_is_large_enough_stays(tmp_path: Path) -> None:
    """Where the AMI's disk holds two versions of the images, nothing changes."""
    said, mappings, _ = decided(tmp_path, {"nginx:1.27": 1}, ["nginx:1.27"])
    assert (said, mappings) == ("30 GiB hold 1 GB of images in up to 2 versions, each for 24 hours", None)


@pytest.mark.parametrize(
    ("region", "bottlerocket", "device", "old", "new", "price"),
    [
        ("us-east-1", False, "/dev/xvda", 30, 59, "$4.72 a month and instance in us-east-1"),
        ("eu-west-1", False, "/dev/xvda", 30, 59, "gp3 price in eu-west-1 unknown"),
        ("us-east-1", True, "/dev/xvdb", 20, 51, "$4.08 a month and instance in us-east-1"),
    ],
)
def test_a_disk_is_enlarged(
    tmp_path: Path, region: str, *, bottlerocket: bool, device: str, old: int, new: int, price: str
) -> None:
    """A disk that the app does not size gets what two versions of the images need, and the decision its price."""
    said, mappings, _ = decided(
        tmp_path, {"big:1": 14}, ["big:1", "other:1"], region=region, bottlerocket=bottlerocket
    )
    assert mappings == [
        {
            "DeviceName": device,
            "Ebs": {"VolumeSize": new, "VolumeType": "gp3", "DeleteOnTermination": True},
        }
    ]
    assert said == (
        f"disk of {new} GiB in place of {old} GiB for 14 GB of images in up to 2 versions, each for 24 hours, 1 of unknown "
        f"size not counted (run `cdk-pull lookup`), {price}"
    )


def test_a_stated_disk_stays(tmp_path: Path) -> None:
    """A disk that the app sizes stays, with a warning that says what it would have to be."""
    said, mappings, stack = decided(tmp_path, {"big:1": 14}, ["big:1"], volume=40)
    assert [each["Ebs"]["VolumeSize"] for each in mappings] == [40]
    assert said == "disk of 40 GiB is too small for 14 GB of images in up to 2 versions, each for 24 hours"
    Annotations.from_stack(stack).has_warning(
        "*",
        Match.string_like_regexp(
            "need 59 GiB: prefer-cached removes none. Set the size of /dev/xvda to at least 59"
        ),
    )


def test_unknown_sizes_are_said(tmp_path: Path) -> None:
    """Without a size nothing changes, and the decision says that it was not evaluated."""
    said, mappings, _ = decided(tmp_path, {}, ["big:1"])
    assert mappings is None
    assert said == "disk not evaluated: no size of the images is known; run `cdk-pull lookup`"
