"""Public images pulled through caches in the own registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.cdk.images.cache_request import CacheRequest, RepositorySettings, existing_plan
from cdk_pull.cdk.images.stage_caches import StageCaches
from cdk_pull.cdk.synth.tasks import TaskMixin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self, Unpack

    import aws_cdk as cdk
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns

    from cdk_pull.cdk.images.cache_request import Upstreams

__all__ = ["PullThroughCache"]


class PullThroughCache(TaskMixin):
    """Pull the public images of an app, a stack or a task definition through caches in its own registry.

    Apply it to whatever holds task definitions, in any order with other mixins::

        cdk.Mixins.of(app).apply(PullThroughCache(docker_hub=secret))

    When CDK writes the templates, every container's image is looked at, sidecars and L1 task definitions included. For
    each account and Region, and for the upstreams that are in use there, once:

    - an ``AWS::ECR::PullThroughCacheRule``, after its creation template: tags move, as upstream, and images expire by
      their age in the cache, never because they are untagged. They are in the stack of the secret, or in the first
      stack that uses them; the others depend on it.
    - an alarm on failing upstreams, such as an expired token.

    The images are named by the cache, with their tags and digests: ``nginx:1.27`` becomes
    ``….dkr.ecr.….amazonaws.com/docker-hub/library/nginx:1.27``. The execution roles may pull, import and create below
    the prefix, and nothing else. Rules that are in the app already are used. An image that no upstream serves stays as
    it is, with the warning ``cdk-pull:notCached``; a subnet without the way to the internet that a first pull needs is
    the warning ``cdk-pull:firstPull``. No logical id changes. A task definition gets a new revision, and a role where
    it has none.

    A cached image costs storage, about $0.10 per GB and month (data/ecr_prices.json). A tag that moves upstream arrives
    within 24 hours.

    Args:
        allow: glob patterns of images that stay where they are, as of SameRegionImages.
        expire_after: when a cached image goes, in whole days since it was fetched. 90 days by default.
        never_expire: whether cached images stay. False by default.
        encryption_key: the KMS key of the repositories. AES-256 by default.
        tags: of the repositories. None by default.
        alarm: whether to make an alarm on failing upstreams, about $0.10 per month. True by default.
        alarm_topics: SNS topics that it notifies. None by default.
        upstreams: which upstreams to cache, and with which secrets: ``docker_hub``, ``ecr_public``, ``quay``, ``k8s``,
            ``github``, ``gitlab``, ``chainguard``, ``azure``, ``ecr`` and ``prefixes``.

    Raises:
        ConflictError: for settings that exclude one another.
        InvalidValueError: for a secret, prefix, host or pattern that cannot be right.
    """

    work = StageCaches

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        expire_after: cdk.Duration | None = None,
        never_expire: bool = False,
        encryption_key: kms.IKey | None = None,
        tags: Mapping[str, str] | None = None,
        alarm: bool = True,
        alarm_topics: Sequence[sns.ITopic] = (),
        **upstreams: Unpack[Upstreams],
    ) -> None:
        """Pull the public images of an app, a stack or a task definition through caches in its own registry."""
        settings = RepositorySettings.of(
            expire_after=expire_after,
            never_expire=never_expire,
            encryption_key=encryption_key,
            tags=tags,
            alarm=alarm,
            alarm_topics=alarm_topics,
        )
        super().__init__(CacheRequest.of(upstreams, allow, settings))

    @classmethod
    def from_prefixes(cls, prefixes: Mapping[str, str], *, allow: Sequence[str] = ()) -> Self:
        """Use the rules that an account has already: images are named, roles are allowed, and no rule is made.

        Args:
            prefixes: those of the rules, by the argument of the upstream or by its host:
                ``{"docker_hub": "docker-hub", "111122223333.dkr.ecr.us-east-1.amazonaws.com": "central"}``.
            allow: glob patterns of images that stay where they are.

        Raises:
            InvalidValueError: for a prefix, an upstream or a pattern that cannot be right.
        """
        made = cls()
        made.request = CacheRequest(plan=existing_plan(prefixes, allow), makes_rules=False)
        return made
