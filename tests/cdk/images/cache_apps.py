"""Apps whose images are pulled through caches, and what their templates have."""

from __future__ import annotations

from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
HOST: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
SECRET: Final = "ecr-pullthroughcache/hub"  # noqa: S105 - its name


def task(stack: cdk.Stack, *images: str, name: str = "Task") -> ecs.FargateTaskDefinition:
    """Return a task definition with a container for each image."""
    made = ecs.FargateTaskDefinition(stack, name, cpu=1024, memory_limit_mib=4096)
    for number, image in enumerate(images):
        made.add_container(f"c{number}", image=ecs.ContainerImage.from_registry(image))
    return made


def written(stack: cdk.Stack) -> dict[str, Any]:
    """Return the template of a stack."""
    return dict(Template.from_stack(stack).to_json())


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of a type."""
    return {
        key: each.get("Properties", {}) for key, each in template["Resources"].items() if each["Type"] == kind
    }


def images(template: dict[str, Any]) -> list[Any]:
    """Return the images of all containers."""
    tasks = of_type(template, "AWS::ECS::TaskDefinition").values()
    return [container["Image"] for each in tasks for container in each["ContainerDefinitions"]]


def warnings(stack: cdk.Stack) -> list[str]:
    """Return our warnings on a stack."""
    stage = cdk.Stage.of(stack)
    assert stage is not None
    messages = stage.synth(force=True).get_stack_artifact(stack.artifact_id).messages
    return [str(each.entry.data) for each in messages if "[ack: cdk-pull:" in str(each.entry.data)]
