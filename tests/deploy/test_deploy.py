"""The examples that the emulator can deploy, taken through the real CDK CLI: deploy, diff, read back, destroy."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import cx_api
from botocore.exceptions import ClientError

from cdk_pull.agent.cfn import read_value
from cdk_pull.agent.instance import detect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.conftest import Aws

# What the emulator does not know; the template tests cover the stacks that have these.
REFUSED = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::LogAlarm",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::ECR::PullThroughCacheRule",
    "AWS::ECR::ReplicationConfiguration",
    "AWS::ECR::RepositoryCreationTemplate",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ImageBuilder::Component",
    "AWS::ImageBuilder::Image",
    "AWS::ImageBuilder::ImageRecipe",
    "AWS::ImageBuilder::InfrastructureConfiguration",
    "AWS::Logs::QueryDefinition",
    # It builds with CodeBuild, and the emulator never answers.
    "Custom::CDKSociIndexBuild",
}
# Where a stack that names no environment goes.
ACCOUNT, REGION = "000000000000", "us-east-1"


@dataclass(frozen=True)
class Stack:
    """A stack of the examples."""

    path: str
    name: str
    account: str
    region: str
    template: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """Account and Region, as the helpers take them."""
        return {"account": self.account, "region": self.region}

    def resources(self, kind: str) -> dict[str, Any]:
        """Return the properties of the resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == kind
        }


def _is_deployable(artifact: cx_api.CloudFormationStackArtifact) -> bool:
    """Tell whether the emulator knows all of a stack, and the stack needs no Docker and no other that it refuses."""
    types = {resource["Type"] for resource in artifact.template["Resources"].values()}
    if types & REFUSED:
        return False
    for needed in artifact.dependencies:
        if isinstance(needed, cx_api.AssetManifestArtifact):
            if json.loads(Path(needed.file).read_text(encoding="utf-8"))["dockerImages"]:
                return False
        elif isinstance(needed, cx_api.CloudFormationStackArtifact) and not _is_deployable(needed):
            return False
    return True


def _stack(artifact: cx_api.CloudFormationStackArtifact) -> Stack:
    account, region = artifact.environment.account, artifact.environment.region
    return Stack(
        path=artifact.hierarchical_id,
        name=artifact.stack_name,
        account=account if account.isdecimal() else ACCOUNT,
        region=REGION if region == "unknown-region" else region,
        template=artifact.template,
    )


def _by_environment(stacks: list[Stack]) -> Iterator[tuple[dict[str, str], list[Stack]]]:
    """Yield each account and Region with its stacks, the order of deployment kept."""
    ordered = sorted(stacks, key=lambda stack: (stack.account, stack.region))
    for _, group in groupby(ordered, key=lambda stack: (stack.account, stack.region)):
        together = list(group)
        yield together[0].environment, together


def _machine_images(aws: Aws, stacks: list[Stack]) -> Iterator[str]:
    """Yield the options that let a template find machine images.

    A template asks an SSM parameter of AWS for the latest one; the emulator has none and lets nobody create one, so
    each is pointed at a parameter of our own.
    """
    ssm = aws.session(**stacks[0].environment).client("ssm", endpoint_url=aws.endpoint)
    ssm.put_parameter(Name="/machine-image", Value="ami-0123456789abcdef0", Type="String", Overwrite=True)
    for stack in stacks:
        for name, parameter in stack.template.get("Parameters", {}).items():
            if parameter["Type"].startswith("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id"):
                yield from ("--parameters", f"{stack.name}:{name}=/machine-image")


