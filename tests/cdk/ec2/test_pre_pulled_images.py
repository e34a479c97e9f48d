from __future__ import annotations

import base64
import json
import tomllib
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.agent.cfn import read_value, to_text
from cdk_pull.errors import InvalidValueError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

ENV = cdk.Environment(account="111122223333", region="eu-west-1")
OWN = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.0"


class Capacity(cdk.Stack):
    """A cluster with one group of instances."""

    def __init__(self, *, windows: bool = False, bottlerocket: bool = False) -> None:
        super().__init__(cdk.App(), "Stack", env=ENV)
        vpc = ec2.Vpc(self, "Vpc", availability_zones=["eu-west-1a"], nat_gateways=0)
        self.cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        image: ec2.IMachineImage = ecs.EcsOptimizedImage.amazon_linux2023()
        kind = ecs.MachineImageType.AMAZON_LINUX_2
        if windows:
            image = ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2022)
        elif bottlerocket:
            image, kind = ecs.BottleRocketImage(), ecs.MachineImageType.BOTTLEROCKET
        self.group = autoscaling.AutoScalingGroup(
            self, "Group", vpc=vpc, instance_type=ec2.InstanceType("m7i.large"), machine_image=image
        )
        self.kind = kind

    def join(self) -> None:
        """Let the group join the cluster."""
        provider = ecs.AsgCapacityProvider(
            self, "Provider", auto_scaling_group=self.group, machine_image_type=self.kind
        )
        self.cluster.add_asg_capacity_provider(provider)

    def written(self) -> dict[str, Any]:
        """Return the template."""
        return dict(Template.from_stack(self).to_json()["Resources"])


def launch_user_data(resources: dict[str, Any]) -> Any:
    """Return the user data of the one launch resource, as it is in the template."""
    return next(
        each["Properties"].get("UserData") or each["Properties"]["LaunchTemplateData"]["UserData"]
        for each in resources.values()
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}
    )


ON: dict[str, Callable[[Capacity], Any]] = {
    "group": lambda stack: stack.group,
    "cluster": lambda stack: stack.cluster,
    "stack": lambda stack: stack,
    "app": lambda stack: stack.node.root,
}


@pytest.mark.parametrize("on", ON)
@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("behavior", [False, True])
def test_matrix(*, on: str, windows: bool, first: bool, behavior: bool) -> None:
    """On whatever it is applied, in any order, the images are pulled and prefer-cached is set."""
    stack = Capacity(windows=windows)
    if not first:
        stack.join()
    mixins: list[Any] = [pull.PrePulledImages([OWN])]
    if behavior:
        mixins.append(pull.ImagePullBehavior.prefer_cached())
    cdk.Mixins.of(ON[on](stack)).apply(*mixins)
    if first:
        stack.join()
    value = launch_user_data(stack.written())
    assert read_value(value).effective["ECS_IMAGE_PULL_BEHAVIOR"] == "prefer-cached"
    text = to_text(value).text
    assert text.count("docker pull -q") == 1
    assert text.count(f"'{OWN}'") == 1
    if windows:
        assert text.index("docker pull") < text.index("Initialize-ECSAgent")


def test_the_role_may_pull_these_and_nothing_else() -> None:
    """The instance role is allowed to pull from the repositories of the images."""
    stack = Capacity()
    stack.join()
    repository = ecr.Repository(stack, "Images")
    task = ecs.Ec2TaskDefinition(stack, "Task")
    task.add_container(
        "web", image=ecs.ContainerImage.from_ecr_repository(repository, "2.0.0"), memory_limit_mib=64
    )
    stack.group.with_(pull.PrePulledImages([task, OWN, "public.ecr.aws/docker/library/redis:8"]))
    statements = [
        statement
        for each in stack.written().values()
        if each["Type"] == "AWS::IAM::Policy"
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if "ecr:BatchGetImage" in statement["Action"]
        and "GroupInstanceRole" in json.dumps(each["Properties"]["Roles"])
    ]
    [statement] = statements
    assert statement["Action"] == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]
    assert len(statement["Resource"]) == 2
    assert {
        "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ecr:eu-west-1:111122223333:repository/web"]]
    } in statement["Resource"]


def test_no_logical_id_changes() -> None:
    """Beside the user data and the instance role's policy the template is as it was."""
    templates = []
    for applies in (False, True):
        stack = Capacity()
        stack.join()
        if applies:
            stack.group.with_(pull.PrePulledImages([OWN]))
        templates.append(stack.written())
    before, after = templates
    assert list(before) == list(after)
    assert {name for name in before if before[name] != after[name]} == {
        name
        for name, each in before.items()
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}
        or name.startswith("GroupInstanceRoleDefaultPolicy")
    }


