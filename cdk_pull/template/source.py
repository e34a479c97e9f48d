"""The text of one template: read within bounds, and asked for lines only when there is something to point at."""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_pull.files import UnreadableFileError, read_regular_file
from cdk_pull.template.errors import MAX_BYTES, MAX_DEPTH, MAX_VALUES, TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_pull.template.yaml_source import Positions

__all__ = [
    "JSON_STYLE",
    "Node",
    "Source",
    "check_shape",
    "decode_source",
    "from_here",
    "read_bytes",
    "read_source",
]

_DECODER: Final = json.JSONDecoder()
JSON_STYLE: Final = "json"
"""The style of a scalar in JSON, beside those of YAML."""
_BLANKS: Final = " \t\r\n,:"


class Node(NamedTuple):
    """Where a value stands in the text of its template.

    Attributes:
        key: where its key begins; the value itself, in a list.
        start: where the value begins, its tag and anchor included.
        end: behind its last character.
        style: how it is written: as ``Position`` of the YAML reader has it, or ``json`` for a scalar of JSON.
        keys: where each of its members begins, by key or index.
    """

    key: int
    start: int
    end: int
    style: str
    keys: Mapping[str | int, int]


class Source:
    """The text of one template file.

    Attributes:
        name: how messages call it, such as ``cdk.out/App.template.json``.
        text: all of it.
        document: what it says, an object.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._is_json = text.lstrip()[:1] == "{"
        self._members: dict[int, dict[str | int, tuple[int, int]]] = {}
        self.document: dict[str, Any] = self._parse()

    def _parse(self) -> dict[str, Any]:
        document: Any = None
        if self._is_json:
            try:
                document = json.loads(self.text)
            except RecursionError:
                raise TemplateError(f"{self.name} is nested more than {MAX_DEPTH} levels deep") from None
            except ValueError as error:
                # YAML's flow style begins with a brace as well: it gets its turn, and JSON the last word.
                self._is_json = False
                try:
                    document = self._parse_yaml()
                except TemplateError as yaml_error:
                    detail = str(error) if "is not YAML" in str(yaml_error) else ""
                    raise (
                        TemplateError(f"{self.name} is not JSON: {detail}") if detail else yaml_error
                    ) from None
        else:
            document = self._parse_yaml()
        return check_shape(document, self.name)

    def _parse_yaml(self) -> Any:
        # PyYAML takes as long to import as a small template to check, and a cdk.out has JSON alone.
        from cdk_pull.template.yaml_source import parse_yaml  # noqa: PLC0415

        return parse_yaml(self.text, self.name)

    def line_of(self, path: Sequence[str | int], inner_line: int = 0) -> int:
        """Return the line, from 1, of the value at a path, or of the nearest value above it that exists.

        Args:
            path: from the top of the template, such as ``("Resources", "Td", "Properties", "Cpu")``.
            inner_line: a line, from 1, within the text that stands at the path. It counts where the file has
                that text as a literal block; elsewhere the value's own line is returned.
        """
        return self._json_line(path) if self._is_json else self._yaml_line(path, inner_line)

    @property
    def is_json(self) -> bool:
        """Whether it is JSON rather than YAML."""
        return self._is_json

    def node(self, path: Sequence[str | int]) -> Node | None:
        """Return where the value at a path stands; None where nothing does, or something above it is no object or list."""
        return self._json_node(path) if self._is_json else self._yaml_node(path)

    def _json_node(self, path: Sequence[str | int]) -> Node | None:
        key_at = value_at = _skip(self.text, 0)
        for step in path:
            if step not in (found := self._members_at(value_at)):
                return None
            key_at, value_at = found[step]
        value, end = _DECODER.raw_decode(self.text, value_at)
        style = "{" if isinstance(value, _NESTS) else JSON_STYLE
        keys = {key: each for key, (each, _) in self._members_at(value_at).items()}
        return Node(key_at, value_at, end, style, keys)

    def _members_at(self, value_at: int) -> dict[str | int, tuple[int, int]]:
        # Many findings stand in one object, or in one list: what is where is worked out once.
        if value_at not in self._members:
            self._members[value_at] = _members(self.text, value_at)
        return self._members[value_at]

    def _yaml_node(self, path: Sequence[str | int]) -> Node | None:
        from cdk_pull.template.yaml_source import Positions  # noqa: PLC0415 - as above

        here: Any = self._yaml_positions
        key_at = here.position.start
        for step in path:
            if not isinstance(here, Positions) or step not in here:
                return None
            key_at, here = here.begins.get(step, key_at), here[step]
        at = here.position if isinstance(here, Positions) else here
        return Node(key_at, at.start, at.end, at.style, here.begins if isinstance(here, Positions) else {})

    @cached_property
    def _yaml_positions(self) -> Positions:
        from cdk_pull.template.yaml_source import yaml_positions  # noqa: PLC0415 - as above

        return yaml_positions(self.text, self.name)

    @cached_property
    def _line_starts(self) -> list[int]:
        # Lines end at line feeds alone, as editors count them; splitlines would know many more.
        return list(accumulate(map((1).__add__, map(len, self.text.split("\n"))), initial=0))[:-1]

    def _json_line(self, path: Sequence[str | int]) -> int:
        key_at = value_at = 0
        for step in path:
            if step not in (found := self._members_at(value_at)):
                break
            key_at, value_at = found[step]
        return self.position_of(key_at)[0]

    def position_of(self, at: int) -> tuple[int, int]:
        """Return the line and the column, both from 1, of a character of the text."""
        line = bisect_right(self._line_starts, at)
        return line, at - self._line_starts[line - 1] + 1

    def _yaml_line(self, path: Sequence[str | int], inner_line: int) -> int:
        from cdk_pull.template.yaml_source import line_in  # noqa: PLC0415 - as above

        return line_in(self._yaml_positions, path, inner_line)


def _members(text: str, at: int) -> dict[str | int, tuple[int, int]]:
    """Return, for the JSON object or list at an offset, where each member's key and value begin."""
    found: dict[str | int, tuple[int, int]] = {}
    at = _skip(text, at)
    opening = text[at : at + 1]
    if opening not in {"{", "["} or not opening:
        return found
    closing = "}" if opening == "{" else "]"
    at = _skip(text, at + 1)
    while text[at] != closing:
        key_at = at
        key: str | int = len(found)
        if opening == "{":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, at)
        found[key] = (key_at, at)
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
    return found


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _BLANKS:
        at += 1
    return at


