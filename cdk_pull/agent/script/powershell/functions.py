"""What the parameters of a PowerShell function are when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

__all__ = ["bound"]


def bound(function: Node, words: Sequence[str]) -> dict[str, str]:
    """Return the parameters that a call gives a value, by name in lower case.

    Args:
        function: the whole ``function`` statement.
        words: the words after its name: ``-Name value``, or values in the parameters' order.
    """
    names = [_name(each) for each in _parameters(function)]
    values: dict[str, str] = {}
    in_order: list[str] = []
    waiting = iter(words)
    for word in waiting:
        name = word.removeprefix("-").lower()
        if word.startswith("-") and name in names:
            values[name] = next(waiting, "")
        else:
            in_order.append(word)
    left = [each for each in names if each not in values]
    return values | dict(zip(left, in_order, strict=False))


def _parameters(function: Node) -> Iterator[Node]:
    """Yield the parameters in ``function F($a)`` or ``param($a)``, and none of an inner function."""
    waiting = [function]
    while waiting:
        each = waiting.pop()
        if each.type == "script_parameter":
            yield each
        elif each.type in {
            *("function_statement", "function_parameter_declaration", "script_block"),
            *("param_block", "parameter_list"),
        }:
            waiting += reversed(each.named_children)


def _name(parameter: Node) -> str:
    variable = next((each for each in parameter.named_children if each.type == "variable"), parameter)
    return (variable.text or b"").decode("utf-8", "replace").strip("${}").lower()
