"""What a mixin's scope covers: every mixin on every target in every order: applied, an error or a warning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import pipelines
from constructs import Construct

import cdk_pull as pull
from cdk_pull.agent import cfn
from tests.cdk.synth.mixins_page import cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.cdk.synth.scope_mixin import ScopeMixin

ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
ABROAD: Final = "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1"
LAUNCH_TEMPLATES: Final = "@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig"

MIXINS: Final[dict[str, Callable[[], ScopeMixin]]] = {
    "ImagePullBehavior": pull.ImagePullBehavior.once,
    "PrePulledImages": lambda: pull.PrePulledImages(["public.ecr.aws/datadog/agent:7.60.0"]),
    "DockerSettings": lambda: pull.DockerSettings(max_concurrent_downloads=10),
    "PullFixes": pull.PullFixes,
    "FargateTaskSize": lambda: pull.FargateTaskSize.start_within(
        cdk.Duration.minutes(1), compressed="800MB", uncompressed="2.4GB"
    ),
    "FargateTaskSize.checked": pull.FargateTaskSize.checked,
    "SameRegionImages": pull.SameRegionImages,
    "ManagedInstancesCache": lambda: pull.ManagedInstancesCache(keep_idle_instances=True),
    "PullThroughCache": pull.PullThroughCache,
}
# What only looks stops the synth with what it finds.
FOUND: Final = {
    "FargateTaskSize.checked": "cpu and memory are not a Fargate task size on Linux: '256/8192'",
    "SameRegionImages": "is pulled from us-east-1 to eu-west-1",
}


def fill(scope: Construct, mixin: str) -> None:
    """Put into a scope something for a mixin to do."""
    if mixin == "ManagedInstancesCache":
        managed = ecs.CfnCapacityProvider
        network = managed.ManagedInstancesNetworkConfigurationProperty(
            subnets=["subnet-1"], security_groups=["sg-1"]
        )
        launch = managed.InstanceLaunchTemplateProperty(
            ec2_instance_profile_arn="arn:aws:iam::111122223333:instance-profile/x",
            network_configuration=network,
        )
        provider = managed.ManagedInstancesProviderProperty(
            infrastructure_role_arn="arn:aws:iam::111122223333:role/x", instance_launch_template=launch
        )
        managed(scope, "Managed", cluster_name="prod", managed_instances_provider=provider)
        return
    if mixin in {"ImagePullBehavior", "PrePulledImages", "DockerSettings", "PullFixes"}:
        vpc = ec2.Vpc.from_vpc_attributes(
            scope, "Vpc", vpc_id="vpc-1", availability_zones=["eu-west-1a"], private_subnet_ids=["subnet-1"]
        )
        group = autoscaling.AutoScalingGroup(
            scope,
            "Group",
            vpc=vpc,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
        )
        if mixin == "PullFixes":
            group.add_user_data("echo ECS_IMAGE_PULL_BEHAVIOR=Once >> /etc/ecs/ecs.config")
    if mixin not in {"ImagePullBehavior", "PrePulledImages", "DockerSettings"}:
        memory = 512 if mixin == "FargateTaskSize" else 8192
        task = ecs.FargateTaskDefinition(scope, "Task", cpu=256, memory_limit_mib=memory)
        task.add_container("app", image=ecs.ContainerImage.from_registry(ABROAD))


def served(mixin: str, app: cdk.App, stacks: dict[str, cdk.Stack]) -> dict[str, bool] | str:
    """Return of which stacks what is in them was served, or the error."""
    try:
        app.synth()
    except RuntimeError as error:
        message = str(error)
        if mixin not in FOUND or FOUND[mixin] not in message:
            return message
        lines = message.splitlines()
        return {
            name: any(f"{stack.node.path}/" in line and FOUND[mixin] in line for line in lines)
            for name, stack in stacks.items()
        }
    return {name: _is_served(mixin, stack) for name, stack in stacks.items()}


def _is_served(mixin: str, stack: cdk.Stack) -> bool:
    stage = cdk.Stage.of(stack)
    assert stage is not None
    template = json.loads((Path(stage.outdir) / stack.template_file).read_text(encoding="utf-8"))
    resources = template["Resources"].values()
    behaviors = {
        cfn.read_value(each["Properties"]["LaunchTemplateData"]["UserData"]).settings.get(
            "ECS_IMAGE_PULL_BEHAVIOR"
        )
        for each in resources
        if each["Type"] == "AWS::EC2::LaunchTemplate"
    }
    sizes = {
        (each["Properties"]["Cpu"], each["Properties"]["Memory"])
        for each in resources
        if each["Type"] == "AWS::ECS::TaskDefinition"
    }
    tasks = [each for each in resources if each["Type"] == "AWS::ECS::TaskDefinition"]
    images = {one["Image"] for each in tasks for one in each["Properties"]["ContainerDefinitions"]}
    return {
        "ImagePullBehavior": behaviors == {"once"},
        "PrePulledImages": behaviors == {"prefer-cached"},
        "DockerSettings": "Docker downloads up to 10" in json.dumps(template),
        "ManagedInstancesCache": "ScaleInAfter" in json.dumps(template),
        "PullFixes": (behaviors, sizes) == ({"once"}, {("1024", "8192")}),
        "PullThroughCache": bool(images) and ABROAD not in images,
        "FargateTaskSize": bool(sizes) and sizes != {("256", "512")},
    }.get(mixin, False)


def new_app(tmp_path: Path) -> cdk.App:
    """Return an app that makes launch templates."""
    return cdk.App(outdir=str(tmp_path / "cdk.out"), context={LAUNCH_TEMPLATES: True})


class Prod(cdk.Stage):
    """A stage to deploy."""

    def __init__(self, scope: Construct, mixin: str, *, own: bool = False) -> None:
        super().__init__(scope, "Prod", env=ENV)
        if own:
            cdk.Mixins.of(self).apply(MIXINS[mixin]())
        self.stack = cdk.Stack(self, "S")
        fill(self.stack, mixin)


def pipeline_in(app: cdk.App) -> pipelines.CodePipeline:
    """Return a pipeline."""
    stack = cdk.Stack(app, "Pipeline", env=ENV)
    source = pipelines.CodePipelineSource.connection(
        "me/app", "main", connection_arn="arn:aws:codeconnections:eu-west-1:111122223333:connection/x"
    )
    synth = pipelines.ShellStep("Synth", input=source, commands=["cdk synth"])
    return pipelines.CodePipeline(stack, "CodePipeline", synth=synth)


@pytest.mark.parametrize("mixin", MIXINS)
@pytest.mark.parametrize("target", ["app", "stage", "others"])
@pytest.mark.parametrize("way", ["mixin before", "mixin after", "aspect before", "aspect after"])
def test_a_scope_covers_what_is_below_it(tmp_path: Path, mixin: str, target: str, way: str) -> None:
    """In an app, a stage, a stack, a nested stack or a construct of one's own, made before or after: applied, and beside it not."""
    app = new_app(tmp_path)
    stage = cdk.Stage(app, "Prod", env=ENV) if target == "stage" else app
    stacks = {"stack": cdk.Stack(stage, "S", env=ENV)}
    scopes: list[Construct] = [stage]
    full: list[Construct] = [stacks["stack"]]
    expected = {"stack": True}
    if target == "others":
        stacks["nested"] = nested = cdk.NestedStack(cdk.Stack(app, "Outer", env=ENV), "Nested")
        stacks["around"] = around = cdk.Stack(app, "Around", env=ENV)
        stacks["beside"] = beside = cdk.Stack(app, "Beside", env=ENV)
        scopes = [stacks["stack"], nested, Construct(around, "Own")]
        full = [*scopes, beside]
        expected = {"stack": True, "nested": True, "around": True, "beside": False}

    def apply() -> None:
        for scope in scopes:
            if way.startswith("aspect"):
                cdk.Aspects.of(scope).add(cdk.Shims.as_aspect(MIXINS[mixin]()))
            else:
                cdk.Mixins.of(scope).apply(MIXINS[mixin]())

    if way.endswith("before"):
        apply()
    for each in full:
        fill(each, mixin)
    if way.endswith("after"):
        apply()
    assert served(mixin, app, stacks) == expected


