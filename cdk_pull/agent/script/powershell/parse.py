"""The grammar of PowerShell, by tree-sitter."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["parse"]


def parse(source: bytes) -> Node:
    """Return the root of a script's syntax tree."""
    return _parser().parse(source).root_node


@cache
def _parser() -> Parser:
    # The grammar takes longer to import than most texts to read: only when a script is read.
    import tree_sitter_powershell  # noqa: PLC0415
    from tree_sitter import Language, Parser  # noqa: PLC0415

    return Parser(Language(tree_sitter_powershell.language()))
