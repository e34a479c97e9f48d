"""New Fargate task sizes from the table in the Amazon ECS Developer Guide, the only place that lists them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data.preferred import read_data
from cdk_pull.data.refreshed import Refreshed, RefreshError
from cdk_pull.image.registry.fetch import DOCUMENT_LIMITS, fetch
from cdk_pull.image.registry.transport import Transport
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from datetime import date

__all__ = ["GUIDE", "refresh_sizes", "refreshed_sizes"]

GUIDE: Final = "https://docs.aws.amazon.com"
"""Where AWS publishes the guide."""

_FILE: Final = "fargate_sizes.json"
_PATH: Final = "/AmazonECS/latest/developerguide/task-cpu-memory-error.html"
_CELLS: Final = 3
_CPU: Final = lazy_pattern(r"\s*(\d+)\s*\(\s*\.?\d+\s*vCPU\s*\)", re.ASCII)
_RANGE: Final = lazy_pattern(
    r"\s*Between\s+(\d+)\s*GB\s+and\s+(\d+)\s*GB\s+in\s+(\d+)\s*GB\s+increments", re.ASCII
)
_VALUE: Final = lazy_pattern(r"(\d+)\s*(MiB|MB|GB)", re.ASCII)
_GB: Final = 1024


async def refresh_sizes(today: date, *, source: str = GUIDE) -> Refreshed:
    """Return the sizes that Fargate runs today; an answer that lacks a former size changes nothing.

    Raises:
        RegistryError: when the guide does not answer.
        RefreshError: when its table cannot be read or cannot be right.
    """
    async with Transport(DOCUMENT_LIMITS) as transport:
        answer = await fetch(transport, source + _PATH, "text/html")
    return refreshed_sizes(json.loads(read_data(_FILE)), answer.body.decode(errors="replace"), today)


def refreshed_sizes(former: dict[str, Any], page: str, today: date) -> Refreshed:
    """Return the sizes of the guide's table.

    Args:
        former: in the form of ``fargate_sizes.json``.
        page: of the guide.
        today: for the file's date.

    Raises:
        RefreshError: when there is no table, a row cannot be read, or a former size is gone.
    """
    rows = _rows(page)
    linux = {cpu: memories for cpu, memories, _ in rows}
    windows = sorted(cpu for cpu, _, systems in rows if "windows" in systems.lower())
    before = {row["cpu"]: _memories(row) for row in former["linux"]}
    for cpu, memories in before.items():
        if gone := sorted(set(memories) - set(linux.get(cpu, []))):
            message = f"the guide's table lacks {len(gone)} sizes of {cpu} CPU units that Fargate has run, such as {gone[0]} MiB; nothing is changed. Check it, and edit {_FILE} if it is right"
            raise RefreshError(message)
    if gone := sorted(set(former["windows"]) - set(windows)):
        raise RefreshError(f"the guide's table lacks Windows at {gone[0]} CPU units; nothing is changed")
    changes = [
        f"{cpu} CPU units: new memory {', '.join(str(value) for value in new)} MiB"
        for cpu, memories in sorted(linux.items())
        if (new := sorted(set(memories) - set(before.get(cpu, []))))
    ]
    changes += [f"{cpu} CPU units: now on Windows too" for cpu in windows if cpu not in former["windows"]]
    if not changes:
        return Refreshed()
    table = [{"cpu": cpu, "values": memories} for cpu, memories in sorted(linux.items())]
    content = {**former, "date": today.isoformat(), "linux": table, "windows": windows}
    return Refreshed({_FILE: json.dumps(content, indent=1, ensure_ascii=False) + "\n"}, changes)


def _rows(page: str) -> list[tuple[int, list[int], str]]:
    """Return CPU, memories and systems of each row of the table."""
    parser = _Tables()
    parser.feed(page)
    found = []
    for cells in parser.rows:
        cpu = _CPU.match(cells[0]) if len(cells) == _CELLS else None
        if cpu:
            found.append((int(cpu[1]), _memory(cells[1]), cells[2]))
    if not found:
        raise RefreshError(f"the guide has no table of task sizes at {_PATH}; nothing is changed")
    if len({cpu for cpu, _, _ in found}) != len(found):
        raise RefreshError("the guide's table has two rows for one CPU value; nothing is changed")
    return found


def _memory(text: str) -> list[int]:
    """Return the MiB of a cell: a list of values, or a range in steps."""
    if match := _RANGE.match(text):
        first, last, step = (int(number) * _GB for number in match.groups())
        if 0 < step <= last - first and (last - first) % step == 0:
            return list(range(first, last + 1, step))
    elif values := _VALUE.findall(text):
        memories = [int(number) * (_GB if unit == "GB" else 1) for number, unit in values]
        if memories == sorted(set(memories)):
            return memories
    raise RefreshError(
        f"the guide's table has a memory that cannot be read, {text[:80]!r}; nothing is changed"
    )


def _memories(row: dict[str, Any]) -> list[int]:
    return row.get("values") or list(range(row["first"], row["last"] + 1, row["step"]))


class _Tables(HTMLParser):
    """Gathers the cells of every table row of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class's
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None:
            self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
