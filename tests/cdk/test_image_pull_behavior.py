"""What the mixin refuses, what it leaves alone, and how far it reaches."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

import cdk_pull as pull
from cdk_pull.agent import cfn

if TYPE_CHECKING:
    from collections.abc import Callable

TYPE = ec2.InstanceType("t3.large")
LAUNCH_TEMPLATES = "@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig"
HERE = str(Path(__file__).relative_to(Path.cwd()))


def new_stack(scope: Construct | None = None, name: str = "Stack") -> cdk.Stack:
    """Return a stack of a Region, in an app that makes launch templates."""
    scope = scope or cdk.App(analytics_reporting=False, context={LAUNCH_TEMPLATES: True})
    return cdk.Stack(scope, name, env=cdk.Environment(region="us-east-1", account="123456789012"))


def vpc_of(stack: cdk.Stack) -> ec2.IVpc:
    """Return a VPC that needs no resources."""
    known = stack.node.try_find_child("Vpc")
    if known:
        return known  # type: ignore[return-value] # it is the one below
    return ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-1"]
    )


def new_cluster(stack: cdk.Stack, name: str = "Cluster", **options: Any) -> ecs.Cluster:
    """Return a cluster."""
    return ecs.Cluster(stack, name, vpc=vpc_of(stack), **options)


def new_group(stack: cdk.Stack, name: str = "Group", **options: Any) -> autoscaling.AutoScalingGroup:
    """Return an Auto Scaling group of ECS-optimized Linux instances."""
    options = {"machine_image": ecs.EcsOptimizedImage.amazon_linux2023(), **options}
    return autoscaling.AutoScalingGroup(stack, name, vpc=vpc_of(stack), instance_type=TYPE, **options)


def join(cluster: ecs.Cluster, group: autoscaling.AutoScalingGroup, **options: Any) -> None:
    """Make a group capacity of a cluster."""
    stack = cdk.Stack.of(group)
    name = f"{group.node.id}Provider"
    cluster.add_asg_capacity_provider(
        ecs.AsgCapacityProvider(stack, name, auto_scaling_group=group, **options)
    )


def behaviors(stack: cdk.Stack) -> dict[str, str | None]:
    """Return the pull behaviour in each of the stack's launch resources, by the beginning of its logical id."""
    found = {}
    for logical_id, each in Template.from_stack(stack).to_json()["Resources"].items():
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}:
            name = logical_id[:-8].removesuffix("LaunchTemplate").removesuffix("LaunchConfig")
            data = each["Properties"].get("LaunchTemplateData", each["Properties"])
            found[name] = cfn.read_value(data["UserData"]).settings.get("ECS_IMAGE_PULL_BEHAVIOR")
    return found


def refusal(stack: cdk.Stack) -> str:
    """Return the line with which the synth is refused."""
    with pytest.raises(RuntimeError) as error:
        Template.from_stack(stack)
    headline, message = str(error.value).split("\n", maxsplit=1)
    assert headline == "ValidationFailedWithErrors: Validation failed with the following errors:"
    return message.strip()


# Two values, and other things that show when the template is written.


def test_two_values_for_one_capacity_name_both_places() -> None:
    """Two different behaviours on one group stop the synth, with the line of each."""
    stack = new_stack()
    group = new_group(stack)
    one, other = pull.ImagePullBehavior.once(), pull.ImagePullBehavior.prefer_cached()
    group.with_(one)
    cdk.Mixins.of(group).apply(other)

    message = refusal(stack)

    place = f"{HERE}:{_line_of('one, other = pull')}"
    assert message == (
        "[ImagePullBehavior] Stack/Group/LaunchTemplate/Resource: two values for the same capacity: "
        f"ECS_IMAGE_PULL_BEHAVIOR: 'once' ({place}) and 'prefer-cached' ({place}); "
        "keep one, or give each its own capacity"
    )


def _line_of(text: str) -> int:
    """Return the first line of this file that holds a text."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_same_value_twice_is_one_value() -> None:
    """The same behaviour from two places is written once."""
    stack = new_stack()
    cluster = new_cluster(stack)
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())
    join(cluster, new_group(stack).with_(pull.ImagePullBehavior.once()))  # type: ignore[arg-type] # with_ returns it

    text = json.dumps(Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate"))

    assert text.count("ECS_IMAGE_PULL_BEHAVIOR") == 1


def test_different_settings_add_up() -> None:
    """Two mixins that set different variables are both written."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.once())
    group.with_(pull.ImagePullBehavior(pull.AgentSettings(image_cleanup_interval=timedelta(hours=2))))

    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()

    assert dict(cfn.read_value(template["Properties"]["LaunchTemplateData"]["UserData"]).settings) == {
        "ECS_IMAGE_PULL_BEHAVIOR": "once",
        "ECS_IMAGE_CLEANUP_INTERVAL": "2h0m0s",
    }


