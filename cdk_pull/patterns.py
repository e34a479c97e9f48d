"""Regular expressions that are compiled when they are first used: a run of a command needs few of the modules' hundred."""

from __future__ import annotations

import re
from typing import Any, AnyStr, Final, cast

__all__ = ["lazy_pattern"]

_METHODS: Final = ("finditer", "fullmatch", "match", "search", "split", "sub")


class _Pattern:
    def __init__(self, text: str | bytes, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Only for what is not there yet: from now on, a call costs what it does with a compiled one.
        compiled = re.compile(self.pattern, self._flags)
        for each in _METHODS:
            setattr(self, each, getattr(compiled, each))
        return getattr(compiled, name)


def lazy_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what ``re.compile`` does, for the top of a module; a mistake in it shows at the first use.

    It has the attributes of a compiled pattern, but the functions of ``re`` do not take it in place of one.
    """
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
