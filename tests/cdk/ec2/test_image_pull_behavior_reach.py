"""What the mixin leaves alone, and how far it reaches."""

from __future__ import annotations

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
from tests.cdk.ec2.ec2_apps import (
    LAUNCH_TEMPLATES,
    TYPE,
    behaviors,
    join,
    new_cluster,
    new_group,
    new_stack,
    refusal,
    vpc_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# What can have no pull behavior.


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


def _instance(stack: cdk.Stack) -> Construct:
    image = ecs.EcsOptimizedImage.amazon_linux2023()
    return ec2.Instance(stack, "X", vpc=vpc_of(stack), instance_type=TYPE, machine_image=image)


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
        (_managed_instances, "to keep instances longer, apply ManagedInstancesCache"),
        (_instance, "put the instance into an Auto Scaling group"),
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


def test_an_instance_that_only_uses_the_name_of_a_cluster_is_left_alone() -> None:
    """A script that calls the ECS API on plain Amazon Linux stays byte for byte, for the app and for the cluster."""
    stack = new_stack()
    cluster = new_cluster(stack)
    join(cluster, new_group(stack))
    tool = new_group(stack, "Tool", machine_image=ec2.MachineImage.latest_amazon_linux2023())
    tool.add_user_data(
        f"export ECS_CLUSTER={cluster.cluster_name}",
        "aws ecs list-tasks --cluster $ECS_CLUSTER",
        "# /etc/ecs",
    )
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once(num_images_delete_per_cycle=9))

    assert behaviors(stack) == {"Group": "once", "Tool": None}


def test_a_script_that_does_not_run_is_not_made_to_run() -> None:
    """User data without a first line, which CDK goes on with and no instance runs, is refused with what to do."""
    stack = new_stack()
    group = new_group(stack, user_data=ec2.UserData.custom("echo kept"))
    join(new_cluster(stack), group)
    group.with_(pull.ImagePullBehavior.once())

    assert refusal(stack).endswith(
        "Group/LaunchTemplate/Resource: the user data does not begin with #!, so cloud-init runs none of it, and would "
        "run all of it with the settings in it: begin it with #!/bin/bash if it is to run, or remove it"
    )


def test_what_a_capacity_provider_launches_is_capacity() -> None:
    """An AMI of one's own whose user data tells nothing is capacity if a capacity provider launches it, and only then."""
    stack = new_stack()
    own = ec2.MachineImage.generic_linux({"us-east-1": "ami-0abc1234def567890"})
    group = new_group(stack, machine_image=own)
    new_group(stack, "Tool", machine_image=own)
    ecs.CfnCapacityProvider(
        stack,
        "Provider",
        auto_scaling_group_provider=ecs.CfnCapacityProvider.AutoScalingGroupProviderProperty(
            auto_scaling_group_arn=group.auto_scaling_group_name
        ),
    )
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())

    assert behaviors(stack) == {"Group": "once", "Tool": None}


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
    """A cluster of Fargate alone has no pull behavior to set, and saying nothing would hide that."""
    stack = new_stack()
    cluster = new_cluster(stack, enable_fargate_capacity_providers=True)
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())

    assert refusal(stack) == (
        "[cdk-pull] Stack/Cluster: no EC2 capacity joins this cluster, so the pull behavior has no effect: "
        "Fargate and Managed Instances have no such setting, and an imported group is configured where it is defined"
    )


def test_a_scope_without_capacity_is_a_warning() -> None:
    """A stack without ECS capacity is synthesized, with a warning that the mixin has no effect."""
    stack = new_stack()
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())

    Annotations.from_stack(stack).has_warning(
        "/Stack", Match.string_like_regexp("no EC2 capacity for Amazon ECS is in this scope")
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


@pytest.mark.parametrize("first", [True, False])
def test_a_cluster_leaves_the_stages_beside_it_alone(*, first: bool) -> None:
    """A behaviour for one cluster of the app says nothing of the capacity in a stage, made before or after it."""
    app = new_stack().node.root
    assert isinstance(app, cdk.App)
    stack = new_stack(app, "Own")
    cluster = new_cluster(stack)
    join(cluster, new_group(stack))
    if first:
        cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())
    other = new_stack(cdk.Stage(app, "Stage"), "Other")
    join(new_cluster(other), new_group(other))
    if not first:
        cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())
    assert (behaviors(stack), behaviors(other)) == ({"Group": "once"}, {"Group": None})


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