def test_settings_that_undo_one_another_are_refused() -> None:
    """A clean-up setting from one mixin beside another's prefer-cached is refused, with the reason."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.prefer_cached())
    group.with_(pull.ImagePullBehavior(pull.AgentSettings(num_images_delete_per_cycle=9)))

    assert "num_images_delete_per_cycle has no effect: prefer-cached switches image clean-up off" in refusal(
        stack
    )


def test_two_operating_systems_are_refused() -> None:
    """One capacity runs one operating system."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.once(operating_system="linux"))
    group.with_(pull.ImagePullBehavior.once(operating_system="windows"))

    assert "two operating systems for the same capacity: linux and windows (" in refusal(stack)


def test_bottlerocket_without_its_image_type_names_the_fix() -> None:
    """A forgotten machine_image_type puts shell into Bottlerocket's TOML: the error says what to pass."""
    stack = new_stack()
    group = new_group(stack, machine_image=ecs.BottleRocketImage())
    join(new_cluster(stack), group)
    group.with_(pull.ImagePullBehavior.once())

    assert refusal(stack) == (
        "[ImagePullBehavior] Stack/Group/LaunchTemplate/Resource: the image is Bottlerocket, but its user data is a "
        "shell script, which Bottlerocket cannot read: pass machine_image_type=ecs.MachineImageType.BOTTLEROCKET to "
        "the AsgCapacityProvider or to add_capacity"
    )


def test_a_value_behind_an_intrinsic_is_seen() -> None:
    """What the user data sets through Fn::Sub counts: another value there is a conflict, with its line."""
    stack = new_stack()
    group = new_group(stack)
    group.add_user_data(
        cdk.Fn.sub("echo ECS_IMAGE_PULL_BEHAVIOR=always >> /etc/ecs/ecs.config # ${AWS::Region}")
    )
    group.with_(pull.ImagePullBehavior.once())

    assert refusal(stack) == (
        "[ImagePullBehavior] Stack/Group/LaunchTemplate/Resource: the user data sets ECS_IMAGE_PULL_BEHAVIOR to "
        "'always' on line 2, and 'once' is asked for; remove one of the two"
    )


def test_user_data_over_the_limit_is_refused_with_its_size() -> None:
    """EC2 takes 16 KB: more is refused with the number of bytes."""
    stack = new_stack()
    group = new_group(stack)
    group.add_user_data("# " + "x" * 16_400)
    group.with_(pull.ImagePullBehavior.once())

    message = refusal(stack)

    assert "the user data is larger than EC2 takes: '16" in message
    assert message.endswith(
        " bytes'; allowed: up to 16384 bytes before base64. "
        "Move a part of it to an S3 object that it fetches, or into the image."
    )


def test_a_later_override_does_not_lose_the_settings_silently() -> None:
    """An escape hatch that replaces the user data after the mixin stops the synth."""
    stack = new_stack()
    group = new_group(stack).with_(pull.ImagePullBehavior.once())
    resource = group.node.find_child("LaunchTemplate").node.default_child
    assert isinstance(resource, ec2.CfnLaunchTemplate)
    resource.add_property_override("LaunchTemplateData.UserData", cdk.Fn.base64("#!/bin/bash"))

    assert refusal(stack) == (
        "[ImagePullBehavior] Stack/Group/LaunchTemplate/Resource: the settings are not in its user data, which a "
        "later add_property_override replaces: pass that as the user data itself"
    )


# What can have no pull behaviour.


def _imported_group(stack: cdk.Stack) -> Construct:
    return autoscaling.AutoScalingGroup.from_auto_scaling_group_name(stack, "X", "mine")  # type: ignore[return-value]


def _imported_template(stack: cdk.Stack) -> Construct:
    return ec2.LaunchTemplate.from_launch_template_attributes(stack, "X", launch_template_id="lt-1")  # type: ignore[return-value]


def _group_of_an_imported_template(stack: cdk.Stack) -> Construct:
    template = ec2.LaunchTemplate.from_launch_template_attributes(
        stack, "Y", launch_template_id="lt-1", version_number="1"
    )
    return autoscaling.AutoScalingGroup(stack, "X", vpc=vpc_of(stack), launch_template=template)


