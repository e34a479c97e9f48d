"""The images that the tasks of templates pull through a cache, by the names to pull them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.context import CheckContext
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.rules.support.pull_through import behind_cache
from cdk_pull.template.needed_images import platform_of
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cdk_pull.image.platform import Platform
    from cdk_pull.image.reference import ImageReference
    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.ecs.images import Image

__all__ = ["cached_images"]


def cached_images(
    assemblies: Iterable[Assembly], prefixes: Collection[str]
) -> tuple[dict[tuple[ImageReference, Platform], None], dict[str, str]]:
    """Return the images behind caches, each with its platform, and why others of them cannot be pulled from here.

    Args:
        assemblies: the templates.
        prefixes: those of rules that are in no template.
    """
    found: dict[tuple[ImageReference, Platform], None] = {}
    left_out: dict[str, str] = {}
    for assembly in assemblies:
        context = CheckContext(assembly, ImageFactsBook())
        for task in context.ecs.tasks:
            for image in task.images:
                behind = behind_cache(image, context, task.resource.template.context) is not None
                if not behind and not any(_has_prefix(image, prefix) for prefix in prefixes):
                    continue
                if isinstance(image.value, Unknown) or image.reference is None:
                    left_out[str(image)] = "its name is known at deployment only; pass --account and --region"
                else:
                    found[image.reference, platform_of(task)] = None
    return found, left_out


def _has_prefix(image: Image, prefix: str) -> bool:
    # Another registry than Amazon ECR may have a repository of the same name.
    reference = image.reference
    return (
        reference is not None
        and image.place.verdict == "same"
        and reference.repository.startswith(f"{prefix}/")
    )
