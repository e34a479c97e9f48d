"""Dated facts, each with its source."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["facts_of", "packaged"]


def packaged(name: str) -> str:
    """Return the text of a file of the package's own facts.

    ``importlib.resources`` would do the same, and brings a dozen modules that no check needs.
    """
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@cache
def facts_of(name: str) -> dict[str, Any]:
    """Return the facts of a JSON file of the package, by its name without ``.json``; read once, not to be changed."""
    found: dict[str, Any] = json.loads(packaged(f"{name}.json"))
    return found