def _provider_of_an_imported_group(stack: cdk.Stack) -> Construct:
    group = autoscaling.AutoScalingGroup.from_auto_scaling_group_name(stack, "Y", "mine")
    return ecs.AsgCapacityProvider(
        stack, "X", auto_scaling_group=group, enable_managed_termination_protection=False
    )


def _managed_instances(stack: cdk.Stack) -> Construct:
    vpc = vpc_of(stack)
    return ecs.ManagedInstancesCapacityProvider(
        stack,
        "X",
        subnets=vpc.private_subnets,
        security_groups=[ec2.SecurityGroup(stack, "Y", vpc=vpc)],
    )


def _fargate_task(stack: cdk.Stack) -> ecs.FargateTaskDefinition:
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("main", image=ecs.ContainerImage.from_registry("busybox"))
    return task


def _fargate_service(stack: cdk.Stack) -> Construct:
    return ecs.FargateService(stack, "X", cluster=new_cluster(stack), task_definition=_fargate_task(stack))


def _external_service(stack: cdk.Stack) -> Construct:
    task = ecs.ExternalTaskDefinition(stack, "Task")
    task.add_container("main", image=ecs.ContainerImage.from_registry("busybox"), memory_limit_mib=64)
    return ecs.ExternalService(stack, "X", cluster=new_cluster(stack), task_definition=task)


def _ec2_service(stack: cdk.Stack) -> Construct:
    cluster = new_cluster(stack)
    join(cluster, new_group(stack))
    task = ecs.Ec2TaskDefinition(stack, "Task")
    task.add_container("main", image=ecs.ContainerImage.from_registry("busybox"), memory_limit_mib=64)
    return ecs.Ec2Service(stack, "X", cluster=cluster, task_definition=task)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_imported_group, "an imported Auto Scaling group keeps its user data where it is defined: apply"),
        (_imported_template, "an imported launch template keeps its user data where it is defined: apply"),
        (
            _group_of_an_imported_template,
            "apply ImagePullBehavior to the launch template where it is defined",
        ),
        (_provider_of_an_imported_group, "an imported Auto Scaling group keeps its user data"),
        (_managed_instances, "use CachedImageCapacityProvider or another Auto Scaling group"),
        (_fargate_task, "choose a size that starts in time (FargateTask, FargateTaskSize)"),
        (_fargate_service, "or run the service on EC2 capacity"),
        (_external_service, "write ECS_IMAGE_PULL_BEHAVIOR into /etc/ecs/ecs.config of the machine itself"),
        (_ec2_service, "apply it to the capacity or to the cluster"),
    ],
)
def test_what_can_have_no_pull_behaviour_is_refused(
    make: Callable[[cdk.Stack], Construct], message: str
) -> None:
    """Where no user data of ours reaches, applying the mixin says at once what to do instead."""
    construct = make(new_stack())

    with pytest.raises(RuntimeError) as error:
        construct.with_(pull.ImagePullBehavior.once())

    assert message in str(error.value)
    assert str(error.value).startswith("Stack/")


def test_a_whole_app_skips_what_can_have_none() -> None:
    """Applied to an app, the mixin takes the ECS capacity and passes by everything else."""
    stack = new_stack()
    _fargate_service(stack)
    _imported_group(new_stack(stack.node.root, "Other"))  # type: ignore[arg-type] # an app is a construct
    join(new_cluster(stack, "Ec2"), new_group(stack))
    new_group(stack, "Bastion", machine_image=ec2.MachineImage.latest_amazon_linux2023())

    cdk.Mixins.of(stack.node.root).apply(pull.ImagePullBehavior.once())

    assert behaviors(stack) == {"Group": "once", "Bastion": None}


# How far it reaches.


def test_a_cluster_takes_its_own_capacity_only() -> None:
    """Of two clusters, only the groups that join the one have its settings, in whatever stack they are."""
    stack = new_stack()
    one, other = new_cluster(stack, "One"), new_cluster(stack, "Other")
    cdk.Mixins.of(one).apply(pull.ImagePullBehavior.prefer_cached())
    apart = new_stack(stack.node.root, "Apart")  # type: ignore[arg-type] # an app is a construct
    for name, cluster in {"GroupOfOne": one, "GroupOfOther": other}.items():
        # A capacity provider of another stack would make the two depend on one another.
        new_group(apart, name).add_user_data(
            f"echo ECS_CLUSTER={cluster.cluster_name} >> /etc/ecs/ecs.config"
        )
    cdk.Mixins.of(other).apply(pull.ImagePullBehavior.always())

    assert behaviors(apart) == {"GroupOfOne": "prefer-cached", "GroupOfOther": "always"}


