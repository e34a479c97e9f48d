"""The grammar of bash, by tree-sitter."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import NOTHING
from cdk_pull.agent.script.tree import parser, walk
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

__all__ = ["parse"]

_GRAMMAR = "tree_sitter_bash"

# The grammar's own code reads past a table of letters for characters this far up, and may take the process with it. A
# stand-in of the same length keeps every position.
_FAR_UP = lazy_pattern(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_STAND_IN = "\ufffd_".encode()
_LONGER = b"_of_the_document"
_MOST_DELIMITERS = 20
_MOST_REDIRECTS = 5


def parse(source: bytes) -> tuple[bytes, Node]:
    """Return the root of a script's syntax tree, and the source that its positions count in.

    The grammar takes ``NAME=value >> file`` and the command on the next line for one command, and tears ``$1=$2``
    apart. A word that stands for nothing, and braces, keep them right. It takes the words after a redirection for more
    files: they are put before it. It also ends a here-document at the first line that begins with its delimiter, such
    as ``ECS_CLUSTER=x`` after ``<<ECS``: a longer one keeps that from happening. No line number changes.
    """
    source = _FAR_UP.sub(_STAND_IN, source)
    root = parser(_GRAMMAR).parse(source).root_node
    nodes = list(walk(root))
    for _ in range(_MOST_DELIMITERS):
        lengthened = next(filter(None, (_lengthened(node, source) for node in nodes)), None)
        if lengthened is None:
            break
        source, root = lengthened, parser(_GRAMMAR).parse(lengthened).root_node
        nodes = list(walk(root))
    for _ in range(_MOST_REDIRECTS):
        moved = dict(filter(None, (_moved(node, source) for node in nodes)))
        if not moved:
            break
        source, root = _edited(source, moved)
        nodes = list(walk(root))
    edits: dict[int, tuple[int, bytes]] = {}
    for node in nodes:
        if node.type == "command":
            edits.update((end, (end, f" {NOTHING}".encode())) for end in _broken(node, source))
        elif node.type == "$" and source[node.end_byte : node.end_byte + 1].isdigit():
            digit = source[node.end_byte : node.end_byte + 1]
            edits[node.start_byte] = (node.end_byte + 1, b"${" + digit + b"}")
    return _edited(source, edits) if edits else (source, root)


def _edited(source: bytes, edits: dict[int, tuple[int, bytes]]) -> tuple[bytes, Node]:
    """Return the source with other text from each start to its end, and its syntax tree."""
    pieces, position = [], 0
    for start, (end, text) in sorted(edits.items()):
        if start >= position:  # one inside of another is for the next round
            pieces += [source[position:start], text]
            position = end
    source = b"".join([*pieces, source[position:]])
    return source, parser(_GRAMMAR).parse(source).root_node


def _moved(redirect: Node, source: bytes) -> tuple[int, tuple[int, bytes]] | None:
    """Return the edit that puts the words after a redirection before it: the grammar takes them for more targets."""
    targets = redirect.children_by_field_name("destination") if redirect.type == "file_redirect" else []
    gaps = [source[one.end_byte : two.start_byte] for one, two in pairwise(targets)]
    if not gaps or any(gap.replace(b"\\\n", b"").strip(b" \t") for gap in gaps):
        return None
    start, end, target = redirect.start_byte, redirect.end_byte, targets[0].end_byte
    return start, (end, source[target:end].lstrip(b" \t") + b" " + source[start:target])


def _lengthened(start: Node, source: bytes) -> bytes | None:
    """Return the source with a longer delimiter where the grammar would end a here-document at another line than bash.

    Bash ends it at a line that is the delimiter and nothing else, or at the end of the script.
    """
    word = re.sub(rb"""['"\\]""", b"", start.text or b"") if start.type == "heredoc_start" else b""
    if not word or word not in (start.text or b"") or word.endswith(_LONGER):
        return None
    blanks = rb"\t*" if source[: start.start_byte].rstrip(b" \t").endswith(b"<<-") else b""
    end = re.compile(rb"^" + blanks + re.escape(word) + rb"(?=\r?$)", re.MULTILINE).search(
        source, start.end_byte
    )
    stop = end.start() if end is not None else len(source)
    if not re.search(rb"^[ \t]*" + re.escape(word), source[start.end_byte : stop], re.MULTILINE):
        return None
    opening = (start.text or b"").replace(word, word + _LONGER)
    closing = source[start.end_byte : end.end()] if end is not None else source[start.end_byte :]
    if end is None:
        closing += (b"" if closing.endswith(b"\n") else b"\n") + word
    return b"".join(
        [
            source[: start.start_byte],
            opening,
            closing,
            _LONGER,
            source[end.end() :] if end is not None else b"\n",
        ]
    )


def _broken(command: Node, source: bytes) -> Iterator[int]:
    for before, after in zip(command.children, command.children[1:], strict=False):
        gap = source[before.end_byte : after.start_byte]
        if b"\n" in gap.replace(b"\\\n", b"") and before.type in {"file_redirect", "variable_assignment"}:
            yield before.end_byte
