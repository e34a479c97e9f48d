"""Decides conditions, where the template says enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cdk_pull.template.context import Context, section
from cdk_pull.template.values import Unknown, as_text, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["can_exist", "choose", "condition"]

if TYPE_CHECKING:
    Evaluate: TypeAlias = Callable[[Any, Context], Any]
    Decided: TypeAlias = bool | Unknown

_MAX_CHAIN = 40


def condition(name: str, context: Context, evaluate: Evaluate) -> Decided:
    """Return whether a condition of the template holds, or why that cannot be known."""
    declared = section(context.document, "Conditions")
    if name not in declared:
        return Unknown(reason=f"condition {name} is not declared")
    if len(context.guard.active) > _MAX_CHAIN:
        return Unknown(reason=f"condition {name} hangs on too many others")
    result: Decided = context.guard.once(
        name, ("condition", context.home, name), lambda: _decide(declared[name], context, evaluate)
    )
    return result


def can_exist(body: Mapping[str, Any], context: Context, evaluate: Evaluate) -> bool:
    """Tell whether the condition of a resource or an output, if it has one, can hold."""
    name = body.get("Condition")
    return not isinstance(name, str) or condition(name, context, evaluate) is not False


def choose(decided: Decided, when_true: Callable[[], Any], when_false: Callable[[], Any]) -> Any:
    """Return the branch that a condition selects; when it cannot be decided, what both branches agree on."""
    if not isinstance(decided, Unknown):
        return when_true() if decided else when_false()
    first = when_true()
    return (
        first if not isinstance(first, Unknown) and first == when_false() else Unknown(reason=decided.reason)
    )


def _decide(value: Any, context: Context, evaluate: Evaluate) -> Decided:
    match value:
        case {"Condition": str() as name}:
            return condition(name, context, evaluate)
        case {"Fn::Equals": [left, right]}:
            return _equals(evaluate(left, context), evaluate(right, context))
        case {"Fn::Not": [inner]}:
            result = _decide(inner, context, evaluate)
            return result if isinstance(result, Unknown) else not result
        case {"Fn::And": list() as inners}:
            return _all([_decide(inner, context, evaluate) for inner in inners], of=True)
        case {"Fn::Or": list() as inners}:
            return _all([_decide(inner, context, evaluate) for inner in inners], of=False)
    return Unknown(reason="a condition uses a function that is not decided")


def _equals(left: Any, right: Any) -> Decided:
    for side in (left, right):
        if isinstance(side, Unknown):
            return Unknown(reason=side.reason)
    if is_text(left) and is_text(right):
        return as_text(left) == as_text(right)
    return bool(left == right)


def _all(results: list[Decided], *, of: bool) -> Decided:
    """Return ``of`` when every result is; the contrary as soon as one is; else the first unknown."""
    if any(result is (not of) for result in results):
        return not of
    return next((result for result in results if isinstance(result, Unknown)), of)
