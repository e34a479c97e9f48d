"""JSON and YAML that others have written, taken as what it should be; what is something else counts as nothing."""

from __future__ import annotations

from typing import Any

__all__ = ["as_list", "as_object", "objects_in"]


def as_list(value: object) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_object(value: object) -> dict[str, Any]:
    """Return an object as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list, and nothing for anything else."""
    return [each for each in as_list(value) if isinstance(each, dict)]