def read_source(path: Path) -> Source:
    """Read a template file.

    Raises:
        TemplateError: when it cannot be read, is too large, or is no JSON or YAML object.
    """
    return decode_source(read_bytes(path), str(path))


def decode_source(data: bytes, name: str) -> Source:
    """Return the source of a template that has been read.

    Raises:
        TemplateError: when it is no JSON or YAML object.
    """
    if b"\0" in data[:4]:
        raise TemplateError(f"{name} is UTF-16, UTF-32 or no text at all; write it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(
            f"{name} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}"
        ) from None
    return Source(name, text)


def read_bytes(path: Path) -> bytes:
    """Read a file of at most :data:`MAX_BYTES`.

    Raises:
        TemplateError: when it cannot be read, or is larger.
    """
    try:
        return read_regular_file(path, "template", max_bytes=MAX_BYTES)
    except FileNotFoundError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}") from None
    except UnreadableFileError as error:
        reason = error.reason.removeprefix("cannot be read (").removesuffix(")")
        raise TemplateError(f"{path} cannot be read: {reason}") from None


def from_here(path: Path) -> Path:
    """Return a path as from the working folder where it lies there: shorter, and the same on every machine."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def check_shape(document: Any, name: str) -> dict[str, Any]:
    """Return the document when it is an object within the bounds on depth and number.

    The walk goes level by level, so that aliases which multiply and objects that contain themselves are found
    by the same two bounds.

    Raises:
        TemplateError: otherwise.
    """
    if not isinstance(document, dict):
        kind = "empty" if document is None else f"a {_KINDS.get(type(document), type(document).__name__)}"
        raise TemplateError(f"{name} is {kind}, not an object; a template is an object with Resources")
    level: list[Any] = [document]
    total = 0
    for _ in range(MAX_DEPTH):
        # Counted before they are gathered: a short list of aliases can stand for more than memory holds.
        total += sum(map(len, level))
        if total > MAX_VALUES:
            raise TemplateError(f"{name} holds more than {MAX_VALUES} values, its aliases written out")
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, _NESTS)
        ]
        if not level:
            return document
    raise TemplateError(f"{name} is nested more than {MAX_DEPTH} levels deep")


_NESTS: Final = (dict, list)
_KINDS: Final = {list: "list", str: "text", int: "number", float: "number", bool: "boolean"}
