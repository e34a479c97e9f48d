"""What the parameters of a PowerShell function are when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.script.powershell.values import named
from cdk_pull.agent.script.powershell.world import text
from cdk_pull.agent.script.tree import child, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tree_sitter import Node

    from cdk_pull.agent.script.powershell.world import Value

__all__ = ["Parameter", "bound", "statements"]

_HEADS = frozenset(
    {"function_statement", "function_parameter_declaration", "script_block", "param_block", "parameter_list"}
    | {"script_block_expression"}
)


class Parameter(str):
    """A word of a call that is the name of a parameter, with its hyphen."""

    __slots__ = ()


def bound(function: Node, words: Sequence[Value], default: Callable[[Node], Value]) -> dict[str, Value]:
    """Return the parameters of a call by name in lower case.

    Args:
        function: the whole ``function`` statement, or a script block.
        words: the words after its name: ``-Name value``, or values in the parameters' order.
        default: computes the default of a parameter that the call gives no value.
    """
    parameters = {_name(each): each for each in _parameters(function)}
    values: dict[str, Value] = {}
    in_order: list[Value] = []
    waiting = iter(words)
    for word in waiting:
        name = text(word).removeprefix("-").lower()
        alike = [each for each in parameters if each.startswith(name)]
        name = alike[0] if name not in parameters and len(alike) == 1 else name
        if isinstance(word, Parameter) and name in parameters:
            switch = "[switch]" in text_of(parameters[name]).lower()
            values[name] = True if switch else next(waiting, None)
        else:
            in_order.append(word)
    left = [each for each in parameters if each not in values]
    values |= dict(zip(left, in_order, strict=False))
    values["args"] = in_order[len(left) :]
    for name in [each for each in parameters if each not in values]:
        given = child(parameters[name], "script_parameter_default")
        if given is not None and given.named_child_count:
            values[name] = default(given.named_children[0])
    return values


def statements(function: Node) -> Iterator[Node]:
    """Yield the statements of a function or script block, those of ``begin``, ``process`` and ``end`` included."""
    waiting = [function]
    while waiting:
        each = waiting.pop()
        if each.type == "statement_list":
            yield from each.named_children
        elif each.type not in {"param_block", "function_parameter_declaration"}:
            waiting += reversed(each.named_children)


def _parameters(function: Node) -> Iterator[Node]:
    """Yield the parameters in ``function F($a)`` or ``param($a)``, and none of an inner function."""
    waiting = [function]
    while waiting:
        each = waiting.pop()
        if each.type == "script_parameter":
            yield each
        elif each.type in _HEADS:
            waiting += reversed(each.named_children)


def _name(parameter: Node) -> str:
    return named(text_of(child(parameter, "variable") or parameter))
