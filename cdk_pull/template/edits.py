"""Changes of a template's values, made in its text: every other character stays as it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.agent.fixes.case import Replacement, replaced
from cdk_pull.patterns import lazy_pattern
from cdk_pull.template.changes import NewItem, NewString, NewValue, Removed, as_written, changed
from cdk_pull.template.context import value_at
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.scalars import content_start, read_scalar
from cdk_pull.template.source import JSON_STYLE, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_pull.template.changes import Change, Path
    from cdk_pull.template.source import Node

__all__ = [
    "CannotEditError",
    "edits_of",
]

# What a plain scalar of YAML may be without any doubt.
_PLAIN: Final = lazy_pattern(r"[A-Za-z0-9_./$][\w./$@+-]*(?::[\w./$@+-]+)*", re.ASCII)
_COMMENT: Final = lazy_pattern(r"(?:^|\s)#")
_COLON: Final = lazy_pattern(r"""(?:"[^"]*"|'[^']*'|[^\s:"'][^:]*?)\s*:(?=\s)""")
_SHARES: Final = "another value shares the text by an anchor, an alias or a merge key: change it by hand"
_SINGLE: Final = "'"
# A new property stands beside the one that it belongs to.
_BESIDE: Final = {"Cpu": "Memory", "Memory": "Cpu"}


class CannotEditError(TemplateError):
    """A change that cannot be made in the text of the template; the message says why, in a clause."""


def edits_of(source: Source, changes: Sequence[Change]) -> tuple[Replacement, ...]:
    """Return the edits of a template's text that make changes, and nothing else, when it is read.

    Raises:
        CannotEditError: when the text has no place for a change, or another value would change with it.
    """
    edits = tuple(dict.fromkeys(edit for change in changes for edit in _edits(source, change)))
    try:
        found: Any = Source(source.name, replaced(source.text, edits)).document
    except TemplateError:
        found = None
    if found != changed(source.document, changes):
        shared = any(_shares(source, change.path) for change in changes)
        raise CannotEditError(
            _SHARES if shared else "the text is in a form that cannot be edited: change it by hand"
        )
    return edits


def _edits(source: Source, change: Change) -> Iterator[Replacement]:
    *above, step = change.path
    match change:
        case NewString():
            yield _string_edit(source, change)
        case NewValue():
            old = value_at(source.document, change.path, _MISSING)
            yield from _value_edits(source, change.path, old, change.value)
        case NewItem():
            yield _item_edit(source, change)
        case Removed():
            items = value_at(source.document, above)
            if len(items) == 1 or not isinstance(step, int):
                raise CannotEditError("it is the only item of its list: change it by hand")
            yield from _without(source, tuple(above), [step], len(items))


def _shares(source: Source, path: Path) -> bool:
    """Tell whether a value, or one around it, has an anchor, or comes by an alias or a merge key from elsewhere."""
    nodes = (source.node(path[:depth]) for depth in range(1, len(path) + 1))
    return any(
        node is not None and (node.start < node.key or source.text[node.start] == "&") for node in nodes
    )


_MISSING: Final = object()


def _node(source: Source, path: Path) -> Node:
    node = source.node(path)
    if node is None:
        raise CannotEditError("it is not in the text of the template: change it by hand")
    return node


def _string_edit(source: Source, change: NewString) -> Replacement:
    node = _node(source, change.path)
    value = value_at(source.document, change.path)
    scalar = read_scalar(source.text, node.start, node.end, node.style, value)
    region = scalar.region(change.start, change.end, change.text) if scalar else None
    if region is None:
        form = {"": "a plain scalar", ">": "a folded scalar"}.get(
            node.style, "in a form that cannot be edited"
        )
        raise CannotEditError(f"the text is {form}: write it as a literal block (|)")
    return Replacement(*region)


def _value_edits(source: Source, path: Path, old: Any, new: Any) -> Iterator[Replacement]:
    """Yield the edits that put a value in the place of another, as few as there can be."""
    if old is _MISSING:
        yield _inserted(source, path, new)
    elif isinstance(old, dict) and isinstance(new, dict) and old.keys() <= new.keys():
        for key, value in new.items():
            yield from _value_edits(source, (*path, key), old.get(key, _MISSING), value)
    elif isinstance(old, list) and isinstance(new, list) and new and (gone := _gone(old, new)) is not None:
        yield from _without(source, path, gone, len(old))
    elif old != as_written(old, new):
        yield _replaced(source, path, old, new)


def _replaced(source: Source, path: Path, old: Any, new: Any) -> Replacement:
    node = _node(source, path)
    new = as_written(old, new)
    if node.style in ("|", ">"):
        raise CannotEditError("it is a block scalar: write it in one line")
    if isinstance(old, str | int | float) and isinstance(new, str | int):
        start = node.start if source.is_json else content_start(source.text, node.start)
        return Replacement(start, node.end, _scalar(new, node.style))
    if node.style == "-":
        # The value begins on a line of its own; another one stands behind its key.
        colon = _COLON.match(source.text, node.key) if isinstance(path[-1], str) else None
        start = colon.end() if colon else node.start
        if _COMMENT.search(source.text, start, node.end):
            raise CannotEditError("a comment stands within the value: change it by hand")
        space = " " if colon else ""
        return Replacement(start, _trimmed(source, node), f"{space}{_written(new, source)}")
    return Replacement(node.start, node.end, _written(new, source))


