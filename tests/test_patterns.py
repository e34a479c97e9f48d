from __future__ import annotations

import re
from typing import Any

import pytest

from cdk_pull.patterns import lazy_pattern


@pytest.mark.parametrize(
    ("text", "flags", "subject"),
    [("a(b)?", 0, "xabab"), (b"a", 0, b"ba"), ("^A$", re.IGNORECASE | re.MULTILINE, "b\na")],
)
def test_a_lazy_pattern_answers_as_a_compiled_one(text: Any, flags: int, subject: Any) -> None:
    """A lazy pattern gives what ``re.compile`` gives, by every method and before and after its first use."""
    lazy, compiled = lazy_pattern(text, flags), re.compile(text, flags)

    def told(of: re.Pattern[Any]) -> list[object]:
        return [
            repr(of.search(subject)),
            repr(of.match(subject)),
            repr(of.fullmatch(subject)),
            of.findall(subject),
            of.split(subject),
            of.sub(text[:0], subject),
            of.subn(text[:0], subject),
            [each.span() for each in of.finditer(subject)],
            (of.pattern, of.flags, of.groups, of.groupindex),
        ]

    assert told(lazy) == told(lazy) == told(compiled)


def test_a_lazy_pattern_is_compiled_when_it_is_used() -> None:
    """A mistake in a pattern shows at its first use, not where the module is imported."""
    lazy = lazy_pattern("(")
    with pytest.raises(re.error, match="missing \\)"):
        lazy.match("")
