"""What rules could not judge is said, each with the thing that is not known and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView
from tests.agent.named_texts import named_texts

if TYPE_CHECKING:
    from cdk_pull.agent.variables import OperatingSystem

IMAGE: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3"
PUBLIC: Final = "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}"
JOIN: Final = "#!/bin/bash\necho ECS_CLUSTER=web >> /etc/ecs/ecs.config\n"
KEEP: Final = f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config\n"
SIZED: Final = {"images": {IMAGE: {"compressed": "1GB", "uncompressed": "3GB", "platforms": ["linux/amd64"]}}}


def _launch(user_data: Any, **settings: Any) -> dict[str, Any]:
    data = {"ImageId": PUBLIC, "UserData": {"Fn::Base64": user_data}, **settings}
    return {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}}


def _task(metadata: object = None, **properties: Any) -> dict[str, Any]:
    containers = [{"Name": "web", "Image": properties.pop("Image", IMAGE), "Memory": 256}]
    task = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"ContainerDefinitions": containers, **properties},
    }
    return task if metadata is None else {**task, "Metadata": {"cdk-pull": metadata}}


def _service(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::ECS::Service",
        "Properties": {
            "Cluster": "web",
            "TaskDefinition": {"Ref": "Task"},
            "LaunchType": "EC2",
            **properties,
        },
    }


def _windows(image: str) -> dict[str, Any]:
    platform = {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    return _task(
        {},
        Image=image,
        RequiresCompatibilities=["FARGATE"],
        Cpu="1024",
        Memory="2048",
        RuntimePlatform=platform,
    )


def _gaps(rule: str, **resources: Any) -> list[tuple[str, str, str]]:
    parameters = {"Some": {"Type": "String"}}
    document = {"Parameters": parameters, "Resources": resources}
    result = check(
        [from_document(document, account="111122223333", region="eu-west-1")], Options(select=(rule,))
    )
    assert result.findings == ()
    return [(gap.missing.one, gap.name, gap.reason) for gap in result.not_evaluated]


@pytest.mark.parametrize(
    ("user_data", "reason"),
    [
        (
            {"Fn::Sub": f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=${{Some}} >> /etc/ecs/ecs.config\n"},
            "${Some} is known only at deployment (line 3 of the user data)",
        ),
        ({"Fn::Sub": f"{JOIN}${{Some}}\n"}, "only the deployment knows whole lines of the user data"),
        (
            f"{JOIN}curl -s https://example.com/x.sh | bash\n",
            "a script runs that is not in the user data (line 3 of the user data)",
        ),
    ],
)
def test_behavior(user_data: Any, reason: str) -> None:
    """A launch whose pull behavior is not known is listed by PULL101 and by PULL114."""
    expected = [("launch of unknown pull behavior", "Launch", reason)]
    assert _gaps("PULL101", Launch=_launch(user_data)) == expected
    assert _gaps("PULL114", Launch=_launch(user_data)) == expected


def test_behavior_that_is_known() -> None:
    """A launch whose behavior is known leaves no gap, whatever else it runs."""
    assert _gaps("PULL101", Launch=_launch(KEEP)) == []
    assert _gaps("PULL101", Launch=_launch(f"{KEEP}curl -s https://example.com/x.sh -o /tmp/x\n")) == []


@pytest.mark.parametrize(
    ("launch", "metadata", "expected"),
    [
        (_launch(KEEP), SIZED, []),
        (_launch(KEEP), None, [("image of unknown size", IMAGE, "")]),
        (
            _launch(f"{KEEP}mount /dev/nvme1n1 /var/lib/docker\n"),
            SIZED,
            [("disk of unknown size", "Launch", "the user data moves the images of Docker to another disk")],
        ),
        (
            _launch(KEEP, ImageId="ami-0123456789abcdef0"),
            SIZED,
            [
                (
                    "disk of unknown size",
                    "Launch",
                    "nothing states the size of the disk that holds the images of its AMI",
                )
            ],
        ),
        (
            _launch(JOIN, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3"}}]),
            SIZED,
            [
                (
                    "disk of unknown size",
                    "Launch",
                    "nothing states the size of the disk that holds the images of its AMI",
                )
            ],
        ),
    ],
)
def test_disks(launch: dict[str, Any], metadata: object, expected: list[tuple[str, str, str]]) -> None:
    """PULL114 lists images and disks whose sizes are not known."""
    assert _gaps("PULL114", Launch=launch, Task=_task(metadata), Service=_service()) == expected


@pytest.mark.parametrize(
    ("image", "missing"),
    [
        (IMAGE, [("Windows image of unknown base", IMAGE, "")]),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", []),
        ("mcr.microsoft.com/windows/servercore:10.0.20348.1906", []),
    ],
)
def test_windows_bases(image: str, missing: list[tuple[str, str, str]]) -> None:
    """PULL401 lists Windows images of which nobody knows what they are built on."""
    assert _gaps("PULL401", Task=_windows(image)) == missing


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        (
            {"Service": _service(LaunchType={"Ref": "Some"})},
            "its launch type or its capacity providers are given at deployment",
        ),
        ({"Service": _service()}, "no launch of the templates joins its cluster"),
        (
            {
                "Service": _service(),
                "Other": _launch("#!/bin/bash\necho hello\n", ImageId="ami-0123456789abcdef0"),
            },
            "these may join its cluster: Other (its image is not known, and may start the ECS agent)",
        ),
    ],
)
def test_instances(resources: dict[str, Any], reason: str) -> None:
    """PULL303 lists services of which it is not known where they run, and launches that may be their instances."""
    found = _gaps("PULL303", Task=_task(), **resources)
    assert found == [("service on EC2 whose instances are not known", "Service", reason)]


def test_a_stated_launch_type_goes_before_the_strategy_of_the_cluster() -> None:
    """A service on EC2 runs on the instances of its cluster, though others of the cluster run on Fargate by default."""
    cluster = {
        "Type": "AWS::ECS::Cluster",
        "Properties": {
            "ClusterName": "web",
            "CapacityProviders": ["FARGATE"],
            "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE"}],
        },
    }
    resources = {"Cluster": cluster, "Launch": _launch(KEEP), "Task": _task(SIZED)}
    assert _gaps("PULL303", Service=_service(), **resources) == []


def test_architecture() -> None:
    """PULL211 lists tasks on EC2 whose instances are of an unknown architecture, where it matters."""
    task = _task(SIZED)
    expected = ("task of unknown CPU architecture", "Task", f"{IMAGE} is built for linux/amd64")
    assert _gaps("PULL211", Task=task, Service=_service()) == [expected]
    assert _gaps("PULL211", Task=task, Service=_service(), Launch=_launch(JOIN)) == []


AMIS: Final[dict[OperatingSystem, str]] = {
    "linux": PUBLIC,
    "windows": "{{resolve:ssm:/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-ECS_Optimized/image_id}}",
    "bottlerocket": "{{resolve:ssm:/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id}}",
}


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from([*AMIS]))
def test_never_neither(data: st.DataObject, os: OperatingSystem) -> None:
    """Each variable that user data names has its value, a finding about the user data, or is listed with a reason."""
    forms, text = data.draw(named_texts(os))
    assembly = from_document({"Resources": {"Launch": _launch(text, ImageId=AMIS[os])}})
    (capacity,) = EcsView(assembly).capacities
    result = check([assembly], Options(select=("PULL1",), ignore=("PULL101",)))
    gaps = check([assembly], Options(select=("PULL1",))).not_evaluated
    assert all(gap.reason for gap in gaps)
    unread = any(gap.missing.one == "launch of unknown pull behavior" for gap in gaps)
    for form, name in forms:
        listed = unread or any(gap.name == f"{name} of Launch" for gap in gaps)
        said = name in capacity.reading.settings or result.findings or listed
        assert "{n}" not in form or said, (name, text)
