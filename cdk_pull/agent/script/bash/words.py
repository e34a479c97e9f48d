"""What the words of a command expand to, with unknown pieces marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.script.core import bounded
from cdk_pull.agent.script.tree import child, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from cdk_pull.agent.script.bash.shell import Shell
    from cdk_pull.agent.script.bash.world import World

__all__ = ["expand", "expand_one", "heredoc", "unescape"]

_EXPANSIONS = frozenset(
    {"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution"}
)
_ESCAPES = dict(zip("ntrabfve\\", "\n\t\r\a\b\f\v\033\\", strict=True))
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|0?[0-7]{1,3}|[^\n])")
_BRACES = re.compile(r"(?<![$\\])\{[^{}\s'\"]*(?:,|\.\.)[^{}\s'\"]*\}")
_UNSET_OR_EMPTY = frozenset({":-", ":=", "-", "="})


def expand(node: Node, world: World, shell: Shell) -> list[str]:
    """Return the words that one word of the script becomes."""
    if node.type in {"word", "concatenation"} and _BRACES.search(text_of(node)):
        return [shell.unknown("braces are not expanded", node)]
    words = [""]
    quoted = False
    for text, splits in _pieces(node, world, shell):
        quoted = quoted or not splits
        if not splits:
            words[-1] += text
            continue
        first, *rest = re.split(r"[ \t\n]+", text)
        words[-1] = bounded(words[-1] + first)
        words.extend(rest)
    if quoted or any(words):
        return [word for word in words if word] or [""]
    return []


def expand_one(node: Node, world: World, shell: Shell) -> str:
    """Return what one word becomes where the shell does not split it: in an assignment or a redirection."""
    return bounded("".join(text for text, _ in _pieces(node, world, shell)))


def heredoc(redirect: Node, world: World, shell: Shell) -> str:
    """Return the text of a here-document."""
    body, start = child(redirect, "heredoc_body"), child(redirect, "heredoc_start")
    if body is None or start is None:
        return ""
    end = child(redirect, "heredoc_end") or body
    source = shell.source
    first = source.rfind(b"\n", 0, body.start_byte) + 1
    last = source.rfind(b"\n", 0, end.start_byte) + 1 if end is not body else body.end_byte
    if re.search(rb"""["'\\]""", start.text or b""):
        text = source[first:last].decode("utf-8", "replace")
    else:
        text = "".join(
            each if known else _escaped(_without_backticks(each, body, shell), r"\\([$`\\\n])")
            for each, known in _template(body, first, last, world, shell)
        )
    if any(each.type == "<<-" for each in redirect.children):
        text = re.sub(r"^\t+", "", text, flags=re.MULTILINE)
    return text


def unescape(text: str) -> str:
    r"""Return the text that ``echo -e``, ``printf`` and ``$'...'`` make of ``\n`` and its kin."""
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code in _ESCAPES:
        return _ESCAPES[code]
    if code[0] in "xu" and len(code) > 1:
        return chr(int(code[1:], 16))
    return chr(int(code, 8) % 256) if code.isdigit() else match[0]


def _escaped(text: str, pattern: str) -> str:
    return re.sub(pattern, lambda match: "" if match[1] == "\n" else match[1], text)


def _without_backticks(text: str, node: Node, shell: Shell) -> str:
    # The grammar has no node for these inside a here-document.
    return re.sub(
        r"(?<!\\)`([^`]*)(?<!\\)`",
        lambda match: shell.unknown(f"the output of {match[0]} is not known", node),
        text,
    )


def _pieces(node: Node, world: World, shell: Shell) -> Iterator[tuple[str, bool]]:
    text = text_of(node)
    match node.type:
        case "raw_string":
            yield text[1:-1], False
        case "ansi_c_string":
            yield unescape(text[2:-1].replace("\\'", "'").replace('\\"', '"')), False
        case "string":
            for piece, known in _template(node, node.start_byte + 1, node.end_byte - 1, world, shell):
                yield piece if known else _escaped(piece, r'\\([$`"\\\n])'), False
        case "translated_string" | "command_name":
            for each in node.named_children:
                yield from _pieces(each, world, shell)
        case "concatenation":
            for each in node.children:
                yield from _pieces(each, world, shell)
        case kind if kind in _EXPANSIONS:
            yield _expansion(node, world, shell), True
        case _:
            yield _escaped(text, r"\\(.|\n)"), False


def _template(node: Node, first: int, last: int, world: World, shell: Shell) -> Iterator[tuple[str, bool]]:
    # The grammar has no node for some of the text between expansions, so it is cut out of the source.
    position = first
    for each in node.children:
        if each.type in _EXPANSIONS and each.start_byte >= position:
            yield shell.source[position : each.start_byte].decode("utf-8", "replace"), False
            yield _expansion(each, world, shell), True
            position = each.end_byte
    yield shell.source[position : max(last, position)].decode("utf-8", "replace"), False


def _expansion(node: Node, world: World, shell: Shell) -> str:
    text = text_of(node)
    if node.type == "command_substitution":
        return shell.capture(node, world)
    if node.type == "simple_expansion":
        return _variable(text[1:], text, node, world, shell)
    if node.type == "expansion" and node.named_child_count:
        name = text_of(node.named_children[0])
        operator = "".join(
            each.type for each in node.children if not each.is_named and each.type not in {"${", "}"}
        )
        if not operator and text == f"${{{name}}}":
            return _variable(name, text, node, world, shell)
        if operator in _UNSET_OR_EMPTY:
            value = _known(name, world)
            if value or (value is not None and ":" not in operator):
                return _variable(name, text, node, world, shell)
            return "".join(expand_one(each, world, shell) for each in node.named_children[1:])
    return shell.unknown(f"{text} is not computed", node)


def _variable(name: str, text: str, node: Node, world: World, shell: Shell) -> str:
    shell.used.add(name)
    value = _known(name, world)
    return shell.unknown(f"{text} is not set in the user data", node) if value is None else value


def _known(name: str, world: World) -> str | None:
    if name.isdigit() and 0 < int(name) <= len(world.arguments):
        return world.arguments[int(name) - 1]
    return " ".join(world.arguments) if name in {"@", "*"} else world.variables.get(name)
