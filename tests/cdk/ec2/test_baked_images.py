from __future__ import annotations

import json
import subprocess
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

import cdk_pull as pull
from cdk_pull.agent.bake import bake_component
from cdk_pull.agent.cfn import read_value
from cdk_pull.errors import InvalidValueError

pytestmark = pytest.mark.needs_cdk("2.265.0", "initialization rate of a block device")

OWN = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.0"
DISK = cdk.Size.gibibytes(60)


def baked(images: list[Any], **props: Any) -> Template:
    """Return the template of a group that launches from an AMI with images."""
    stack = cdk.Stack(
        cdk.App(),
        "Stack",
        env=cdk.Environment(account="111122223333", region="eu-west-1"),
    )
    vpc = ec2.Vpc(stack, "Vpc", availability_zones=["eu-west-1a"], nat_gateways=0)
    made = pull.BakedImages(stack, "Baked", images=images, disk=DISK, **props)
    launch = ec2.LaunchTemplate(
        stack,
        "Launch",
        machine_image=made.machine_image,
        block_devices=[made.block_device],
        instance_type=ec2.InstanceType("m7i.large"),
        user_data=ec2.UserData.for_linux(),
        role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")),
        security_group=ec2.SecurityGroup(stack, "SecurityGroup", vpc=vpc),
    )
    group = autoscaling.AutoScalingGroup(stack, "Group", vpc=vpc, launch_template=launch)
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
    cluster.add_asg_capacity_provider(ecs.AsgCapacityProvider(stack, "Provider", auto_scaling_group=group))
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.prefer_cached())
    return Template.from_stack(stack)


def properties(template: Template, kind: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type."""
    [found] = template.find_resources(kind).values()
    return dict(found["Properties"])


def test_the_launch_template_follows() -> None:
    """The group launches the AMI of the build, whose volume loads at once, and starts from its images."""
    template = baked([OWN, "nginx:1.27"])
    data = properties(template, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    [image] = template.find_resources("AWS::ImageBuilder::Image")
    assert data["ImageId"] == {"Fn::GetAtt": [image, "ImageId"]}
    assert data["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "DeleteOnTermination": True,
                "VolumeInitializationRate": 300,
                "VolumeSize": 60,
                "VolumeType": "gp3",
            },
        }
    ]
    assert read_value(data["UserData"]).settings == {"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"}


def test_the_build() -> None:
    """The recipe builds on the ECS-optimized AMI; its instance may pull the repositories and nothing else."""
    template = baked([OWN, "nginx:1.27"])
    recipe = properties(template, "AWS::ImageBuilder::ImageRecipe")
    assert recipe["ParentImage"] == (
        "ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    )
    assert recipe["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 60
    template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    {
                        "Action": Match.array_with(["ecr:BatchGetImage"]),
                        "Effect": "Allow",
                        "Resource": {
                            "Fn::Join": [
                                "",
                                [
                                    "arn:",
                                    {"Ref": "AWS::Partition"},
                                    ":ecr:eu-west-1:111122223333:repository/web",
                                ],
                            ]
                        },
                    },
                    {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"},
                ]
            }
        },
    )


def test_a_change_makes_another_build() -> None:
    """What cannot be changed gets another name when the images, the disk or the parent change, and only then."""
    one, same, other, parent = (
        properties(baked(images, **props), "AWS::ImageBuilder::ImageRecipe")["Name"]
        for images, props in (
            ([OWN], {}),
            ([OWN], {}),
            (["nginx:1.27"], {}),
            ([OWN], {"parent_image": "ami-0123456789abcdef0"}),
        )
    )
    assert one == same
    assert len({one, other, parent}) == 3


def test_the_component() -> None:
    """The document has shell that bash accepts, with each image once in each phase, and no expression of Image Builder."""
    document = bake_component([OWN, "nginx:1.27", OWN])
    assert "{{" not in document
    phases = json.loads(document)["phases"]
    assert [phase["name"] for phase in phases] == ["build", "validate"]
    for phase in phases:
        [script] = phase["steps"][0]["inputs"]["commands"]
        assert script.count(f"'{OWN}' 'nginx:1.27'") == 1
        run = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"images": []}, "no image to pull"),
        ({"images": ["a b"]}, "invalid image name: 'a b'"),
        ({"disk": cdk.Size.gibibytes(20)}, "invalid disk: '20 GiB'; allowed: whole GiB from 30 to 16384"),
        ({"disk": 50}, "disk must be a size: 50; allowed: cdk.Size, such as"),
        ({"parent_image": cdk.Fn.ref("Ami")}, "parent_image must be known at synth"),
        ({"subnet": "subnet"}, "subnet and security_group belong together: 'one of them'"),
    ],
)
def test_bad_values(props: dict[str, Any], message: str) -> None:
    """A value that cannot be right is refused before anything is made."""
    with pytest.raises(InvalidValueError, match=message):
        pull.BakedImages(cdk.Stack(), "Baked", **{"images": [OWN], "disk": DISK, **props})
