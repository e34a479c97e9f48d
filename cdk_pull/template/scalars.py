"""Where each character of a string stands in the text of its template, and how other characters are written there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.template.source import JSON_STYLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Scalar", "content_start", "read_scalar"]

_BREAK: Final = "\r\n|[\r\n\x85\u2028\u2029]"
_BREAKS: Final = "\r\n\x85\u2028\u2029"
_ANY_BREAK: Final = lazy_pattern(_BREAK)
_FOLD: Final = lazy_pattern(rf"[ \t]*(?:{_BREAK})(?:[ \t]*(?:{_BREAK}))*[ \t]*")
_PROPERTIES: Final = lazy_pattern(rf"(?:[&!][^\s,\[\]{{}}]*|#[^\r\n]*|[ \t]|{_BREAK})*")
_HEADER: Final = lazy_pattern(rf"[|>][0-9+-]*[ \t]*(?:#[^\r\n]*)?(?:{_BREAK})")
_INDENT: Final = lazy_pattern(r" *")
_FIRST: Final = lazy_pattern(rf"(?: *(?:{_BREAK}))*( *)\S")
_ESCAPE: Final = lazy_pattern(
    rf"\\(?:x[0-9a-fA-F]{{2}}|u[dD][89abAB][0-9a-fA-F]{{2}}\\u[dD][c-fC-F][0-9a-fA-F]{{2}}|u[0-9a-fA-F]{{4}}"
    rf"|U[0-9a-fA-F]{{8}}|(?:{_BREAK})[ \t]*|[^\r\n])"
)
_ESCAPED: Final = dict(
    zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True)
)

# A character of the value, and where it begins in the text of the template.
_Read = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string in the text of its template.

    Attributes:
        source: the text of the template.
        value: the string.
        style: as of :class:`cdk_pull.template.yaml_source.Position`, or :data:`JSON_STYLE`.
        offsets: where each character of the string begins in the text, and where what follows them does.
        indent: the characters before each line of a block, or before a further line of another scalar.
    """

    source: str
    value: str
    style: str
    offsets: tuple[int, ...]
    indent: str = ""

    def region(self, start: int, end: int, new: str) -> tuple[int, int, str] | None:
        """Return what to replace in the template's text so that other characters stand in a part of the string.

        None where the style has no way to write them.
        """
        if self.style in (JSON_STYLE, '"'):
            plain = self.style == JSON_STYLE and self.source.isascii()
            return self.offsets[start], self.offsets[end], json.dumps(new, ensure_ascii=plain)[1:-1]
        if "\n" in new and not self.style:
            return None
        ending = (_ANY_BREAK.search(self.source) or ["\n"])[0]
        # Where lines are folded, an empty one stands for the end of a line.
        line_end = ending if self.style == "|" else ending * 2
        if self.style in ("|", ">") and self._begins_line(start) and self._begins_line(end, new):
            # Whole lines go and come with what is before them.
            lines = (f"{self.indent}{each}" if each else "" for each in new.split("\n")[:-1])
            text = "".join(f"{each}{line_end}" for each in lines)
            return self._line_start(start), self._line_start(end), text
        text = new.replace("'", "''") if self.style == "'" else new
        following = "\n" if self.value[end : end + 1] in ("", "\n") else "x"
        text = re.sub(r"\n(?=[^\n])", f"\n{self.indent}", f"{text}{following}")[:-1]
        return self.offsets[start], self.offsets[end], text.replace("\n", line_end)

    def _begins_line(self, at: int, new: str = "") -> bool:
        return new[-1:] in ("", "\n") and (at == 0 or self.value[at - 1] == "\n")

    def _line_start(self, at: int) -> int:
        """Return where the line of the template begins in which a line of the string does."""
        found = self.offsets[at]
        while self.source[found - 1] == " ":
            found -= 1
        return found


def read_scalar(source: str, start: int, end: int, style: str, value: str) -> Scalar | None:
    """Return a string with the place of each of its characters; None where it is written in a form that is not known.

    Args:
        source: the text of the template.
        start: where its tag, anchor or first character begins.
        end: behind its last character.
        style: how it is written.
        value: what it is.
    """
    if style == JSON_STYLE:
        return _scalar(source, value, style, _quoted(source, start + 1, end - 1, folds=False))
    start = content_start(source, start)
    if style in ("|", ">"):
        return _block(source, start, end, style, value)
    reader = {"": _plain, "'": _single, '"': _quoted}[style]
    inner = (start + 1, end - 1) if style else (start, end)
    fold = _FOLD.search(source, *inner)
    indent = re.search("[ \t]*$", fold[0]) if fold else None
    return _scalar(source, value, style, reader(source, *inner), indent[0] if indent else "  ")


