"""The nearest of the names that there are, for one that there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean"]

_CLOSE: Final = 0.6


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ``Did you mean eu-west-1?``, or nothing where no name is near.

    Args:
        name: as typed; upper and lower case count alike.
        names: that there are.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    folded = {each.casefold(): each for each in sorted(names)}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=_CLOSE)
    return f"Did you mean {folded[near[0]]}?" if near else ""
