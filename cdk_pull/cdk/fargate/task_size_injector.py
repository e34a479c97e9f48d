"""Sizes for the Fargate task definitions of a whole app, without touching its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecs as ecs
from constructs import IValidation

from cdk_pull.cdk.fargate.apply_size import is_token, platform_of, region_of, tell
from cdk_pull.cdk.fargate.container_fit import ContainersFit
from cdk_pull.cdk.fargate.own_size import is_own_size
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.decisions import recorded_in_template
from cdk_pull.cdk.synth.keywords import refuse_unknown
from cdk_pull.errors import CdkPullError
from cdk_pull.fargate.sizing import Sized, TaskFacts, size_task
from cdk_pull.fargate.sizing_props import SizingProps, sizing_request

if TYPE_CHECKING:
    from typing import Unpack

    from constructs import Construct

    from cdk_pull.fargate.sizes import Os
    from cdk_pull.units import DurationLike

__all__ = ["FargateTaskSizeInjector"]

# What CDK takes where a task definition gives none.
_CPU = 256
_MEMORY_MIB = 512


@jsii.implements(cdk.IPropertyInjector)
class FargateTaskSizeInjector:
    """Choose the size of every Fargate task definition of an app, without touching its code.

    It sizes each ``ecs.FargateTaskDefinition`` that is made below its scope afterwards, those inside of CDK's patterns
    and of other libraries included::

        cdk.PropertyInjectors.of(app).add(FargateTaskSizeInjector(
            start_within=cdk.Duration.minutes(1), compressed="800MB", uncompressed="2.4GB"))

    CDK asks the nearest injector alone: one on a stack or a construct goes before the app's, for images of another
    size. The size is decided as FargateTask does it, never below the one in the code, and recorded in the template's
    metadata; when CDK validates, the containers have to fit it. No logical id changes. A new size is a new revision,
    and a new price.

    FargateTask and WindowsFargateTask decide for themselves. An L1, and an ``ecs.TaskDefinition`` for Fargate, CDK hands
    to no injector of this kind: for those there is the mixin FargateTaskSize.

    Args:
        start_within: choose the cheapest size that is expected to start within this.
        max_usd_per_hour: choose the best start that costs no more than this.
        **props: what is known of the images and what else the choice goes by; see SizingProps.

    Raises:
        ConflictError: for a start and a price together, or sizes of the images beside a profile.
        InvalidValueError: for an invalid duration, price or size.
    """

    def __init__(
        self,
        *,
        start_within: DurationLike | None = None,
        max_usd_per_hour: float | None = None,
        **props: Unpack[SizingProps],
    ) -> None:
        """Choose the size of every Fargate task definition of an app, without touching its code."""
        refuse_unknown("FargateTaskSizeInjector", props, SizingProps)
        self._request = sizing_request(props, start_within=start_within, usd_per_hour=max_usd_per_hour)
        self._made: dict[str, _Made] = {}

    @property
    def construct_unique_id(self) -> str:
        """The class whose properties CDK hands over."""
        return ecs.FargateTaskDefinition.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, id: str, scope: Construct) -> Any:  # noqa: A002 - CDK's name for it
        """Return the properties of a task definition with the size decided; CDK calls this.

        Raises:
            CdkPullError: for a task definition that cannot be sized, with its path.
        """
        if is_own_size():
            return original_props
        props: dict[str, Any] = dict(original_props or {})
        stack = cdk.Stack.of(scope)
        platform = props.get("runtimePlatform")
        try:
            facts = _facts(props, stack.resolve(platform) if platform else None, region_of(stack))
            sized = size_task(self._request, facts)
        except CdkPullError as error:
            raise CdkPullError(f"{scope.node.path}/{id}: {error}") from error
        if sized.size is not None:
            props |= {"cpu": sized.size.cpu, "memoryLimitMiB": sized.size.memory_mib}
        if sized.ephemeral_gib is not None:
            props["ephemeralStorageGiB"] = sized.ephemeral_gib
        self._made_in(stack).add(_Task(scope, id, sized, facts.os))
        return props

    def _made_in(self, stack: cdk.Stack) -> _Made:
        key = identity(stack)
        if key not in self._made:
            self._made[key] = _Made(stack)
            stack.node.add_validation(self._made[key])
        return self._made[key]


class _Task(NamedTuple):
    """A task definition that is about to be made: where, under which name, and what was decided for it."""

    scope: Construct
    id: str
    sized: Sized
    os: Os


@jsii.implements(IValidation)
class _Made:
    """Records the decisions for a stack's task definitions, which are there by the time CDK validates."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._tasks: list[_Task] = []
        self._told = 0

    def add(self, task: _Task) -> None:
        """Take one more."""
        self._tasks.append(task)

    def validate(self) -> list[str]:
        """Return one line for each task that does not hold its containers."""
        fit = ContainersFit(self._stack)
        for index, task in enumerate(self._tasks):
            construct = task.scope.node.try_find_child(task.id)
            definition = construct.node.default_child if construct else None
            if construct is not None and isinstance(definition, ecs.CfnTaskDefinition):
                # A mixin that was applied since has decided anew, from the size given here.
                if index >= self._told and recorded_in_template(definition, "fargate-size") is None:
                    tell(construct, definition, task.sized)
                fit.watch(definition, task.os)
        self._told = len(self._tasks)
        return fit.validate()


def _facts(props: dict[str, Any], platform: object, region: str | None) -> TaskFacts:
    os, architecture = platform_of(platform)
    gib = props.get("ephemeralStorageGiB")
    token = is_token(gib)
    return TaskFacts(
        cpu=_plain(props.get("cpu", _CPU)),
        memory_mib=_plain(props.get("memoryLimitMiB", _MEMORY_MIB)),
        os=os,
        architecture=architecture,
        region=region,
        ephemeral_gib=None if gib is None or token else int(gib),
        storage_is_token=token,
    )


def _plain(value: object) -> int | None:
    return None if is_token(value) else int(cast("float", value))
