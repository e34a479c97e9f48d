"""Sizes for Fargate task definitions that exist already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.fargate.apply_size import Platform, platform_of, region_of, tell
from cdk_pull.cdk.fargate.container_fit import check_containers_fit, read_properties
from cdk_pull.cdk.fargate.sizing import NO_GOAL, SizingRequest, TaskFacts, size_task
from cdk_pull.cdk.fargate.sizing_props import SizingProps, refuse_others, sizing_request
from cdk_pull.decision import TEMPLATE_KEY
from cdk_pull.errors import CdkPullError, ConflictError
from cdk_pull.fargate.container_needs import needs_of
from cdk_pull.fargate.sizes import FargateSize, Os, check, least

if TYPE_CHECKING:
    from typing import Unpack

    from constructs import IConstruct

    from cdk_pull.units import DurationLike

__all__ = ["FargateTaskSize"]

_PROPERTIES: Final = ("cpu", "memory", "runtimePlatform", "ephemeralStorage", "containerDefinitions")


class FargateTaskSize(cdk.Mixin):
    """Choose or check the size of Fargate task definitions that exist already, L2 or L1.

    Apply it to a task definition, to a service that runs one, or to whatever holds some::

        task.with_(FargateTaskSize.start_within(cdk.Duration.minutes(1), compressed="800MB", uncompressed="2.4GB"))
        cdk.Mixins.of(app).apply(FargateTaskSize.checked())

    It changes the task definition's CPU, memory and ephemeral storage, its metadata, and nothing else: no logical id.
    A new size is a new revision, and a new price. The size decided when it is applied is never below the task's own
    or below what its containers need; containers added later have to fit it, which is checked when CDK validates.
    The ``cpu`` and ``memory_mib`` attributes of an L2 keep the values that it was made with, by which CDK goes on to
    judge the CPU of containers added later. What an ``add_property_override`` writes is not seen, as CDK does not show it.

    Task definitions that do not run on Fargate are left alone.

    Args:
        request: made by one of the class methods.
    """

    def __init__(self, request: SizingRequest | None) -> None:
        super().__init__()
        self._request = request

    @classmethod
    def start_within(cls, duration: DurationLike, **props: Unpack[SizingProps]) -> FargateTaskSize:
        """Choose the cheapest size that is expected to start within this; see FargateTask for the rest.

        Raises:
            InvalidValueError: for a duration or size that is none.
            ConflictError: for sizes of the images beside a profile.
        """
        refuse_others("start_within", props, SizingProps)
        return cls(sizing_request(props, start_within=duration))

    @classmethod
    def within_price(cls, usd_per_hour: float, **props: Unpack[SizingProps]) -> FargateTaskSize:
        """Choose the best start that costs no more than this per hour; see FargateTask for the rest.

        Raises:
            InvalidValueError: for a price or size that is none.
            ConflictError: for sizes of the images beside a profile.
        """
        refuse_others("within_price", props, SizingProps)
        return cls(sizing_request(props, usd_per_hour=usd_per_hour))

    @classmethod
    def checked(cls) -> FargateTaskSize:
        """Change nothing; stop the synth for a size that Fargate does not run, or that the containers do not fit."""
        return cls(None)

    def supports(self, construct: IConstruct) -> bool:
        """Tell whether this is the L1 of a Fargate task definition, or a service that runs one.

        CDK asks for each construct below the one that it is applied to.
        """
        definition = _definition_of(construct)
        return definition is not None and "FARGATE" in (definition.requires_compatibilities or ())

    def apply_to(self, construct: IConstruct) -> None:
        """Size a task definition.

        Raises:
            CdkPullError: for a task definition that cannot be sized, with its path.
            ConflictError: where something else was already asked of its size.
        """
        definition = cast("ecs.CfnTaskDefinition", _definition_of(construct))
        stack = cdk.Stack.of(definition)
        properties = read_properties(definition, *_PROPERTIES)
        properties["containerDefinitions"] = _containers_so_far(definition, properties)
        rendered = stack.resolve(properties)
        try:
            platform = platform_of(rendered.get("runtimePlatform"))
            if self._request is not None:
                self._size(definition, _facts(stack, rendered, platform), rendered, self._request)
        except ConflictError:
            raise
        except CdkPullError as error:
            raise CdkPullError(f"{definition.node.path}: {error}") from error
        check_containers_fit(definition, stack, os=platform.os)

    def _size(
        self,
        definition: ecs.CfnTaskDefinition,
        facts: TaskFacts,
        rendered: dict[str, Any],
        request: SizingRequest,
    ) -> None:
        others = definition.get_metadata(TEMPLATE_KEY) or {}
        asked = (others.get("fargate-size") or {}).get("asked")
        if asked == str(request):
            return
        if asked and not asked.startswith(NO_GOAL):
            raise ConflictError(
                f"{definition.node.path}: its size was decided for '{asked}' and is now asked to be for '{request}': "
                "keep one of them"
            )
        sized = size_task(request, facts)
        # A size that stays keeps the form in which it was written.
        if sized.size is not None and sized.size != _declared(rendered, facts.os):
            definition.cpu = str(sized.size.cpu)
            definition.memory = str(sized.size.memory_mib)
        if sized.ephemeral_gib is not None:
            definition.ephemeral_storage = ecs.CfnTaskDefinition.EphemeralStorageProperty(
                size_in_gib=sized.ephemeral_gib
            )
        holder = definition.node.scope
        tell(
            holder if isinstance(holder, ecs.TaskDefinition) else definition, definition, sized, others=others
        )


def _definition_of(construct: IConstruct) -> ecs.CfnTaskDefinition | None:
    found = (
        construct.task_definition.node.default_child if isinstance(construct, ecs.BaseService) else construct
    )
    return found if isinstance(found, ecs.CfnTaskDefinition) else None


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
    listed = containers if isinstance(containers, list) else []
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
