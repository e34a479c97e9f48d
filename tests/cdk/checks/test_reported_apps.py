"""Reported failures of CDK apps, each a stack, beside one of the same kind that is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.load import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cdk_pull.rules.engine.finding import Finding

ENV = cdk.Environment(account="111122223333", region="eu-west-1")
RULES = ("PULL210", "PULL303", "PULL306", "PULL307", "PULL308", "PULL309")
HERE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


def _task(stack: cdk.Stack, image: ecs.ContainerImage, **more: object) -> ecs.FargateTaskDefinition:
    task = ecs.FargateTaskDefinition(stack, "Task", **more)  # type: ignore[arg-type]
    task.add_container("web", image=image)
    return task


def _repository(stack: cdk.Stack) -> ecr.IRepository:
    return ecr.Repository(stack, "Images", repository_name=f"{stack.node.id.lower()}-web")


def _serve(stack: cdk.Stack, *, closed: bool) -> None:
    image = ecs.ContainerImage.from_ecr_repository(_repository(stack), "1.4.0")
    vpc = ec2.Vpc(stack, "Vpc", availability_zones=["eu-west-1a"], nat_gateways=1)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc, allow_all_outbound=not closed)
    ecs.FargateService(
        stack,
        "Service",
        cluster=ecs.Cluster(stack, "Cluster", vpc=vpc),
        task_definition=_task(stack, image),
        security_groups=[group],
        min_healthy_percent=100,
    )


def _isolated(stack: cdk.Stack, *, own: bool) -> None:
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        availability_zones=["eu-west-1a"],
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        ],
    )
    layers = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
    vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3).add_to_policy(
        iam.PolicyStatement(
            principals=[iam.AnyPrincipal()],
            actions=["s3:GetObject"],
            resources=["arn:aws:s3:::acme-data/*", *([] if own else [layers])],
        )
    )
    vpc.add_interface_endpoint("Api", service=ec2.InterfaceVpcEndpointAwsService.ECR)
    vpc.add_interface_endpoint("Dkr", service=ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER)
    ecs.FargateService(
        stack,
        "Service",
        cluster=ecs.Cluster(stack, "Cluster", vpc=vpc),
        task_definition=_task(stack, ecs.ContainerImage.from_ecr_repository(_repository(stack), "1.4.0")),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        min_healthy_percent=100,
    )


def _cached(stack: cdk.Stack, *, well: bool) -> None:
    secret = secretsmanager.Secret(
        stack, "Hub", secret_name="ecr-pullthroughcache/hub" if well else "dockerhub/creds"
    )
    prefix = stack.node.id.lower()
    ecr.CfnPullThroughCacheRule(
        stack,
        "Rule",
        ecr_repository_prefix=prefix,
        upstream_registry="docker-hub",
        upstream_registry_url="registry-1.docker.io",
        credential_arn=secret.secret_arn,
    )
    task = _task(stack, ecs.ContainerImage.from_registry(f"{HERE}/{prefix}/library/nginx:1.27.2"))
    role = task.obtain_execution_role()
    managed = "service-role/AmazonECSTaskExecutionRolePolicy"
    role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name(managed))
    if well:
        cached = f"arn:aws:ecr:{stack.region}:{stack.account}:repository/{prefix}/*"
        actions = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
        role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[cached]))


def _built(stack: cdk.Stack, folder: Path, *, arm: bool, platform: ecr_assets.Platform | None) -> None:
    architecture = ecs.CpuArchitecture.ARM64 if arm else ecs.CpuArchitecture.X86_64
    image = ecs.ContainerImage.from_asset(str(folder), platform=platform)
    _task(stack, image, runtime_platform=ecs.RuntimePlatform(cpu_architecture=architecture))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """Synthesize all stacks once, and return what is found, by stack."""
    folder = tmp_path_factory.mktemp("reported")
    context = folder / "web"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM public.ecr.aws/docker/library/python:3.13-slim\n")
    app = cdk.App(outdir=str(folder / "cdk.out"))
    amd, arm = ecr_assets.Platform.LINUX_AMD64, ecr_assets.Platform.LINUX_ARM64

    def uri(stack: cdk.Stack) -> ecs.ContainerImage:
        return ecs.ContainerImage.from_registry(_repository(stack).repository_uri_for_tag("3.1.0"))

    def with_logs(stack: cdk.Stack) -> None:
        task = ecs.FargateTaskDefinition(stack, "Task")
        task.add_container("web", image=uri(stack), logging=ecs.LogDrivers.aws_logs(stream_prefix="web"))

    def granted(stack: cdk.Stack) -> None:
        repository = _repository(stack)
        task = _task(stack, ecs.ContainerImage.from_registry(repository.repository_uri_for_tag("3.1.0")))
        repository.grant_pull(task.obtain_execution_role())

    def by_name(stack: cdk.Stack) -> ecs.ContainerImage:
        return ecs.ContainerImage.from_registry(_repository(stack).repository_name)

    stacks: dict[str, Callable[[cdk.Stack], object]] = {
        "FromRegistry": lambda stack: _task(stack, uri(stack)),
        "WithLogs": with_logs,
        "Granted": granted,
        "FromRepository": lambda stack: _task(
            stack, ecs.ContainerImage.from_ecr_repository(_repository(stack), "1")
        ),
        "ByName": lambda stack: _task(stack, by_name(stack)),
        "ClosedGroup": lambda stack: _serve(stack, closed=True),
        "OpenGroup": lambda stack: _serve(stack, closed=False),
        "OwnBucket": lambda stack: _isolated(stack, own=True),
        "Layers": lambda stack: _isolated(stack, own=False),
        "Hub": lambda stack: _cached(stack, well=False),
        "GoodHub": lambda stack: _cached(stack, well=True),
        "ArmTask": lambda stack: _built(stack, context, arm=True, platform=amd),
        "ArmBoth": lambda stack: _built(stack, context, arm=True, platform=arm),
        "IntelTask": lambda stack: _built(stack, context, arm=False, platform=arm),
        "IntelBoth": lambda stack: _built(stack, context, arm=False, platform=amd),
        "NoPlatform": lambda stack: _built(stack, context, arm=True, platform=None),
    }
    for name, build in stacks.items():
        build(cdk.Stack(app, name, env=ENV))
    app.synth()
    result = check(load([folder / "cdk.out"]).assemblies, Options(select=RULES))
    by_stack: dict[str, list[Finding]] = {name: [] for name in stacks}
    for finding in result.findings:
        by_stack[finding.stack].append(finding)
    return by_stack


@pytest.mark.parametrize(
    ("stack", "said", "fix"),
    [
        ("FromRegistry", "a Fargate task with an image in private Amazon ECR needs an execution role, and Task79114B6B names none", "in CDK, use ContainerImage.from_ecr_repository"),
        ("WithLogs", f"does not allow ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, so that {HERE}/withlogs-web:3.1.0", "in CDK, use ContainerImage.from_ecr_repository"),
        ("ByName", "which gives the name of the repository without its registry", "in CDK, use ContainerImage.from_ecr_repository"),
        ("ClosedGroup", "lets nothing out on port 443 to the internet (ClosedGroup/Group/Resource", "Allow TCP port 443 out to 0.0.0.0/0"),
        ("OwnBucket", "does not allow s3:GetObject on arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", "to the endpoint's policy"),
        ("Hub", "the secret of the cache is named dockerhub/creds", "Set Name: ecr-pullthroughcache/dockerhub/creds"),
        ("Hub", "does not allow ecr:BatchImportUpstreamImage, ecr:CreateRepository, so that the first pull of",
         "Resource: 'arn:aws:ecr:eu-west-1:111122223333:repository/hub/*'"),
        ("ArmTask", "the image of web is built for linux/amd64, and the task runs on linux/arm64", "Set platform=ecr_assets.Platform.LINUX_ARM64"),
        ("IntelTask", "the image of web is built for linux/arm64, and the task runs on linux/amd64", "Set platform=ecr_assets.Platform.LINUX_AMD64"),
        ("NoPlatform", "the image of web is built for the platform of the machine that deploys", "Set platform=ecr_assets.Platform.LINUX_ARM64"),
    ],
)  # fmt: skip
def test_what_fails_is_said(found: dict[str, list[Finding]], stack: str, said: str, fix: str) -> None:
    """The cause is named, and what to write in CDK."""
    assert [each for each in found[stack] if said in each.message and fix in each.fix]


@pytest.mark.parametrize(
    "stack", ["Granted", "FromRepository", "OpenGroup", "Layers", "GoodHub", "ArmBoth", "IntelBoth"]
)
def test_what_is_well_is_silent(found: dict[str, list[Finding]], stack: str) -> None:
    """What only looks like it gives no finding."""
    assert found[stack] == []
