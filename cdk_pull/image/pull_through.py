"""Which upstream of ECR's pull-through cache serves an image, what it needs, and how the image is named behind a prefix.

Source: data/pull_through_upstreams.json.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Final, Literal, NamedTuple, cast, get_args

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.patterns import lazy_pattern

__all__ = [
    "KINDS",
    "ROOT",
    "SECRET_KEYS",
    "SECRET_PREFIX",
    "Upstream",
    "UpstreamKind",
    "behind",
    "check_prefix",
    "check_secret_name",
    "default_prefix",
    "name_of",
    "needs_secret",
    "upstream_of",
]

UpstreamKind = Literal[
    "docker-hub",
    "ecr-public",
    "quay",
    "k8s",
    "github-container-registry",
    "gitlab-container-registry",
    "chainguard",
    "azure-container-registry",
    "ecr",
]
"""An upstream as ``UpstreamRegistry`` of a rule names it."""

KINDS: Final[tuple[UpstreamKind, ...]] = get_args(UpstreamKind)
"""Every upstream."""

ROOT: Final = "ROOT"
"""What a rule calls the prefix of all repositories that no other rule is about."""

SECRET_PREFIX: Final = "ecr-pullthroughcache/"  # noqa: S105 - how the name of a secret begins, not a secret
"""How the name of a secret with an upstream's credentials has to begin."""

SECRET_KEYS: Final = ("username", "accessToken")
"""The keys that Amazon ECR reads in such a secret."""

_PREFIX: Final = lazy_pattern(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*", re.ASCII
)
_SHORTEST, _LONGEST = 2, 30
_SECRET: Final = lazy_pattern(r"[a-zA-Z0-9/_+=.@-]+", re.ASCII)
_OFFICIAL: Final = "library/"


class Upstream(NamedTuple):
    """A registry that ECR can cache.

    Attributes:
        registry: its host in an image's name.
        kind: as ``UpstreamRegistry`` of a rule names it.
        url: the host that a rule pulls from.
    """

    registry: str
    kind: UpstreamKind
    url: str

    @property
    def is_one_registry(self) -> bool:
        """Whether the kind alone says which registry it is."""
        return self.kind not in {"ecr", "azure-container-registry"}


def upstream_of(host: str) -> Upstream | None:
    """Return the upstream of a registry; None for one that ECR cannot cache.

    A private Amazon ECR registry is one too: whether it is another than the own one, the caller knows.
    """
    if EcrRegistry.of_host(host) is not None:
        return Upstream(host, "ecr", host.lower().removesuffix(":443"))
    row = next(
        (
            row
            for row in facts_of("pull_through_upstreams")["upstreams"]
            if fnmatchcase(host, row["registry"])
        ),
        None,
    )
    if row is None:
        return None
    return Upstream(host, cast("UpstreamKind", row["upstream"]), row.get("url", host))


def behind(repository: str, prefix: str, *, kind: str = "", upstream_prefix: str = ROOT) -> str:
    """Return a repository's name in a cache; empty where the rule is not about it.

    Args:
        repository: its path at the upstream, to which a tag or digest may be added.
        prefix: of the rule, or ROOT.
        kind: of the upstream: an official image of Docker Hub is in ``library/``.
        upstream_prefix: the part of the upstream that the rule is about, or ROOT.
    """
    if kind == "docker-hub" and "/" not in repository:
        repository = _OFFICIAL + repository
    if upstream_prefix != ROOT:
        within = upstream_prefix.rstrip("/") + "/"
        if not repository.startswith(within):
            return ""
        repository = repository.removeprefix(within)
    return repository if prefix == ROOT else f"{prefix.rstrip('/')}/{repository}"


def needs_secret(kind: UpstreamKind) -> bool:
    """Tell whether a rule for an upstream needs credentials in AWS Secrets Manager."""
    return bool(facts_of("pull_through_upstreams")["kinds"][kind]["secret"])


def name_of(kind: UpstreamKind) -> str:
    """Return an upstream's name for a message."""
    return str(facts_of("pull_through_upstreams")["kinds"][kind]["name"])


def default_prefix(upstream: Upstream, *, account: str | None = None) -> str:
    """Return the prefix of a rule for an upstream where nobody has named one.

    Args:
        upstream: what is cached.
        account: of the cache; None where it is not known.
    """
    prefix = str(facts_of("pull_through_upstreams")["kinds"][upstream.kind]["prefix"])
    if upstream.kind == "azure-container-registry":
        return f"{prefix}/{upstream.url.partition('.')[0]}"
    registry = EcrRegistry.of_host(upstream.url)
    if registry is None:
        return prefix
    return f"{prefix if registry.account == account else registry.account}/{registry.region}"


def check_prefix(prefix: str) -> str:
    """Return a rule's prefix.

    Raises:
        InvalidValueError: for one that a rule rejects.
    """
    fits = isinstance(prefix, str) and _SHORTEST <= len(prefix) <= _LONGEST
    if not fits or not (prefix == ROOT or _PREFIX.fullmatch(prefix)):
        raise InvalidValueError(
            "prefix of a pull-through cache is malformed",
            prefix,
            allowed="2 to 30 lower-case letters, digits, '.', '_', '-' and '/', such as 'docker-hub'; or 'ROOT'",
        )
    return prefix


def check_secret_name(name: str) -> str:
    """Return the name of a secret with an upstream's credentials.

    Raises:
        InvalidValueError: for one that Amazon ECR rejects.
    """
    if not isinstance(name, str) or not name.startswith(SECRET_PREFIX):
        raise InvalidValueError(
            "name of the secret for a pull-through cache is invalid",
            name,
            allowed=f"a name that begins with {SECRET_PREFIX!r}",
            fix="Amazon ECR reads no other secret; create it under such a name",
        )
    if name == SECRET_PREFIX or not _SECRET.fullmatch(name):
        raise InvalidValueError(
            "name of the secret for a pull-through cache is malformed",
            name,
            allowed=f"{SECRET_PREFIX!r} and letters, digits, and any of /_+=.@-",
        )
    return name
