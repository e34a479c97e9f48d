"""Checks at synth that a Fargate task holds its containers, whenever they were added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import constructs
import jsii

from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.written import written_template
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.container_needs import needs_of
from cdk_pull.fargate.sizes import Os, check
from cdk_pull.records import dataclass
from cdk_pull.shapes import as_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aws_cdk as cdk
    from aws_cdk import aws_ecs as ecs

_TASK: Final = "AWS::ECS::TaskDefinition"
_MANY: Final = 20
"""So many task definitions take longer to ask, one by one, than the template of a stack that is full."""

__all__ = ["ContainersFit", "check_containers_fit", "read_properties"]


@dataclass(frozen=True)
class _Watched:
    definition: ecs.CfnTaskDefinition
    os: Os


@jsii.implements(constructs.IValidation)
class ContainersFit:
    """Looks at all the watched task definitions of a stack at once, in one call to JavaScript."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._watched: list[_Watched] = []

    def watch(self, definition: ecs.CfnTaskDefinition, os: Os) -> None:
        """Look at one more task definition."""
        self._watched.append(_Watched(definition, os))

    def validate(self) -> list[str]:
        """Return one line for each task that does not hold its containers, or has no size of Fargate's."""
        if len(self._watched) >= _MANY and self._all_fit():
            return []
        rendered = self._stack.resolve(
            [
                read_properties(each.definition, "cpu", "memory", "containerDefinitions")
                for each in self._watched
            ]
        )
        errors = (_error(each, values) for each, values in zip(self._watched, rendered, strict=True))
        return [error for error in errors if error]

    def _all_fit(self) -> bool:
        """Tell whether every task for Fargate in the stack's template holds its containers; which is whose is left open."""
        systems = {each.os for each in self._watched}
        try:
            bodies = written_template(self._stack)["Resources"].values()
        except Exception:  # noqa: BLE001 - CDK tells at the synth why it cannot write the template
            return False
        tasks = [
            {key[:1].lower() + key[1:]: value for key, value in body.get("Properties", {}).items()}
            for body in bodies
            if body["Type"] == _TASK
        ]
        tasks = [each for each in tasks if "FARGATE" in each.get("requiresCompatibilities", ())]
        # What is watched and was taken from the template, or is for Fargate no more, has to be looked at by itself.
        return len(tasks) >= len(self._watched) and not any(
            _fault(each, os) for each in tasks for os in systems
        )


def _error(watched: _Watched, values: Mapping[str, Any]) -> str:
    fault = _fault(values, watched.os)
    return f"{watched.definition.node.path}: {fault}" if fault else ""


def _fault(values: Mapping[str, Any], os: Os) -> str:
    cpu, memory, containers = (values.get(name) for name in ("cpu", "memory", "containerDefinitions"))
    if cpu is None or memory is None:
        missing = " and ".join(name for name, value in (("cpu", cpu), ("memory", memory)) if value is None)
        return f"a task on Fargate needs cpu and memory, and has no {missing}"
    if not isinstance(cpu, str) or not isinstance(memory, str):
        return ""
    try:
        size = check(cpu, memory, os)
    except InvalidValueError as error:
        return str(error)
    listed = as_list(containers)
    shortfalls = needs_of(each for each in listed if isinstance(each, dict)).shortfalls(size)
    if not shortfalls:
        return ""
    messages = "; ".join(each.message for each in shortfalls)
    return f"{messages}. Raise the task size, or lower what the containers ask for"


def read_properties(resource: cdk.CfnResource, *names: str) -> dict[str, Any]:
    """Return an L1's properties as they are now, under CloudFormation's names in camel case, in one call to JavaScript."""
    held = resource._cfn_properties  # noqa: SLF001 - protected in JavaScript; the public properties are a call each
    return {name: held[name] for name in names if name in held}


# By the stack's identity: one look at a stack's tasks is one call to JavaScript, one for each task is many.
_VALIDATIONS: dict[str, ContainersFit] = {}


def check_containers_fit(definition: ecs.CfnTaskDefinition, stack: cdk.Stack, *, os: Os) -> None:
    """Check a task definition of a stack when CDK validates: a valid size, and containers that fit it."""
    key = identity(stack)
    if key not in _VALIDATIONS:
        _VALIDATIONS[key] = ContainersFit(stack)
        stack.node.add_validation(_VALIDATIONS[key])
    _VALIDATIONS[key].watch(definition, os)
