"""The grammar of PowerShell, by tree-sitter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.script.tree import child, parser
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["inner", "is_broken", "is_pipe", "parse"]

# What keeps its characters: strings of every kind, and comments.
_KEPT = lazy_pattern(
    r"@'.*?\n'@|@\".*?\n\"@|<#.*?#>|#[^\n]*"
    r"|['\u2018\u2019\u201a\u201b][^'\u2018\u2019\u201a\u201b]*['\u2018\u2019\u201a\u201b]"
    r"|[\"\u201c\u201d\u201e](?:[^\"`\u201c\u201d\u201e]|`.)*[\"\u201c\u201d\u201e]"
    r"|(?P<dash>[\u2013\u2014\u2015])|(?P<default>\}[ \t]*(?=default\b))"
    r"|(?P<label>\b(?:break|continue)[ \t]+)(?=[a-z_])"
    r"|(?P<param>\bparam[ \t]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[ \t]*(?=[^\s;#}]))",
    re.DOTALL | re.IGNORECASE,
)


def parse(script: str) -> Node:
    """Return the root of a script's syntax tree; its rows are the script's lines.

    PowerShell takes the longer dashes for a hyphen, which the grammar does not, and needs no end of statement before
    the ``default`` of a ``switch`` and after ``param (…)``. The grammar wants a colon before the label of a ``break``.
    """
    source = _KEPT.sub(_plain, script)
    return parser("tree_sitter_powershell").parse(source.encode("utf-8", "replace")).root_node


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
    return child(chain, "|") is not None


_UNITS = frozenset(
    {"command", "command_elements", "statement_list", "variable"}
    | {"expandable_string_literal", "expandable_here_string_literal"}
)


def _plain(match: re.Match[str]) -> str:
    if match["dash"]:
        return "-"
    if match["label"]:
        return f"{match[0]}:"
    # A statement may follow on the line in PowerShell, and not in its grammar.
    return f"{match[0]};" if match["default"] or match["param"] else match[0]
