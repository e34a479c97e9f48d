"""Chooses and checks the sizes of a stage's Fargate task definitions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.fargate.apply_size import Platform, platform_of, region_of, tell
from cdk_pull.cdk.fargate.container_fit import ContainersFit, read_properties
from cdk_pull.cdk.fargate.own_size import own_request
from cdk_pull.cdk.synth.constructs import identity, select
from cdk_pull.cdk.synth.decisions import record_in_template, recorded_in_template
from cdk_pull.cdk.synth.stage_work import StageWork, nearest
from cdk_pull.cdk.synth.tasks import TASK
from cdk_pull.decision import Decision
from cdk_pull.errors import ConflictError
from cdk_pull.fargate.container_needs import needs_of
from cdk_pull.fargate.sizes import FargateSize, Os, check, least
from cdk_pull.fargate.sizing import NO_GOAL, SizingRequest, TaskFacts, size_task
from cdk_pull.records import replace
from cdk_pull.shapes import as_list
from cdk_pull.template.ecs.task_shapes import EXPRESS_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from constructs import IConstruct

    from cdk_pull.cdk.synth.stage_work import Application, Reached

__all__ = ["StageTaskSizes", "is_for_fargate"]

_PROPERTIES: Final = (
    "cpu",
    "memory",
    "runtimePlatform",
    "ephemeralStorage",
    "containerDefinitions",
    "requiresCompatibilities",
)


class StageTaskSizes(StageWork):
    """Sizes the Fargate task definitions in a stage when all their containers are there, and checks them later."""

    mixin: ClassVar = "FargateTaskSize"
    resource_types: ClassVar = (TASK,)
    beside: ClassVar = (EXPRESS_SERVICE,)
    nothing_id: ClassVar = "cdk-pull:noFargateTask"
    nothing: ClassVar = (
        "no Fargate task definition is in this scope, so there is nothing to size: task definitions for EC2 use the CPU and memory that "
        "their instance has, and imported ones are sized where they are defined"
    )

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(stage)
        self._done: dict[str, str] = {}
        self._seen: set[str] = set()
        self._named: set[str] = set()
        self._fits: dict[str, ContainersFit] = {}

    def not_reached(self, resources: Sequence[cdk.CfnResource]) -> Iterable[tuple[cdk.CfnResource, str]]:
        """Return the Express services, which have a size of their own."""
        why = "an Express Gateway service has Cpu and Memory of its own: set them there; `cdk-pull size` says which"
        return [(each, why) for each in resources]

    def size_now(self, definition: ecs.CfnTaskDefinition, application: Application) -> None:
        """Size a task definition that the mixin was applied to by itself.

        Raises:
            CdkPullError: for one that cannot be sized.
            ConflictError: where something else was already asked of its size.
        """
        request: SizingRequest | None = application.request
        stack = cdk.Stack.of(definition)
        asked = (recorded_in_template(definition, "fargate-size") or {}).get("asked", "")
        if request is None or asked == str(request):
            self._done.setdefault(identity(definition), asked)
            rendered = stack.resolve(read_properties(definition, "runtimePlatform"))
        elif asked and not asked.startswith(NO_GOAL):
            raise ConflictError(
                f"{definition.node.path}: its size was decided for '{asked}' and is now asked to be for '{request}': "
                "keep one of them"
            )
        else:
            properties = read_properties(definition, *_PROPERTIES)
            properties["containerDefinitions"] = _containers_so_far(definition, properties)
            rendered = stack.resolve(properties)
            _size(definition, stack, rendered, request)
            self._done[identity(definition)] = str(request)
        self._watch(definition, stack, platform_of(rendered.get("runtimePlatform")))

    def complete(self) -> None:
        """Size what a scope reaches, and nothing nearer has sized."""
        by_stack: dict[str, list[Reached]] = {}
        for reached in self.reached():
            key = identity(reached.resource)
            if key in self._done:
                for each in reached.applications:
                    each.served = True
                self._name_overridden(reached.resource, self._done[key], reached.applications)
            elif key not in self._seen:
                by_stack.setdefault(identity(self.stack_of(reached.resource)), []).append(reached)
        for found in by_stack.values():
            self._size_all(self.stack_of(found[0].resource), found)

    def check(self) -> list[str]:
        """Return what is wrong with the sizes, and which tasks do not hold their containers."""
        return [line for fit in self._fits.values() for line in fit.validate()]

    def serves_late(self, resource: cdk.CfnResource, application: Application) -> bool:  # noqa: ARG002 - as in the base
        """Tell whether a task definition is for Fargate."""
        return is_for_fargate(resource)

    @classmethod
    def serves_any(cls, stage: IConstruct) -> bool:
        """Tell whether there is a task definition for Fargate in a stage."""
        return any(is_for_fargate(each) for each in select(stage, TASK))

    def _size_all(self, stack: cdk.Stack, found: Sequence[Reached]) -> None:
        """Size the task definitions of one stack, whose properties cost one call to JavaScript."""
        read = [read_properties(each.resource, *_PROPERTIES) for each in found]
        rendered: list[dict[str, Any]] = stack.resolve(read)
        for (resource, applications), values in zip(found, rendered, strict=True):
            self._seen.add(identity(resource))
            if not isinstance(resource, ecs.CfnTaskDefinition) or "FARGATE" not in _compatibilities(values):
                continue
            for each in applications:
                each.served = True
            self.guard(resource, partial(self._size_within, resource, stack, values, applications))

    def _size_within(
        self,
        definition: ecs.CfnTaskDefinition,
        stack: cdk.Stack,
        values: dict[str, Any],
        applications: Sequence[Application],
    ) -> None:
        first = nearest(definition, [each for each in applications if _counts(each, applications)])
        asked = own_request(definition) or str(first.request)
        if first.request is not None and not own_request(definition):
            _size(definition, stack, values, first.request)
        self._name_overridden(definition, asked, applications)
        self._watch(definition, stack, platform_of(values.get("runtimePlatform")))

    def _name_overridden(
        self, resource: cdk.CfnResource, asked: str, applications: Sequence[Application]
    ) -> None:
        """Name in the decision what counts no more beside the nearest request."""
        key = identity(resource)
        farther = [each for each in applications if each.request is not None and str(each.request) != asked]
        if not farther or key in self._named:
            return
        self._named.add(key)
        decision = Decision.from_template("fargate-size", recorded_in_template(resource, "fargate-size"))
        if decision is not None:
            instead = "; ".join(f"in place of '{each.request}', which {each} asks for" for each in farther)
            record_in_template(resource, [replace(decision, why=f"{decision.why}; {instead}")])

    def _watch(self, definition: ecs.CfnTaskDefinition, stack: cdk.Stack, platform: Platform) -> None:
        key = identity(stack)
        if key not in self._fits:
            self._fits[key] = ContainersFit(stack)
        self._fits[key].watch(definition, platform.os)


def is_for_fargate(resource: cdk.CfnResource) -> bool:
    """Tell whether a task definition is for Fargate."""
    return "FARGATE" in _compatibilities(read_properties(resource, "requiresCompatibilities"))


def _compatibilities(properties: dict[str, Any]) -> Sequence[str]:
    found = properties.get("requiresCompatibilities")
    return as_list(found)


def _counts(application: Application, applications: Sequence[Application]) -> bool:
    """Tell whether an application counts beside others: a mere check holds with any size asked for at its distance."""
    return application.request is not None or not any(
        each.request is not None and each.nearness == application.nearness for each in applications
    )


def _size(
    definition: ecs.CfnTaskDefinition, stack: cdk.Stack, rendered: dict[str, Any], request: SizingRequest
) -> None:
    platform = platform_of(rendered.get("runtimePlatform"))
    facts = _facts(stack, rendered, platform)
    sized = size_task(request, facts)
    # A size that stays keeps the form in which it was written.
    if sized.size is not None and sized.size != _declared(rendered, facts.os):
        definition.cpu = str(sized.size.cpu)
        definition.memory = str(sized.size.memory_mib)
    if sized.ephemeral_gib is not None:
        definition.ephemeral_storage = ecs.CfnTaskDefinition.EphemeralStorageProperty(
            size_in_gib=sized.ephemeral_gib
        )
    tell(None, definition, sized)


def _containers_so_far(definition: ecs.CfnTaskDefinition, properties: dict[str, Any]) -> object:
    """Return the container definitions, as far as they need CPU and memory."""
    held = properties.get("containerDefinitions")
    if held is None or isinstance(held, list):
        return held
    # CDK keeps what such a value first comes to: asked for it now, the template would lose every later container.
    holder = definition.node.scope
    if not isinstance(holder, ecs.TaskDefinition):
        return []
    containers = (each.render_container_definition() for each in holder._containers)  # noqa: SLF001 - protected in JavaScript, and the one way to a list that is not complete
    return [
        {"cpu": each.cpu, "memory": each.memory, "memoryReservation": each.memory_reservation}
        for each in containers
    ]


def _declared(rendered: dict[str, Any], os: Os) -> FargateSize | None:
    """Return the size as it is written, or None where something of it is missing or filled in by CloudFormation."""
    cpu, memory = rendered.get("cpu"), rendered.get("memory")
    if not isinstance(cpu, str | int) or not isinstance(memory, str | int):
        return None
    return check(cpu, memory, os)


def _floor(rendered: dict[str, Any], os: Os) -> FargateSize | None:
    """Return the size that holds what is written and the containers, or None where CloudFormation fills some of it in."""
    cpu, memory = rendered.get("cpu"), rendered.get("memory")
    if not isinstance(cpu, str | int | None) or not isinstance(memory, str | int | None):
        return None
    size = least(cpu, memory, os)
    containers = rendered.get("containerDefinitions")
    listed = as_list(containers)
    needs = needs_of(each for each in listed if isinstance(each, dict))
    return needs.smallest_size(cpu=size.cpu, memory_mib=size.memory_mib, os=os)


def _facts(stack: cdk.Stack, rendered: dict[str, Any], platform: Platform) -> TaskFacts:
    size = _floor(rendered, platform.os)
    storage = rendered.get("ephemeralStorage")
    gib = storage.get("sizeInGiB") if isinstance(storage, dict) else None
    return TaskFacts(
        cpu=size and size.cpu,
        memory_mib=size and size.memory_mib,
        os=platform.os,
        architecture=platform.architecture,
        region=region_of(stack),
        ephemeral_gib=int(gib) if isinstance(gib, int | float) else None,
        storage_is_token=storage is not None and not isinstance(gib, int | float),
    )
