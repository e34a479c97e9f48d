"""The pull-through cache rules of the templates: which one an image is behind, and which one could cache it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.image import pull_through
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.image.pull_through import ROOT, Upstream, behind
from cdk_pull.template.attributes import reference
from cdk_pull.template.image_region import OWN_ACCOUNT
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import Unknown, concat

if TYPE_CHECKING:
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.context import Context
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.model import Resource

__all__ = ["Behind", "behind_cache", "cached_name", "upstream_of"]


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


def upstream_of(image: Image) -> Upstream | None:
    """Return the upstream of an image that is not in the stack's own registry; None for one that ECR cannot cache."""
    place = image.place
    host = place.reference.registry if place.reference is not None else ""
    return pull_through.upstream_of(host) if place.verdict in {"elsewhere", "outside"} else None


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
        if prefix == ROOT:
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
    path = str(image.reference).partition("/")[2] if image.reference is not None else ""
    for rule in context.ecs.pull_through_rules:
        if rule.template.context.environment == template.environment and _caches(rule, upstream):
            prefix = reference(rule.logical_id, rule.template.context, evaluate)
            upstream_prefix = rule.values.get("UpstreamRepositoryPrefix", ROOT)
            if not isinstance(prefix, str) or not isinstance(upstream_prefix, str):
                continue
            name = behind(path, prefix, kind=upstream.kind, upstream_prefix=upstream_prefix)
            if name:
                account, region, suffix = (
                    template.pseudo(f"AWS::{name}") for name in ("AccountId", "Region", "URLSuffix")
                )
                return str(concat((account, ".dkr.ecr.", region, ".", suffix, "/", name)))
    return ""


def _caches(rule: Resource, upstream: Upstream) -> bool:
    url, kind = rule.values.get("UpstreamRegistryUrl"), rule.values.get("UpstreamRegistry")
    if isinstance(url, Unknown):
        url = str(url)
    if isinstance(url, str):
        return url.removeprefix("https://").rstrip("/") == upstream.url
    return upstream.is_one_registry and kind == upstream.kind