def test_another_behaviour_stops_the_synth() -> None:
    """`once` for the same capacity is a conflict that names both call sites."""
    stack = Capacity()
    stack.join()
    stack.group.with_(pull.PrePulledImages([OWN]), pull.ImagePullBehavior.once())
    with pytest.raises(RuntimeError, match="two values for the same capacity: ECS_IMAGE_PULL_BEHAVIOR"):
        stack.written()


def test_a_nearer_behaviour_stops_the_synth() -> None:
    """`once` on the group beside a pre-pull on the cluster leaves the pre-pull without use: an error says so."""
    stack = Capacity()
    stack.join()
    cdk.Mixins.of(stack.cluster).apply(pull.PrePulledImages([OWN]))
    stack.group.with_(pull.ImagePullBehavior.once())
    with pytest.raises(
        RuntimeError, match="ECS_IMAGE_PULL_BEHAVIOR is once here, and the agent uses a pre-pulled image"
    ):
        stack.written()


def test_two_lists_are_one_pre_pull() -> None:
    """Two applications to one group pull the images of both, within the longer time."""
    stack = Capacity()
    stack.join()
    stack.group.with_(
        pull.PrePulledImages([OWN], within=cdk.Duration.minutes(1)),
        pull.PrePulledImages(["nginx:1.27", OWN], within=cdk.Duration.minutes(3)),
    )
    text = to_text(launch_user_data(stack.written())).text
    assert f"set -- '{OWN}' 'nginx:1.27'" in text
    assert "Ends within 180 s" in text


def test_bottlerocket_stops_the_synth() -> None:
    """Bottlerocket without a bootstrap container has nothing that pulls."""
    stack = Capacity(bottlerocket=True)
    stack.join()
    stack.group.with_(pull.PrePulledImages([OWN]))
    with pytest.raises(RuntimeError, match="Bottlerocket runs no commands of user data"):
        stack.written()


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("on", ON)
def test_bottlerocket(*, on: str, first: bool) -> None:
    """A bootstrap container gets the images, in any order, and the role may pull it, too."""
    stack = Capacity(bottlerocket=True)
    if not first:
        stack.join()
    container = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/pulls:1"
    cdk.Mixins.of(ON[on](stack)).apply(pull.PrePulledImages([OWN], bottlerocket_image=container))
    if first:
        stack.join()
    written = stack.written()
    value = launch_user_data(written)
    assert read_value(value).effective["ECS_IMAGE_PULL_BEHAVIOR"] == "prefer-cached"
    text = "".join(part if isinstance(part, str) else "web" for part in to_text(value).parts())
    settings = tomllib.loads(text)["settings"]
    assert settings["ecs"] == {"cluster": "web", "image-pull-behavior": "prefer-cached"}
    assert settings["bootstrap-containers"]["cdk-pull"] == {
        "source": container,
        "mode": "once",
        "essential": False,
        "user-data": base64.b64encode(json.dumps({"images": [OWN], "within_seconds": 120}).encode()).decode(),
    }
    assert "repository/pulls" in json.dumps(written)


def test_two_containers_stop_the_synth() -> None:
    """Two bootstrap containers for one group are a conflict."""
    stack = Capacity(bottlerocket=True)
    stack.join()
    stack.group.with_(
        pull.PrePulledImages([OWN], bottlerocket_image="a:1"),
        pull.PrePulledImages([OWN], bottlerocket_image="b:1"),
    )
    with pytest.raises(RuntimeError, match=r"bottlerocket_image: 'a:1' \(.*\) and 'b:1' \("):
        stack.written()


def test_an_imported_group_is_refused() -> None:
    """What keeps its user data elsewhere is refused at the call."""
    stack = Capacity()
    imported = autoscaling.AutoScalingGroup.from_auto_scaling_group_name(stack, "Imported", "group")
    with pytest.raises((RuntimeError, UnsupportedError), match="PrePulledImages cannot be applied"):
        imported.with_(pull.PrePulledImages([OWN]))


@pytest.mark.parametrize(
    ("images", "props", "message"),
    [
        ([], {}, r"no image to pull: \(\); allowed: at least one image name"),
        ("nginx", {}, r"images must be a list: 'nginx'; allowed: \['nginx'\]"),
        ([3], {}, "not an image: 'int'; allowed: an image name, a DockerImageAsset"),
        (["a b"], {}, "invalid image name: 'a b'"),
        (["nginx"], {"within": 60}, "within must be a duration: 60; allowed: cdk.Duration, such as"),
        (["nginx"], {"within": cdk.Duration.seconds(5)}, "invalid within: '5 s'; allowed: 10 s to 1800 s"),
        (["nginx"], {"within": cdk.Duration.hours(1)}, "invalid within: '3600 s'; allowed: 10 s to 1800 s"),
    ],
)
def test_bad_values(images: Any, props: dict[str, Any], message: str) -> None:
    """A value that cannot be right is refused where the mixin is made."""
    with pytest.raises(InvalidValueError, match=message):
        pull.PrePulledImages(images, **props)
