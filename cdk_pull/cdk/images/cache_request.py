"""What a PullThroughCache is asked for, checked where it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

import aws_cdk as cdk

from cdk_pull.cdk.images.cache_secrets import check_secret
from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.image.allow_list import AllowList
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.image.pull_through import KINDS, check_prefix, needs_secret, upstream_of
from cdk_pull.records import dataclass, field
from cdk_pull.template.cached_images import CachePlan, KnownRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns

    from cdk_pull.cdk.images.cache_secrets import SecretLike

__all__ = ["ARGUMENTS", "CacheRequest", "RepositorySettings", "Upstreams", "existing_plan"]

ARGUMENTS: Final[Mapping[str, str]] = {
    "docker-hub": "docker_hub",
    "ecr-public": "ecr_public",
    "quay": "quay",
    "k8s": "k8s",
    "github-container-registry": "github",
    "gitlab-container-registry": "gitlab",
    "chainguard": "chainguard",
    "azure-container-registry": "azure",
    "ecr": "ecr",
}
"""The argument for each upstream, by its kind."""

_URLS: Final[Mapping[str, str]] = {
    "docker-hub": "registry-1.docker.io",
    "ecr-public": "public.ecr.aws",
    "quay": "quay.io",
    "k8s": "registry.k8s.io",
    "github-container-registry": "ghcr.io",
    "gitlab-container-registry": "registry.gitlab.com",
    "chainguard": "cgr.dev",
}
_DAYS: Final = 90
_FEWEST_HOURS: Final = 24
_AZURE: Final = "azure-container-registry"


class Upstreams(TypedDict, total=False):
    """The upstreams to cache, and with what.

    A secret is one of AWS Secrets Manager, its ARN, or its name for stacks in several Regions and accounts. Its name
    begins with ``ecr-pullthroughcache/``, its keys are ``username`` and ``accessToken``, and it is encrypted with the
    default key ``aws/secretsmanager``.

    Attributes:
        docker_hub: the secret for Docker Hub.
        ecr_public: whether to cache Amazon ECR Public. True by default.
        quay: whether to cache Quay. True by default.
        k8s: whether to cache the Kubernetes registry. True by default.
        github: the secret for GitHub Container Registry.
        gitlab: the secret for GitLab Container Registry.
        chainguard: the secret for Chainguard Registry.
        azure: the secrets for Azure Container Registry, by host: ``{"contoso.azurecr.io": secret}``.
        ecr: whether to cache the registries that the stack's own account has in other Regions, True by default; or the
            hosts of private Amazon ECR registries to cache, of other accounts, too.
        prefixes: those of the rules in place of the usual ones, by argument or by host: ``{"docker_hub": "hub"}``.
    """

    docker_hub: SecretLike | None
    ecr_public: bool
    quay: bool
    k8s: bool
    github: SecretLike | None
    gitlab: SecretLike | None
    chainguard: SecretLike | None
    azure: Mapping[str, SecretLike] | None
    ecr: bool | Sequence[str]
    prefixes: Mapping[str, str] | None


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """How Amazon ECR creates the repositories of a cache, and who hears of a failing upstream.

    Attributes:
        expire_days: when a cached image goes, in days since it was fetched; None for never.
        encryption_key: the KMS key of the repositories; AES-256 without one.
        tags: of the repositories.
        alarm: whether to make an alarm on failing upstreams.
        alarm_topics: whom it notifies.
    """

    expire_days: int | None = _DAYS
    encryption_key: kms.IKey | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    alarm: bool = True
    alarm_topics: tuple[sns.ITopic, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        expire_after: cdk.Duration | None,
        never_expire: bool,
        encryption_key: Any,
        tags: Any,
        alarm: Any,
        alarm_topics: Any,
    ) -> RepositorySettings:
        """Return settings as they are given.

        Raises:
            ConflictError: for an expiry beside ``never_expire``.
            InvalidValueError: for any other value that cannot be right.
        """
        if _flag("never_expire", never_expire) and expire_after is not None:
            raise ConflictError(
                "expire_after and never_expire=True exclude one another: leave one of them out"
            )
        if encryption_key is not None and not hasattr(encryption_key, "key_arn"):
            raise InvalidValueError("encryption_key is not a KMS key", encryption_key, allowed="a kms.Key")
        if tags is not None and (
            not hasattr(tags, "items")
            or not all(isinstance(each, str) for pair in tags.items() for each in pair)
        ):
            raise InvalidValueError("tags must be strings by strings", tags, allowed="{'team': 'web'}")
        for topic in (topics := _listed("alarm_topics", alarm_topics)):
            if not hasattr(topic, "topic_arn"):
                raise InvalidValueError(
                    "alarm_topics has something that is not a topic", topic, allowed="sns.Topic"
                )
        if topics and not _flag("alarm", alarm):
            raise ConflictError("alarm_topics beside alarm=False: leave one of them out")
        return cls(
            expire_days=None if never_expire else _days(expire_after),
            encryption_key=encryption_key,
            tags=dict(tags or {}),
            alarm=_flag("alarm", alarm),
            alarm_topics=topics,
        )


@dataclass(frozen=True, kw_only=True)
class CacheRequest:
    """What one PullThroughCache asks for.

    Attributes:
        plan: what is cached, and behind which prefixes.
        secrets: those of upstreams, by the host that a rule pulls from, each with the argument it was given for.
        settings: of the repositories and the alarm.
        makes_rules: whether it makes rules; otherwise they are there already.
    """

    plan: CachePlan
    secrets: Mapping[str, tuple[str, SecretLike]] = field(default_factory=dict)
    settings: RepositorySettings = RepositorySettings()
    makes_rules: bool = True

    @classmethod
    def of(cls, upstreams: Upstreams, allow: Sequence[str], settings: RepositorySettings) -> CacheRequest:
        """Return a request as it is given.

        Raises:
            InvalidValueError: for what cannot be right, with what would be.
        """
        unknown = sorted(set(upstreams) - {*ARGUMENTS.values(), "prefixes"})
        if unknown:
            raise InvalidValueError("unknown upstream", unknown[0], allowed=sorted(ARGUMENTS.values()))
        given: dict[str, Any] = {**upstreams}
        urls: set[str] = set()
        secrets: dict[str, tuple[str, SecretLike]] = {}
        for kind, url in _URLS.items():
            argument = ARGUMENTS[kind]
            value = given.get(argument)
            if needs_secret(next(each for each in KINDS if each == kind)):
                if value is not None:
                    secrets[url] = argument, check_secret(argument, value)
                    urls.add(url)
            elif _flag(argument, True if value is None else value):
                urls.add(url)
        for host, secret in _azure(given.get("azure")).items():
            secrets[host] = f"azure[{host!r}]", check_secret(f"azure[{host!r}]", secret)
            urls.add(host)
        ecr = given.get("ecr")
        own_regions = ecr if isinstance(ecr, bool) else ecr is None
        if not own_regions and ecr is not False:
            urls |= {_ecr_host(host) for host in _listed("ecr", ecr)}
        plan = CachePlan(
            urls=frozenset(urls),
            prefixes=_prefixes(given.get("prefixes")),
            own_regions=own_regions,
            arguments=ARGUMENTS,
            allow=AllowList.of(allow),
        )
        return cls(plan=plan, secrets=secrets, settings=settings)


def existing_plan(prefixes: Mapping[str, str], allow: Sequence[str]) -> CachePlan:
    """Return the plan for rules that are in the account already.

    Raises:
        InvalidValueError: for a prefix or an upstream that there is not.
    """
    known = tuple(KnownRule(url, prefix) for url, prefix in _prefixes(prefixes).items())
    if not known:
        raise InvalidValueError(
            "no existing rule is given",
            prefixes,
            allowed="prefixes by upstream, such as {'docker_hub': 'docker-hub'}",
        )
    return CachePlan(existing=known, allow=AllowList.of(allow))


def _prefixes(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not hasattr(given, "items"):
        raise InvalidValueError(
            "prefixes must be a mapping",
            given,
            allowed="prefixes by upstream, such as {'docker_hub': 'docker-hub'}",
        )
    found: dict[str, str] = {}
    for key, prefix in given.items():
        url = _url_of(key)
        if check_prefix(prefix) in found.values():
            raise InvalidValueError(
                "two upstreams have one prefix", prefix, allowed="another prefix for each"
            )
        found[url] = prefix
    return found


def _url_of(key: Any) -> str:
    """Return the host that a rule for an upstream pulls from, by the upstream's argument, kind or host."""
    by_name = {ARGUMENTS[kind]: url for kind, url in _URLS.items()} | dict(_URLS)
    if key in by_name:
        return by_name[key]
    upstream = upstream_of(key) if isinstance(key, str) else None
    if upstream is None:
        raise InvalidValueError(
            "unknown upstream in prefixes",
            key,
            allowed=f"{', '.join(sorted(set(by_name) & set(ARGUMENTS.values())))}, or the host of a registry that ECR can cache",
        )
    return upstream.url


