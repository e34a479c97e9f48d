"""Decides what a principal may do by its policies, as IAM's evaluation logic does, with a third answer for the unknown.

Source: IAM User Guide, Policy evaluation logic; IAM JSON policy elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal

from cdk_pull.data import facts_of
from cdk_pull.iam.text import Part, Text, all_of, any_of, covers
from cdk_pull.records import dataclass, field

__all__ = [
    "Decision",
    "Policy",
    "Request",
    "Statement",
    "aws_managed_policy",
    "decide",
    "may_cover",
    "read_policy",
]

ReadText = Callable[[Any], "Text | None"]
"""Returns a scalar as text, and None for what is none."""

_ALL: Final[Text] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody wants to do.

    Attributes:
        action: such as ``ecr:BatchGetImage``.
        resources: the resource, in each of the spellings that a policy may use for it.
        context: what is known of condition keys, by their names in lower case.
    """

    action: str
    resources: tuple[Text, ...] = (_ALL,)
    context: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Attributes:
        allow: whether its effect is Allow.
        actions: patterns; with ``all_actions_but`` those that it leaves out.
        resources: patterns; with ``all_resources_but`` those that it leaves out.
        conditions: operator, key and values.
        principals: whom it is about, as the policy of a resource says; None in the policy of a principal.
        index: its place in the policy's list.
    """

    allow: bool
    actions: tuple[Text, ...]
    resources: tuple[Text, ...] = (_ALL,)
    all_actions_but: bool = False
    all_resources_but: bool = False
    conditions: tuple[tuple[str, str, tuple[Text, ...]], ...] = ()
    principals: Any = None
    index: int = 0

    def applies(self, request: Request) -> bool | None:
        """Tell whether it is about a request; None where only the deployment knows."""
        action: Text = (request.action.lower(),)
        about = any_of(covers(each, action) for each in self.actions)
        if self.all_actions_but:
            about = None if about is None else not about
        if about is False:
            return False
        there = any_of(covers(each, resource) for each in self.resources for resource in request.resources)
        if self.all_resources_but:
            there = None if there is None else not there
        held = [_holds(*condition, request.context) for condition in self.conditions]
        return all_of((about, there, *held))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy.

    Attributes:
        name: how messages call it.
        statements: what it says.
        unclear: why it cannot be read; empty where it can.
    """

    name: str
    statements: tuple[Statement, ...] = ()
    unclear: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a request is allowed.

    Attributes:
        allowed: None where only the deployment knows.
        cause: ``denied`` by a statement, kept off by the ``boundary``, ``nothing`` allows it; or why it is not known.
        policy: the name of the policy that decides; empty where none does.
        reason: why it is not known; empty where it is.
    """

    allowed: bool | None
    cause: Literal["allowed", "denied", "boundary", "nothing", "unknown"]
    policy: str = ""
    reason: str = ""


def decide(request: Request, policies: Sequence[Policy], boundary: Policy | None = None) -> Decision:
    """Return whether policies of a principal allow a request.

    Args:
        request: what it wants to do.
        policies: those that are attached to it, inline and managed.
        boundary: its permissions boundary.
    """
    bounds = (boundary,) if boundary is not None else ()
    verdicts = [
        (policy, statement, statement.applies(request))
        for policy in (*policies, *bounds)
        for statement in policy.statements
    ]
    for policy, statement, applies in verdicts:
        if not statement.allow and applies:
            return Decision(allowed=False, cause="denied", policy=policy.name)
    allowed = _allowed(request, policies)
    if allowed.allowed is False:
        return allowed
    if boundary is not None:
        within = _allowed(request, (boundary,))
        if within.allowed is False:
            return Decision(allowed=False, cause="boundary", policy=boundary.name)
        if within.allowed is None and allowed.allowed:
            allowed = within
    for policy, statement, applies in verdicts:
        if not statement.allow and applies is None and allowed.allowed:
            return Decision(
                allowed=None, cause="unknown", policy=policy.name, reason=f"{policy.name} may deny it"
            )
    return allowed


def _allowed(request: Request, policies: Sequence[Policy]) -> Decision:
    """Return whether a statement allows the request, whatever others deny."""
    maybe = ""
    by = ""
    for policy in policies:
        if policy.unclear:
            maybe, by = maybe or policy.unclear, by or policy.name
        for statement in policy.statements:
            applies = statement.applies(request) if statement.allow else False
            if applies:
                return Decision(allowed=True, cause="allowed", policy=policy.name)
            if applies is None:
                maybe, by = maybe or f"{policy.name} may allow it", by or policy.name
    if maybe:
        return Decision(allowed=None, cause="unknown", policy=by, reason=maybe)
    return Decision(allowed=False, cause="nothing")


def may_cover(patterns: Sequence[Text], value: Text) -> bool:
    """Tell whether one of several patterns covers a value, or may."""
    return any(covers(pattern, value) is not False for pattern in patterns)


def read_policy(name: str, document: Any, read: ReadText) -> Policy:
    """Read a policy document.

    Args:
        name: how messages call it.
        document: in JSON's types, with whatever ``read`` knows in place of scalars.
        read: returns a scalar as text, and None for what is none.
    """
    listed = document.get("Statement") if isinstance(document, Mapping) else None
    listed = [listed] if isinstance(listed, Mapping) else listed
    if not isinstance(listed, list):
        return Policy(name=name, unclear=f"what {name} says is not known")
    statements = [_statement(index, each, read) for index, each in enumerate(listed)]
    unclear = f"a statement of {name} is not known" if None in statements else ""
    return Policy(name=name, statements=tuple(each for each in statements if each), unclear=unclear)


def _statement(index: int, body: Any, read: ReadText) -> Statement | None:
    if not isinstance(body, Mapping) or str(body.get("Effect")) not in {"Allow", "Deny"}:
        return None
    actions = _texts(body.get("Action", body.get("NotAction")), read)
    resources = _texts(body.get("Resource", body.get("NotResource", "*")), read)
    conditions = _conditions(body.get("Condition", {}), read)
    if actions is None or resources is None:
        return None
    return Statement(
        allow=body["Effect"] == "Allow",
        actions=tuple(_lower(each) for each in actions),
        resources=resources,
        all_actions_but="Action" not in body,
        all_resources_but="Resource" not in body and "NotResource" in body,
        conditions=conditions,
        principals=body.get("Principal"),
        index=index,
    )


def _lower(value: Text) -> Text:
    return tuple(piece.lower() if isinstance(piece, str) else piece for piece in value)


def _texts(value: Any, read: ReadText) -> tuple[Text, ...] | None:
    """Return one text or a list of them; None where that is not known."""
    items = [read(each) for each in (value if isinstance(value, list) else [value])]
    return None if not items or None in items else tuple(each for each in items if each is not None)


def _conditions(value: Any, read: ReadText) -> tuple[tuple[str, str, tuple[Text, ...]], ...]:
    if not isinstance(value, Mapping):
        return (("", "", ()),)
    return tuple(
        (str(operator), str(key).lower(), _texts(values, read) or ())
        for operator, keys in value.items()
        for key, values in (keys.items() if isinstance(keys, Mapping) else [("", "")])
    )


_EQUAL: Final = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool"}
_UNEQUAL: Final = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotLike": "ArnLike"}


def _holds(operator: str, key: str, values: tuple[Text, ...], context: Mapping[str, Text]) -> bool | None:
    """Tell whether a condition holds; None for an operator or a key of which nothing is known."""
    operator = operator.removesuffix("IfExists")
    known = context.get(key)
    if known is None or not values:
        return None
    if operator in _UNEQUAL:
        equal = _holds(_UNEQUAL[operator], key, values, context)
        return None if equal is None else not equal
    if operator not in _EQUAL:
        return None
    if operator in {"Bool", "StringEqualsIgnoreCase"}:
        known, values = _lower(known), tuple(_lower(each) for each in values)
    return any_of(covers(each, known) for each in values)


@cache
def aws_managed_policy(name: str) -> Policy:
    """Return a policy that AWS manages.

    Args:
        name: with its path, such as ``service-role/AmazonECSTaskExecutionRolePolicy``.
    """
    facts = facts_of("aws_managed_policies")
    said = facts["policies"].get(name)
    if said is None and name not in facts["without"]:
        return Policy(name=name, unclear=f"what the AWS managed policy {name} allows is not known here")
    statements = []
    for index, (key, allow) in enumerate((("allows", True), ("denies", False), ("some", True))):
        actions = tuple((action.lower(),) for action in (said or {}).get(key, ()))
        if actions:
            # Which resources, and under which conditions, is not told apart: the part that nobody knows.
            where = (("*",),) if key != "some" else ((Part(f"some of {name}"),),)
            statements.append(Statement(allow=allow, actions=actions, resources=where, index=index))
    return Policy(name=name, statements=tuple(statements))