WRITTEN: Final = (
    "Prod is synthesized already (pipeline.add_stage, synth and Template.from_stack write a stage at once, and aspects of "
    "an app run after its stages are written), so {0} cannot change anything in it; apply {0} before that, or to the stage "
    "in its own __init__"
)
LATE: Final = (
    "its stage was made after {0} was applied to what is around it, and CDK writes a stage first: apply the mixin after "
    "making the stage and before pipeline.add_stage, or to the stage in its own __init__"
)


def _stage_mixin_add(app: cdk.App, name: str, mixin: ScopeMixin, pipeline: pipelines.CodePipeline) -> Prod:
    prod = Prod(app, name)
    cdk.Mixins.of(app).apply(mixin)
    pipeline.add_stage(prod)
    return prod


def _own_mixin_add(app: cdk.App, name: str, _: ScopeMixin, pipeline: pipelines.CodePipeline) -> Prod:
    prod = Prod(app, name, own=True)
    pipeline.add_stage(prod)
    return prod


def _mixin_stage_add(app: cdk.App, name: str, mixin: ScopeMixin, pipeline: pipelines.CodePipeline) -> Prod:
    cdk.Mixins.of(app).apply(mixin)
    prod = Prod(app, name)
    pipeline.add_stage(prod)
    return prod