def test_capacity_of_another_region_is_not_the_cluster_s() -> None:
    """A cluster's reference cannot be written in another Region: capacity there is passed by."""
    stack = new_stack()
    cluster = new_cluster(stack)
    join(cluster, new_group(stack))
    app = stack.node.root
    assert isinstance(app, cdk.App)
    abroad = cdk.Stack(app, "Abroad", env=cdk.Environment(region="eu-west-1", account="123456789012"))
    join(new_cluster(abroad), new_group(abroad))

    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())

    assert behaviors(stack) == {"Group": "once"}
    assert behaviors(abroad) == {"Group": None}


@pytest.mark.parametrize("launch_templates", [False, True], ids=["launch-configuration", "launch-template"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_clusters_of_several_stacks_keep_apart(region: str, *, launch_templates: bool) -> None:
    """Two stacks alike, each with its own behaviour on its cluster, do not mix, in one Region or in two."""
    app = cdk.App(analytics_reporting=False, context={LAUNCH_TEMPLATES: launch_templates})
    asked = {"Releases": pull.ImagePullBehavior.prefer_cached(), "Previews": pull.ImagePullBehavior.always()}
    stacks = {}
    for (name, mixin), where in zip(asked.items(), ["us-east-1", region], strict=True):
        stack = cdk.Stack(app, name, env=cdk.Environment(region=where, account="123456789012"))
        cluster = new_cluster(stack)
        join(cluster, new_group(stack))
        cdk.Mixins.of(cluster).apply(mixin)
        stacks[name] = stack
    read = {name: behaviors(stack) for name, stack in stacks.items()}
    assert read == {"Releases": {"Group": "prefer-cached"}, "Previews": {"Group": "always"}}


@pytest.mark.parametrize("nested", [False, True], ids=["another-stack", "nested-stack"])
@pytest.mark.parametrize("launch_templates", [False, True], ids=["launch-configuration", "launch-template"])
def test_a_cluster_takes_the_capacity_that_joins_it_from_elsewhere(
    *, launch_templates: bool, nested: bool
) -> None:
    """A group of another stack or of a nested stack that names the cluster in its user data has its behaviour."""
    app = cdk.App(analytics_reporting=False, context={LAUNCH_TEMPLATES: launch_templates})
    home = cdk.Stack(app, "Home")
    cluster = new_cluster(home)
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())
    stack = cdk.NestedStack(home, "Nested") if nested else cdk.Stack(app, "Other")
    new_group(stack).add_user_data(f"echo ECS_CLUSTER={cluster.cluster_name} >> /etc/ecs/ecs.config")

    assert behaviors(stack) == {"Group": "once"}


def test_a_cluster_with_a_name_of_its_own_and_an_l1_group() -> None:
    """A cluster is known by its literal name too, where a launch template of CloudFormation's own names it."""
    stack = new_stack()
    cluster = new_cluster(stack, cluster_name="prod")
    ec2.CfnLaunchTemplate(
        stack,
        "MineMineMine",
        launch_template_data=ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
            user_data=cdk.Fn.base64("#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config")
        ),
    )
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())

    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()

    reading = cfn.read_value(template["Properties"]["LaunchTemplateData"]["UserData"])
    assert reading.effective["ECS_IMAGE_PULL_BEHAVIOR"] == "once"


def test_a_cluster_without_ec2_capacity_is_an_error() -> None:
    """A cluster of Fargate alone has no pull behaviour to set, and saying nothing would hide that."""
    stack = new_stack()
    cluster = new_cluster(stack, enable_fargate_capacity_providers=True)
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())

    assert refusal(stack) == (
        "[ImagePullBehavior] Stack/Cluster: no EC2 capacity joins this cluster, so a pull behaviour has no effect: "
        "Fargate and Managed Instances have none to set, and an imported group is configured where it is defined"
    )


def test_a_scope_without_capacity_is_a_warning() -> None:
    """A stack without ECS capacity is synthesized, with a warning that the mixin has no effect."""
    stack = new_stack()
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())

    Annotations.from_stack(stack).has_warning(
        "/Stack", Match.string_like_regexp("no EC2 capacity of ECS is in here")
    )