def _trimmed(source: Source, node: Node) -> int:
    return node.start + len(source.text[node.start : node.end].rstrip())


def _inserted(source: Source, path: Path, new: Any) -> Replacement:
    *above, key = path
    holder = _node(source, tuple(above))
    if not isinstance(key, str) or not holder.keys:
        raise CannotEditError("it is not in the text of the template: change it by hand")
    beside = _BESIDE.get(key, "")
    at = holder.keys.get(beside, min(holder.keys.values()))
    text = source.text
    if source.is_json or holder.style == "{":
        blank = text[len(text[:at].rstrip()) : at] or " "
        name = json.dumps(key) if source.is_json else key
        return Replacement(at, at, f"{name}: {_written(new, source)},{blank}")
    line = text.rfind("\n", 0, at) + 1
    ending = "\r\n" if "\r\n" in text else "\n"
    indent = re.sub(r"\S", " ", text[line:at])
    return Replacement(at, at, f"{key}: {_written(new, source)}{ending}{indent}")


def _gone(old: list[Any], new: list[Any]) -> list[int] | None:
    """Return which items of a list are left out in another one; None where more than that differs."""
    rest = iter(new)
    following = next(rest, _MISSING)
    gone: list[int] = []
    for index, item in enumerate(old):
        if following is not _MISSING and item == following:
            following = next(rest, _MISSING)
        else:
            gone.append(index)
    return gone if following is _MISSING else None


def _without(source: Source, path: Path, gone: list[int], count: int) -> Iterator[Replacement]:
    """Yield the removal of some items of a list, of which at least one stays."""
    holder = _node(source, path)
    items = [_node(source, (*path, index)) for index in range(count)]
    text = source.text
    if holder.style == "-":
        for index in gone:
            line, _ = _dash(source, items[index])
            end = text.find("\n", _trimmed(source, items[index]))
            yield Replacement(line, end + 1 if end >= 0 else len(text), "")
        return
    while gone:
        first = last = gone.pop(0)
        while gone and gone[0] == last + 1:
            last = gone.pop(0)
        if last + 1 < count:
            yield Replacement(items[first].start, items[last + 1].start, "")
        else:
            yield Replacement(items[first - 1].end, items[last].end, "")


def _item_edit(source: Source, change: NewItem) -> Replacement:
    holder, item = _node(source, change.path[:-1]), _node(source, change.path)
    text, written = source.text, _written(change.text, source)
    if holder.style != "-":
        at = item.end if change.after else item.start
        blank = text[len(text[: item.start].rstrip()) : item.start] or " "
        return Replacement(at, at, f",{blank}{written}" if change.after else f"{written},{blank}")
    line, dash = _dash(source, item)
    end = text.find("\n", _trimmed(source, item)) + 1
    at = end if change.after else line
    if not end:
        raise CannotEditError("the file has no line feed at its end")
    ending = "\r\n" if text[end - 2 : end] == "\r\n" else "\n"
    return Replacement(at, at, f"{text[line:dash]}- {written}{ending}")


def _dash(source: Source, item: Node) -> tuple[int, int]:
    """Return where the line of an item of a list begins, and where its dash stands."""
    text = source.text
    dash = len(text[: item.start].rstrip()) - 1
    line = text.rfind("\n", 0, dash) + 1
    if text[dash : dash + 1] != "-" or text[line:dash].strip():
        raise CannotEditError("it shares its line with another item: change it by hand")
    return line, dash


def _scalar(new: str | int, style: str) -> str:
    """Return a scalar in the style of the one that it replaces, as far as that can hold it."""
    if style == JSON_STYLE or (style == '"' and isinstance(new, str)):
        return json.dumps(new, ensure_ascii=False)
    if isinstance(new, int):
        return str(new)
    # Numbers of letters alone, such as 512, are numbers to YAML.
    plain = not style and _PLAIN.fullmatch(new) and not re.fullmatch(r"[\d.e+-]+|\w{1,5}", new)
    return new if plain else "'" + new.replace("'", "''") + "'"


def _written(new: Any, source: Source) -> str:
    """Return a value in one line."""
    if source.is_json:
        return json.dumps(new, ensure_ascii=False)
    match new:
        case {"Fn::Sub": str() as text} if len(new) == 1:
            return f"!Sub {_scalar(text, _SINGLE)}"
        case dict():
            return "{" + ", ".join(f"{key}: {_written(each, source)}" for key, each in new.items()) + "}"
        case list():
            return "[" + ", ".join(_written(each, source) for each in new) + "]"
        case str() | int():
            return _scalar(new, "")
    return json.dumps(new)
