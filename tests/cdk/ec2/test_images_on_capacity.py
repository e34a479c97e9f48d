"""PrePulledImages without a list: the images of the services on the capacity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk.assertions import Annotations, Match, Template

import cdk_pull as pull
from cdk_pull.agent.cfn import to_text

if TYPE_CHECKING:
    from constructs import Construct

ENV = cdk.Environment(account="111122223333", region="eu-west-1")
ACCOUNT = "111122223333.dkr.ecr.eu-west-1."


class Shop(cdk.Stack):
    """Two groups with a capacity provider each, on one cluster."""

    def __init__(self, app: cdk.App | None = None, *, env: cdk.Environment | None = ENV) -> None:
        super().__init__(app or cdk.App(), "Shop", env=env)
        self.vpc = ec2.Vpc(self, "Vpc", max_azs=1, nat_gateways=0)
        self.cluster = ecs.Cluster(self, "Cluster", vpc=self.vpc)
        self.groups: dict[str, autoscaling.AutoScalingGroup] = {}
        self.providers: dict[str, ecs.AsgCapacityProvider] = {}

    def capacity(self, name: str, cluster: ecs.Cluster | None = None) -> autoscaling.AutoScalingGroup:
        """Add a group with its provider to a cluster."""
        group = self.groups[name] = autoscaling.AutoScalingGroup(
            self,
            name,
            vpc=self.vpc,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
        )
        provider = self.providers[name] = ecs.AsgCapacityProvider(
            self, f"{name}Provider", auto_scaling_group=group
        )
        (cluster or self.cluster).add_asg_capacity_provider(provider)
        return group

    def service(
        self,
        name: str,
        image: ecs.ContainerImage | str,
        *,
        on: str | None = None,
        cluster: ecs.Cluster | None = None,
        scope: Construct | None = None,
        daemon: bool = False,
    ) -> ecs.Ec2TaskDefinition:
        """Add a service of one container."""
        scope = scope or self
        task = ecs.Ec2TaskDefinition(scope, f"{name}Task")
        made = ecs.ContainerImage.from_registry(image) if isinstance(image, str) else image
        task.add_container("app", image=made, memory_limit_mib=64)
        provider = self.providers[on].capacity_provider_name if on else ""
        strategies = [ecs.CapacityProviderStrategy(capacity_provider=provider, weight=1)] if on else None
        ecs.Ec2Service(
            scope,
            name,
            cluster=cluster or self.cluster,
            task_definition=task,
            capacity_provider_strategies=strategies,
            daemon=daemon,
        )
        return task

    def written(self) -> Template:
        """Return the template, which CDK has written with all others of the app."""
        app = self.node.root
        assert isinstance(app, cdk.App)
        return Template.from_json(app.synth().get_stack_by_name(self.stack_name).template)

    def pulled(self) -> dict[str, list[str]]:
        """Return the images that each group pulls, with ``*`` for what CloudFormation fills in."""
        found = {}
        for logical_id, each in self.written().to_json()["Resources"].items():
            if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}:
                properties: dict[str, Any] = each["Properties"]
                data = properties.get("UserData") or properties["LaunchTemplateData"]["UserData"]
                text = "".join(one if isinstance(one, str) else "*" for one in to_text(data).parts())
                name = next(name for name in self.groups if logical_id.startswith(f"{name}Launch"))
                images = re.search(r"^set -- (.*)$", text, re.MULTILINE)
                found[name] = images[1].replace("'", "").split() if images else []
        return found


@pytest.mark.parametrize("first", [False, True])
def test_services_of_a_cluster(*, first: bool) -> None:
    """Each group pulls what its provider launches and what may go anywhere, whenever the mixin is applied."""
    stack = Shop()
    stack.capacity("One")
    stack.capacity("Two")
    if first:
        cdk.Mixins.of(stack.cluster).apply(pull.PrePulledImages())
    stack.service("Web", "nginx:1.27", on="One")
    stack.service("Job", ecs.ContainerImage.from_asset("examples/site"), on="Two")
    stack.service("Log", "public.ecr.aws/datadog/agent:7.60.0", daemon=True)
    if not first:
        cdk.Mixins.of(stack.cluster).apply(pull.PrePulledImages())
    found = stack.pulled()
    assert found["One"] == ["nginx:1.27", "public.ecr.aws/datadog/agent:7.60.0"]
    [asset, daemon] = found["Two"]
    assert asset.startswith(f"{ACCOUNT}amazonaws.com/cdk-hnb659fds-container-assets-111122223333-eu-west-1:")
    assert daemon == "public.ecr.aws/datadog/agent:7.60.0"


def test_other_clusters_and_fargate() -> None:
    """Services of another cluster and of Fargate are not pulled; a scheduled task is, and a sidecar."""
    stack = Shop()
    group = stack.capacity("One")
    other = ecs.Cluster(stack, "Other", vpc=stack.vpc)
    stack.capacity("Two", other)
    task = stack.service("Web", "nginx:1.27", on="One")
    task.add_container(
        "proxy", image=ecs.ContainerImage.from_registry("envoyproxy/envoy:v1.33.0"), memory_limit_mib=64
    )
    stack.service("Elsewhere", "httpd:2.4", on="Two", cluster=other)
    fargate = ecs.FargateTaskDefinition(stack, "FargateTask")
    fargate.add_container("app", image=ecs.ContainerImage.from_registry("redis:8"))
    ecs.FargateService(stack, "Fargate", cluster=stack.cluster, task_definition=fargate)
    nightly = ecs.Ec2TaskDefinition(stack, "NightlyTask")
    nightly.add_container("app", image=ecs.ContainerImage.from_registry("busybox:1.37"), memory_limit_mib=64)
    events.Rule(
        stack,
        "Nightly",
        schedule=events.Schedule.rate(cdk.Duration.days(1)),
        targets=[targets.EcsTask(cluster=stack.cluster, task_definition=nightly)],
    )
    group.with_(pull.PrePulledImages())
    found = stack.pulled()
    assert sorted(found["One"]) == ["busybox:1.37", "envoyproxy/envoy:v1.33.0", "nginx:1.27"]
    assert found["Two"] == []


def test_a_repository_is_granted() -> None:
    """The role may pull from the repositories of the images that were found, one in another stack included."""
    app = cdk.App()
    images = ecr.Repository(cdk.Stack(app, "Images", env=ENV), "Far")
    stack = Shop(app)
    group = stack.capacity("One")
    near = ecr.Repository(stack, "Near")
    stack.service("Web", ecs.ContainerImage.from_ecr_repository(near, "1.0.0"), on="One")
    stack.service("Job", ecs.ContainerImage.from_ecr_repository(images, "2.0.0"), on="One")
    group.with_(pull.PrePulledImages())
    assert stack.pulled() == {"One": ["*.dkr.ecr.*.*/*:1.0.0", "*.dkr.ecr.*.*/*:2.0.0"]}
    [statement] = [
        statement
        for each in stack.written().find_resources("AWS::IAM::Policy").values()
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if "ecr:BatchGetImage" in statement["Action"]
        and "OneInstanceRole" in str(each["Properties"]["Roles"])
    ]
    assert len(statement["Resource"]) == 2
    assert "Near" in str(statement["Resource"])
    assert "Fn::ImportValue" in str(statement["Resource"])


@pytest.mark.parametrize("env", [ENV, None])
def test_services_of_another_stack(env: cdk.Environment | None) -> None:
    """A service of another stack is found; what its stack alone can name is left out with a warning."""
    app = cdk.App()
    stack = Shop(app, env=env)
    stack.capacity("One").with_(pull.PrePulledImages())
    services = cdk.Stack(app, "Services", env=env)
    own = ecr.Repository(services, "Own")
    stack.service("Web", "nginx:1.27", on="One", scope=services)
    stack.service("Site", ecs.ContainerImage.from_asset("examples/site"), on="One", scope=services)
    stack.service("Job", ecs.ContainerImage.from_ecr_repository(own, "1.0.0"), on="One", scope=services)
    [web, site] = stack.pulled()["One"]
    assert web == "nginx:1.27"
    account = "111122223333" if env else "*"
    assert site.startswith(f"{account}.dkr.ecr.{'eu-west-1' if env else '*'}.")
    Annotations.from_stack(stack).has_warning(
        "*",
        Match.string_like_regexp("the image of the container app of JobTask.* in Services is not pre-pulled"),
    )
    assert not stack.dependencies


def test_with_a_list() -> None:
    """A list beside it adds to what is found."""
    stack = Shop()
    group = stack.capacity("One")
    stack.service("Web", "nginx:1.27", on="One")
    group.with_(pull.PrePulledImages(), pull.PrePulledImages(["redis:8", "nginx:1.27"]))
    assert stack.pulled() == {"One": ["redis:8", "nginx:1.27"]}


def test_nothing_found_stops_the_synth() -> None:
    """Capacity without a service is an error that says what to do."""
    stack = Shop()
    stack.capacity("One").with_(pull.PrePulledImages())
    with pytest.raises(
        RuntimeError,
        match=r"Shop/One/Launch\w+: no service or task of this app is placed on this capacity, or none whose image can be "
        r"named in its stack, so there is no image to pre-pull: name the images, as in PrePulledImages\(\[task\]\)",
    ):
        stack.written()
