"""Every image that an app needs to know: what its constructs asked for in vain, and what its tasks run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.context import is_ours, parse_key
from cdk_pull.image.platform import Platform
from cdk_pull.records import dataclass, field
from cdk_pull.shapes import objects_in
from cdk_pull.template.assembly_folder import assembly_folders
from cdk_pull.template.cloud_assembly import read_cloud_assembly
from cdk_pull.template.ecs.view import EcsView
from cdk_pull.template.values import Unknown
from cdk_pull.windows.families import fargate_family

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cdk_pull.image.reference import ImageReference
    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["NeededImages", "images_of", "needed_images", "platform_of"]


@dataclass
class NeededImages:
    """What an app needs.

    Attributes:
        images: each with the platform that the task runs it on, without repetition.
        left_out: by image, why it cannot be looked up.
    """

    images: dict[tuple[ImageReference, Platform], None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def needed_images(folder: Path, *, account: str | None = None, region: str | None = None) -> NeededImages:
    """Return the images of a cloud assembly, its stages and nested stacks included.

    Args:
        folder: what ``cdk synth`` has written.
        account: goes before the account of every stack.
        region: goes before the Region of every stack.

    Raises:
        TemplateError: when the assembly cannot be read.
    """
    needed = NeededImages()
    for key in _missing_keys(folder):
        try:
            needed.images[parse_key(key)] = None
        except InvalidValueError as error:
            needed.left_out[key] = str(error)
    _add_tasks(needed, read_cloud_assembly(folder, account=account, region=region))
    return needed


def images_of(assemblies: Iterable[Assembly]) -> NeededImages:
    """Return the images of the task definitions of templates and cloud assemblies."""
    needed = NeededImages()
    for assembly in assemblies:
        _add_tasks(needed, assembly)
    return needed


def platform_of(task: TaskDefinition) -> Platform:
    """Return the platform that a task definition's containers are pulled for."""
    architecture = "arm64" if task.architecture == "arm64" else "amd64"
    if task.os == "linux":
        return Platform(architecture=architecture)
    try:
        return Platform("windows", architecture, os_version=f"10.0.{fargate_family(task.family).os_build}")
    except (InvalidValueError, UnsupportedError):
        return Platform("windows", architecture)


def _add_tasks(needed: NeededImages, assembly: Assembly) -> None:
    for task in EcsView(assembly).tasks:
        _add_task(needed, task)


def _add_task(needed: NeededImages, task: TaskDefinition) -> None:
    for image in task.images:
        if isinstance(image.value, Unknown):
            needed.left_out[str(image)] = f"only the deployment knows its name ({image.value.reason})"
        elif image.reference is None:
            needed.left_out[str(image)] = image.place.reason
        elif image.is_asset:
            needed.left_out[str(image)] = "an asset is pushed at the deployment"
        else:
            needed.images[image.reference, platform_of(task)] = None


def _missing_keys(folder: Path) -> list[str]:
    """Return our keys among those that the manifests list as missing, stages included."""
    found = []
    for each in assembly_folders(folder):
        keys = (entry.get("key") for entry in objects_in(each.manifest.get("missing")))
        found += [key for key in keys if isinstance(key, str) and is_ours(key)]
    return found
