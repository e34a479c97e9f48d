"""PULL310: repositories of a pull-through cache that Amazon ECR cannot create, refresh or keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.lifecycle import read_policy
from cdk_pull.template.ecs.images import immutable_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["cache_repositories"]

_RULE: Final = "AWS::ECR::PullThroughCacheRule"
_CACHE: Final = "PULL_THROUGH_CACHE"
_POLICY: Final = ("Properties", "LifecyclePolicy")
_KMS: Final = frozenset({"KMS", "KMS_DSSE"})


@rule(
    "PULL310",
    "Repositories of a cache that do not work",
    severity=Severity.WARNING,
    on="cache",
    fix="Let the tags of a cache move, and expire its images by their age",
    sources=(
        "Amazon ECR User Guide, Repository creation templates; aws/containers-roadmap issues 2275 and 2398",
    ),
)
def cache_repositories(cache: Resource, context: CheckContext) -> Iterator[Problem]:
    """The repositories of a cache cannot be created, go stale, or lose what tasks run.

    ## What it does
    Checks repository creation templates, and repositories of the templates that have the prefix of a pull-through
    cache rule.

    - A creation template with `ResourceTags` or a KMS key needs `CustomRoleArn`, a role that `ecr.amazonaws.com` can
      assume: an error.
    - Immutable tags in a cache keep a tag as it was first pulled.
    - A life-cycle rule for untagged images takes away what tasks have pinned by its digest.

    ## Why it matters
    Without the role Amazon ECR creates no repository, and no image can be pulled through the cache. With immutable
    tags `latest` never changes again. A tag that moves upstream leaves the image before it untagged, and a running
    deployment still pulls that by its digest.

    ## Example
    ```yaml
    Template:
      Type: AWS::ECR::RepositoryCreationTemplate
      Properties:
        Prefix: hub
        AppliedFor: [PULL_THROUGH_CACHE]
        ResourceTags: [{Key: team, Value: web}]
    ```

    ## Use instead
    ```yaml
        CustomRoleArn: !GetAtt CreationRole.Arn
    ```

    ## Fix safety
    A creation template applies to repositories that are created after it.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
    - https://github.com/aws/containers-roadmap/issues/2275
    - https://github.com/aws/containers-roadmap/issues/2398
    """
    if cache.type == _RULE:
        prefix = cache.values.get("EcrRepositoryPrefix")
        for repository in context.ecs.repositories if isinstance(prefix, str) else ():
            name = repository.values.get("RepositoryName")
            same = repository.template.context.environment == cache.template.context.environment
            if same and isinstance(name, str) and name.startswith(f"{prefix}/"):
                policy = repository.values.get("LifecyclePolicy")
                text = policy.get("LifecyclePolicyText") if isinstance(policy, dict) else None
                yield from _kept(
                    repository,
                    text,
                    (*_POLICY, "LifecyclePolicyText"),
                    f"repository {name} belongs to a cache, and",
                )
        return
    yield from _role(cache, context)
    applied = cache.values.get("AppliedFor")
    if isinstance(applied, list) and _CACHE in applied:
        yield from _kept(cache, cache.values.get("LifecyclePolicy"), _POLICY, "in repositories of a cache,")


def _kept(resource: Resource, policy: Any, path: tuple[PathStep, ...], where: str) -> Iterator[Problem]:
    """Yield what keeps a cache from being refreshed, or takes away what it needs."""
    if immutable_tag(resource, None):
        yield Problem(
            message=f"{where} tags are immutable: a tag that moves upstream is never fetched again",
            fix="Set ImageTagMutability: MUTABLE, or exclude the tags that move",
            path=("Properties", "ImageTagMutability"),
            resource=resource,
        )
    for selection in read_policy(policy):
        if selection.status == "untagged" and not selection.keeps_all:
            yield Problem(
                message=f"{where} rule {selection.priority} of the policy {selection.does} untagged images "
                f"{selection.when}, which tasks may have pinned by their digests",
                fix="Expire images by sinceImagePushed with tagStatus any: what is missing is fetched again",
                path=path,
                resource=resource,
            )


def _role(template: Resource, context: CheckContext) -> Iterator[Problem]:
    values = template.values
    encryption = values.get("EncryptionConfiguration")
    kind = encryption.get("EncryptionType") if isinstance(encryption, dict) else None
    reasons = ["ResourceTags"] if values.get("ResourceTags") else []
    reasons += ["a KMS key"] if isinstance(kind, str) and kind in _KMS else []
    stated = values.get("CustomRoleArn")
    if reasons and stated is None and template.is_whole:
        yield Problem(
            message=f"the template has {' and '.join(reasons)}, and no CustomRoleArn to create repositories with",
            fix="Set CustomRoleArn to a role that ecr.amazonaws.com can assume",
            path=("Properties",),
            severity=Severity.ERROR,
        )
    role = context.ecs.roles.of(stated, template) if stated is not None else ""
    if not isinstance(role, str) and role.trusts("ecr.") is False:
        yield Problem(
            message=f"role {role.resource.logical_id} does not let Amazon ECR assume it",
            fix="Add ecr.amazonaws.com to the Service principals of its AssumeRolePolicyDocument",
            path=("Properties", "CustomRoleArn"),
            severity=Severity.ERROR,
        )
