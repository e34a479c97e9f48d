"""What a FargateTask takes for its container."""

from __future__ import annotations

import inspect
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.cdk.fargate.container_props import ContainerProps
from cdk_pull.errors import ConflictError, InvalidValueError

IMAGE = ecs.ContainerImage.from_registry("example.com/app:1")
OTHER = ecs.ContainerImage.from_registry("example.com/other:1")


def test_the_properties_are_those_of_cdk() -> None:
    """Every keyword argument of add_container but id and image is a property, and nothing else is."""
    parameters = set(inspect.signature(ecs.TaskDefinition.add_container).parameters)
    assert parameters - {"self", "id", "image"} == set(ContainerProps.__annotations__)


@pytest.mark.parametrize("image", [None, IMAGE])
def test_options_are_what_a_mapping_is(image: ecs.ContainerImage | None) -> None:
    """CDK's own options, with their image, give the template of the mapping."""
    options = ecs.ContainerDefinitionOptions(
        image=IMAGE,
        container_name="web",
        memory_limit_mib=1500,
        environment={"A": "1"},
        port_mappings=[ecs.PortMapping(container_port=80)],
    )
    mapping: ContainerProps = {
        "container_name": "web",
        "memory_limit_mib": 1500,
        "environment": {"A": "1"},
        "port_mappings": [ecs.PortMapping(container_port=80)],
    }
    templates = []
    for given in ({"image": image, "container": options}, {"image": IMAGE, "container": mapping}):
        stack = cdk.Stack(cdk.App(), "S")
        pull.FargateTask(stack, "Task", **given)
        templates.append(Template.from_stack(stack).to_json())
    assert templates[0] == templates[1]
    (task,) = [
        each for each in templates[0]["Resources"].values() if "ContainerDefinitions" in each["Properties"]
    ]
    assert task["Properties"]["Memory"] == "2048"


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (
            {"image": IMAGE, "container": {"memory_limit_mibb": 5}},
            InvalidValueError,
            (
                "S/Task: container= has an unknown property: 'memory_limit_mibb'; allowed: the keyword arguments of "
                "add_container. Did you mean memory_limit_mib?"
            ),
        ),
        (
            {"image": OTHER, "container": ecs.ContainerDefinitionOptions(image=IMAGE)},
            ConflictError,
            "S/Task: image= and the image of the ContainerDefinitionOptions in container= differ; leave image= out",
        ),
        (
            {"container": {"image": IMAGE}},
            ConflictError,
            "S/Task: container= has an image of its own; give it as image=",
        ),
    ],
)
def test_what_it_does_not_take(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    """A misspelled property and two images are errors at the line of the call, before anything is made."""
    stack = cdk.Stack(cdk.App(), "S")
    with pytest.raises(kind) as error:
        pull.FargateTask(stack, "Task", **given)
    assert str(error.value) == message
    assert stack.node.children == []
