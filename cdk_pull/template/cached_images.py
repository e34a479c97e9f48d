"""Whether an image is pulled through a cache in its own registry, behind which rule, and what its name is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_pull.image.allow_list import AllowList
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.image.pull_through import ROOT, behind, default_prefix, name_of, needs_secret, upstream_of
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field
from cdk_pull.template.image_region import locate_image
from cdk_pull.template.partitions import partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_pull.image.pull_through import Upstream
    from cdk_pull.template.context import Environment
    from cdk_pull.template.image_region import ImagePlace

__all__ = ["CachePlan", "Cached", "KnownRule", "Left", "WantedRule", "registry_host"]

_LONGEST_PREFIX: Final = 30
_PSEUDO: Final = "AWS::"
_VARIABLE: Final = lazy_pattern(r"\$\{([^!{}][^{}]*)\}")


class WantedRule(NamedTuple):
    """A rule that an image is to be behind.

    Attributes:
        upstream: what it caches.
        prefix: of the rule, or ROOT.
        upstream_prefix: the part of the upstream that it is about, or ROOT.
        exists: whether the rule is there already.
    """

    upstream: Upstream
    prefix: str
    upstream_prefix: str = ROOT
    exists: bool = False


class KnownRule(NamedTuple):
    """A rule that is there already.

    Attributes:
        url: the host that it pulls from.
        prefix: of the rule, or ROOT.
        upstream_prefix: the part of the upstream that it is about, or ROOT.
    """

    url: str
    prefix: str
    upstream_prefix: str = ROOT


class Cached(NamedTuple):
    """An image that is pulled through a cache.

    Attributes:
        image: for a person to read.
        rule: what it is behind.
        path: its repository in the cache, with tag and digest, as far as that is known.
        rest: what CloudFormation appends to the path.
    """

    image: str
    rule: WantedRule
    path: str
    rest: tuple[Any, ...] = ()

    @property
    def repository(self) -> str:
        """The repository in the cache; the beginning of it where the deployment gives the rest."""
        return self.path.partition("@")[0].partition(":")[0]


class Left(NamedTuple):
    """An image that stays where it is, and why.

    Attributes:
        image: for a person to read.
        reason: why it is not pulled through a cache, and what to do.
    """

    image: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CachePlan:
    """Which registries are pulled through caches, and behind which prefixes.

    Attributes:
        urls: the upstreams to make rules for, by the host that a rule pulls from.
        prefixes: those of rules, by that host; the usual one where there is none.
        own_regions: whether to make rules for the own account's registries in other Regions.
        existing: the rules that are there already.
        arguments: how to ask for an upstream, by kind, for messages.
        allow: the images that stay where they are.
    """

    urls: frozenset[str] = frozenset()
    prefixes: Mapping[str, str] = field(default_factory=dict)
    own_regions: bool = False
    existing: tuple[KnownRule, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    allow: AllowList = field(default_factory=AllowList)

    def of(
        self, written: object, evaluated: object, environment: Environment, container: Mapping[str, Any]
    ) -> Cached | Left | None:
        """Return how an image is pulled; None for one that is not for this: in the own registry, or allowed elsewhere.

        Args:
            written: the ``Image`` as the template has it.
            evaluated: the same, evaluated.
            environment: of the stack that runs it.
            container: its definition.
        """
        place = locate_image(evaluated, environment.region)
        if place.reference is None:
            known = f"{place.reason}. {place.fix}" if place.fix else place.reason
            return Left(
                place.image, known if place.verdict == "malformed" else f"its registry is not known: {known}"
            )
        if place.verdict == "same" or self.allow.allows(place.reference):
            return None
        upstream = upstream_of(place.reference.registry)
        if upstream is None:
            registry = place.reference.registry
            return Left(
                place.image,
                f"ECR's pull-through cache does not serve {registry}; copy the image to Amazon ECR",
            )
        if container.get("RepositoryCredentials"):
            return Left(
                place.image,
                "the container has repository credentials of its own, which Amazon ECR does not accept; remove them to cache it",
            )
        rule = self._rule(place, upstream, environment)
        return rule if isinstance(rule, Left) else _named(place, written, evaluated, rule)

    def _rule(self, place: ImagePlace, upstream: Upstream, environment: Environment) -> WantedRule | Left:
        path = place.reference.repository if place.reference is not None else ""
        for known in self.existing:
            if known.url == upstream.url and behind(
                path, known.prefix, kind=upstream.kind, upstream_prefix=known.upstream_prefix
            ):
                return WantedRule(upstream, known.prefix, known.upstream_prefix, exists=True)
        if upstream.kind == "ecr":
            reason = self._why_not_ecr(upstream, environment)
            if reason:
                return Left(place.image, reason)
        elif upstream.url not in self.urls:
            return Left(place.image, self._how_to_ask(upstream))
        wanted = self.wanted(upstream, environment.account)
        if len(wanted.prefix) > _LONGEST_PREFIX:
            return Left(
                place.image,
                f"its prefix {wanted.prefix} exceeds {_LONGEST_PREFIX} characters; name another: "
                f"prefixes={{'{upstream.url}': '…'}}",
            )
        return wanted

    def wanted(self, upstream: Upstream, account: str | None) -> WantedRule:
        """Return the rule to make for an upstream in an account."""
        prefix = self.prefixes.get(upstream.url) or default_prefix(upstream, account=account)
        return WantedRule(upstream, prefix)

    def _why_not_ecr(self, upstream: Upstream, environment: Environment) -> str:
        registry = EcrRegistry.of_host(upstream.url)
        if registry is None or upstream.url in self.urls:
            theirs = partition_of(registry.region).partition if registry is not None else ""
            ours = partition_of(environment.region or "").partition if environment.region else theirs
            return (
                ""
                if theirs == ours
                else f"nothing is pulled from partition {theirs} to {ours}; push the image to both"
            )
        if environment.region is None:
            return f"it is in {registry.region}, and the stack can be deployed to any Region; give the stack its Region (env)"
        theirs, ours = partition_of(registry.region).partition, partition_of(environment.region).partition
        if theirs != ours:
            return f"nothing is pulled from partition {theirs} to {ours}; push the image to both"
        if registry.account != environment.account:
            whose = (
                "another account's registry"
                if environment.account is not None
                else "a registry whose account may be another than the stack's"
            )
            return f"it is in {whose}; pass {self._argument(upstream)}=['{upstream.url}'] once that registry's policy allows it"
        if not self.own_regions:
            return f"it is in {registry.region}; pass {self._argument(upstream)}=True"
        return ""

    def _argument(self, upstream: Upstream) -> str:
        return self.arguments.get(upstream.kind, upstream.kind)

    def _how_to_ask(self, upstream: Upstream) -> str:
        argument = self._argument(upstream)
        if not self.arguments:
            return f"no rule for {upstream.url} is given"
        if upstream.kind == "azure-container-registry":
            return f"{name_of(upstream.kind)} needs credentials; pass {argument}={{'{upstream.url}': secret}}"
        if needs_secret(upstream.kind):
            return f"{name_of(upstream.kind)} needs credentials; pass {argument}=secret"
        return f"it is switched off; pass {argument}=True"


def registry_host(environment: Environment) -> tuple[str | dict[str, str], ...]:
    """Return the own registry of a stack as the pieces of a name, with what only the deployment knows as references."""
    account = environment.account or {"Ref": "AWS::AccountId"}
    region = environment.region or {"Ref": "AWS::Region"}
    suffix: str | dict[str, str] = {"Ref": "AWS::URLSuffix"}
    if environment.region is not None:
        suffix = partition_of(environment.region).url_suffix
    return (account, ".dkr.ecr.", region, ".", suffix)


def _named(place: ImagePlace, written: object, evaluated: object, rule: WantedRule) -> Cached | Left:
    """Return the image behind a rule, with what CloudFormation fills in of its name."""
    head, rest = _split(evaluated if isinstance(evaluated, str) and _is_fixed(written) else written)
    reference = place.reference
    if reference is None:
        return Left(place.image, place.reason)
    name = head.rpartition("/")[2]
    whole = not rest or ":" in name or "@" in name
    if whole:
        # What is known of the reference has the tag and digest that are known; the text has all of them.
        marks = [name.find(mark) for mark in ":@" if mark in name]
        path = reference.repository + (name[min(marks) :] if marks else "")
    elif rule.upstream.kind == "docker-hub" or "/" not in head:
        return Left(place.image, "its repository is known at deployment only; name it in full")
    else:
        path = head.partition("/")[2]
    found = behind(path, rule.prefix, kind=rule.upstream.kind, upstream_prefix=rule.upstream_prefix)
    return Cached(place.image, rule, found, tuple(rest))


def _is_fixed(written: object) -> bool:
    """Tell whether a value comes to the same at every deployment to one account and Region: no parameter is in it."""
    match written:
        case {"Ref": str() as name}:
            return name.startswith(_PSEUDO)
        case {"Fn::GetAtt": _} | {"Fn::ImportValue": _} | {"Fn::Transform": _} | {"Fn::If": _}:
            return False
        case {"Fn::Sub": str() as text} | {"Fn::Sub": [str() as text, _]}:
            named = all(name.startswith(_PSEUDO) for name in _VARIABLE.findall(text))
            return named and "{{resolve:" not in text
        case {}:
            return all(_is_fixed(each) for each in written.values())
        case list():
            return all(_is_fixed(each) for each in written)
    return "{{resolve:" not in str(written)


def _split(written: object) -> tuple[str, Sequence[Any]]:
    """Return what the text of a value begins with, and the rest of it."""
    match written:
        case str():
            return written, ()
        case {"Fn::Join": ["", [str() as first, *rest]]}:
            return first, rest
        case {"Fn::Sub": str() as text}:
            head, dollar, tail = text.partition("${")
            return head, [{"Fn::Sub": f"{dollar}{tail}"}] if dollar else []
    return "", [written]
