"""Where a task may run: by what it states, by Fargate's default, or by its instances."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cdk_pull.image.platform import Platform
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.platforms import TaskPlatforms, instance_platforms, task_platforms
from cdk_pull.template.ecs.view import EcsView

AMD: Final = Platform()
ARM: Final = Platform(architecture="arm64")
WINDOWS: Final = Platform("windows")
JOIN: Final = {"Fn::Base64": "#!/bin/bash\necho ECS_CLUSTER=web >> /etc/ecs/ecs.config\n"}
SSM: Final = "{{resolve:ssm:/aws/service/%s/image_id}}"


def _instances(overrides: tuple[str, ...] = (), **settings: Any) -> TaskPlatforms:
    launched: dict[str, Any] = {"LaunchTemplateId": {"Ref": "Launch"}, "Version": "1"}
    listed = [{"InstanceType": each} for each in overrides]
    mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": launched, "Overrides": listed}}
    group = {"MixedInstancesPolicy": mixed} if overrides else {"LaunchTemplate": launched}
    data = {"ImageId": "ami-0123456789abcdef0", "UserData": JOIN, **settings}
    resources = {
        "Launch": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}},
        "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": group},
    }
    return instance_platforms(EcsView(from_document({"Resources": resources})).capacities)


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        *(
            (each, ARM)
            for each in ("a1.large", "t4g.nano", "m7gd.large", "x2gd.medium", "im4gn.large", "is4gen.large")
        ),
        *(
            (each, ARM)
            for each in ("g5g.xlarge", "hpc7g.4xlarge", "c8gn.metal-24xl", "i8ge.large", "M7G.large")
        ),
        *((each, AMD) for each in ("t3.micro", "g4dn.xlarge", "g6.xlarge", "p4d.24xlarge", "m7i-flex.large")),
        *(
            (each, AMD)
            for each in ("inf2.xlarge", "u-6tb1.metal", "m7a.large", "gr6.4xlarge", "trn1.2xlarge")
        ),
    ],
)
def test_instance_types(instance_type: str, expected: Platform) -> None:
    """The name of an instance type tells whether it has Graviton processors."""
    assert _instances(InstanceType=instance_type) == TaskPlatforms(known=(expected,), complete=True)


@pytest.mark.parametrize(
    ("ami", "expected"),
    [
        ("ecs/optimized-ami/amazon-linux-2023/arm64/recommended", ARM),
        ("ecs/optimized-ami/amazon-linux-2/recommended", AMD),
        ("bottlerocket/aws-ecs-2/arm64/latest", ARM),
        ("bottlerocket/aws-ecs-2/x86_64/latest", AMD),
        ("ami-windows-latest/Windows_Server-2022-English-Core-ECS_Optimized", WINDOWS),
    ],
)
def test_machine_images(ami: str, expected: Platform) -> None:
    """An AMI is for one architecture, whatever the type of the instance says."""
    assert _instances(ImageId=SSM % ami) == TaskPlatforms(known=(expected,), complete=True)


def test_several_types() -> None:
    """The types of a group's overrides go before that of the launch template; requirements leave it open."""
    assert _instances(("m7g.large", "m7i.large"), InstanceType="t3.micro").known == (ARM, AMD)
    assert _instances(("m7g.large",), InstanceType="t3.micro").known == (ARM,)
    assert _instances(InstanceRequirements={"VCpuCount": {"Min": 2}}) == TaskPlatforms(
        known=(), complete=False
    )


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"RuntimePlatform": {"CpuArchitecture": "ARM64"}}, (ARM,)),
        ({"RequiresCompatibilities": ["FARGATE"]}, (AMD,)),
        ({"RuntimePlatform": {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}, (WINDOWS,)),
        ({"RuntimePlatform": {"CpuArchitecture": {"Ref": "Some"}}}, ()),
        ({"RuntimePlatform": {"Ref": "Some"}}, ()),
        ({"RuntimePlatform": {"OperatingSystemFamily": "LINUX"}}, None),
        ({}, None),
    ],
)
def test_tasks(properties: dict[str, Any], expected: tuple[Platform, ...] | None) -> None:
    """A task states where it runs, or leaves it to its instances (None)."""
    resources = {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}
    document = {"Parameters": {"Some": {"Type": "String"}}, "Resources": resources}
    (task,) = EcsView(from_document(document)).tasks
    found = task_platforms(task)
    assert (None if found is None else found.known) == expected
