"""The grammar of PowerShell, by tree-sitter."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

__all__ = ["inner", "is_broken", "is_pipe", "parse", "text_of", "walk"]

# What keeps its characters: strings of every kind, and comments.
_KEPT = re.compile(
    r"@'.*?\n'@|@\".*?\n\"@|<#.*?#>|#[^\n]*"
    r"|['\u2018\u2019\u201a\u201b][^'\u2018\u2019\u201a\u201b]*['\u2018\u2019\u201a\u201b]"
    r"|[\"\u201c\u201d\u201e](?:[^\"`\u201c\u201d\u201e]|`.)*[\"\u201c\u201d\u201e]"
    r"|(?P<dash>[\u2013\u2014\u2015])|(?P<default>\}[ \t]*(?=default\b))"
    r"|(?P<param>\bparam[ \t]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[ \t]*(?=[^\s;#}]))",
    re.DOTALL | re.IGNORECASE,
)


def parse(script: str) -> Node:
    """Return the root of a script's syntax tree; its rows are the script's lines.

    PowerShell takes the longer dashes for a hyphen, which the grammar does not, and needs no end of statement before
    the ``default`` of a ``switch`` and after ``param (…)``.
    """
    source = _KEPT.sub(_plain, script)
    return _parser().parse(source.encode("utf-8", "replace")).root_node


def walk(node: Node, but: frozenset[str] = frozenset()) -> Iterator[Node]:
    """Yield a node and what is under it, in the order of the text, but for nodes of some types and what they hold."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(child for child in reversed(each.children) if child.type not in but)


def inner(node: Node) -> Node:
    """Return the node itself that others only wrap: the grammar has one for each level of precedence."""
    while node.child_count == 1 and node.children[0].is_named and node.type not in _UNITS:
        node = node.children[0]
    return node


def is_broken(node: Node) -> bool:
    """Return whether the grammar does not know a node, or has put it where the text has none."""
    return node.is_error or node.is_missing


def is_pipe(chain: Node) -> bool:
    """Return whether a chain has more than one element, of which each reads what the one before puts out."""
    return any(each.type == "|" for each in chain.children)


def text_of(node: Node) -> str:
    """Return the text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


_UNITS = frozenset(
    {"command", "command_elements", "statement_list", "variable"}
    | {"expandable_string_literal", "expandable_here_string_literal"}
)


def _plain(match: re.Match[str]) -> str:
    if match["dash"]:
        return "-"
    # A statement may follow on the line in PowerShell, and not in its grammar.
    return f"{match[0]};" if match["default"] or match["param"] else match[0]


@cache
def _parser() -> Parser:
    # The grammar takes longer to import than most texts to read: only when a script is read.
    import tree_sitter_powershell  # noqa: PLC0415
    from tree_sitter import Language, Parser  # noqa: PLC0415

    return Parser(Language(tree_sitter_powershell.language()))
