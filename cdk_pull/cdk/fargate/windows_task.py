"""A Windows task definition for Fargate, on a servercore that the hosts have cached."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecs as ecs
from constructs import IValidation

from cdk_pull.cdk.fargate.built_image import BuiltImage
from cdk_pull.cdk.fargate.task import FargateTask, FargateTaskProps
from cdk_pull.cdk.fargate.windows_facts import KnownBase, known_base, looked_up
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.decisions import record_in_template
from cdk_pull.cdk.synth.keywords import refuse_unknown
from cdk_pull.cdk.synth.unwritten import UnwrittenApp
from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.declared_sizes import listed
from cdk_pull.units import format_bytes
from cdk_pull.windows.base import cached_base
from cdk_pull.windows.base_image import check_base
from cdk_pull.windows.families import fargate_family
from cdk_pull.windows.pin import ServerCore, ServerCorePin
from cdk_pull.windows.window import to_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from typing import Unpack

    from constructs import Construct

    from cdk_pull.cdk.fargate.container_props import Container
    from cdk_pull.image.profile import ImageProfile
    from cdk_pull.units import DurationLike
    from cdk_pull.windows.base_image import BaseProblem

__all__ = ["DATE_CONTEXT", "WindowsFargateTask"]

DATE_CONTEXT = "cdk-pull:windows-date"
"""The context key of the day, as ``YYYY-MM-DD``, by which pins are judged."""

_WARNING = "cdk-pull:servercore"


class WindowsFargateTask(FargateTask):
    """A Fargate task definition for Windows, whose image is built on a servercore that the hosts have cached.

    Write the day of the pin into the source; build the image on it, and run it here::

        pin = ServerCore.pin("WINDOWS_SERVER_2022_CORE", on="2026-09-20")
        site = ecr_assets.DockerImageAsset(self, "Site", directory="site", build_args=pin.build_args)
        WindowsFargateTask(self, "Task", pin=pin, cpu=1024, memory_limit_mib=2048,
                           image=ecs.ContainerImage.from_docker_image_asset(site))

    The pin tells the operating system family; the architecture is X86_64. A pin near or past the end of its window is
    a warning, ``cdk-pull:servercore``: on the day it was made for, or on the day in the context ``cdk-pull:windows-date``
    when there is one, such as ``cdk synth -c cdk-pull:windows-date=$(date +%F)`` in a pipeline. The clock is never read.

    When CDK validates, the images of all containers are looked at: a servercore of another Windows Server than the
    family's and anything on nanoserver stop the synth; Microsoft's images other than an exact servercore are a warning.
    Where ``cdk-pull lookup`` has put an image into the context, its base is recognised by its layers: the decision in
    the template says until when the hosts have it and what a miss costs, and a base that they do not have is a warning.
    An ``image_profile`` is judged in the same way, and the start is estimated for what of it the hosts do not have.

    Args:
        scope: where the construct is made.
        id: its name there.
        pin: from ServerCore; or a family alone, which is then pinned for the day in the context.
        image: of a container ``app``; leave it out to add all containers yourself.
        container: see FargateTask.
        cpu: 1024, 2048 or 4096 CPU units, or as ECS writes it (``"1 vCPU"``).
        memory_limit_mib: its memory in MiB or as ECS writes it (``"2GB"``); by default the least for ``cpu``.
        start_within: see FargateTask. ``compressed`` and ``uncompressed`` are then those of the image's own layers, as the
            hosts have the pinned base.
        max_usd_per_hour: see FargateTask.
        ephemeral_storage_gib: refused, as Fargate gives Windows tasks no choice of it.
        **props: see FargateTask.

    Raises:
        UnsupportedError: for a family that Fargate does not run, or a FargateImage, which is built for Linux.
        InvalidValueError: for a size that Windows tasks cannot have, ephemeral storage, or a family without a day in
            the context.
    """

    pin: ServerCorePin
    """The servercore that the task's image is to be built on."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that every construct gives it
        *,
        pin: ServerCorePin | str,
        image: ecs.ContainerImage | None = None,
        container: Container | None = None,
        cpu: float | str | None = None,
        memory_limit_mib: float | str | None = None,
        start_within: DurationLike | None = None,
        max_usd_per_hour: float | None = None,
        ephemeral_storage_gib: float | None = None,
        **props: Unpack[FargateTaskProps],
    ) -> None:
        """A Fargate task definition for Windows, whose image is built on a servercore that the hosts have cached."""
        refuse_unknown("WindowsFargateTask", props, FargateTaskProps)
        if isinstance(image, BuiltImage):
            raise UnsupportedError(
                f"{scope.node.path}/{id}: the FargateImage {image.path} is built for Linux. Build the image with "
                "ecr_assets.DockerImageAsset and build_args=pin.build_args"
            )
        day = _context_day(scope)
        pin = _pinned(f"{scope.node.path}/{id}", pin, day)
        product = fargate_family(pin.family)
        profiles = listed(props.get("image_profile"))
        if any(profiles):
            props["image_profile"] = [
                cached_base(profile, day or pin.on).uncached(profile)
                if profile is not None and profile.os == "windows"
                else profile
                for profile in profiles
            ]
        super().__init__(
            scope,
            id,
            image=image,
            container=container,
            cpu=cpu,
            memory_limit_mib=memory_limit_mib,
            start_within=start_within,
            max_usd_per_hour=max_usd_per_hour,
            ephemeral_storage_gib=ephemeral_storage_gib,
            runtime_platform=ecs.RuntimePlatform(
                operating_system_family=ecs.OperatingSystemFamily.of(pin.family),
                cpu_architecture=ecs.CpuArchitecture.X86_64,
            ),
            **props,
        )
        self.pin = pin
        judged = (
            ServerCore.from_tag(pin.family, pin.tag, on=day, lag=pin.lag).warnings if day else pin.warnings
        )
        for warning in judged:
            cdk.Annotations.of(self).add_warning_v2(_WARNING, warning)
        self.node.add_validation(_BaseCheck(self, pin, day or pin.on, profiles))
        record_in_template(_definition(self), [_decision(pin, product.name)])


