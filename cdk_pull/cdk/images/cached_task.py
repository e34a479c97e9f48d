"""A task definition whose images are pulled through caches: what is written of it, and what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cdk_pull.cdk.synth.environment import environment_of
from cdk_pull.decision import Decision
from cdk_pull.image.ecr import ecr_prices
from cdk_pull.template.cached_images import Cached, Left, registry_host

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aws_cdk as cdk
    from aws_cdk import aws_ecs as ecs

    from cdk_pull.cdk.images.cache_request import CacheRequest
    from cdk_pull.template.context import Environment

__all__ = ["CachedTask", "decision_of", "written_name"]


class CachedTask(NamedTuple):
    """A task definition, how its images are pulled, and who asks for it."""

    definition: ecs.CfnTaskDefinition
    stack: cdk.Stack
    request: CacheRequest
    images: dict[int, Cached]
    left: list[tuple[str, Left]]
    unclear: set[int]


def written_name(image: Cached, environment: Environment) -> object:
    """Return an image's name behind its rule, as the template has it."""
    pieces: list[Any] = []
    for piece in (*registry_host(environment), f"/{image.path}", *image.rest):
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else {"Fn::Join": ["", pieces]}


def decision_of(task: CachedTask, left: Sequence[tuple[str, Left]]) -> Decision:
    """Return what became of a task's images.

    Args:
        task: whose images.
        left: what stays where it is, by container.
    """
    own = environment_of(task.stack).account
    total = len(task.images) + len(left)
    moved = {image.image: f"{image.rule.prefix}: {image.repository}" for image in task.images.values()}
    theirs = sorted(
        {
            image.rule.upstream.url
            for image in task.images.values()
            if image.rule.upstream.kind == "ecr" and not image.rule.upstream.url.startswith(f"{own}.")
        }
    )
    stays = f"; {', '.join(each.image for _, each in left)} stay where they are" if left else ""
    decided = f"{len(task.images)} of {total} images are pulled through a cache in the own registry{stays}"
    return Decision(
        topic="pull-through-cache",
        decided=decided if total else "no image comes from another registry",
        why="a start depends on no registry outside the Region, and on no rate limit of one",
        cost=f"storage of each cached image, about ${ecr_prices().storage:.2f} per GB and month; an alarm is about $0.10 per month",
        confidence="a tag that moves upstream arrives within 24 hours"
        + (f"; the policy of {', '.join(theirs)} has to allow the pulls" if theirs else ""),
        details={"images": moved, "left": {each.image: each.reason for _, each in left}},
    )
