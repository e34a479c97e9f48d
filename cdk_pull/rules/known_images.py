"""Official images with a slim variant, and the registries that ECR can cache by pull-through."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.attributes import reference
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import Unknown, concat

if TYPE_CHECKING:
    from cdk_pull.rules.room import Room
    from cdk_pull.template.context import Context
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.model import Resource

__all__ = ["cached_name", "slim_variant", "upstream_of"]

# Where official images are found besides Docker Hub: ECR Public's copy, and any pull-through cache.
_OFFICIAL: Final = re.compile(r"(?:[a-z0-9._-]+/)?library/([a-z0-9_-]+)|docker/library/([a-z0-9_-]+)")


def slim_variant(image: Image) -> str:
    """Return the image in its slim variant; empty where it is none of the official images, or slim already."""
    facts = _slim()
    place = image.reference
    match = _OFFICIAL.fullmatch(place.repository) if place is not None else None
    variant = facts["variants"].get(match.group(1) or match.group(2)) if match else None
    if place is None or variant is None or place.digest or isinstance(image.tag, Unknown):
        return ""
    tag = image.tag or "latest"
    if any(small in tag for small in facts["small"]):
        return ""
    name = str(image).partition("@")[0]
    if image.tag is not None:
        name = name.rpartition(":")[0]
    return f"{name}:{variant}" if tag == "latest" else f"{name}:{tag}-{variant}"


def upstream_of(image: Image) -> dict[str, str] | None:
    """Return the upstream that ECR's pull-through cache has for the image's registry, or None."""
    if image.place.verdict != "outside" or image.reference is None:
        return None
    return _upstreams().get(image.reference.registry)


def cached_name(image: Image, upstream: dict[str, str], room: Room, context: Context) -> str:
    """Return the name of the image behind a pull-through cache of the templates; empty where there is none."""
    for rule in room.ecs.pull_through_rules:
        if rule.template.context.environment == context.environment and _caches(rule, upstream):
            prefix = reference(rule.logical_id, rule.template.context, evaluate)
            if not isinstance(prefix, str):
                continue
            host = (
                context.pseudo("AWS::AccountId"),
                ".dkr.ecr.",
                context.pseudo("AWS::Region"),
                ".",
                context.pseudo("AWS::URLSuffix"),
            )
            place = image.reference
            path = str(place).partition("/")[2] if place is not None else ""
            return str(concat((*host, "/", prefix, "/", path)))
    return ""


def _caches(rule: Resource, upstream: dict[str, str]) -> bool:
    url, name = rule.values.get("UpstreamRegistryUrl"), rule.values.get("UpstreamRegistry")
    return name == upstream["upstream"] or (isinstance(url, str) and upstream["url"] in url)


@cache
def _slim() -> dict[str, Any]:
    text = resources.files("cdk_pull.data").joinpath("slim_images.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts


@cache
def _upstreams() -> dict[str, dict[str, str]]:
    text = (
        resources.files("cdk_pull.data").joinpath("pull_through_upstreams.json").read_text(encoding="utf-8")
    )
    return {row["registry"]: row for row in json.loads(text)["upstreams"]}
