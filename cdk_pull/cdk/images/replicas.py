"""What the destinations of replication need, so that a copy is kept as the repository is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from cdk_pull.cdk.fargate.apply_size import is_token
from cdk_pull.cdk.synth.complete import when_complete
from cdk_pull.cdk.synth.constructs import identity, stage_of, warn
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.depend import depend_on_stack
from cdk_pull.cdk.synth.written import logical_ids, written_template
from cdk_pull.decision import Decision
from cdk_pull.image.ecr import ecr_prices

if TYPE_CHECKING:
    from cdk_pull.cdk.images.replication import Destination

__all__ = ["prepare_replicas"]

_STACK: Final = "CdkPullReplicas"
_POLICY: Final = "RegistryPolicy"
_WARNING: Final = "cdk-pull:replicaPolicy"
_SHARED: Final = "cdk-pull:replicaSettings"
_ROOT: Final = "ROOT"
_COPIED: Final = (
    "ImageTagMutability",
    "ImageTagMutabilityExclusionFilters",
    "LifecyclePolicy",
    "RepositoryPolicyText",
)
# By the template's identity, as jsii makes a new Python object for it at each turn.
_FILLS: Final[dict[str, _Fill]] = {}


def prepare_replicas(
    repository: ecr.Repository, name: str, destinations: tuple[Destination, ...], home: cdk.Stack
) -> None:
    """Have each destination create the copy with the repository's settings, and accept it from another account.

    Repositories of one namespace share a template: where their settings differ, those of the first count, with a warning.

    Amazon ECR copies images alone. A repository creation template at the destination gives the copy the tag mutability,
    the life-cycle policy and the repository policy; in another account a registry policy lets the copy in.

    Args:
        repository: what is copied.
        name: of it.
        destinations: where to.
        home: the stack of the replication configuration, which is deployed after the destinations.
    """
    for destination in destinations:
        if is_token(destination.region):
            continue
        stack = _stack(repository, destination)
        record(_template(stack, repository, name).node, _decision(repository, name))
        depend_on_stack(home, stack)
        if destination.account is not None:
            _accept(stack, name, cdk.Stack.of(repository).account)


def _template(stack: cdk.Stack, repository: ecr.Repository, name: str) -> ecr.CfnRepositoryCreationTemplate:
    """Return the template of a destination by which the copy is created, made or shared.

    A template has a namespace, as Amazon ECR reads its prefix with a slash at its end: there is none for one repository.
    """
    namespace = _namespace(name)
    # A repository's name has no two hyphens in a row, so that two namespaces never get one id.
    construct = f"Copies-{namespace.replace('/', '--')}"
    known = stack.node.try_find_child(construct)
    if isinstance(known, ecr.CfnRepositoryCreationTemplate):
        _FILLS[identity(known)].repositories.append(repository)
        return known
    template = ecr.CfnRepositoryCreationTemplate(
        stack,
        construct,
        prefix=namespace,
        applied_for=["REPLICATION"],
        description=f"Copies of {'all repositories' if namespace == _ROOT else f'{namespace}/'}",
    )
    _FILLS[identity(template)] = fill = _Fill(repository, template)
    when_complete(template, fill)
    return template


def _namespace(name: str) -> str:
    """Return the prefix of a creation template that is about a repository."""
    return name.rpartition("/")[0] or _ROOT


def _decision(repository: ecr.Repository, name: str) -> Decision:
    namespace = _namespace(name)
    others = "every copy in the registry" if namespace == _ROOT else f"every copy in {namespace}/"
    return Decision(
        topic="replication",
        decided=f"copies of {name} get the tag mutability, life cycle and policy of {repository.node.path}",
        why="Amazon ECR copies images alone, and creates the copy's repository with the settings of a creation template",
        cost=f"storage of every copy, about ${ecr_prices().storage:.2f} per GB and month, and about "
        f"${ecr_prices().transfer:.2f} per GB to copy it",
        confidence=f"a template applies to repositories that are created after it, and about {others} without a template of "
        "a longer prefix",
    )


class _Fill:
    """Gives a template the settings of its repositories, once nobody changes these any more."""

    def __init__(self, repository: ecr.Repository, template: ecr.CfnRepositoryCreationTemplate) -> None:
        self.repositories = [repository]
        self._template = template

    def __call__(self) -> None:
        first, *others = self.repositories
        settings = _settings(first)
        if settings is None:
            return
        for other in others:
            if _settings(other) != settings:
                warn(
                    other,
                    _SHARED,
                    f"its copies get the settings of {first.node.path}, which differ: Amazon ECR creates copies by their "
                    f"namespace, {self._template.prefix}; give both the same settings, or names in different namespaces",
                )
        template, policy = self._template, settings.pop("RepositoryPolicyText")
        template.image_tag_mutability = settings["ImageTagMutability"]
        filters = settings["ImageTagMutabilityExclusionFilters"]
        if isinstance(filters, list):
            kind = ecr.CfnRepositoryCreationTemplate.ImageTagMutabilityExclusionFilterProperty
            template.image_tag_mutability_exclusion_filters = [
                kind(
                    image_tag_mutability_exclusion_filter_type=each["ImageTagMutabilityExclusionFilterType"],
                    image_tag_mutability_exclusion_filter_value=each[
                        "ImageTagMutabilityExclusionFilterValue"
                    ],
                )
                for each in filters
            ]
        lifecycle = settings["LifecyclePolicy"]
        if isinstance(lifecycle, dict) and isinstance(lifecycle.get("LifecyclePolicyText"), str):
            template.lifecycle_policy = lifecycle["LifecyclePolicyText"]
        if policy is None:
            return
        if _is_plain(policy):
            template.repository_policy = json.dumps(policy, separators=(",", ":"))
        else:
            warn(
                first,
                _WARNING,
                "its policy names resources of its stack, which other Regions do not know: the copies have no policy; use ARNs "
                "as strings",
            )


def _settings(repository: ecr.Repository) -> dict[str, Any] | None:
    """Return what a copy should have of a repository, as its template has it."""
    definition = repository.node.default_child
    if not isinstance(definition, ecr.CfnRepository):
        return None
    # What changes it later, such as add_lifecycle_rule, is in no property that Python sees.
    stack = cdk.Stack.of(definition)
    (logical_id,) = logical_ids(stack, [definition])
    properties = written_template(stack)["Resources"].get(logical_id, {}).get("Properties", {})
    return {name: properties.get(name) for name in _COPIED}


def _is_plain(value: Any) -> bool:
    """Tell whether a value holds no reference that only one stack can resolve."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return not any(key == "Ref" or key.startswith("Fn::") for key in value) and all(
            map(_is_plain, value.values())
        )
    return True