@jsii.implements(IValidation)
class _BaseCheck:
    """Looks at the base of every container's image once all containers are there."""

    def __init__(
        self, task: ecs.TaskDefinition, pin: ServerCorePin, on: date, given: Sequence[ImageProfile | None]
    ) -> None:
        self._task = task
        self._pin = pin
        self._on = on
        self._given = [profile for profile in given if profile is not None and profile.os == "windows"]

    def validate(self) -> list[str]:
        family, product = self._pin.family, fargate_family(self._pin.family)
        definition = _definition(self._task)
        task = UnwrittenApp(self._task).task_definitions([definition])[identity(definition)]
        problems: list[tuple[str, BaseProblem]] = []
        profiles: dict[str, ImageProfile] = {}
        for container in task.containers:
            reference = container.image.reference if container.image is not None else None
            if reference is None:
                continue
            name = f"container {container.name}"
            if (profile := looked_up(self._task, reference, product)) is not None:
                profiles[name] = profile
            problems += [(name, it) for it in check_base(reference, family, product, self._on)]
        for number, given in enumerate(self._given):
            if given not in profiles.values():
                profiles[f"image_profile[{number}]" if len(self._given) > 1 else "image_profile"] = given
        bases = {name: known_base(profile, family, product, self._on) for name, profile in profiles.items()}
        said = {name for name, _ in problems}
        # Of Microsoft's own images the name has told already.
        problems += [(name, it.problem) for name, it in bases.items() if it.problem and name not in said]
        if bases:
            record_in_template(_definition(self._task), [_decision(self._pin, product.name, bases)])
        for name, problem in problems:
            if not problem.fatal:
                # A construct keeps a warning once, however often it is validated.
                cdk.Annotations.of(self._task).add_warning_v2(_WARNING, f"{name}: {problem.text}")
        return [f"{name}: {problem.text}" for name, problem in problems if problem.fatal]


def _definition(task: ecs.TaskDefinition) -> ecs.CfnTaskDefinition:
    return cast("ecs.CfnTaskDefinition", task.node.default_child)


def _context_day(scope: Construct) -> date | None:
    value = scope.node.try_get_context(DATE_CONTEXT)
    return None if value is None else to_date(value)


def _pinned(path: str, pin: object, day: date | None) -> ServerCorePin:
    if isinstance(pin, ServerCorePin):
        return pin
    if not isinstance(pin, str):
        raise InvalidValueError(
            f"invalid pin for {path}",
            pin,
            allowed="what ServerCore.pin or ServerCore.from_tag returns, or a family",
        )
    fargate_family(pin)
    if day is None:
        raise InvalidValueError(
            f"no day is given to pin the servercore of {path} for",
            pin,
            allowed=f"ServerCore.pin('{pin}', on='YYYY-MM-DD'), or the family alone with the day in the context",
            fix=f"Put '{DATE_CONTEXT}' into the context of cdk.json",
        )
    return ServerCore.pin(pin, on=day)


def _decision(pin: ServerCorePin, product: str, bases: Mapping[str, KnownBase] | None = None) -> Decision:
    until = pin.cached_until
    miss = f": {format_bytes(pin.miss_bytes)} more to pull at every start" if pin.miss_bytes else ""
    return Decision(
        topic="servercore",
        decided=f"{pin.tag} ({product}) on {pin.family}",
        why=f"{pin.why} (on {pin.on})",
        cost=f"nothing while it is cached; a miss costs its update layer{miss}",
        confidence="; ".join(
            [
                f"cached until {until.earliest}, {until.latest} at the latest"
                if until
                else "the catalogue has no monthly release of this build",
                *(f"{name}: {it.text}" for name, it in (bases or {}).items()),
            ]
        ),
        details={
            "tag": pin.tag,
            "on": pin.on.isoformat(),
            "cached_until": until.to_json() if until else None,
            "miss_bytes": pin.miss_bytes,
            **({"images": {name: it.base.to_json() for name, it in bases.items()}} if bases else {}),
        },
    )
