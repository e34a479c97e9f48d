"""The edits that are the same for a shell script, PowerShell and TOML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import explain, meant
from cdk_pull.agent.go_values import trim_space
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.variables import Variable, variables
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.fixes.case import Case, Edit

__all__ = ["bound", "intended", "leave_out", "leave_out_earlier", "moved_up", "nearest", "value"]

_QUOTED = lazy_pattern(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_SEVERAL = lazy_pattern(r";|(?<![>&0-9])&(?!>)|\|\|")
_CONTINUES = lazy_pattern(r"(?<!<)<<(?!<)|@[\"']$|[\\`|,]$|&&$")
_GOES_ON = lazy_pattern(r"@[\"']$|[\\`|,]$|&&$")
_OPENS_BLOCK = lazy_pattern(r"(?:^|[\s;])(?:then|do|else|\{|\()$")
_ENDS_BLOCK = lazy_pattern(r"(?:fi|done|else|elif|\}|\)|;;)(?:\b|\s|;|$)")


def value(case: Case, key: str = "") -> Iterator[Edit]:
    """Yield the line with the value that was meant, after a key; after the variable's name where none is given."""
    text = intended(case.name, case.raw) if case.name and case.raw else ""
    for change in case.revalued(key or case.name, text) if text else ():
        yield case.edit(change, what=f"the value is {text}")


def bound(case: Case, key: str = "") -> Iterator[Edit]:
    """Yield the line with the nearest value that the agent takes: what it uses now, or else a choice."""
    variable = variables().get(case.name)
    text = nearest(variable, case.raw) if variable is not None else ""
    for change in case.revalued(key or case.name, text) if text else ():
        yield case.edit(
            change,
            what=f"the value is {text}, the nearest value that the agent accepts",
            safe=variable is not None and variable.below == "minimum" and bool(variable.minimum),
        )


def leave_out(case: Case) -> Iterator[Edit]:
    """Yield the text without the line, or the line without the setting."""
    if case.index < 0 or not _can_go(case.lines, case.index):
        return
    if case.raw:
        word = rf"[ \t]+(['\"]?){re.escape(f'{case.name}={case.raw}')}\1(?=[ \t])"
        others = [each for each in variables() if each != case.name and f"{each}=" in case.line]
        if others:
            line = re.sub(word, "", case.line, count=1)
            yield case.edit(case.instead(line), what=f"{case.name} is left out", safe=False)
            return
    yield case.edit(case.without(), what="it is left out", safe=False)


def leave_out_earlier(case: Case) -> Iterator[Edit]:
    """Yield the text without an earlier line that sets the same variable, and loses."""
    for number, line in enumerate(case.lines[: max(case.index, 0)]):
        if case.name and case.name in line and _can_go(case.lines, number):
            yield case.edit(
                case.without(number), what=f"it stays alone: {line.strip()!r} is left out", safe=False
            )


def moved_up(case: Case, index: int, what: str) -> Iterator[Edit]:
    """Yield the text with the line before another one; nothing where it stands in a block that the other is not in."""
    depths = [len(line) - len(line.lstrip()) for line in case.lines if line.strip()]
    target = case.lines[index]
    depth = len(target) - len(target.lstrip()) if target.strip() else min(depths)
    if _is_whole(case.lines, case.index) and len(case.line) - len(case.line.lstrip()) <= depth:
        # The last line may have no line feed to take along.
        yield case.edit(case.without(), case.before(index, case.line), what=what)


def _is_whole(lines: list[str], index: int, continues: re.Pattern[str] = _CONTINUES) -> bool:
    """Tell whether a line is one command, with nothing else on it and no part of it on the lines around it."""
    before, line = (_QUOTED.sub("", lines[each]).strip() if each >= 0 else "" for each in (index - 1, index))
    parts = _SEVERAL.search(line) or _CONTINUES.search(line) or continues.search(before)
    return not (parts or _OPENS_BLOCK.search(line) or _ENDS_BLOCK.match(line))


def _can_go(lines: list[str], index: int) -> bool:
    """Tell whether a line can be left out: it is whole, and not all that is in a block, which a shell has never empty."""
    before = next((line.strip() for line in reversed(lines[:index]) if line.strip()), "")
    after = next((line.strip() for line in lines[index + 1 :] if line.strip()), "")
    # The text of a here-document is whole without its first line, too.
    return _is_whole(lines, index, _GOES_ON) and not (
        _OPENS_BLOCK.search(before) and _ENDS_BLOCK.match(after)
    )


_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_DAYS = lazy_pattern(r"([0-9]{1,5})\s*d(?:ays?)?")
_HOURS_A_DAY = 24


def intended(name: str, raw: str) -> str:
    """Return the value that a text in the place of one evidently means; empty where that is not certain.

    Quotes, a comment, blanks and capitals are taken off, ``yes`` is ``true``, and ``2d`` is ``48h``. A number without a
    unit could be seconds or minutes, and stays what it is.
    """
    variable = variables()[name]
    if variable.kind == "list":
        entries = [trim_space(each).strip("\"'") for each in trim_space(raw).strip("\"'").split(",")]
        return ",".join(each for each in entries if each)
    text = trim_space(meant(name, raw))
    if variable.kind == "boolean":
        text = _WORDS.get(text, text)
    days = _DAYS.fullmatch(text) if variable.kind == "duration" else None
    if days is not None:
        text = f"{int(days[1]) * _HOURS_A_DAY}h"
    # A value out of bounds is at least the one that was meant.
    sound = {each.code for each in explain(name, text, 0, "linux")} <= {WarningCode.VALUE_CHANGED}
    return text if text and sound else ""


def nearest(variable: Variable, raw: str) -> str:
    """Return the nearest value within the agent's bounds; empty where there is no nearer one."""
    value = variable.parse(raw)
    if not isinstance(value, int):
        return ""
    if variable.minimum and value < variable.minimum_value:
        return variable.minimum
    return "1s" if variable.kind == "duration" and value == 0 else ""
