"""What grep, sed and their kin make of lines that are known."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_pull.agent.script.bash.world import Chunk
from cdk_pull.agent.script.patterns import pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["FILTERS", "filtered", "operands"]

_LONGEST_LINE: Final = 1_000


def filtered(name: str, arguments: Sequence[str], content: Sequence[Chunk]) -> tuple[Chunk, ...] | None:
    """Return what a filter prints for the lines that it reads; None where that is not computed.

    Args:
        name: the filter.
        arguments: its words, without the files.
        content: what it reads, without unknown pieces.
    """
    lines: list[Chunk] = []
    for each in content:
        if lines and not lines[-1].text.endswith("\n"):
            lines[-1] = replace(lines[-1], text=lines[-1].text + each.text)
        else:
            lines.append(each)
    if any(len(each.text) > _LONGEST_LINE for each in lines):
        return None
    found = FILTERS[name]([*arguments], [Chunk(each.text.removesuffix("\n"), each.line) for each in lines])
    return None if found is None else tuple(replace(each, text=f"{each.text}\n") for each in found)


def operands(name: str, arguments: Sequence[str]) -> int:
    """Return how many words of a filter that are no options come before its files."""
    scripted = any(re.fullmatch(r"-[a-zA-Z]*e", each) for each in arguments)
    return int(name in {"grep", "egrep", "fgrep", "sed"} and not scripted) + 2 * (name == "tr")


def _grep(words: list[str], lines: list[Chunk]) -> list[Chunk] | None:
    options = "".join(each[1:] for each in words if each.startswith("-"))
    plain = [each for each in words if not each.startswith("-")]
    if set(options) - set("vEFiwe") or len(plain) != 1:
        return None
    text = re.escape(plain[0]) if "F" in options else plain[0]
    text = rf"\b{text}\b" if "w" in options else text
    found = pattern(
        text, basic="E" not in options and "F" not in options, flags=re.IGNORECASE if "i" in options else 0
    )
    if found is None:
        return None
    return [each for each in lines if (found.search(each.text) is None) == ("v" in options)]


def _some(words: list[str], lines: list[Chunk]) -> list[Chunk] | None:
    """Return the first lines."""
    number = re.fullmatch(r"(?:-n ?|-)(\d+)|", " ".join(words))
    return None if number is None else lines[: int(number[1] or 10)]


def _last(words: list[str], lines: list[Chunk]) -> list[Chunk] | None:
    start = re.fullmatch(r"-n ?\+(\d+)", " ".join(words))
    if start is not None:
        return lines[max(int(start[1]) - 1, 0) :]
    found = _some(words, lines[::-1])
    return None if found is None else found[::-1]


def _translate(words: list[str], lines: list[Chunk]) -> list[Chunk] | None:
    if words[:1] == ["-d"] and len(words) == 2 and not set(words[1]) & set("\\[-"):  # noqa: PLR2004 - what goes
        return [
            replace(each, text="".join(one for one in each.text if one not in words[1])) for each in lines
        ]
    if len(words) != 2 or words[0].startswith("-"):  # noqa: PLR2004 - from and to
        return None
    if words in (["a-z", "A-Z"], ["[:lower:]", "[:upper:]"], ["A-Z", "a-z"], ["[:upper:]", "[:lower:]"]):
        change = str.upper if words[1] in {"A-Z", "[:upper:]"} else str.lower
        return [replace(each, text=change(each.text)) for each in lines]
    if len(words[0]) != len(words[1]) or any(set(each) & set("\\[") or "-" in each[1:-1] for each in words):
        return None
    table = str.maketrans(words[0], words[1])
    return [replace(each, text=each.text.translate(table)) for each in lines]


def _cut(words: list[str], lines: list[Chunk]) -> list[Chunk] | None:
    found = re.fullmatch(r"-d ?(.) -f ?(\d+)(-?)|-f ?(\d+)(-?) -d ?(.)", " ".join(words))
    if found is None:
        return None
    separator, field = found[1] or found[6], int(found[2] or found[4]) - 1
    most = field if found[3] or found[5] else -1
    parts = [(each, each.text.split(separator, most)) for each in lines]
    return [
        each if len(part) == 1 else replace(each, text=part[field] if field < len(part) else "")
        for each, part in parts
    ]


def _decode(words: list[str], lines: list[Chunk]) -> list[Chunk] | None:
    if words not in (["-d"], ["--decode"], ["-D"]):
        return None
    try:
        text = b64decode("".join(each.text for each in lines), validate=True).decode()
    except ValueError:
        return None
    return [Chunk(each, lines[0].line) for each in text.removesuffix("\n").split("\n")] if lines else []


class _Edit(NamedTuple):
    """One command of sed.

    Attributes:
        address: which lines it is for; None for all.
        last: whether it is for the last line.
        verb: ``s``, ``d``, ``a``, ``i`` or ``c``.
        found: what ``s`` replaces.
        text: what it puts there or adds.
        every: whether ``s`` replaces all on a line.
    """

    address: re.Pattern[str] | int | None
    last: bool
    verb: str
    found: re.Pattern[str] | None = None
    text: str = ""
    every: bool = False


def _sed(words: list[str], lines: list[Chunk]) -> list[Chunk] | None:
    scripts = [each for each in words if not each.startswith("-")]
    options = [each for each in words if each.startswith("-") and not each.startswith(("-i", "--in-place"))]
    if any(set(each[1:]) - set("Erse") for each in options):
        return None
    try:
        edits = [
            edit for each in scripts for edit in _edits(each, extended=bool({"E", "r"} & {*"".join(options)}))
        ]
    except ValueError:
        return None
    return [one for number, line in enumerate(lines, 1) for one in _edited(edits, line, number, len(lines))]


def _edited(edits: Sequence[_Edit], line: Chunk, number: int, count: int) -> list[Chunk]:
    text, before, after = line.text, list[str](), list[str]()
    for edit in edits:
        if (edit.last and number != count) or (isinstance(edit.address, int) and edit.address != number):
            continue
        if isinstance(edit.address, re.Pattern) and edit.address.search(text) is None:
            continue
        if edit.verb in {"d", "c"}:
            return [
                replace(line, text=each)
                for each in (*before, *([edit.text] if edit.verb == "c" else []), *after)
            ]
        if edit.found is not None:
            text = edit.found.sub(_filler(edit.text), text, 0 if edit.every else 1)
        else:
            (after if edit.verb == "a" else before).append(edit.text)
    return [replace(line, text=each) for each in (*before, *text.split("\n"), *after)]


def _filler(text: str) -> Callable[[re.Match[str]], str]:
    def fill(match: re.Match[str]) -> str:
        def piece(found: re.Match[str]) -> str:
            one = found[0]
            if one == "&":
                return match[0]
            if one[1].isdigit():
                return match[int(one[1])] or ""
            return "\n" if one[1] == "n" else one[1]

        return re.sub(r"\\.|&", piece, text, flags=re.DOTALL)

    return fill


def _edits(script: str, *, extended: bool) -> Iterator[_Edit]:
    """Yield the commands of a script.

    Raises:
        ValueError: for one that is not followed.
    """
    rest = script.strip()
    while rest:
        head = re.match(r"(?:/((?:\\.|[^/\\])+)/|(\d+)|(\$))?[ \t]*([sdaic])", rest)
        if head is None:
            raise ValueError
        address = (
            _compiled(head[1].replace("\\/", "/"), extended=extended)
            if head[1]
            else int(head[2])
            if head[2]
            else None
        )
        verb, rest = head[4], rest[head.end() :]
        if verb == "s":
            mark = re.escape(rest[:1])
            part = rf"((?:\\.|(?!{mark})[^\\])*)"
            body = (
                re.match(rf"{mark}{part}{mark}{part}{mark}([gI]*)", rest, re.DOTALL)
                if mark.strip("\\\n")
                else None
            )
            if body is None:
                raise ValueError
            flags = re.IGNORECASE if "I" in body[3] else 0
            what = body[1].replace("\\" + rest[:1], rest[:1])
            found = _compiled(what, extended=extended, flags=flags)
            if any(int(each) > found.groups for each in re.findall(r"\\(\d)", body[2])):
                raise ValueError
            yield _Edit(address, bool(head[3]), verb, found, body[2], "g" in body[3])
            rest = rest[body.end() :]
        elif verb == "d":
            yield _Edit(address, bool(head[3]), verb)
        else:
            text = re.match(r"[ \t]*(?:\\\n?)?([^\n\\]*)", rest)
            if text is None or rest[text.end() :].startswith("\\"):
                raise ValueError
            yield _Edit(address, bool(head[3]), verb, text=text[1])
            rest = rest[text.end() :]
        end = re.match(r"[ \t]*(?:[;\n]\s*|$)", rest)
        if end is None:
            raise ValueError
        rest = rest[end.end() :]


def _compiled(text: str, *, extended: bool, flags: int = 0) -> re.Pattern[str]:
    found = pattern(text, basic=not extended, flags=flags)
    if found is None:
        raise ValueError
    return found


FILTERS: Final[dict[str, Callable[[list[str], list[Chunk]], list[Chunk] | None]]] = {
    "grep": _grep,
    "egrep": lambda words, lines: _grep(["-E", *words], lines),
    "fgrep": lambda words, lines: _grep(["-F", *words], lines),
    "head": _some,
    "tail": _last,
    "tr": _translate,
    "cut": _cut,
    "sed": _sed,
    "base64": _decode,
}
"""The filters that are followed, by name."""
