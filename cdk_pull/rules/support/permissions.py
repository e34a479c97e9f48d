"""What the start of a task may do, by the role that does it: which action is missing, and what to write.

Source: data/pull_permissions.json.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.data import facts_of
from cdk_pull.iam.policy import Decision, Request, read_policy
from cdk_pull.iam.text import covers, shown
from cdk_pull.records import dataclass
from cdk_pull.rules.support.pull_through import behind_cache
from cdk_pull.template.json_text import read_document
from cdk_pull.template.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.iam.policy import Policy
    from cdk_pull.iam.text import Text
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.context import Context
    from cdk_pull.template.ecs.roles import Role
    from cdk_pull.template.ecs.start_needs import StartNeed
    from cdk_pull.template.model import Resource

__all__ = ["Asked", "Lack", "Purpose", "asked", "judge"]

Purpose = Literal[
    "token",
    "pull",
    "pull_recommended",
    "first_pull",
    "secret",
    "parameter",
    "key",
    "logs",
    "create_log_group",
]

_ALL: Final[tuple[Text, ...]] = (("*",),)
_ROOT_PRINCIPAL: Final = ":root"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Actions that one need asks of a role.

    Attributes:
        purpose: what for.
        need: what needs them.
        actions: such as ``ecr:BatchGetImage``.
        resources: on what, in each of the spellings that a policy may use.
        prefix: of a pull-through cache, all of whose repositories a statement is best about.
    """

    purpose: Purpose
    need: StartNeed
    actions: tuple[str, ...]
    resources: tuple[Text, ...] = _ALL
    prefix: str = ""

    @property
    def on(self) -> str:
        """The resources as a policy names them."""
        whole = shown(self.resources[0])
        return f"{whole.partition(':repository/')[0]}:repository/{self.prefix}/*" if self.prefix else whole


@dataclass(frozen=True, kw_only=True)
class Lack:
    """Actions that a role does not have, or may not have.

    Attributes:
        asked: what they are needed for.
        actions: those of them.
        decision: the first decision against them.
    """

    asked: Asked
    actions: tuple[str, ...]
    decision: Decision


def asked(need: StartNeed, context: CheckContext, template: Context) -> Iterator[Asked]:
    """Yield what a need asks of the role of a task in a stack."""
    purposes = _purposes()

    def ask(purpose: Purpose, on: tuple[Text, ...] = _ALL, prefix: str = "") -> Asked:
        return Asked(purpose=purpose, need=need, actions=purposes[purpose], resources=on, prefix=prefix)

    match need.kind:
        case "ecr":
            yield ask("token")
            yield ask("pull", need.resources)
            yield ask("pull_recommended", need.resources)
            behind = behind_cache(need.image, context, template) if need.image is not None else None
            if behind is not None:
                yield ask("first_pull", need.resources, behind.prefix)
        case "secret" | "credentials":
            yield ask("secret", need.resources)
        case "parameter":
            yield ask("parameter", need.resources)
        case "key":
            yield ask("key", need.resources)
        case "logs":
            yield ask("logs", need.resources)
            if need.creates:
                yield ask("create_log_group", need.resources)


def judge(role: Role, wanted: Asked, context: CheckContext) -> tuple[Lack | None, Lack | None]:
    """Return what a role surely lacks of what is asked, and what it may lack."""
    lacking: list[tuple[str, Decision]] = []
    unclear: list[tuple[str, Decision]] = []
    for action in wanted.actions:
        decision = role.decide(action, wanted.resources)
        there = _denied_there(action, wanted, context)
        if there is not None and (there.allowed is False or decision.allowed):
            decision = there
        if decision.allowed is False and decision.cause == "nothing":
            if _given_elsewhere(action, wanted, context):
                continue
            lacking.append((action, decision))
        elif decision.allowed is False:
            lacking.append((action, decision))
        elif decision.allowed is None:
            unclear.append((action, decision))
    return _lack(wanted, lacking), _lack(wanted, unclear)


def _lack(wanted: Asked, found: list[tuple[str, Decision]]) -> Lack | None:
    if not found:
        return None
    return Lack(asked=wanted, actions=tuple(action for action, _ in found), decision=found[0][1])


def _given_elsewhere(action: str, wanted: Asked, context: CheckContext) -> bool:
    """Tell whether the policy of the resource allows an action, or may: in one account it is enough on its own."""
    return any(_may_allow(policy, action) for policy in _of_resource(wanted, context))


def _denied_there(action: str, wanted: Asked, context: CheckContext) -> Decision | None:
    """Return the decision of a policy of the resource that denies an action to everybody; None where none does."""
    request = Request(action=action)
    for policy in _of_resource(wanted, context):
        for statement in policy.statements:
            if statement.allow or statement.principals not in _EVERYBODY:
                continue
            applies = statement.applies(request)
            if applies:
                return Decision(allowed=False, cause="denied", policy=policy.name)
            if applies is None:
                reason = f"{policy.name} may deny it"
                return Decision(allowed=None, cause="unknown", policy=policy.name, reason=reason)
    return None


def _of_resource(wanted: Asked, context: CheckContext) -> Iterator[Policy]:
    """Yield the policies of the resource that is asked for, which say themselves whom they are about."""
    found: list[tuple[str, Any]] = []
    resource = wanted.need.resource
    if wanted.purpose == "first_pull":
        found = [
            (f"the registry policy {policy.logical_id}", policy.values.get("PolicyText"))
            for template in context.assembly.templates
            for policy in template.of_type("AWS::ECR::RegistryPolicy")
        ]
    elif resource is not None and wanted.purpose != "token":  # which is of the registry, not of a repository
        key = _POLICIES.get(resource.type, "")
        found = [(f"the policy of {resource.logical_id}", resource.values.get(key))] if key else []
        if resource.type == "AWS::SecretsManager::Secret":
            found += [
                (f"the resource policy {policy.logical_id}", policy.values.get("ResourcePolicy"))
                for policy in _policies_of(resource, context)
            ]
    for name, document in found:
        if document is not None:
            yield read_policy(name, read_document(document), lambda value: to_text(value, context.assembly))


_POLICIES: Final = {"AWS::ECR::Repository": "RepositoryPolicyText", "AWS::KMS::Key": "KeyPolicy"}
_EVERYBODY: Final = ("*", {"AWS": "*"}, {"AWS": ["*"]})


def _policies_of(secret: Resource, context: CheckContext) -> Iterator[Resource]:
    for template in context.assembly.templates:
        for policy in template.of_type("AWS::SecretsManager::ResourcePolicy"):
            if context.assembly.find(policy.values.get("SecretId")) is secret:
                yield policy


def _may_allow(policy: Policy, action: str) -> bool:
    if policy.unclear:
        return True
    return any(
        statement.allow
        and not _is_root(statement.principals)
        and any(covers(each, (action.lower(),)) is not False for each in statement.actions)
        for statement in policy.statements
    )


def _is_root(principals: Any) -> bool:
    """Tell whether a statement speaks of the account, which leaves it to the policies of its roles."""
    stated = principals.get("AWS") if isinstance(principals, dict) and len(principals) == 1 else None
    listed = stated if isinstance(stated, list) else [stated]
    return all(str(each).endswith(_ROOT_PRINCIPAL) for each in listed)


@cache
def _purposes() -> dict[Purpose, tuple[str, ...]]:
    return {purpose: tuple(actions) for purpose, actions in facts_of("pull_permissions")["purposes"].items()}
