"""Reads CloudFormation YAML, short-form tags included, from libyaml's events: fast, and bounded in depth.

PyYAML's own composer recurses in C, which deep input can crash, and builds nodes that are thrown away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from cdk_pull.patterns import lazy_pattern
from cdk_pull.template.errors import MAX_DEPTH, MAX_VALUES, TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Position", "Positions", "line_in", "parse_yaml", "yaml_positions"]

# The tags' long names, where they are not simply Fn:: and the tag.
_LONG_NAMES: Final = {"!Ref": "Ref", "!Condition": "Condition"}
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{form: True for word in ("true", "yes", "on") for form in (word, word.title(), word.upper())},
    **{form: False for word in ("false", "no", "off") for form in (word, word.title(), word.upper())},
}
# A leading zero means an account number or the like, which YAML 1.1 would read as octal: it stays text.
_NUMBER: Final = lazy_pattern(r"[-+]?(?:0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?", re.ASCII)

# A statement or a variable of Jinja's, Go's or Mustache's; what CloudFormation resolves is none.
_TEMPLATE_LANGUAGE: Final = lazy_pattern(r"\{%|\{\{(?!resolve:)")


class Position(NamedTuple):
    """Where a value stands in the text.

    Attributes:
        line: from 1; of its key, for an object.
        style: ``|``, ``>``, a quotation mark or nothing for a scalar; ``{`` for flow style, ``-`` for block style.
        start: of the value, its tag and anchor included.
        end: behind its last character.
    """

    line: int
    style: str
    start: int
    end: int


class Positions(dict[Any, Any]):
    """Where the members of an object or a list stand, by key or index; each a Position or Positions.

    Attributes:
        begins: where each member begins, by key or index.
    """

    position: Position = Position(0, "-", 0, 0)
    named = False

    def __init__(self) -> None:
        super().__init__()
        self.begins: dict[Any, int] = {}


def parse_yaml(text: str, name: str) -> Any:
    """Return the document in CloudFormation's long form, such as ``{"Fn::Sub": …}`` for ``!Sub``.

    Raises:
        TemplateError: when the text is not one YAML document, is nested too deeply or contains itself.
    """
    return _Builder(name).build(text)


def yaml_positions(text: str, name: str) -> Positions:
    """Return where each value of a document that :func:`parse_yaml` accepts stands."""
    positions = _PositionBuilder(name).build(text)
    return positions if isinstance(positions, Positions) else Positions()


def line_in(positions: Positions, path: Sequence[str | int], inner_line: int = 0) -> int:
    """Return the line, from 1, of the value at a path, or of the nearest value above it that exists.

    Args:
        positions: of the document.
        path: from the top of the document.
        inner_line: a line, from 1, within the text at the path; it counts where that text is a literal block.
    """
    here: Any = positions
    for step in path:
        if not isinstance(here, Positions) or step not in here:
            break
        here = here[step]
    while inner_line and isinstance(here, Positions) and here:
        # The text stands in a function, such as {"Fn::Base64": {"Fn::Sub": text}} or [text, variables].
        here = next(iter(here.values()))
    at: Position = here.position if isinstance(here, Positions) else here
    # The lines of a literal block follow one by one.
    return at.line + inner_line if at.style == "|" else at.line


def _events(text: str, name: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        if isinstance(error, yaml.reader.ReaderError):
            place = f" at line {text.encode()[: error.position].count(10) + 1}"
        if "nesting depth" in str(error):  # libyaml's own bound, with releases of PyYAML that set one
            raise TemplateError(f"{name} is nested more than {MAX_DEPTH} levels deep") from None
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        found = _TEMPLATE_LANGUAGE.search(text)
        hint = f"; a {found[0]} … has to be filled in first" if found else ""
        raise TemplateError(f"{name} is not YAML: {problem}{place}{hint}") from None


class _Open:
    """An object or a list whose end has not come yet."""

    __slots__ = ("anchor", "is_map", "key", "tag", "value")

    def __init__(self, value: Any, event: Any) -> None:
        self.value, self.tag, self.anchor = value, event.tag, event.anchor
        self.is_map = type(event) is yaml.MappingStartEvent
        self.key: Any = None  # the event of a key whose value has not come yet

    @property
    def wants_key(self) -> bool:
        return self.is_map and self.key is None


class _Builder:
    """Builds values from events, with a stack of its own in place of Python's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.anchors: dict[str, Any] = {}
        self.plain: dict[str, Any] = {}
        self.merged = 0
        self.stack: list[_Open] = []
        self.documents: list[Any] = []

    def build(self, text: str) -> Any:
        for event in _events(text, self.name):
            kind = type(event)
            if kind is yaml.ScalarEvent:
                if self.stack and self.stack[-1].wants_key:
                    self.stack[-1].key = event
                else:
                    self.finish(self.scalar(event), event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self.open(event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                opened = self.stack.pop()
                self.close(opened.value, event)
                self.finish(opened.value, opened)
            elif kind is yaml.AliasEvent:
                self.add(self.alias(event))
        if not self.documents:
            return None
        if len(self.documents) > 1:
            raise TemplateError(f"{self.name} holds {len(self.documents)} YAML documents; one is needed")
        return self.documents[0]

    def open(self, event: Any) -> None:
        if self.stack and self.stack[-1].wants_key:
            # {{ name }} of a template language is, to YAML, an object that is the key of an object.
            hint = "; a {{ … }} has to be filled in first" if event.flow_style else ""
            raise TemplateError(
                f"{self.name} has an object for a key at line {event.start_mark.line + 1}{hint}"
            )
        if len(self.stack) >= MAX_DEPTH:
            raise TemplateError(f"{self.name} is nested more than {MAX_DEPTH} levels deep")
        if event.anchor is not None:
            self.anchors[event.anchor] = _UNFINISHED
        self.stack.append(_Open(self.collection(event), event))

    def finish(self, value: Any, begun: Any) -> None:
        if begun.tag is not None:
            value = self.wrap(value, begun.tag)
        if begun.anchor is not None:
            self.anchors[begun.anchor] = value
        self.add(value)

    def alias(self, event: Any) -> Any:
        line = event.start_mark.line + 1
        if event.anchor not in self.anchors:
            raise TemplateError(f"{self.name} uses *{event.anchor} at line {line}, which nothing defines")
        value = self.anchors[event.anchor]
        if value is _UNFINISHED:
            raise TemplateError(f"{self.name} is cyclic: *{event.anchor} at line {line} contains itself")
        return value

    def add(self, value: Any) -> None:
        if not self.stack:
            self.documents.append(value)
            return
        parent = self.stack[-1]
        if not parent.is_map:
            self.append(parent.value, value)
            return
        if parent.key is None:
            raise TemplateError(f"{self.name} has an alias for a key")
        key, parent.key = parent.key, None
        if key.value == "<<" and not key.style:
            self.merge(parent.value, value)
        else:
            parent.value[key.value] = value
            self.name_place(parent.value, value, key)

    def name_place(self, parent: Any, value: Any, key: Any) -> None:
        """Do nothing: values have no place."""

    def close(self, value: Any, event: Any) -> None:
        """Do nothing: values have no end."""

    def append(self, parent: Any, value: Any) -> None:
        parent.append(value)

    def merge(self, parent: dict[str, Any], value: Any) -> None:
        for merged in value if isinstance(value, list) else (value,):
            if isinstance(merged, dict):
                self.merged += len(merged)
                if self.merged > MAX_VALUES:
                    raise TemplateError(f"{self.name} merges more than {MAX_VALUES} members")
                parent.update({key: item for key, item in merged.items() if key not in parent})

    def collection(self, event: Any) -> Any:
        return {} if type(event) is yaml.MappingStartEvent else []

    def scalar(self, event: Any) -> Any:
        text = event.value
        if event.style or event.tag is not None:
            return text
        if text not in self.plain:
            self.plain[text] = _resolve(text)
        return self.plain[text]

    def wrap(self, value: Any, tag: str) -> Any:
        name = _long_name(tag)
        if not name:
            return value
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}


class _PositionBuilder(_Builder):
    """Builds the positions of values in place of the values."""

    def collection(self, event: Any) -> Any:
        positions = Positions()
        mark = event.start_mark
        style = "{" if event.flow_style else "-"
        positions.position = Position(mark.line + 1, style, mark.index, mark.index)
        return positions

    def scalar(self, event: Any) -> Any:
        start, end = event.start_mark, event.end_mark
        return Position(start.line + 1, event.style or "", start.index, end.index)

    def close(self, value: Any, event: Any) -> None:
        # In block style the end is known only where the next value begins, comments and blank lines later.
        ends = [each.position if isinstance(each, Positions) else each for each in value.values()]
        flow = value.position.style == "{"
        end = event.end_mark.index if flow else max((each.end for each in ends), default=value.position.end)
        value.position = value.position._replace(end=end)

    def wrap(self, value: Any, tag: str) -> Any:
        name = _long_name(tag)
        if not name:
            return value
        positions = Positions()
        positions.position = value.position if isinstance(value, Positions) else value
        positions[name] = value
        return positions

    def name_place(self, parent: Any, value: Any, key: Any) -> None:
        parent.begins[key.value] = key.start_mark.index
        # An object begins at its first member; a reader looks for its key. An alias keeps its anchor's place.
        if isinstance(value, Positions) and not value.named:
            value.position, value.named = value.position._replace(line=key.start_mark.line + 1), True

    def append(self, parent: Any, value: Any) -> None:
        at = value.position if isinstance(value, Positions) else value
        parent.begins[len(parent)] = at.start
        parent[len(parent)] = value


_UNFINISHED: Final = object()


def _long_name(tag: str) -> str:
    if not tag.startswith("!") or len(tag) == 1:
        return ""
    return _LONG_NAMES.get(tag) or f"Fn::{tag[1:]}"


def _resolve(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    return float(text) if number.group(1) else int(text)