def _stack(repository: ecr.Repository, destination: Destination) -> cdk.Stack:
    """Return the stage's stack for a destination."""
    own = cdk.Stack.of(repository).account
    account = destination.account or (None if is_token(own) else own)
    name = "-".join(each for each in (_STACK, destination.account, destination.region) if each is not None)
    stage: Any = stage_of(repository)
    known = stage.node.try_find_child(name)
    if isinstance(known, cdk.Stack):
        return known
    return cdk.Stack(
        stage,
        name,
        env=cdk.Environment(account=account, region=destination.region),
        description="What copies of Amazon ECR repositories need in this Region",
    )


def _accept(stack: cdk.Stack, name: str, source: str) -> None:
    """Let another account's registry copy a repository here: a registry has one policy, which grows."""
    statement = {
        "Sid": f"Replicate{name.title().replace('/', '').replace('-', '').replace('_', '').replace('.', '')}",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{stack.partition}:iam::{source}:root"},
        "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
        "Resource": stack.format_arn(service="ecr", resource="repository", resource_name=f"{name}*"),
    }
    known = stack.node.try_find_child(_POLICY)
    if isinstance(known, ecr.CfnRegistryPolicy):
        said: dict[str, Any] = known.policy_text
        known.policy_text = {**said, "Statement": [*said["Statement"], statement]}
    else:
        ecr.CfnRegistryPolicy(stack, _POLICY, policy_text={"Version": "2012-10-17", "Statement": [statement]})
