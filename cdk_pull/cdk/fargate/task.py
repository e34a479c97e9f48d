"""A Fargate task definition of a size that starts in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.fargate.apply_size import is_token, platform_of, region_of, tell
from cdk_pull.cdk.fargate.built_image import BuiltImage
from cdk_pull.cdk.fargate.container_fit import check_containers_fit
from cdk_pull.cdk.fargate.container_props import Container, own_container
from cdk_pull.cdk.fargate.own_size import own_size, remember_own_request
from cdk_pull.cdk.synth.keywords import refuse_unknown
from cdk_pull.fargate.choose import Goal
from cdk_pull.fargate.container_needs import needs_of
from cdk_pull.fargate.sizes import Os, fits, parse_cpu, parse_memory
from cdk_pull.fargate.sizing import TaskFacts, size_task
from cdk_pull.fargate.sizing_props import SizingProps, sizing_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from cdk_pull.units import DurationLike

__all__ = ["FargateTask", "FargateTaskProps"]


class FargateTaskProps(SizingProps, total=False):
    """What a FargateTask takes besides its size and goal: what is known of its images, and CDK's own properties."""

    enable_fault_injection: bool | None
    execution_role: iam.IRole | None
    family: str | None
    pid_mode: ecs.PidMode | None
    proxy_configuration: ecs.ProxyConfiguration | None
    task_role: iam.IRole | None
    volumes: Sequence[ecs.Volume] | None


class _Size(TypedDict):
    cpu: float
    memory_limit_mib: float


