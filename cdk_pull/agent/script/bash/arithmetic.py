"""What ``$((…))``, ``((…))`` and the arithmetic ``for`` compute."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Final

from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.script.bash.world import World

__all__ = ["compute", "run"]

_SIMPLE: Final = lazy_pattern(r"\$\{?([A-Za-z_]\w*)\}?")
_STEP: Final = lazy_pattern(r"(?P<before>\+\+|--)?[ \t]*(?P<name>[A-Za-z_]\w*)[ \t]*(?P<after>\+\+|--)?")
_STORE: Final = lazy_pattern(
    r"(?P<name>[A-Za-z_]\w*)[ \t]*(?P<operator>[-+*/%]?)=(?!=)(?P<value>.+)", re.DOTALL
)
_UNSAFE: Final = lazy_pattern(r"\b0[0-9xX]|[^\w\s()<>=!+*/%&|-]|//")
_LONGEST: Final = 200
_LARGEST: Final = 2**31
_OPERATORS: Final[dict[type[ast.AST], Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda one, other: int(one / other),
    ast.Mod: lambda one, other: one - other * int(one / other),
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def compute(text: str, world: World) -> int | None:
    """Return the value of an expression; None where it cannot be computed."""
    text = _SIMPLE.sub(r" \1 ", text).strip()
    if not text or len(text) > _LONGEST or _UNSAFE.search(text):
        return None
    python = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
    try:
        return _value(ast.parse(python.strip(), mode="eval").body, world)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError):
        return None


def run(text: str, world: World) -> int | None:
    """Return the value of a statement such as ``i++``, and set the variables that it sets."""
    text = text.strip()
    step = _STEP.fullmatch(text)
    if step is not None and (sign := step["before"] or step["after"]):
        old = compute(step["name"], world)
        new = None if old is None else old + (1 if sign == "++" else -1)
        _store(step["name"], new, world)
        return new if step["before"] else old
    store = _STORE.fullmatch(text)
    if store is None:
        return compute(text, world)
    value = compute(store["value"], world)
    if store["operator"] and value is not None:
        value = compute(f"{store['name']} {store['operator']} ({value})", world)
    _store(store["name"], value, world)
    return value


def _store(name: str, value: int | None, world: World) -> None:
    if value is None:
        world.variables.pop(name, None)
    else:
        world.variables[name] = str(value)


def _value(node: ast.expr, world: World) -> int:
    found: int | None = None
    match node:
        case ast.Constant(value=int(number)):
            found = number
        case ast.Name(id=name):
            text = world.variables.get(name)
            found = int(text) if text is not None and re.fullmatch(r"-?(?:0|[1-9][0-9]*)", text) else None
            found = 0 if text == "" else found
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = -_value(operand, world)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = int(not _value(operand, world))
        case ast.BoolOp(op=op, values=values):
            answers = [bool(_value(each, world)) for each in values]
            found = int(all(answers) if isinstance(op, ast.And) else any(answers))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            found = _OPERATORS[type(op)](_value(left, world), _value(right, world))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            found = int(_OPERATORS[type(op)](_value(left, world), _value(right, world)))
    if found is None or abs(found) > _LARGEST:
        raise ValueError
    return found