def _stage_add_mixin(app: cdk.App, name: str, mixin: ScopeMixin, pipeline: pipelines.CodePipeline) -> Prod:
    prod = Prod(app, name)
    pipeline.add_stage(prod)
    cdk.Mixins.of(app).apply(mixin)
    return prod


def _aspect_add(app: cdk.App, name: str, mixin: ScopeMixin, pipeline: pipelines.CodePipeline) -> Prod:
    cdk.Aspects.of(app).add(cdk.Shims.as_aspect(mixin))
    prod = Prod(app, name)
    pipeline.add_stage(prod)
    return prod


def _aspect_stage(app: cdk.App, name: str, mixin: ScopeMixin, _: pipelines.CodePipeline) -> Prod:
    prod = Prod(app, name)
    cdk.Aspects.of(app).add(cdk.Shims.as_aspect(mixin))
    return prod


def _mixin_stage(app: cdk.App, name: str, mixin: ScopeMixin, _: pipelines.CodePipeline) -> Prod:
    cdk.Mixins.of(app).apply(mixin)
    return Prod(app, name)


ORDERS: Final[dict[str, tuple[Callable[..., Prod], str]]] = {
    "make the stage, apply to the app, add_stage": (_stage_mixin_add, ""),
    "apply to the stage in its own __init__, add_stage": (_own_mixin_add, ""),
    "apply to the app, make the stage, add_stage": (_mixin_stage_add, LATE),
    "apply to the app, make the stage": (_mixin_stage, LATE),
    "make the stage, add_stage, apply to the app": (_stage_add_mixin, WRITTEN),
    "aspect on the app, make the stage, add_stage": (_aspect_add, WRITTEN),
    "make the stage, aspect on the app": (_aspect_stage, WRITTEN),
}
PAGE: Final = cells("order")
CHANGES: Final = "changes (ImagePullBehavior, PrePulledImages, DockerSettings, PullFixes, FargateTaskSize, PullThroughCache, ManagedInstancesCache)"
LOOKS: Final = "only looks (SameRegionImages, FargateTaskSize.checked)"


def test_the_page_says_what_is_tested() -> None:
    """The table of orders has the orders that are tested, and what becomes of each."""
    expected = {
        (name, CHANGES): "applied"
        if not error
        else "error at the call"
        if order is _stage_add_mixin
        else "error at synth"
        for name, (order, error) in ORDERS.items()
    }
    assert expected | {(name, LOOKS): "applied" for name in ORDERS} == PAGE


@pytest.mark.parametrize("mixin", MIXINS)
@pytest.mark.parametrize(("order", "error"), ORDERS.values(), ids=ORDERS)
def test_stages_and_cdk_pipelines(tmp_path: Path, mixin: str, order: Callable[..., Prod], error: str) -> None:
    """What works in one order is named in the error of the others; what only looks works in every order."""
    app = new_app(tmp_path)
    pipeline = pipeline_in(app)
    raised_at_the_call = False
    try:
        prod = order(app, mixin, MIXINS[mixin](), pipeline)
    except RuntimeError as raised:
        # A stage with its own mixin is looked at when it is added.
        raised_at_the_call = True
        found: dict[str, bool] | str = str(raised)
        if mixin in FOUND and FOUND[mixin] in str(raised):
            found = {"prod": True}
    else:
        found = served(mixin, app, {"prod": prod.stack})
    if mixin in FOUND or not error:
        assert found == {"prod": True}
    else:
        assert isinstance(found, str)
        assert error.format(mixin.partition(".")[0]) in found
        assert "Prod" in found
        assert raised_at_the_call == (order is _stage_add_mixin)
