"""PULL308: a pull-through cache rule that cannot fetch anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.cache_rules import rule_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.model import Resource

__all__ = ["cache_rule"]

_RULE = "AWS::ECR::PullThroughCacheRule"


@rule(
    "PULL308",
    "A pull-through cache that cannot fetch",
    severity=Severity.ERROR,
    on="cache",
    fix="Correct the rule as the message says",
    sources=("data/pull_through_upstreams.json",),
)
def cache_rule(cache: Resource, context: CheckContext) -> Iterator[Problem]:
    """Amazon ECR rejects the pull-through cache rule or its secret.

    ## What it does
    Checks each `AWS::ECR::PullThroughCacheRule`: its prefix (2 to 30 characters, or `ROOT`), the upstream and its URL,
    which is a host without `https://`, and the credentials that Docker Hub, GitHub, GitLab, Azure and Chainguard need.
    The secret has a name that begins with `ecr-pullthroughcache/` and the keys `username` and `accessToken`, is in the
    rule's account and Region, and is encrypted with the key `aws/secretsmanager`.

    ## Why it matters
    Some of these fail the deployment. The others are found by the first task that pulls through the cache:
    `CannotPullContainerError … the authentication to the upstream registry failed`.

    ## Example
    ```yaml
    Rule:
      Type: AWS::ECR::PullThroughCacheRule
      Properties: {EcrRepositoryPrefix: hub, UpstreamRegistry: docker-hub, UpstreamRegistryUrl: https://docker.io}
    ```

    ## Use instead
    ```yaml
    Rule:
      Type: AWS::ECR::PullThroughCacheRule
      Properties:
        EcrRepositoryPrefix: hub
        UpstreamRegistry: docker-hub
        UpstreamRegistryUrl: registry-1.docker.io
        CredentialArn: !Ref HubSecret   # Name: ecr-pullthroughcache/hub
    ```

    ## Fix safety
    Another prefix, upstream or secret replaces the rule; another name replaces the secret.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html
    """
    for fault in rule_faults(cache, context) if cache.type == _RULE else ():
        yield Problem(
            message=fault.what,
            fix=fault.fix,
            path=("Properties", fault.property) if fault.property else ("Properties",),
            resource=fault.resource,
        )
