"""Edits of PowerShell and batch scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.fixes import shared
from cdk_pull.agent.fixes.case import Case
from cdk_pull.agent.fixes.shared import bound, moved_up, value
from cdk_pull.agent.readers.windows import BLOCK
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.fixes.case import Edit

__all__ = [
    "bound",
    "earlier",
    "leave_out",
    "leave_out_earlier",
    "of_the_machine",
    "reachable",
    "tags",
    "value",
]

_STARTS_AGENT = lazy_pattern(r"^[^#\"']*\bInitialize-ECSAgent\b", re.IGNORECASE)
_OPENS = lazy_pattern(r"<powershell>[ \t]*\r?$", re.IGNORECASE)
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
    lines = text.split("\n")
    start = sum(len(line) + 1 for line in lines[: number - 1])
    span = (start, start + len(lines[number - 1])) if 0 < number <= len(lines) else (0, 0)
    return Case(text, replace(case.warning, line=number, span=span), case.reading)


def earlier(case: Case) -> Iterator[Edit]:
    """Yield the text with the line before the agent's start."""
    case = _laid_out(case)
    for index, line in enumerate(case.lines[: max(case.index, 0)]):
        if _STARTS_AGENT.match(line):
            yield from moved_up(case, index, "it comes before Initialize-ECSAgent")
            return


def of_the_machine(case: Case) -> Iterator[Edit]:
    """Yield the line with the machine's scope, where it is and before the agent's start."""
    case = _laid_out(case)
    for pattern, instead in _SCOPES if case.name else ():
        line = re.sub(pattern.format(name=case.name), instead, case.line, count=1, flags=re.IGNORECASE)
        if line == case.line:
            continue
        edit = case.edit(case.instead(line), what="it is set for the machine")
        yield edit
        start = case.warning.span[0]
        moved = Case(edit.text, replace(case.warning, span=(start, start + len(line))), case.reading)
        for further in earlier(moved):
            what = "it is set for the machine, before Initialize-ECSAgent"
            yield case.rewritten(further.text, what=what)


def reachable(case: Case) -> Iterator[Edit]:
    """Yield the text with the line first thing in its script."""
    case = _laid_out(case)
    for index, line in enumerate(case.lines[: max(case.index, 0)]):
        if _OPENS.search(line):
            yield from moved_up(case, index + 1, "it comes first")
            return


def tags(case: Case) -> Iterator[Edit]:
    """Yield the text between the tags of PowerShell."""
    newline = "\r\n" if "\r\n" in case.text else "\n"
    ended = case.text if case.text.endswith("\n") else f"{case.text}{newline}"
    opening = "" if re.search(r"<powershell>", case.text, re.IGNORECASE) else f"<powershell>{newline}"
    what = "it stands between <powershell> and </powershell>"
    yield case.rewritten(f"{opening}{ended}</powershell>", what=what, safe=False)


def leave_out(case: Case) -> Iterator[Edit]:
    """Yield the text without the line, or the line without the setting."""
    yield from shared.leave_out(_laid_out(case))


def leave_out_earlier(case: Case) -> Iterator[Edit]:
    """Yield the text without an earlier line that sets the same variable, and loses."""
    yield from shared.leave_out_earlier(_laid_out(case))
