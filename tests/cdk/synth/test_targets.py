"""Each mixin on each thing: applied, an error at the call or a warning, as docs/mixins.md has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as ecs_patterns
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

import cdk_pull as pull
from cdk_pull.report.decisions import read_decisions
from tests.cdk.synth.mixins_page import cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_pull.cdk.synth.scope_mixin import ScopeMixin

FAULTY: Final = 8192
ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
TYPE: Final = ec2.InstanceType("m7i.large")
IMAGE: Final = ecs.ContainerImage.from_registry("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1")
MIXINS: Final[dict[str, Callable[[], ScopeMixin]]] = {
    "ImagePullBehavior": lambda: pull.ImagePullBehavior(
        pull.AgentSettings(image_pull_timeout=cdk.Duration.hours(1))
    ),
    "PrePulledImages": lambda: pull.PrePulledImages(["public.ecr.aws/datadog/agent:7.60.0"]),
    "DockerSettings": lambda: pull.DockerSettings(max_concurrent_downloads=10),
    "PullFixes": pull.PullFixes,
    "FargateTaskSize": lambda: pull.FargateTaskSize.within_price(1, compressed="800MB", uncompressed="2.4GB"),
    "SameRegionImages": pull.SameRegionImages,
    "WarmPool": pull.WarmPool,
    "ManagedInstancesCache": lambda: pull.ManagedInstancesCache(keep_idle_instances=True),
    "PullThroughCache": pull.PullThroughCache,
}


def line(stack: cdk.Stack) -> str:
    """Return a line of user data: with a fault, for PullFixes to fix, or without."""
    fault = "echo ECS_IMAGE_PULL_BEHAVIOR=Once >> /etc/ecs/ecs.config"
    return fault if memory(stack) == FAULTY else "echo ready"


def vpc(stack: cdk.Stack) -> ec2.IVpc:
    """Return a VPC that needs no resources."""
    known = stack.node.try_find_child("Vpc")
    if known:
        return known  # type: ignore[return-value] # it is the one below
    return ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["eu-west-1a"], private_subnet_ids=["subnet-1"]
    )


def cluster(stack: cdk.Stack) -> ecs.Cluster:
    """Return a cluster with capacity that joins it."""
    made = ecs.Cluster(stack, "Cluster", vpc=vpc(stack))
    made.add_asg_capacity_provider(provider(stack))
    return made


def group(stack: cdk.Stack) -> autoscaling.AutoScalingGroup:
    """Return a group."""
    made = autoscaling.AutoScalingGroup(
        stack,
        "Group",
        vpc=vpc(stack),
        instance_type=TYPE,
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
    )
    made.add_user_data(line(stack))
    return made


def provider(stack: cdk.Stack) -> ecs.AsgCapacityProvider:
    """Return a capacity provider of such a group."""
    return ecs.AsgCapacityProvider(
        stack, "Provider", auto_scaling_group=group(stack), enable_managed_termination_protection=False
    )


def memory(stack: cdk.Stack) -> int:
    """Return what Fargate does not run beside 256 CPU units, for PullFixes to fix; or else what it runs."""
    return int(stack.node.get_context("memory"))


def task(stack: cdk.Stack, kind: str = "Fargate") -> ecs.TaskDefinition:
    """Return a task definition."""
    made: ecs.TaskDefinition
    match kind:
        case "Fargate":
            made = ecs.FargateTaskDefinition(stack, "Task", cpu=256, memory_limit_mib=memory(stack))
        case "Ec2":
            made = ecs.Ec2TaskDefinition(stack, "Task")
        case _:
            made = ecs.ExternalTaskDefinition(stack, "Task")
    made.add_container("app", image=IMAGE, memory_limit_mib=256)
    return made


def _l1_task(stack: cdk.Stack) -> IConstruct:
    container = ecs.CfnTaskDefinition.ContainerDefinitionProperty(
        name="app", image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"
    )
    return ecs.CfnTaskDefinition(
        stack,
        "Task",
        cpu="256",
        memory=str(memory(stack)),
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        container_definitions=[container],
    )


def _l1_launch(stack: cdk.Stack) -> ec2.CfnLaunchTemplate:
    text = cdk.Fn.base64(f"#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n{line(stack)}")
    data = ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(user_data=text)
    return ec2.CfnLaunchTemplate(stack, "Launch", launch_template_data=data)


def _l1_group(stack: cdk.Stack) -> IConstruct:
    launch = _l1_launch(stack)
    specification = autoscaling.CfnAutoScalingGroup.LaunchTemplateSpecificationProperty(
        version=launch.attr_latest_version_number, launch_template_id=launch.ref
    )
    return autoscaling.CfnAutoScalingGroup(
        stack, "Group", max_size="1", min_size="0", launch_template=specification, availability_zones=["a"]
    )


def _l1_configuration(stack: cdk.Stack) -> IConstruct:
    text = cdk.Fn.base64(f"#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n{line(stack)}")
    return autoscaling.CfnLaunchConfiguration(
        stack, "Launch", image_id="ami-1", instance_type="m7i.large", user_data=text
    )


def _launch(stack: cdk.Stack) -> IConstruct:
    data = ec2.UserData.for_linux()
    data.add_commands("echo ECS_CLUSTER=prod >> /etc/ecs/ecs.config", line(stack))
    return ec2.LaunchTemplate(
        stack, "Launch", machine_image=ecs.EcsOptimizedImage.amazon_linux2023(), user_data=data
    )


def _imported_task(stack: cdk.Stack) -> Any:
    return ecs.FargateTaskDefinition.from_fargate_task_definition_arn(
        stack, "Task", "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1"
    )


def _imported_service(stack: cdk.Stack) -> Any:
    cluster = ecs.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="other", vpc=vpc(stack))
    return ecs.FargateService.from_fargate_service_attributes(
        stack, "Service", cluster=cluster, service_name="web"
    )


def _imported_cluster(stack: cdk.Stack) -> Any:
    _l1_launch(stack)
    return ecs.Cluster.from_cluster_attributes(
        stack, "Cluster", cluster_name="prod", vpc=vpc(stack), security_groups=[]
    )


def _l1_provider(stack: cdk.Stack) -> IConstruct:
    named = ecs.CfnCapacityProvider.AutoScalingGroupProviderProperty(
        auto_scaling_group_arn=group(stack).auto_scaling_group_arn
    )
    return ecs.CfnCapacityProvider(stack, "Provider", auto_scaling_group_provider=named)


def _managed(stack: cdk.Stack) -> IConstruct:
    made = ecs.ManagedInstancesCapacityProvider(
        stack,
        "Provider",
        subnets=vpc(stack).private_subnets,
        security_groups=[ec2.SecurityGroup(stack, "Open", vpc=vpc(stack))],
    )
    ecs.Cluster(stack, "Cluster", vpc=vpc(stack)).add_managed_instances_capacity_provider(made)
    return made


def _job(stack: cdk.Stack) -> IConstruct:
    container = batch.EcsEc2ContainerDefinition(
        stack, "Container", image=IMAGE, cpu=1, memory=cdk.Size.mebibytes(512)
    )
    return batch.EcsJobDefinition(stack, "Job", container=container)


TARGETS: Final[dict[str, Callable[[cdk.Stack], Any]]] = {
    "Fargate task definition": task,
    "L1 task definition for Fargate": _l1_task,
    "Fargate service": lambda stack: ecs.FargateService(
        stack, "Service", cluster=ecs.Cluster(stack, "C", vpc=vpc(stack)), task_definition=task(stack)
    ),
    "EC2 task definition": lambda stack: task(stack, "Ec2"),
    "EC2 service": lambda stack: ecs.Ec2Service(
        stack, "Service", cluster=cluster(stack), task_definition=task(stack, "Ec2")
    ),
    "external task definition": lambda stack: task(stack, "External"),
    "imported task definition": _imported_task,
    "imported service": _imported_service,
    "L1 service": lambda stack: ecs.CfnService(stack, "Service", task_definition="web:1"),
    "container definition": lambda stack: task(stack).default_container,
    "cluster": cluster,
    "imported cluster": _imported_cluster,
    "Auto Scaling group": group,
    "L1 Auto Scaling group": _l1_group,
    "launch template": _launch,
    "L1 launch template": _l1_launch,
    "L1 launch configuration": _l1_configuration,
    "capacity provider": provider,
    "L1 capacity provider": _l1_provider,
    "Managed Instances provider": _managed,
    "imported Auto Scaling group": lambda stack: autoscaling.AutoScalingGroup.from_auto_scaling_group_name(
        stack, "Group", "mine"
    ),
    "imported launch template": lambda stack: ec2.LaunchTemplate.from_launch_template_attributes(
        stack, "Launch", launch_template_id="lt-1"
    ),
    "EC2 instance": lambda stack: ec2.Instance(
        stack,
        "Instance",
        vpc=vpc(stack),
        instance_type=TYPE,
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
    ),
    "Batch compute environment": lambda stack: batch.ManagedEc2EcsComputeEnvironment(
        stack, "Environment", vpc=vpc(stack)
    ),
    "Batch job definition": _job,
    "Express Gateway service": lambda stack: ecs.CfnExpressGatewayService(
        stack,
        "Express",
        execution_role_arn="arn:aws:iam::111122223333:role/execution",
        infrastructure_role_arn="arn:aws:iam::111122223333:role/infrastructure",
        primary_container=ecs.CfnExpressGatewayService.ExpressGatewayContainerProperty(
            image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"
        ),
    ),
    "Spot Fleet": lambda stack: ec2.CfnSpotFleet(
        stack,
        "Fleet",
        spot_fleet_request_config_data=ec2.CfnSpotFleet.SpotFleetRequestConfigDataProperty(
            iam_fleet_role="arn:aws:iam::111122223333:role/fleet", target_capacity=1
        ),
    ),
    "any other resource": lambda stack: s3.Bucket(stack, "Bucket"),
    "CDK's ECS patterns": lambda stack: ecs_patterns.ScheduledFargateTask(
        stack,
        "Pattern",
        vpc=vpc(stack),
        schedule=cdk.aws_applicationautoscaling.Schedule.rate(cdk.Duration.hours(1)),
        scheduled_fargate_task_image_options=ecs_patterns.ScheduledFargateTaskImageOptions(
            image=IMAGE, cpu=256, memory_limit_mib=memory(stack)
        ),
    ),
    "empty construct": lambda stack: Construct(stack, "Own"),
    "empty stack": lambda stack: stack,
}
SCOPES: Final = {"empty stage", "empty app"}
PAGE: Final = {
    (row, mixin): value
    for (row, columns), value in cells("applied to").items()
    for mixin in columns.split(", ")
}


def test_the_page_names_every_target_and_mixin() -> None:
    """Each row and each column of the page is one that is tested."""
    assert {row for row, _ in PAGE} == {*TARGETS, *SCOPES}
    assert {column for _, column in PAGE} == set(MIXINS)


@pytest.mark.parametrize("mixin", MIXINS)
def test_each_target_is_as_the_page_says(tmp_path: Path, mixin: str) -> None:
    """One app with every target in a stack of its own: refused at the call, served, or warned of."""
    app = cdk.App(outdir=str(tmp_path), context={"memory": FAULTY if mixin == "PullFixes" else 512})
    said: dict[str, str] = {}
    for number, (name, make) in enumerate(TARGETS.items()):
        stack = cdk.Stack(app, f"S{number}", env=ENV)
        target = make(stack)
        try:
            target.with_(MIXINS[mixin]())
        except RuntimeError as error:
            refused = str(error).startswith(f"{target.node.path}: {mixin} cannot be applied to ")
            said[name] = "error" if refused else str(error)
    assembly = app.synth()
    decided = {each.stack: len(each.decisions) for each in read_decisions(tmp_path)}
    for number, name in enumerate(TARGETS):
        messages = [str(each.entry.data) for each in assembly.get_stack_artifact(f"S{number}").messages]
        warned = [each for each in messages if "[ack: cdk-pull:no" in each]
        assert len(warned) <= 1
        # Nothing can be fixed in a task definition that has no fault.
        faultless = mixin == "PullFixes" and name.startswith(("EC2 ", "external "))
        outcome = "warning" if warned else "applied" if decided[f"S{number}"] or faultless else "nothing"
        said.setdefault(name, outcome)
        if said[name] == "error" and not faultless:
            assert (outcome, name) == ("nothing", name)
    assert said == {row: value for (row, column), value in PAGE.items() if column == mixin and row in TARGETS}


def test_a_warm_pool_is_for_one_group_alone() -> None:
    """An app or a stage is refused at the call: a warm pool is a resource of one group."""
    assert (PAGE["empty stage", "WarmPool"], PAGE["empty app", "WarmPool"]) == ("error", "error")
    with pytest.raises(
        RuntimeError, match="WarmPool cannot be applied to App: apply it to an Auto Scaling group"
    ):
        cdk.Mixins.of(cdk.App()).apply(pull.WarmPool())


@pytest.mark.parametrize("mixin", sorted(MIXINS.keys() - {"WarmPool"}))
def test_an_empty_app_or_stage_is_a_warning(
    tmp_path: Path, mixin: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """CDK shows no warning on an app or a stage: it is on its first stack, or on standard error where there is none."""
    app = cdk.App(outdir=str(tmp_path))
    stage = cdk.Stage(app, "Prod", env=ENV)
    stack = cdk.Stack(stage, "S")
    cdk.Mixins.of(stage).apply(MIXINS[mixin]())
    (message,) = (
        app.synth().get_nested_assembly("assembly-Prod").get_stack_artifact(stack.artifact_id).messages
    )
    assert str(message.entry.data).startswith("Prod: no ")
    assert PAGE["empty stage", mixin] == "warning"

    empty = cdk.App(outdir=str(tmp_path / "empty"))
    cdk.Mixins.of(empty).apply(MIXINS[mixin]())
    empty.synth()
    assert "cdk-pull: the app: no " in capfd.readouterr().err
    assert PAGE["empty app", mixin] == "warning"
