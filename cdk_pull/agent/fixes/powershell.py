"""Edits of PowerShell and batch scripts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_pull.agent.fixes.case import Case, Edit
from cdk_pull.agent.fixes.shared import (
    give_bound,
    give_value,
    leave_out,
    leave_out_earlier,
    leave_out_prunes,
    moved_up,
)
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.windows import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["edits"]

_STARTS_AGENT = re.compile(r"^[^#\"']*\bInitialize-ECSAgent\b", re.IGNORECASE)
_OPENS = re.compile(r"<powershell>[ \t]*\r?$", re.IGNORECASE)
_SCOPES = (
    # $env:NAME = value, and Set-Item Env:NAME value
    (
        r"\$env:({name})[ \t]*=[ \t]*([^;#\r]+?)[ \t]*(?=;|#|\r|$)",
        '[Environment]::SetEnvironmentVariable("\\1", \\2, "Machine")',
    ),
    (
        r"\bSet-Item[ \t]+(?:-Path[ \t]+)?[\"']?Env:\\?({name})[\"']?[ \t]+(?:-Value[ \t]+)?([^;#\r]+?)[ \t]*(?=;|#|\r|$)",
        '[Environment]::SetEnvironmentVariable("\\1", \\2, "Machine")',
    ),
    # the scope of the process or the user, or none
    (
        r"(SetEnvironmentVariable\([ \t]*[\"']{name}[\"'][ \t]*,[^)]*?),[ \t]*[\"']?(?:Process|User)[\"']?[ \t]*\)",
        '\\1, "Machine")',
    ),
    (r"(SetEnvironmentVariable\([ \t]*[\"']{name}[\"'][ \t]*,[^,)]*?)[ \t]*\)", '\\1, "Machine")'),
    (r"\b(setx(?:\.exe)?)([ \t]+[\"']?{name}\b)", "\\1 /m\\2"),
    (r"(^[ \t]*@?)set[ \t]+[\"']?({name})=([^\"'\r]*?)[\"']?[ \t]*(?=\r|$)", '\\1setx \\2 "\\3" /m'),
)


def edits(case: Case) -> Iterator[Edit]:
    """Yield what may fix a warning, the best first."""
    code = WarningCode(case.warning.code)
    yield from _EDITS.get(code, _nothing)(_laid_out(case) if code in _WHOLE_LINES else case)


def _nothing(_case: Case) -> Iterator[Edit]:
    yield from ()


def _laid_out(case: Case) -> Case:
    """Return the case with each tag on a line of its own: CDK writes them beside the first and the last command."""
    text, number = case.text, case.warning.line
    newline = "\r\n" if "\r\n" in text else "\n"
    for block in reversed([*BLOCK.finditer(case.text)]):
        start, end = block.span(2)
        first, last = (case.text.count("\n", 0, each) + 1 for each in (start, end))
        if block[3] and block[2].rpartition("\n")[2].strip():
            text = f"{text[:end]}{newline}{text[end:]}"
            number += case.warning.line > last
        if block[2].partition("\n")[0].strip():
            text = f"{text[:start]}{newline}{text[start:]}"
            number += case.warning.line >= first
    return Case(text, replace(case.warning, line=number), case.reading)


def _value(case: Case) -> Iterator[Edit]:
    yield from give_value(case, case.name)


def _bound(case: Case) -> Iterator[Edit]:
    yield from give_bound(case, case.name)


def _earlier(case: Case) -> Iterator[Edit]:
    """Yield the text with the line before the agent's start."""
    for index, line in enumerate(case.lines[: max(case.index, 0)]):
        if _STARTS_AGENT.match(line):
            yield from moved_up(case, index, "it comes before Initialize-ECSAgent")
            return


def _of_the_machine(case: Case) -> Iterator[Edit]:
    """Yield the line with the machine's scope, where it is and before the agent's start."""
    for pattern, instead in _SCOPES if case.name else ():
        line = re.sub(pattern.format(name=case.name), instead, case.line, count=1, flags=re.IGNORECASE)
        if line == case.line:
            continue
        text = case.with_line(line)
        yield Edit(text=text, what="it is set for the machine")
        for edit in _earlier(Case(text, case.warning, case.reading)):
            yield Edit(text=edit.text, what="it is set for the machine, before Initialize-ECSAgent")


def _reachable(case: Case) -> Iterator[Edit]:
    for index, line in enumerate(case.lines[: max(case.index, 0)]):
        if _OPENS.search(line):
            yield from moved_up(case, index + 1, "it comes first")
            return


def _tags(case: Case) -> Iterator[Edit]:
    newline = "\r\n" if "\r\n" in case.text else "\n"
    ended = case.text if case.text.endswith("\n") else f"{case.text}{newline}"
    opening = "" if re.search(r"<powershell>", case.text, re.IGNORECASE) else f"<powershell>{newline}"
    yield Edit(
        text=f"{opening}{ended}</powershell>",
        what="it stands between <powershell> and </powershell>",
        safe=False,
    )


_WHOLE_LINES = frozenset(
    {
        WarningCode.AFTER_INITIALIZE,
        WarningCode.PROCESS_SCOPE,
        WarningCode.UNREACHABLE,
        WarningCode.TWO_VALUES,
        WarningCode.NO_EFFECT,
        WarningCode.PRUNE_BESIDE_ONCE,
    }
)
_EDITS: dict[WarningCode, Callable[[Case], Iterator[Edit]]] = {
    WarningCode.QUOTES: _value,
    WarningCode.LETTER_CASE: _value,
    WarningCode.TRAILING_COMMENT: _value,
    WarningCode.BLANKS: _value,
    WarningCode.VALUE_IGNORED: _value,
    WarningCode.VALUE_CHANGED: _bound,
    WarningCode.AFTER_INITIALIZE: _earlier,
    WarningCode.PROCESS_SCOPE: _of_the_machine,
    WarningCode.UNREACHABLE: _reachable,
    WarningCode.NO_POWERSHELL_TAG: _tags,
    WarningCode.TWO_VALUES: leave_out_earlier,
    WarningCode.NO_EFFECT: leave_out,
    WarningCode.PRUNE_BESIDE_ONCE: leave_out_prunes,
}
