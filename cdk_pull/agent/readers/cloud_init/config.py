"""The parts of a cloud-config that run commands and write files."""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.agent.readers.cloud_init.steps import Opaque, Script, Stage, Step, Write
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.reading import AgentWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import yaml

    from cdk_pull.agent.pieces import Holes

__all__ = ["MOST_VALUES", "Document", "exceeds_bound", "load", "merge", "parse", "refused", "steps"]

# Cloud-init's own YAML fails on a tag whose text does not fit, such as !!int "", with whatever Python raises.
_CONSTRUCTOR_ERRORS = (AttributeError, IndexError, KeyError, OverflowError, TypeError)
MOST_VALUES: Final = 50_000
"""How many values a cloud-config may have once its aliases are written out: it has 16 KB, unpacked some 100 KB."""

_LONG: Final = 100
_COMMANDS = (("bootcmd", Stage.BOOTCMD), ("runcmd", Stage.SCRIPTS))


class Document:
    """A cloud-config: its values, and where in the user data they stand."""

    def __init__(
        self, values: dict[str, Any], nodes: dict[str, yaml.Node], line: int, *, spread: bool
    ) -> None:
        self.values = values
        self.nodes = nodes
        self._line = line
        self._spread = spread

    def line(self, node: yaml.Node) -> int:
        """Return the line on which a value's text begins: for a block, the one after its ``|``."""
        below = 1 if getattr(node, "style", None) in {"|", ">"} else 0
        return self._line + (node.start_mark.line + below if self._spread else 0)

    def items(self, key: str) -> list[tuple[Any, yaml.Node]]:
        """Return the entries of a list with their places."""
        node, values = self.nodes.get(key), self.values.get(key)
        if not isinstance(values, list) or node is None or not isinstance(node.value, list):
            return []
        return list(zip(values, node.value, strict=False))

    def spreads(self, node: yaml.Node) -> bool:
        """Return whether a text's lines are lines of the user data."""
        return self._spread and getattr(node, "style", None) == "|"


def parse(text: str) -> tuple[yaml.Node, Any] | None:
    """Return YAML as nodes and as values; None where it is not YAML, or :func:`exceeds_bound`."""
    import yaml  # noqa: PLC0415 - only some user data is YAML

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None or _written_out(root, {}) > MOST_VALUES:
            return None
        return root, yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError, *_CONSTRUCTOR_ERRORS):
        return None


def exceeds_bound(text: str) -> bool:
    """Tell whether the aliases and merge keys of YAML stand for more than :data:`MOST_VALUES` values."""
    import yaml  # noqa: PLC0415 - as above

    try:
        return _written_out(yaml.compose(text, Loader=yaml.SafeLoader), {}) > MOST_VALUES
    except (yaml.YAMLError, RecursionError, ValueError):
        return False


def load(text: str, line: int, *, spread: bool) -> Document | None:
    """Return a cloud-config, or None where it is not a YAML mapping, or exceeds the bound."""
    import yaml  # noqa: PLC0415 - as above

    found = parse(text)
    if found is None or not isinstance(found[1], dict) or not isinstance(found[0], yaml.MappingNode):
        return None
    root, values = found
    return Document(values, {str(key.value): value for key, value in root.value}, line, spread=spread)


def _written_out(node: Any, known: dict[int, int]) -> int:
    """Return how many values a document has once its aliases are written out; of one that contains itself, too many."""
    if isinstance(node, tuple):
        return sum(_written_out(each, known) for each in node)
    value = getattr(node, "value", None)
    if not isinstance(value, list):
        # A long string that many aliases name is as much as many values.
        return 1 + len(value or "") // _LONG
    if id(node) not in known:
        known[id(node)] = MOST_VALUES + 1  # while its own items are counted
        known[id(node)] = 1 + sum(_written_out(each, known) for each in value)
    return known[id(node)]


def merge(documents: Iterable[Document]) -> dict[str, Document]:
    """Return the document that counts for each key: cloud-init lets a later part replace an earlier one."""
    return {key: document for document in documents for key in document.values}


def steps(documents: list[Document], holes: Holes) -> Iterator[Step]:
    """Yield what the documents together make cloud-init do."""
    counting = merge(documents)
    for key, stage in _COMMANDS:
        if key in counting:
            yield _commands(counting[key], key, stage)
    if "write_files" in counting:
        document = counting["write_files"]
        for number, (entry, node) in enumerate(document.items("write_files")):
            if isinstance(entry, dict) and entry.get("path"):
                yield _file(document, entry, node, f"{number:04d}", holes)
    for document in documents:
        if any("append" in str(document.values.get(key, "")) for key in ("merge_how", "merge_type")):
            yield Opaque(Stage.WRITE_FILES, "", "the parts of the cloud-config are merged in another way", 1)


def refused(documents: list[Document]) -> Iterator[AgentWarning]:
    """Yield the first item for which cloud-init runs none of the commands, where one of them is for the agent."""
    counting = merge(documents)
    for key, _ in _COMMANDS:
        items = counting[key].items(key) if key in counting else []
        for value, node in items:
            if isinstance(value, list | str | None) or "ecs.config" not in str(items):
                continue
            yield AgentWarning(
                WarningCode.NOT_RUN,
                f"cloud-init runs nothing of {key}: in YAML a colon and a blank make this item a mapping; quote the "
                "whole command",
                counting[key].line(node),
            )
            break


def _commands(document: Document, key: str, stage: Stage) -> Script:
    script: list[str] = ["#!/bin/sh"]
    lines = [0]
    for value, node in document.items(key):
        if isinstance(value, list):
            text = " ".join("'" + str(each).replace("'", "'\\''") + "'" for each in value)
        elif isinstance(value, str):
            text = value
        elif value is None:
            continue
        else:
            # cloud-init runs none of them then: `- echo a: b` is a mapping, which it cannot make a command of.
            return Script(stage, key, "#!/bin/sh\n", _numbers([0]))
        pieces = text.split("\n")
        first, spread = document.line(node), document.spreads(node)
        script += pieces
        lines += [first + index if spread else first for index in range(len(pieces))]
    return Script(stage, key, "\n".join([*script, ""]), _numbers(lines))


def _numbers(lines: list[int]) -> Callable[[int], int]:
    return lambda line: lines[min(max(line, 1), len(lines)) - 1]


def _file(document: Document, entry: dict[str, Any], node: yaml.Node, name: str, holes: Holes) -> Write:
    places = {str(key.value): value for key, value in node.value} if isinstance(node.value, list) else {}
    content = places.get("content", node)
    encoding = str(entry.get("encoding") or "").strip().lower()
    text = _content(entry.get("content"), encoding, holes) if not entry.get("source") else None
    return Write(
        Stage.WRITE_FILES_DEFERRED if entry.get("defer") is True else Stage.WRITE_FILES,
        name,
        str(entry["path"]),
        text,
        append=entry.get("append") is True,
        line=document.line(content),
        spread=document.spreads(content) and not encoding,
    )


def _content(value: object, encoding: str, holes: Holes) -> str | None:
    if value is None:
        return ""
    data = value if isinstance(value, bytes) else str(value).encode()
    packed = encoding.startswith("gz")
    coded = encoding in {"b64", "base64"} or encoding.endswith(("+b64", "+base64"))
    if not packed and not coded:
        return data.decode("utf-8", "replace")
    if holes.first(str(value)) is not None:
        return None
    try:
        data = base64.b64decode(data) if coded else data
        return (gzip.decompress(data) if packed else data).decode()
    except (OSError, EOFError, ValueError, zlib.error, binascii.Error):
        return None