def content_start(source: str, start: int) -> int:
    """Return where the text of a YAML scalar begins: behind its tag and its anchor."""
    properties = _PROPERTIES.match(source, start)
    return properties.end() if properties else start


def _scalar(source: str, value: str, style: str, read: Iterator[_Read], indent: str = "") -> Scalar | None:
    characters, offsets = zip(*read, strict=True)
    # The last one stands for what follows.
    whole = "".join(characters[:-1])
    if not whole.startswith(value):
        return None
    return Scalar(source, value, style, offsets[: len(value) + 1], indent)


def _block(source: str, start: int, end: int, style: str, value: str) -> Scalar | None:
    header = _HEADER.match(source, start)
    if header is None:
        return None
    first = _FIRST.match(source, header.end(), end)
    widest = len(first[1]) if first else 0
    # An indentation indicator counts from the parent, and says no more than which part of the blanks is text.
    for width in range(widest, 0, -1):
        read = _lines(source, header.end(), max(end, header.end()), width, folds=style == ">")
        if found := _scalar(source, value, style, read, " " * width):
            return found
    return None


def _lines(source: str, at: int, end: int, width: int, *, folds: bool) -> Iterator[_Read]:
    """Yield the characters of a block as libyaml reads them: a break between two lines may be a blank."""
    leading: _Read | None = None
    empty: list[_Read] = []
    was_blank = False
    while at < end:
        indent = _INDENT.match(source, at, min(at + width, end))
        text_at = indent.end() if indent else at
        line_break = _ANY_BREAK.search(source, text_at, end)
        line_end, following = (line_break.start(), line_break.end()) if line_break else (end, end)
        one = ("\n", line_end)
        if text_at == line_end and leading is not None:
            empty.append(one)
        elif text_at == line_end:
            yield one
        else:
            is_blank = source[text_at] in " \t"
            if leading is not None and folds and not was_blank and not is_blank:
                # One break is a blank; of several the first goes, and the next stands for it.
                empty = [leading, *empty[:-1]] if empty else [(" ", leading[1])]
            elif leading is not None:
                yield leading
            yield from empty
            yield from zip(source[text_at:line_end], range(text_at, line_end), strict=True)
            leading, empty, was_blank = one if line_break else None, [], is_blank
        at = following
    if leading is not None:
        yield leading
    yield from empty
    yield "", at


def _plain(source: str, at: int, end: int) -> Iterator[_Read]:
    yield from _flow(source, at, end, lambda at: (source[at], at + 1))


def _single(source: str, at: int, end: int) -> Iterator[_Read]:
    yield from _flow(source, at, end, lambda at: (source[at], at + 1 + (source[at] == "'")))


def _quoted(source: str, at: int, end: int, *, folds: bool = True) -> Iterator[_Read]:
    def character(at: int) -> tuple[str, int]:
        found = _ESCAPE.match(source, at) if source[at] == "\\" else None
        return (_unescaped(found[0][1:]), found.end()) if found else (source[at], at + 1)

    yield from _flow(source, at, end, character, folds=folds)


def _unescaped(escape: str) -> str:
    if len(escape) > 1 and escape[0] == "u":
        return str(json.loads(f'"\\{escape}"'))
    if len(escape) > 1 and escape[0] in "xU":
        return chr(int(escape[1:], 16))
    return "" if escape[0] in _BREAKS else _ESCAPED.get(escape, escape)


def _flow(
    source: str, at: int, end: int, character: Callable[[int], tuple[str, int]], *, folds: bool = True
) -> Iterator[_Read]:
    """Yield the characters between quotation marks, or of a plain scalar; breaks are folded in YAML alone."""
    while at < end:
        fold = _FOLD.match(source, at, end) if folds and source[at] in f" \t{_BREAKS}" else None
        if fold:
            number = len(_ANY_BREAK.findall(fold[0]))
            yield from (((" ", at),) if number == 1 else (("\n", at + each) for each in range(number - 1)))
            at = fold.end()
            continue
        read, following = character(at)
        if read:
            yield read, at
        at = following
    yield "", at
