"""What ECR's pull-through cache has of an image's registry, and how an image is named behind a rule of the templates.

Source: data/pull_through_upstreams.json.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.template.attributes import reference
from cdk_pull.template.image_region import OWN_ACCOUNT
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import Unknown, concat

if TYPE_CHECKING:
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.context import Context
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.model import Resource

__all__ = ["Behind", "Upstream", "behind_cache", "cached_name", "upstream_of"]

# What a rule calls the prefix that is none.
_ROOT = "ROOT"


class Behind(NamedTuple):
    """An image that is named by a pull-through cache rule of the templates.

    Attributes:
        rule: the ``AWS::ECR::PullThroughCacheRule``.
        prefix: as images are named by it; empty for the one of all other repositories, ``ROOT``.
        path: what comes after the prefix, without tag and digest.
    """

    rule: Resource
    prefix: str
    path: str


class Upstream(NamedTuple):
    """A registry that ECR can cache.

    Attributes:
        registry: its host in an image's name.
        kind: as ``UpstreamRegistry`` of a rule names it; empty where that names many registries.
        url: the host that a rule pulls from.
    """

    registry: str
    kind: str
    url: str


def upstream_of(image: Image) -> Upstream | None:
    """Return what ECR's pull-through cache calls the image's registry; None for one that it cannot cache."""
    place = image.place
    host = place.reference.registry if place.reference is not None else ""
    if place.verdict == "elsewhere":
        return Upstream(host, "", host)
    if place.verdict != "outside":
        return None
    row = next((row for row in _upstreams() if fnmatchcase(host, row["registry"])), None)
    if row is None:
        return None
    return Upstream(host, "" if "*" in row["registry"] else row["upstream"], row.get("url", host))


def behind_cache(image: Image, context: CheckContext, template: Context) -> Behind | None:
    """Return the rule of the templates by which an image of the stack's own registry is cached; None where none is."""
    name = image.reference
    registry = EcrRegistry.of_host(name.registry) if name is not None else None
    if name is None or registry is None or image.place.verdict == "elsewhere" or image.repository is not None:
        return None
    if template.environment.account not in {None, registry.account} and registry.account != OWN_ACCOUNT:
        return None
    found = None
    for rule in context.ecs.pull_through_rules:
        if rule.template.context.environment != template.environment:
            continue
        prefix = reference(rule.logical_id, rule.template.context, evaluate)
        if prefix == _ROOT:
            found = found or Behind(rule, "", name.repository)
        elif isinstance(prefix, str) and name.repository.startswith(f"{prefix}/"):
            return Behind(rule, prefix, name.repository.removeprefix(f"{prefix}/"))
        elif isinstance(prefix, Unknown) and prefix in _pieces(image):
            # The prefix is a parameter, by which the image is named, too.
            return Behind(rule, str(prefix), name.repository.partition("/")[2])
    return found


def _pieces(image: Image) -> tuple[object, ...]:
    return image.value.pieces if isinstance(image.value, Unknown) else ()


def cached_name(image: Image, upstream: Upstream, context: CheckContext, template: Context) -> str:
    """Return the name of the image behind a pull-through cache of the templates; empty where there is none."""
    place = image.reference
    path = str(place).partition("/")[2] if place is not None else ""
    for rule in context.ecs.pull_through_rules:
        if rule.template.context.environment == template.environment and _caches(rule, upstream):
            prefix = reference(rule.logical_id, rule.template.context, evaluate)
            behind = _behind(path, prefix, rule.values.get("UpstreamRepositoryPrefix", _ROOT))
            if behind:
                account, region, suffix = (
                    template.pseudo(f"AWS::{name}") for name in ("AccountId", "Region", "URLSuffix")
                )
                return str(concat((account, ".dkr.ecr.", region, ".", suffix, "/", behind)))
    return ""


def _behind(path: str, prefix: object, upstream_prefix: object) -> str:
    """Return an image's path in the cache; empty where the rule is not about it, or a prefix is not known."""
    if not isinstance(prefix, str) or not isinstance(upstream_prefix, str):
        return ""
    if upstream_prefix != _ROOT:
        if not path.startswith(f"{upstream_prefix}/"):
            return ""
        path = path.removeprefix(f"{upstream_prefix}/")
    return path if prefix == _ROOT else f"{prefix}/{path}"


def _caches(rule: Resource, upstream: Upstream) -> bool:
    url, kind = rule.values.get("UpstreamRegistryUrl"), rule.values.get("UpstreamRegistry")
    if isinstance(url, Unknown):
        url = str(url)
    if isinstance(url, str):
        return url.removeprefix("https://").rstrip("/") == upstream.url
    return bool(upstream.kind) and kind == upstream.kind


@cache
def _upstreams() -> list[dict[str, str]]:
    text = (
        resources.files("cdk_pull.data").joinpath("pull_through_upstreams.json").read_text(encoding="utf-8")
    )
    rows: list[dict[str, str]] = json.loads(text)["upstreams"]
    return rows
