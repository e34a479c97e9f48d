"""The Windows build of an image, as far as its name or known facts tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.errors import CdkPullError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.template.values import Unknown
from cdk_pull.windows.base import recognise
from cdk_pull.windows.catalogue import build_of_tag, packaged_catalogue, read_servercore_tag
from cdk_pull.windows.families import products
from cdk_pull.windows.window import cache_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from cdk_pull.image.profile import ImageProfile
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import Container, TaskDefinition
    from cdk_pull.windows.families import Product
    from cdk_pull.windows.window import CacheWindow

__all__ = [
    "ServercoreBuild",
    "family_product",
    "image_build",
    "instance_products",
    "servercore_build",
    "window_on",
    "windows_tasks_image",
]

_MICROSOFT: Final = "mcr.microsoft.com"
_SERVERCORE: Final = "windows/servercore"
_EXACT: Final = lazy_pattern(r"10\.0\.[0-9]{5}\.[0-9]{1,6}")
_AMI_YEAR: Final = lazy_pattern(r"(?i:windows_server)-(20[0-9]{2})")
_YEAR: Final = lazy_pattern(r"WINDOWS_SERVER_(20[0-9]{2})_")
# What official images have in their tags when they are for Windows.
_ON_WINDOWS: Final = lazy_pattern(r"\b(?:windowsservercore|nanoserver)-")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServercoreBuild:
    """What is known of the servercore that an image is built on.

    Attributes:
        exact: the tag of the build, such as ``10.0.20348.1906``; empty when not known.
        floating: whether it is named by a tag that moves, such as ``ltsc2022``.
        other_base: whether it is another image of Microsoft's than servercore itself.
    """

    exact: str = ""
    floating: bool = False
    other_base: bool = False


def windows_tasks_image(task: TaskDefinition) -> Iterator[tuple[Container, Image]]:
    """Yield the containers of a Windows task on Fargate, with their images."""
    if task.fargate and task.os == "windows":
        for container in task.containers:
            if container.image is not None:
                yield container, container.image


def window_on(task: TaskDefinition, today: date) -> CacheWindow | None:
    """Return what the hosts of a task's family hold on a day; None for a family that Fargate does not run."""
    try:
        return cache_window(task.family, today)
    except CdkPullError:  # PULL405's to say
        return None


def servercore_build(image: Image, profile: ImageProfile | None) -> ServercoreBuild:
    """Return what is known of the servercore of an image: by its layers, ``os.version``, or Microsoft's own name."""
    if profile is not None and (known := _by_facts(profile)) is not None:
        return known
    reference = image.reference
    if reference is None or reference.registry != _MICROSOFT or isinstance(image.tag, Unknown):
        return ServercoreBuild()
    tag = read_servercore_tag(image.tag or "") if reference.repository == _SERVERCORE else None
    return ServercoreBuild(other_base=True) if tag is None else ServercoreBuild(**tag._asdict())


def _by_facts(profile: ImageProfile) -> ServercoreBuild | None:
    base = recognise(profile)
    if base is not None:
        return ServercoreBuild(exact=base.release.tag)
    looked_up = any(layer.digest for layer in profile.layers)
    if looked_up and packaged_catalogue().find(profile.os_version) is not None:
        # A build that is known under layers that are not its servercore's: nanoserver has the same builds.
        return ServercoreBuild(other_base=True)
    return ServercoreBuild(exact=profile.os_version) if _EXACT.fullmatch(profile.os_version) else None


def image_build(image: Image, profile: ImageProfile | None) -> int | None:
    """Return the third number of an image's build, such as 20348; None when neither name nor facts tell."""
    if profile is not None and profile.os_version:
        return build_of_tag(profile.os_version)
    reference = image.reference
    if reference is None or not isinstance(image.tag, str):
        return None
    official = reference.repository.partition("library/")[1] and _ON_WINDOWS.search(image.tag)
    return build_of_tag(image.tag) if official or reference.registry == _MICROSOFT else None


def instance_products(capacities: Iterable[Capacity]) -> set[Product]:
    """Return the Windows Servers that instances run, by the names of their AMIs; none unless all of them tell."""
    found = []
    for capacity in capacities:
        year = _AMI_YEAR.search(capacity.ami)
        found.append(products().get(f"windows-server-{year.group(1)}") if year else None)
    return {each for each in found if each is not None} if None not in found else set()


def family_product(family: str) -> Product | None:
    """Return the Windows Server of an operating system family, on Fargate or EC2; None for another family."""
    year = _YEAR.match(family)
    return products().get(f"windows-server-{year.group(1)}") if year else None