class FargateTask(ecs.FargateTaskDefinition):
    """A Fargate task definition that starts in time, at the lowest price that does it.

    It is a ``FargateTaskDefinition`` for whatever takes one::

        FargateTask(self, "Worker", image=image, cpu=256, memory_limit_mib=512,
                    compressed="800MB", uncompressed="2.4GB", start_within=cdk.Duration.minutes(1))

    The size is decided here: the cheapest whose expected start is within ``start_within``, never below the smallest
    size given. A larger size costs more for as long as the task runs; without a start or a price to meet, none is
    chosen. When CDK validates, the containers added until then have to fit. The decision, the sizes weighed, the price and what would
    help more are in the template's metadata under ``cdk-pull``.

    Where the images' size is not known, the size stays as given, and a warning says what to do. A target that no size
    meets is a warning with the ways out. Ephemeral storage is raised to what the images and the working data need, at
    a price above 20 GiB. Docs: ``docs/start-estimate.md``.

    Args:
        scope: where the construct is made.
        id: its name there.
        image: of a container ``app``; leave it out to add all containers yourself. Of a FargateImage, the image's
            size is known from there.
        container: further properties of that container, as ``add_container`` takes them; or
            ``ecs.ContainerDefinitionOptions`` in place of both.
        cpu: the smallest size wanted, in CPU units or as ECS writes it (``"1 vCPU"``); by default the smallest that
            holds the container.
        memory_limit_mib: its memory in MiB or as ECS writes it (``"2GB"``); by default the least for ``cpu`` that holds
            the container.
        start_within: choose the cheapest size that is expected to start within this.
        max_usd_per_hour: choose the best start that costs no more than this, of starts within the noise of 10 s the
            cheapest.
        ephemeral_storage_gib: the least ephemeral storage wanted, 21 to 200 GiB; Linux only.
        runtime_platform: operating system and architecture, Linux on x86_64 by default.
        **props: what is known of the images (``compressed``, ``uncompressed``, ``compression``, or
            ``image_profile``) and what else the choice goes by (``hold``, ``working_data``, ``prices``; see
            SizingProps), and the further properties of ``ecs.FargateTaskDefinition``.

    Raises:
        ConflictError: for a start and a price together, sizes beside a profile or a FargateImage with sizes, or a
            container without an image.
        InvalidValueError: for a pair that is not a Fargate size (with the nearest), images that fit no ephemeral
            storage, ephemeral storage or ARM64 on Windows.
        UnsupportedError: for a Windows Server that Fargate does not run.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's name for it
        *,
        image: ecs.ContainerImage | None = None,
        container: Container | None = None,
        cpu: float | str | None = None,
        memory_limit_mib: float | str | None = None,
        start_within: DurationLike | None = None,
        max_usd_per_hour: float | None = None,
        ephemeral_storage_gib: float | None = None,
        runtime_platform: ecs.RuntimePlatform | None = None,
        **props: Unpack[FargateTaskProps],
    ) -> None:
        """A Fargate task definition that starts in time, at the lowest price that does it."""
        refuse_unknown("FargateTask", props, FargateTaskProps)
        stack = scope if isinstance(scope, cdk.Stack) else cdk.Stack.of(scope)
        os, architecture = platform_of(stack.resolve(runtime_platform) if runtime_platform else None)
        own = own_container(lambda: f"{scope.node.path}/{id}", image, container)
        size = _given_size(cpu, memory_limit_mib, os, own.props)
        request = sizing_request(props, start_within=start_within, usd_per_hour=max_usd_per_hour)
        if isinstance(own.image, BuiltImage):
            request = own.image.sizing(lambda: f"{scope.node.path}/{id}", request)
        storage_is_token = is_token(ephemeral_storage_gib)
        sized = size_task(
            request,
            TaskFacts(
                cpu=_plain(size["cpu"]),
                memory_mib=_plain(size["memory_limit_mib"]),
                os=os,
                architecture=architecture,
                region=region_of(stack),
                ephemeral_gib=None
                if ephemeral_storage_gib is None or storage_is_token
                else int(ephemeral_storage_gib),
                storage_is_token=storage_is_token,
            ),
        )
        if sized.size is not None:
            size = _Size(cpu=sized.size.cpu, memory_limit_mib=sized.size.memory_mib)
        with own_size():
            super().__init__(
                scope,
                id,
                ephemeral_storage_gib=sized.ephemeral_gib or ephemeral_storage_gib,
                runtime_platform=runtime_platform,
                **size,
                enable_fault_injection=props.get("enable_fault_injection"),
                execution_role=props.get("execution_role"),
                family=props.get("family"),
                pid_mode=props.get("pid_mode"),
                proxy_configuration=props.get("proxy_configuration"),
                task_role=props.get("task_role"),
                volumes=props.get("volumes"),
            )
        definition = cast("ecs.CfnTaskDefinition", self.node.default_child)
        tell(self, definition, sized, fresh=True)
        if request.goal != Goal():
            remember_own_request(definition, str(request))
        check_containers_fit(definition, stack, os=os)
        if own.image is not None:
            self.add_container("app", image=own.image, **own.props)


def _given_size(
    cpu: float | str | None, memory: float | str | None, os: Os, container: Mapping[str, Any]
) -> _Size:
    """Return CPU and memory as numbers, the least for the container where they are not given; tokens stay tokens."""
    cpu_units = None if cpu is None else _number(cpu) if is_token(cpu) else parse_cpu(_whole(cpu))
    mib = None if memory is None else _number(memory) if is_token(memory) else parse_memory(_whole(memory))
    if cpu_units is None or mib is None:
        # What is given is held to the containers when CDK validates; only the part left out is chosen here.
        needs = needs_of([container])
        least = fits(
            cpu=needs.cpu if cpu_units is None else _plain(cpu_units) or 0,
            memory_mib=needs.memory_mib if mib is None else _plain(mib) or 0,
            os=os,
        )[0]
        cpu_units = least.cpu if cpu_units is None else cpu_units
        mib = least.memory_mib if mib is None else mib
    return _Size(cpu=cpu_units, memory_limit_mib=mib)


def _number(token: float | str) -> float:
    return cdk.Token.as_number(token) if isinstance(token, str) else token


def _whole(value: float | str) -> int | str:
    # JavaScript has one kind of number: what comes from there may be 256.0.
    return int(value) if isinstance(value, float) and value.is_integer() else cast("int | str", value)


def _plain(value: float | None) -> int | None:
    return None if value is None or is_token(value) else int(value)