def test_as_an_aspect_it_warns_of_nothing() -> None:
    """As an aspect, the mixin takes the ECS capacity and leaves no warning on what is none."""
    stack = new_stack()
    join(new_cluster(stack), new_group(stack))
    new_group(stack, "Bastion", machine_image=ec2.MachineImage.latest_amazon_linux2023())
    app = stack.node.root
    cdk.Aspects.of(app).add(cdk.Shims.as_aspect(pull.ImagePullBehavior.once()))

    assert behaviors(stack) == {"Group": "once", "Bastion": None}
    assert [each.node.path for each in app.node.find_all() if _warnings(each)] == []


def _warnings(construct: Any) -> list[Any]:
    return [each for each in construct.node.metadata if "noCapacity" in str(each.data)]


def test_capacity_that_comes_later_is_taken() -> None:
    """Applied to an empty app, the mixin takes the capacity of stacks that are made afterwards."""
    app = cdk.App(context={LAUNCH_TEMPLATES: True})
    cdk.Mixins.of(app).apply(pull.ImagePullBehavior.once())
    stack = new_stack(app)
    join(new_cluster(stack), new_group(stack))

    assert behaviors(stack) == {"Group": "once"}


def test_stages_and_nested_stacks_are_part_of_the_app() -> None:
    """Applied to the app, the mixin takes what is in its stages, and in nested stacks there."""
    app = cdk.App(context={LAUNCH_TEMPLATES: True})
    stage = cdk.Stage(app, "Stage")
    stack = new_stack(stage)
    nested = cdk.NestedStack(stack, "Nested")
    join(new_cluster(stack), new_group(stack))
    join(new_cluster(nested), new_group(nested))
    cdk.Mixins.of(app).apply(pull.ImagePullBehavior.once())
    app.synth()

    assert behaviors(stack) == {"Group": "once"}
    assert behaviors(nested) == {"Group": "once"}


def test_a_stage_that_comes_too_late_is_an_error() -> None:
    """CDK writes a stage before the app around it: one made after the mixin was applied is named."""
    app = cdk.App(context={LAUNCH_TEMPLATES: True})
    cdk.Mixins.of(app).apply(pull.ImagePullBehavior.once())
    stage = cdk.Stage(app, "Stage")
    stack = new_stack(stage)
    join(new_cluster(stack), new_group(stack))

    with pytest.raises(RuntimeError, match="its stage was made after ImagePullBehavior was applied"):
        app.synth()


def test_an_explicit_application_after_a_wide_one_counts() -> None:
    """The same mixin on the app and then on a group that is no ECS capacity takes the group."""
    stack = new_stack()
    new_group(stack, "Other", machine_image=ec2.MachineImage.latest_amazon_linux2023())
    bastion = new_group(stack, "Bastion", machine_image=ec2.MachineImage.latest_amazon_linux2023())
    join(new_cluster(stack), new_group(stack))
    once = pull.ImagePullBehavior.once()
    cdk.Mixins.of(stack.node.root).apply(once)
    bastion.with_(once)

    assert behaviors(stack) == {"Other": None, "Bastion": "once", "Group": "once"}


def test_a_construct_of_one_s_own_is_a_scope() -> None:
    """Applied to a user's own construct, the mixin takes the ECS capacity in it."""
    stack = new_stack()

    class Platform(Construct):
        """A user's construct."""

        def __init__(self, scope: cdk.Stack) -> None:
            super().__init__(scope, "Platform")
            image = ecs.EcsOptimizedImage.amazon_linux2023()
            autoscaling.AutoScalingGroup(
                self, "Group", vpc=vpc_of(scope), instance_type=TYPE, machine_image=image
            )

    Platform(stack).with_(pull.ImagePullBehavior.once())

    assert behaviors(stack) == {"PlatformGroup": "once"}


# What adopting it changes.


@pytest.mark.parametrize("launch_templates", [False, True], ids=["launch-configuration", "launch-template"])
def test_adopting_it_changes_user_data_and_nothing_else(snapshot: Any, *, launch_templates: bool) -> None:
    """Logical ids, update policies, metadata and every property but the user data stay as they were."""

    def template(*, adopted: bool) -> Any:
        app = cdk.App(context={LAUNCH_TEMPLATES: launch_templates})
        stack = cdk.Stack(app, "Stack", env=cdk.Environment(region="us-east-1"))
        cluster = new_cluster(stack)
        cluster.add_capacity("Added", instance_type=TYPE)
        group = new_group(
            stack,
            update_policy=autoscaling.UpdatePolicy.rolling_update(),
            signals=autoscaling.Signals.wait_for_all(),
        )
        join(cluster, group)
        if adopted:
            cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.prefer_cached())
            cdk.Mixins.of(app).apply(pull.ImagePullBehavior.prefer_cached())
            group.with_(pull.ImagePullBehavior.prefer_cached())
        return Template.from_stack(stack).to_json()

    before, after = template(adopted=False), template(adopted=True)

    changed = dict(_differences(before, after))
    assert {path.rsplit("/", maxsplit=1)[1] for path in changed} == {"UserData"}
    assert changed == snapshot


