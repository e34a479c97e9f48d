"""The rules of a registry's pull-through caches, with all that they need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_pull.cdk.images.cache_grants import grant_cache_pulls
from cdk_pull.cdk.images.cache_request import ARGUMENTS, CacheRequest, RepositorySettings
from cdk_pull.cdk.images.cache_secrets import credential_arn
from cdk_pull.cdk.synth.depend import depend
from cdk_pull.cdk.synth.environment import environment_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.image.ecr_policies import (
    CACHE_SERVICE,
    CREATION_SERVICE,
    creation_statements,
    expiry_policy,
    upstream_statements,
)
from cdk_pull.image.pull_through import ROOT, upstream_of
from cdk_pull.template.cached_images import Cached, WantedRule, registry_host

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns

    from cdk_pull.cdk.images.cache_request import Upstreams

__all__ = ["CacheRules", "PullThroughCacheRules"]

_PATTERN: Final = {
    "source": ["aws.ecr"],
    "detail_type": ["ECR Pull Through Cache Action"],
}


class CacheRules(Construct):
    """The rules of one registry; each is made when it is first asked for."""

    def __init__(self, scope: Construct, id: str, request: CacheRequest) -> None:  # noqa: A002 - the name that every construct gives it
        super().__init__(scope, id)
        self._request = request
        self._rules: dict[str, ecr.CfnPullThroughCacheRule] = {}
        self._alarmed = False

    def rule(self, wanted: WantedRule) -> ecr.CfnPullThroughCacheRule:
        """Return the rule that an image is to be behind.

        Raises:
            UnsupportedError: if its secret is one that Amazon ECR does not read.
        """
        known = self._rules.get(wanted.prefix)
        if known is None:
            known = self._rules[wanted.prefix] = self._make(wanted)
            self._alarm()
        return known

    def _make(self, wanted: WantedRule) -> ecr.CfnPullThroughCacheRule:
        stack = cdk.Stack.of(self)
        name = re.sub(r"[^A-Za-z0-9]", "", wanted.prefix.title())
        upstream = wanted.upstream
        argument, secret = self._request.secrets.get(upstream.url, ("", None))
        arn = None if secret is None else credential_arn(argument, secret, stack)
        template = self._template(name, wanted.prefix)
        role = self._upstream_role(name, wanted) if upstream.kind == "ecr" else None
        rule = ecr.CfnPullThroughCacheRule(
            self,
            name,
            ecr_repository_prefix=wanted.prefix,
            upstream_registry=upstream.kind,
            upstream_registry_url=upstream.url,
            credential_arn=arn,
            custom_role_arn=None if role is None else role.role_arn,
        )
        # A template is not retroactive: what is pulled before it is there keeps the defaults.
        depend(rule, template)
        return rule

    def _template(self, name: str, prefix: str) -> ecr.CfnRepositoryCreationTemplate:
        settings = self._request.settings
        key = settings.encryption_key
        creation = ecr.CfnRepositoryCreationTemplate
        role = self._creation_role(name, prefix) if key is not None or settings.tags else None
        return creation(
            self,
            f"{name}Repositories",
            prefix=prefix,
            applied_for=["PULL_THROUGH_CACHE"],
            description="Repositories of a pull-through cache",
            # An immutable tag would never be fetched again.
            image_tag_mutability="MUTABLE",
            lifecycle_policy=None if settings.expire_days is None else expiry_policy(settings.expire_days),
            encryption_configuration=None
            if key is None
            else creation.EncryptionConfigurationProperty(encryption_type="KMS", kms_key=key.key_arn),
            resource_tags=[cdk.CfnTag(key=key, value=value) for key, value in settings.tags.items()] or None,
            custom_role_arn=None if role is None else role.role_arn,
        )

    def _creation_role(self, name: str, prefix: str) -> iam.Role:
        key = self._request.settings.encryption_key
        role = iam.Role(self, f"{name}CreationRole", assumed_by=iam.ServicePrincipal(CREATION_SERVICE))
        keys = () if key is None else (key.key_arn,)
        _allow(role, creation_statements([self._arn(prefix)], keys))
        return role

    def _upstream_role(self, name: str, wanted: WantedRule) -> iam.Role:
        registry = EcrRegistry.of_host(wanted.upstream.url)
        if registry is None:
            raise InvalidValueError("not a registry of Amazon ECR", wanted.upstream.url, allowed="its host")
        role = iam.Role(self, f"{name}UpstreamRole", assumed_by=iam.ServicePrincipal(CACHE_SERVICE))
        partition = cdk.Stack.of(self).partition
        theirs = f"arn:{partition}:ecr:{registry.region}:{registry.account}:repository/*"
        _allow(role, upstream_statements([theirs], [self._arn(wanted.prefix)]))
        return role

    def _arn(self, prefix: str) -> str:
        return cdk.Stack.of(self).format_arn(
            service="ecr", resource="repository", resource_name="*" if prefix == ROOT else f"{prefix}/*"
        )

    def _alarm(self) -> None:
        """Alarm when an upstream fails, as it does when a token has expired."""
        settings = self._request.settings
        if self._alarmed or not settings.alarm:
            return
        self._alarmed = True
        failed = events.Rule(
            self,
            "FailedUpstream",
            description="A pull-through cache could not fetch an image from its upstream",
            event_pattern=events.EventPattern(
                **_PATTERN, detail={"sync-status": events.Match.anything_but("SUCCESS")}
            ),
        )
        alarm = cloudwatch.Alarm(
            self,
            "FailedUpstreamAlarm",
            alarm_description="A pull-through cache of Amazon ECR could not fetch an image from its upstream; the event's "
            "failure-reason says why. An expired access token is the usual cause.",
            metric=cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="TriggeredRules",
                dimensions_map={"RuleName": failed.rule_name},
                statistic="Sum",
                period=cdk.Duration.minutes(5),
            ),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        for topic in settings.alarm_topics:
            alarm.add_alarm_action(actions.SnsAction(topic))


class PullThroughCacheRules(CacheRules):
    """Make the rules of pull-through caches in one stack, for the images that you name.

    PullThroughCache does it for every stack of an app, and for the images that are there. Use this one for a stack of
    its own with the rules of an account, or for a few images::

        caches = PullThroughCacheRules(self, "Caches", docker_hub=secret)
        task.add_container("web", image=caches.image("nginx:1.27.2"))

    A PullThroughCache in the same app uses the rules that are here. A rule is made for each upstream that is asked for:
    by a secret, by True, or by an image.

    Args:
        expire_after: when a cached image goes, in whole days since it was fetched. 90 days by default.
        never_expire: whether cached images stay. False by default.
        encryption_key: the KMS key of the repositories. AES-256 by default.
        tags: of the repositories. None by default.
        alarm: whether to make an alarm on failing upstreams, about $0.10 per month. True by default.
        alarm_topics: SNS topics that it notifies. None by default.
        upstreams: as of PullThroughCache.

    Raises:
        InvalidValueError: for a secret, prefix or host that cannot be right.
        UnsupportedError: if a secret is one that Amazon ECR does not read.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that every construct gives it
        *,
        expire_after: cdk.Duration | None = None,
        never_expire: bool = False,
        encryption_key: kms.IKey | None = None,
        tags: dict[str, str] | None = None,
        alarm: bool = True,
        alarm_topics: Sequence[sns.ITopic] = (),
        **upstreams: Unpack[Upstreams],
    ) -> None:
        """Make the rules of pull-through caches in one stack, for the images that you name."""
        settings = RepositorySettings.of(
            expire_after=expire_after,
            never_expire=never_expire,
            encryption_key=encryption_key,
            tags=tags,
            alarm=alarm,
            alarm_topics=alarm_topics,
        )
        request = CacheRequest.of(upstreams, (), settings)
        super().__init__(scope, id, request)
        self._plan = request.plan
        account = environment_of(cdk.Stack.of(self)).account
        asked = {each for each in upstreams if upstreams.get(each) is not None}
        for url in sorted(request.plan.urls):
            upstream = upstream_of("docker.io" if url == "registry-1.docker.io" else url)
            if upstream is not None and (url in request.secrets or _is_asked(upstream.kind, asked)):
                self.rule(self._plan.wanted(upstream, account))

    def image(self, name: str) -> ecs.ContainerImage:
        """Return an image by its own name, to be pulled through the cache; its task's execution role may do so.

        Args:
            name: such as ``nginx:1.27.2`` or ``public.ecr.aws/nginx/nginx:1.27``.

        Raises:
            InvalidValueError: for a name that is none, and for an image that no rule here caches.
        """
        environment = environment_of(cdk.Stack.of(self))
        found = self._plan.of(name, name, environment, {})
        if not isinstance(found, Cached):
            reason = "it is in this registry already" if found is None else found.reason
            raise InvalidValueError(
                f"{name} cannot be pulled through a cache here: {reason}", name, allowed="another image"
            )
        return _CachedImage(self, found)


