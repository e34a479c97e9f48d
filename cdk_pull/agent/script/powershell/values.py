"""What an expression is worth, with unknown pieces marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tree_sitter import Node

__all__ = ["evaluate"]

# PowerShell takes typographic quotes for quotes, too.
_SINGLE = "'\u2018\u2019\u201a\u201b"
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\033",
}
_STRINGS = frozenset(
    {"verbatim_string_characters", "verbatim_here_string_characters"}
    | {"expandable_string_literal", "expandable_here_string_literal"}
)
_CONSTANTS = {"true": "True", "false": "False", "null": ""}


def evaluate(node: Node, variables: Mapping[str, str], unknown: Callable[[str, Node], str]) -> str:
    """Return the value of an expression as text.

    Args:
        node: the expression.
        variables: the values of the variables, by name in lower case without ``$``.
        unknown: makes the mark for what cannot be known.
    """
    text = (node.text or b"").decode("utf-8", "replace")
    found: str | None = None
    match node.type:
        case kind if kind in _STRINGS:
            found = _string(node, text, variables, unknown)
        case "variable":
            name = _name(text)
            found = _CONSTANTS.get(name, variables.get(name))
        case "generic_token" | "decimal_integer_literal":
            found = text if "$" not in text else None
        case "member_access":
            found = text.rpartition("::")[2]
        case "additive_expression" | "additive_argument_expression" if node.child_count > 1:
            found = _sum(node, variables, unknown)
        case _ if node.named_child_count == 1 and node.type != "sub_expression":
            found = evaluate(node.named_children[0], variables, unknown)
    return unknown(f"{text.strip()[:60]} is not known", node) if found is None else found


def _string(node: Node, text: str, variables: Mapping[str, str], unknown: Callable[[str, Node], str]) -> str:
    match node.type:
        case "verbatim_string_characters":
            return re.sub(f"([{_SINGLE}])[{_SINGLE}]", r"\1", text[1:-1])
        case "verbatim_here_string_characters":
            return _here(text)
        case "expandable_string_literal":
            return _template(node, variables, unknown)[1:-1]
        case _:
            return _here(_template(node, variables, unknown))


def _sum(node: Node, variables: Mapping[str, str], unknown: Callable[[str, Node], str]) -> str | None:
    if any(child.type != "+" for child in node.children if not child.is_named):
        return None
    return "".join(evaluate(child, variables, unknown) for child in node.named_children)


def _template(node: Node, variables: Mapping[str, str], unknown: Callable[[str, Node], str]) -> str:
    source = node.text or b""
    text, position = "", 0
    for child in node.children:
        start = child.start_byte - node.start_byte
        text += _unescaped(source[position:start].decode("utf-8", "replace"))
        text += '"' if child.type == '""' else evaluate(child, variables, unknown)
        position = child.end_byte - node.start_byte
    return text + _unescaped(source[position:].decode("utf-8", "replace"))


def _unescaped(text: str) -> str:
    return re.sub("`(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)


def _here(text: str) -> str:
    lines = text.split("\n")[1:-1]
    return "\n".join(line.removesuffix("\r") for line in lines)


def _name(text: str) -> str:
    return text.removeprefix("$").strip("{}").lower()