@pytest.fixture(scope="module")
def deployed(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> list[Stack]:
    """Bootstrap every environment of the deployable examples and deploy them."""
    folder = str(tmp_path_factory.mktemp("assembly"))
    aws.cdk("synth", "--quiet", "--no-lookups", "--output", folder, account=ACCOUNT, region=REGION)
    artifacts = cx_api.CloudAssembly(folder).stacks
    stacks = [_stack(artifact) for artifact in artifacts if _is_deployable(artifact)]
    for environment, together in _by_environment(stacks):
        aws.cdk("bootstrap", "aws://{account}/{region}".format(**environment), **environment)
        options = ["--app", folder, "--require-approval", "never", *_machine_images(aws, together)]
        aws.cdk("deploy", *options, *[stack.path for stack in together], **environment)
    return stacks


def _physical(aws: Aws, stack: Stack, kind: str) -> dict[str, str]:
    """Return the physical ids of a stack's resources of a type, by logical id."""
    client = aws.session(**stack.environment).client("cloudformation", endpoint_url=aws.endpoint)
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == kind
    }


def test_there_is_something_to_deploy(deployed: list[Stack]) -> None:
    """The deployable examples have EC2 capacity and Fargate tasks: nothing below passes for want of stacks."""
    assert [stack.name for stack in deployed if stack.resources("AWS::EC2::LaunchTemplate")]
    assert [stack.name for stack in deployed if stack.resources("AWS::ECS::TaskDefinition")]


def test_a_second_synth_differs_in_nothing(aws: Aws, deployed: list[Stack], tmp_path: Path) -> None:
    """`cdk diff` of a fresh synth against what was deployed finds no difference."""
    for environment, stacks in _by_environment(deployed):
        paths = [stack.path for stack in stacks]
        output = aws.cdk("diff", "--fail", "--output", str(tmp_path), *paths, **environment)
        assert output.count("There were no differences") == len(stacks)


def test_instances_get_the_agent_settings_of_the_template(aws: Aws, deployed: list[Stack]) -> None:
    """The user data that EC2 would hand to an instance gives the agent the settings that the template asked for."""
    behaviors = []
    for stack in deployed:
        ec2 = aws.session(**stack.environment).client("ec2", endpoint_url=aws.endpoint)
        physical = _physical(aws, stack, "AWS::EC2::LaunchTemplate")
        for logical_id, properties in stack.resources("AWS::EC2::LaunchTemplate").items():
            versions = ec2.describe_launch_template_versions(LaunchTemplateId=physical[logical_id])
            encoded = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"]
            text = base64.b64decode(encoded, validate=True).decode()
            reading = import_module(f"cdk_pull.agent.readers.{detect(text)}").read(text)
            asked = read_value(properties["LaunchTemplateData"]["UserData"])
            assert reading.effective == asked.effective
            behaviors.append(reading.effective["ECS_IMAGE_PULL_BEHAVIOR"])
    assert set(behaviors) - {"default"}


def test_tasks_get_the_size_of_the_template(aws: Aws, deployed: list[Stack]) -> None:
    """ECS holds the CPU, memory and ephemeral storage that the template asked for."""
    asked, held = {}, {}
    for stack in deployed:
        ecs = aws.session(**stack.environment).client("ecs", endpoint_url=aws.endpoint)
        physical = _physical(aws, stack, "AWS::ECS::TaskDefinition")
        for logical_id, properties in stack.resources("AWS::ECS::TaskDefinition").items():
            definition = ecs.describe_task_definition(taskDefinition=physical[logical_id])["taskDefinition"]
            place = f"{stack.path}/{logical_id}"
            asked[place] = (properties.get("Cpu"), properties.get("Memory"))
            held[place] = (definition.get("cpu"), definition.get("memory"))
    assert held == asked


def test_everything_can_be_destroyed(aws: Aws, deployed: list[Stack]) -> None:
    """`cdk destroy` removes every stack. It comes last: the tests above need them."""
    for environment, stacks in _by_environment(deployed):
        aws.cdk("destroy", "--force", *[stack.path for stack in stacks], **environment)
        client = aws.session(**environment).client("cloudformation", endpoint_url=aws.endpoint)
        for stack in stacks:
            with pytest.raises(ClientError, match="does not exist"):
                client.describe_stacks(StackName=stack.name)
