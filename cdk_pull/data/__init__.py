"""Dated facts, each with its source."""

from __future__ import annotations

from pathlib import Path

__all__ = ["packaged"]


def packaged(name: str) -> str:
    """Return the text of a file of the package's own facts.

    ``importlib.resources`` would do the same, and brings a dozen modules that no check needs.
    """
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