def _azure(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    form = "secrets by host, such as {'contoso.azurecr.io': secret}"
    if not hasattr(given, "items"):
        raise InvalidValueError("azure must be a mapping", given, allowed=form)
    for host in given:
        upstream = upstream_of(host) if isinstance(host, str) else None
        if upstream is None or upstream.kind != _AZURE:
            raise InvalidValueError(
                "azure has a host that is not of Azure Container Registry", host, allowed=form
            )
    return dict(given)


def _ecr_host(host: Any) -> str:
    registry = EcrRegistry.of_host(host) if isinstance(host, str) else None
    if registry is None:
        raise InvalidValueError(
            "ecr has something that is not a private Amazon ECR registry",
            host,
            allowed="hosts such as '111122223333.dkr.ecr.us-east-1.amazonaws.com'",
        )
    return str(host).lower().removesuffix(":443")


def _listed(name: str, value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise InvalidValueError(f"{name} must be a list", value, allowed=f"[{value!r}]")
    return tuple(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError(f"{name} must be True or False", value, allowed="True or False")
    return value


def _days(asked: Any) -> int:
    if asked is None:
        return _DAYS
    if not isinstance(asked, cdk.Duration):
        raise InvalidValueError("expire_after must be a duration", asked, allowed="cdk.Duration.days(30)")
    hours = asked.to_hours(integral=False)
    if hours < _FEWEST_HOURS or hours % _FEWEST_HOURS:
        raise InvalidValueError(
            "expire_after is not a whole number of days",
            asked.to_human_string(),
            allowed="cdk.Duration.days(1) or more",
        )
    return int(hours) // _FEWEST_HOURS
