"""The syntax trees of tree-sitter, as both front ends walk through them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

__all__ = ["child", "field_text", "operator_of", "parser", "text_of", "walk"]


@cache
def parser(grammar: str) -> Parser:
    """Return the parser of a grammar, by the name of its module."""
    # A grammar takes longer to import than most texts to read: only when a script is read.
    from tree_sitter import Language, Parser  # noqa: PLC0415

    return Parser(Language(import_module(grammar).language()))


def text_of(node: Node | None) -> str:
    """Return the text of a node; empty where there is no node."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def field_text(node: Node, name: str) -> str:
    """Return the text of a field of a node; empty where it has none of that name."""
    return text_of(node.child_by_field_name(name))


def child(node: Node, kind: str) -> Node | None:
    """Return the first child of a type; None where there is none."""
    return next((each for each in node.children if each.type == kind), None)


def operator_of(node: Node) -> str:
    """Return the first token among the children of a node; empty where there is none."""
    return next((each.type for each in node.children if not each.is_named), "")


def walk(node: Node, but: frozenset[str] = frozenset()) -> Iterator[Node]:
    """Yield a node and what is under it, in the order of the text, but for nodes of some types and what they hold."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        children = reversed(each.children)
        waiting.extend([child for child in children if child.type not in but] if but else children)