def _differences(one: Any, other: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return the path and the new value of the user data, and of everything else that differs."""
    if isinstance(one, dict) and isinstance(other, dict) and not path.endswith("UserData"):
        return [
            each
            for key in {**one, **other}
            for each in _differences(one.get(key), other.get(key), f"{path}/{key}")
        ]
    return [] if one == other else [(path, other)]


def test_the_decision_is_in_the_assembly() -> None:
    """What was asked for, where, and what it costs is recorded beside the template."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.prefer_cached(image_pull_timeout=timedelta(hours=1)))
    Template.from_stack(stack)

    resource = group.node.find_child("LaunchTemplate").node.find_child("Resource")
    (data,) = [each.data for each in resource.node.metadata if each.type == "cdk-pull:decision"]

    place = f"{HERE}:{_line_of('(image_pull_timeout=timedelta(hours=1))')}"
    assert (data["topic"], data["decided"]) == (
        "image-pull-behavior",
        "prefer-cached, ECS_IMAGE_PULL_TIMEOUT=1h0m0s",
    )
    assert data["why"] == (
        f"asked for in {place}: starts from the copy on the instance without asking the registry"
    )


def test_two_synths_are_identical() -> None:
    """The same app gives the same template, byte by byte."""

    def text() -> str:
        stack = new_stack()
        join(new_cluster(stack), new_group(stack))
        cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())
        return json.dumps(Template.from_stack(stack).to_json())

    assert text() == text()


# What the mixin takes.


def test_a_pull_behaviour_alone_is_enough() -> None:
    """The constructor takes a PullBehavior for its settings."""
    stack = new_stack()
    new_group(stack).with_(pull.ImagePullBehavior(pull.PullBehavior.ALWAYS))

    assert behaviors(stack) == {"Group": "always"}


@pytest.mark.parametrize(
    ("mixin", "settings"),
    [
        (lambda: pull.ImagePullBehavior.default(), {"ECS_IMAGE_PULL_BEHAVIOR": "default"}),  # noqa: PLW0108 - the name is resolved late
        (
            lambda: pull.ImagePullBehavior.always(image_pull_timeout=cdk.Duration.minutes(20)),
            {"ECS_IMAGE_PULL_BEHAVIOR": "always", "ECS_IMAGE_PULL_TIMEOUT": "20m0s"},
        ),
        (
            lambda: pull.ImagePullBehavior.once(num_images_delete_per_cycle=20),
            {"ECS_IMAGE_PULL_BEHAVIOR": "once", "ECS_NUM_IMAGES_DELETE_PER_CYCLE": "20"},
        ),
        (
            lambda: pull.ImagePullBehavior.prefer_cached(image_pull_inactivity_timeout=timedelta(minutes=10)),
            {
                "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
                "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT": "10m0s",
            },
        ),
    ],
)
def test_each_behaviour_takes_the_settings_that_go_with_it(
    mixin: Callable[[], pull.ImagePullBehavior], settings: dict[str, str]
) -> None:
    """The class methods take the settings that mean something beside their behaviour."""
    stack = new_stack()
    new_group(stack).with_(mixin())
    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()

    reading = cfn.read_value(template["Properties"]["LaunchTemplateData"]["UserData"])

    assert dict(reading.settings) == settings


def test_settings_that_mean_nothing_are_refused_where_they_are_written() -> None:
    """A clean-up interval beside prefer-cached is refused by the constructor, in Python."""
    with pytest.raises(pull.InvalidValueError, match="image_cleanup_interval has no effect: prefer-cached"):
        pull.ImagePullBehavior.prefer_cached(image_cleanup_interval=timedelta(hours=1))  # type: ignore[call-arg]


def test_an_unknown_operating_system_is_refused_where_it_is_written() -> None:
    """The constructor refuses an operating system that there is none."""
    with pytest.raises(
        pull.InvalidValueError, match="operating_system is not one that the ECS agent runs on"
    ):
        pull.ImagePullBehavior.once(operating_system="beos")
