"""The tables of docs/mixins.md, which the tests hold cell by cell."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "mixins.md"


def cells(header: str) -> dict[tuple[str, str], str]:
    """Return the cells of the table whose first heading is this, by row and column."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {header} |"))
    _, *columns = _parts(lines[start])
    found: dict[tuple[str, str], str] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        row, *values = _parts(line)
        found |= {(row, column): value for column, value in zip(columns, values, strict=True)}
    return found


def _parts(line: str) -> list[str]:
    return [part.strip().replace("`", "") for part in line.strip("|").split("|")]
