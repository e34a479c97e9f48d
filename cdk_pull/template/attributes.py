"""What ``Ref`` and ``Fn::GetAtt`` give for the resources that pulls are about; for all others, an unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cdk_pull.template.context import Context, section
from cdk_pull.template.values import Unknown, concat, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Evaluate: TypeAlias = Callable[[Any, Context], Any]

__all__ = ["attribute", "reference"]

_REPOSITORY: Final = "AWS::ECR::Repository"
_NESTED: Final = "AWS::CloudFormation::Stack"
_READER: Final = "Custom::CrossRegionExportReader"
_NAMES: Final = {
    _REPOSITORY: "RepositoryName",
    "AWS::ECR::PullThroughCacheRule": "EcrRepositoryPrefix",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::CapacityProvider": "Name",
}
"""The property whose value ``Ref`` gives, when the user has set it."""


def reference(logical_id: str, context: Context, evaluate: Evaluate) -> Any:
    """Return what ``Ref`` of a resource gives."""
    known = context.references.get(logical_id)
    if known is not None:
        return known
    kind, properties = _resource(logical_id, context)
    named = _NAMES.get(kind)
    if named and named in properties:
        name = context.guard.once(
            logical_id, ("name", context.home, logical_id), lambda: evaluate(properties[named], context)
        )
        if text_of(name) is not None:
            return name
    known = context.references[logical_id] = Unknown(
        reason=f"the deployment gives {logical_id} its name"
        if kind
        else f"{logical_id} is not in the template",
        symbol=logical_id,
        home=context.home,
        # The name of a repository holds neither a colon nor an at sign, and that of nothing of AWS's own a comma.
        never=":@, " if kind == _REPOSITORY else "," if kind.startswith("AWS::") else "",
        origin={"Ref": logical_id},
    )
    return known


def attribute(logical_id: str, name: str, context: Context, evaluate: Evaluate) -> Any:
    """Return what ``Fn::GetAtt`` of a resource gives."""
    kind, _ = _resource(logical_id, context)
    if kind == _REPOSITORY and name in {"Arn", "RepositoryUri"}:
        # CDK writes the name of an image as pieces of its repository's ARN: for each image it is asked for five times.
        known = context.references.get(f"{logical_id}.{name}")
        if known is not None:
            return known
        account, region = context.pseudo("AWS::AccountId"), context.pseudo("AWS::Region")
        repository = reference(logical_id, context, evaluate)
        if name == "Arn":
            partition = context.pseudo("AWS::Partition")
            pieces: tuple[Any, ...] = (
                "arn:",
                partition,
                ":ecr:",
                region,
                ":",
                account,
                ":repository/",
                repository,
            )
        else:
            pieces = (account, ".dkr.ecr.", region, ".", context.pseudo("AWS::URLSuffix"), "/", repository)
        known = context.references[f"{logical_id}.{name}"] = concat(pieces)
        return known
    if kind == _NESTED and name.startswith("Outputs.") and context.links is not None:
        links, output = context.links, name.removeprefix("Outputs.")
        return context.guard.once(
            output,
            ("nested", context.home, logical_id, output),
            lambda: links.nested_output(context.home, logical_id, output),
        )
    if kind == _READER and context.links is not None:
        links = context.links
        return context.guard.once(name, ("sent", name), lambda: links.sent_across_regions(name))
    return Unknown(
        reason=f"the deployment gives {logical_id} its {name}"
        if kind
        else f"{logical_id} is not in the template",
        symbol=f"{logical_id}.{name}",
        home=context.home,
        origin={"Fn::GetAtt": [logical_id, name]},
    )


def _resource(logical_id: str, context: Context) -> tuple[str, dict[str, Any]]:
    resource = context.resources.get(logical_id)
    if not isinstance(resource, dict):
        return "", {}
    return str(resource.get("Type", "")), section(resource, "Properties")