class _CachedImage(ecs.ContainerImage):
    """An image behind a rule, whose task may pull it."""

    def __init__(self, rules: CacheRules, cached: Cached) -> None:
        super().__init__()
        self._rules = rules
        self._cached = cached

    def bind(
        self, scope: Construct, container_definition: ecs.ContainerDefinition
    ) -> ecs.ContainerImageConfig:
        """Called by CDK when the image becomes a container's."""
        task = container_definition.task_definition
        definition = task.node.default_child
        rule = self._rules.rule(self._cached.rule)
        if isinstance(definition, ecs.CfnTaskDefinition):
            depend(definition, rule)
            grant_cache_pulls(definition, [self._cached])
        environment = environment_of(cdk.Stack.of(scope))
        host = "".join(
            each if isinstance(each, str) else _pseudo(each["Ref"]) for each in registry_host(environment)
        )
        return ecs.ContainerImageConfig(image_name=f"{host}/{self._cached.path}")


def _pseudo(name: str) -> str:
    return {
        "AWS::AccountId": cdk.Aws.ACCOUNT_ID,
        "AWS::Region": cdk.Aws.REGION,
        "AWS::URLSuffix": cdk.Aws.URL_SUFFIX,
    }[name]


def _is_asked(kind: str, asked: set[str]) -> bool:
    return ARGUMENTS[kind] in asked


def _allow(role: iam.Role, statements: Sequence[dict[str, Any]]) -> None:
    for each in statements:
        role.add_to_principal_policy(iam.PolicyStatement.from_json(each))
