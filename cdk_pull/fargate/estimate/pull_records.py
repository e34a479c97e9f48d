"""Reads saved records of task starts: events as JSON lines, exports of CloudWatch Logs, answers of DescribeTasks."""

from __future__ import annotations

import gzip
import io
import json
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.pulls import Pull
from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Records", "read_records"]

_GZIP: Final = b"\x1f\x8b"
_EVENT: Final = "ECS Task State Change"
# An event of ECS may have 256 KB; a whole answer of DescribeTasks has 100 tasks.
_LONGEST_LINE: Final = 64 << 20
# Messages within events within messages: CloudWatch Logs wraps once, a subscription twice.
_MOST_LAYERS: Final = 4


@dataclass
class Records:
    """What a file held.

    Attributes:
        pulls: the starts, one for each record that tells one.
        other: records that tell none: other events, tasks whose pull is not over.
        unreadable: lines that are no JSON.
    """

    pulls: list[Pull] = field(default_factory=list)
    other: int = 0
    unreadable: int = 0


def read_records(path: Path) -> Records:
    """Read a file of records, gzipped or not, in any of the forms that AWS's tools write.

    Raises:
        InvalidValueError: if the file cannot be read, or has no JSON at all.
    """
    records = Records()
    try:
        with path.open("rb") as raw:
            zipped = raw.read(len(_GZIP)) == _GZIP
            raw.seek(0)
            with io.TextIOWrapper(
                gzip.open(raw) if zipped else raw, encoding="utf-8", errors="replace"
            ) as text:
                for document in _documents(text, records):
                    _add(records, document)
    except (OSError, EOFError) as error:
        raise InvalidValueError(
            "records cannot be read", str(path), allowed=f"a readable file ({error})"
        ) from None
    if not records.pulls and not records.other:
        raise InvalidValueError(
            "records have no JSON",
            str(path),
            allowed="events as JSON lines, an export of CloudWatch Logs, or describe-tasks",
        )
    return records


def _documents(text: io.TextIOWrapper, records: Records) -> Iterator[Any]:
    """Return each line's JSON, or the one document that the text is."""
    first = text.readline(_LONGEST_LINE)
    lines: Iterable[str] = iter(partial(text.readline, _LONGEST_LINE), "")
    if first.lstrip()[:1] in {"{", "["} and _json(first) is None:
        # The beginning of JSON over many lines, or a first line that is broken.
        lines = list(lines)
        whole = _json("".join((first, *lines)))
        if whole is not None:
            yield whole
            return
    for line in chain([first], lines):
        found = _json(line)
        if found is not None:
            yield found
        elif line.strip():
            records.unreadable += 1


def _json(text: str) -> Any:
    """Return the JSON object or list in a line, after the time stamp that an export of CloudWatch Logs begins with."""
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    if not starts:
        return None
    try:
        found = json.loads(text[min(starts) :])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _add(records: Records, document: Any) -> None:
    for task in _tasks(document, 0):
        pull = Pull.of_task(task)
        if pull is None:
            records.other += 1
        else:
            records.pulls.append(pull)


def _tasks(document: Any, level: int) -> Iterable[dict[str, Any]]:
    """Return the tasks in a document, however it is wrapped."""
    if level > _MOST_LAYERS:
        return
    if isinstance(document, list):
        for each in document:
            yield from _tasks(each, level + 1)
        return
    if not isinstance(document, dict):
        return
    if document.get("detail-type") == _EVENT and isinstance(document.get("detail"), dict):
        yield document["detail"]
        return
    message = document.get("message", document.get("@message"))
    if isinstance(message, str):
        yield from _tasks(_json(message), level + 1)
        return
    for name in ("events", "logEvents", "tasks", "Records"):
        if isinstance(document.get(name), list):
            yield from _tasks(document[name], level)
            return
    yield document
