"""PULL311: copies of a repository in other Regions that lose its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.template.ecs.images import immutable_tag
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.model import Resource

__all__ = ["copy_without_settings"]

_TEMPLATE: Final = "AWS::ECR::RepositoryCreationTemplate"
_REPLICATION: Final = "REPLICATION"
_ROOT: Final = "ROOT"


@rule(
    "PULL311",
    "Copies that lose the settings of their repository",
    severity=Severity.WARNING,
    on="cache",
    fix="Set in the creation template what the repository has",
    sources=(
        "Amazon ECR User Guide, Repository creation templates; aws/containers-roadmap issues 1202 and 1690",
    ),
)
def copy_without_settings(cache: Resource, context: CheckContext) -> Iterator[Problem]:
    """The copy of a replicated repository has movable tags, keeps its images for ever, or has no policy.

    ## What it does
    Compares repository creation templates for replication with the repositories of the templates whose names begin
    with their prefix: immutable tags, a life-cycle policy and a repository policy that a repository has and the
    template does not set. `ROOT` counts where no longer prefix fits. A prefix has a slash at its end, written or not:
    one that is the name of a repository is about no copy of it.

    ## Why it matters
    Replication copies images alone. Amazon ECR creates the repository of a copy with the settings of the creation
    template: without them a tag can move at the copy while it cannot at its source, images that expire at the source
    stay and are paid for, and accounts that may pull from the source may not pull from the copy.

    ## Example
    ```yaml
    Copies:
      Type: AWS::ECR::RepositoryCreationTemplate
      Properties: {Prefix: shop, AppliedFor: [REPLICATION]}
    Web:
      Type: AWS::ECR::Repository
      Properties: {RepositoryName: shop/web, ImageTagMutability: IMMUTABLE}
    ```

    ## Use instead
    ```yaml
    Copies:
      Type: AWS::ECR::RepositoryCreationTemplate
      Properties: {Prefix: shop, AppliedFor: [REPLICATION], ImageTagMutability: IMMUTABLE}
    Web:
      Type: AWS::ECR::Repository
      Properties: {RepositoryName: shop/web, ImageTagMutability: IMMUTABLE}
    ```

    In CDK, `ImageRepository` writes the template of each destination by its own settings.

    ## Fix safety
    A creation template applies to repositories that are created after it: change an existing copy by itself.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
    - https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
    - https://github.com/aws/containers-roadmap/issues/1202
    """
    applied = cache.values.get("AppliedFor")
    if cache.type != _TEMPLATE or not isinstance(applied, list) or _REPLICATION not in applied:
        return
    for repository in context.ecs.repositories:
        name = repository.values.get("RepositoryName")
        if not isinstance(name, str):
            continue
        if cache.values.get("Prefix") == name:
            yield Problem(
                message=f"prefix {name} matches repositories below {name}/: copies of {name} are created without the template",
                fix=f"Set Prefix: {name.rpartition('/')[0] or _ROOT}",
                path=("Properties", "Prefix"),
            )
        elif _template_of(name, context) is cache:
            yield from _lost(cache, repository, name)


def _template_of(name: str, context: CheckContext) -> Resource | None:
    """Return the template by which the copy of a repository is created: the one of the longest prefix."""
    fitting: list[tuple[int, Resource]] = []
    for template in context.ecs.creation_templates:
        prefix, applied = template.values.get("Prefix"), template.values.get("AppliedFor")
        if not isinstance(prefix, str) or not isinstance(applied, list) or _REPLICATION not in applied:
            continue
        if prefix == _ROOT:
            fitting.append((0, template))
        elif name.startswith(f"{prefix}/"):
            fitting.append((len(prefix), template))
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def _lost(template: Resource, repository: Resource, name: str) -> Iterator[Problem]:
    if immutable_tag(repository, None) and immutable_tag(template, None) is False:
        yield Problem(
            message=f"copies of {name} get tags that can move; those of {repository.logical_id} are immutable",
            fix=f"Set ImageTagMutability: {repository.values.get('ImageTagMutability')}",
            path=("Properties", "ImageTagMutability")
            if "ImageTagMutability" in template.values
            else ("Properties",),
        )
    for theirs, ours, lost, fix in (
        (
            "LifecyclePolicy",
            "LifecyclePolicy",
            "keep every image forever",
            "Set LifecyclePolicy to the text of",
        ),
        (
            "RepositoryPolicyText",
            "RepositoryPolicy",
            "have no repository policy",
            "Set RepositoryPolicy to that of",
        ),
    ):
        value = repository.values.get(theirs)
        if value and not isinstance(value, Unknown) and template.is_whole and not template.values.get(ours):
            yield Problem(
                message=f"copies of {name} {lost}; {repository.logical_id} has {theirs}",
                fix=f"{fix} {repository.logical_id}",
                path=("Properties",),
            )
