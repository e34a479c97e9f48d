"""What the words of a command expand to, with unknown pieces marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.script.bash import arithmetic
from cdk_pull.agent.script.bash.parameters import NEXT, Parameter, lookup, store, transformed
from cdk_pull.agent.script.core import bounded
from cdk_pull.agent.script.tree import child, text_of
from cdk_pull.patterns import lazy_pattern

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
_ESCAPE = lazy_pattern(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|0?[0-7]{1,3}|[^\n])")
_BRACES = lazy_pattern(r"(?<![$\\])\{([^{}\s'\"]*(?:,|\.\.)[^{}\s'\"]*)\}")
_RANGE = lazy_pattern(r"(0|[1-9][0-9]{0,3})\.\.(0|[1-9][0-9]{0,3})")
_MOST_WORDS = 50
_EVERY = lazy_pattern(rb'"\$(?:@|\{[^{}"$]*\[@\]\})"')
_BLANKS = " \t\n"
_UNSET_OR_EMPTY = (":-", ":=", "-", "=")
_ALTERNATIVES = (*_UNSET_OR_EMPTY, ":+", ":?", "+", "?")
_OPERATORS = (*_ALTERNATIVES, ",,", "^^", ",", "^", "##", "#", "%%", "%", "//", "/", ":")


def expand(node: Node, world: World, shell: Shell) -> list[str]:
    """Return the words that one word of the script becomes."""
    if node.type in {"word", "concatenation", "brace_expression"} and _BRACES.search(text_of(node)):
        return _unbraced(text_of(node)) or [shell.unknown("braces are not expanded", node)]
    words, quoted, split = [""], False, False
    between = world.variables.get("IFS", _BLANKS)
    between = _BLANKS if shell.holes.first(between) else between
    for text, splits in _pieces(node, world, shell):
        quoted, split = quoted or not splits, split or splits
        first, *rest = re.split(f"[{re.escape(between)}{NEXT}]+" if splits else NEXT, text)
        words[-1] = bounded(words[-1] + first)
        words.extend(rest)
    if split or (words == [""] and _EVERY.fullmatch(node.text or b"")):
        words = [word for word in words if word]
        quoted = quoted and split
    return words or ([""] if quoted else [])


def expand_one(node: Node, world: World, shell: Shell) -> str:
    """Return what one word becomes where the shell does not split it: in an assignment or a redirection."""
    return bounded("".join(text for text, _ in _pieces(node, world, shell)).replace(NEXT, " "))


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
    return text.replace(NEXT, " ")


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
        if each.type in _EXPANSIONS:
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
    if node.type == "process_substitution" and text.startswith("<("):
        return shell.captured_file(node, world)
    value: str | None = None
    if node.type == "arithmetic_expansion":
        number = arithmetic.run(text[3:-2], world)
        value = None if number is None else str(number)
    elif node.type == "expansion":
        value = _parameter(node, text, world, shell)
    return shell.unknown(f"{text} is not computed", node) if value is None else value


def _parameter(node: Node, text: str, world: World, shell: Shell) -> str | None:
    """Return what ``${…}`` becomes; None where it is not computed."""
    if text == "${#}":
        return lookup("#", world)
    parameter = Parameter(text[2:-1])
    if not parameter.length:
        return None
    name, rest = parameter.name, text[2 + parameter.length : -1]
    shell.used.add(name)
    value = parameter.value(world)
    if not rest:
        simple = text == f"${{{name}}}"
        return _variable(name, text, node, world, shell) if simple else value
    return _operated(node, parameter, rest, value, world, shell)


def _operated(
    node: Node, parameter: Parameter, rest: str, value: str | None, world: World, shell: Shell
) -> str | None:
    operator = next((each for each in _OPERATORS if rest.startswith(each)), "")
    first = node.end_byte - 1 - len(rest.encode()) + len(operator)
    if operator in _ALTERNATIVES:
        given = value is not None and bool(value or ":" not in operator)
        if operator[-1] == "?" or (given and operator[-1] != "+"):
            name = parameter.name
            return _variable(name, f"${{{name}}}", node, world, shell) if parameter.key is None else value
        if operator[-1] == "+" and not given:
            return ""
        instead = _operand(node, first, world, shell)
        if operator[-1] == "=" and parameter.key is None:
            store(parameter.name, instead, world)
        return instead
    operand = _operand(node, first, world, shell)
    quoted = re.search(r"[\"'\\]", rest) is not None and bool(set(rest) & set("*?["))
    if value is None or NEXT in value or quoted or shell.holes.first(value + operand) is not None:
        return None
    return transformed(operator, value, operand)


def _operand(node: Node, first: int, world: World, shell: Shell) -> str:
    """Return what stands after the operator, without its quotes."""
    pieces = _template(node, first, node.end_byte - 1, world, shell)
    return "".join(
        text if known else re.sub(r"\\(.)|[\"']", r"\1", text, flags=re.DOTALL) for text, known in pieces
    )


def _variable(name: str, text: str, node: Node, world: World, shell: Shell) -> str:
    shell.used.add(name)
    value = lookup(name, world)
    return shell.unknown(f"{text} is not set in the user data", node) if value is None else value


def _unbraced(text: str) -> list[str]:
    """Return the words of ``a{b,c}`` and ``{1..3}``; none where they are not computed."""
    done: list[str] = []
    waiting = [text]
    while waiting and len(done) + len(waiting) <= _MOST_WORDS:
        found = _BRACES.search(each := waiting.pop(0))
        if found is None:
            done.append(each)
            continue
        number = _RANGE.fullmatch(found[1])
        if number is None:
            words = found[1].split(",")
        else:
            start, end = int(number[1]), int(number[2])
            words = [*map(str, range(start, end + 1) if start <= end else range(start, end - 1, -1))]
        waiting = [each[: found.start()] + word + each[found.end() :] for word in words] + waiting
    return [] if waiting or re.search(r"[$`'\"\\]", text) or any(".." in each for each in done) else done
