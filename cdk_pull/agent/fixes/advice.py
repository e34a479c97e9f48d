"""What to write in place of what the readers of user data warn of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from cdk_pull.agent.explain import allowed
from cdk_pull.agent.fixes.apply import first_edit
from cdk_pull.agent.fixes.case import Case
from cdk_pull.agent.fixes.shared import intended
from cdk_pull.agent.fixes.table import TABLE
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.variables import setting_line, variables
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["Advice", "advise"]

_EXAMPLES = {"behavior": "once", "duration": "30m", "integer": "5", "boolean": "true", "list": "web:1,db:2"}
# How many warnings of a text are tried to be fixed: at least so many, and more of one that is short.
_FEWEST = 3
_LEFT_OUT = "Remove it"
_READ_AGAIN = 64_000


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a warning.

    Attributes:
        text: the line as it should be, or what to do with it; empty where nobody can say.
        autofix: whether ``PullFixes`` does that: safely, only by the rule's name, or not at all.
    """

    text: str
    autofix: Literal["safe", "unsafe", ""] = ""


def advise(user_data: str, os: OperatingSystem, reading: Reading) -> tuple[Advice, ...]:
    """Return, for each warning of a reading, what to write in place of what it is about.

    A long text is read again for a few of them only, because that takes its time; for the others it is the line as it
    would be anywhere.

    Args:
        user_data: the text.
        os: the operating system that it is for.
        reading: what its reader finds in it.
    """
    most = max(_FEWEST, _READ_AGAIN // (len(user_data) + 1))
    return tuple(
        _advice(Case(user_data, warning, reading), os, with_edits=number < most)
        for number, warning in enumerate(reading.warnings)
    )


def _advice(case: Case, os: OperatingSystem, *, with_edits: bool) -> Advice:
    code = WarningCode(case.warning.code)
    edit = first_edit(case, os) if with_edits else None
    if edit is None:
        return Advice(_by_hand(case, os) or TABLE[code].advice_for(os))
    line = "" if code == WarningCode.NO_POWERSHELL_TAG else _changed_line(case, edit.text)
    if not line and code == WarningCode.WRONG_TABLE and case.name:
        line = f"Under [{_table(case.name)}]: {case.line.strip()}"
    if not line and code == WarningCode.AFTER_INITIALIZE:
        line = f"Before Initialize-ECSAgent: {re.sub(r'</powershell>.*', '', case.line).strip()}"
    if not line and code == WarningCode.SHELL_IN_TOML:
        lines = [each.strip() for each in edit.text.split("\n") if each not in case.lines]
        line = f"In place of the shell: {', '.join(lines)}" if lines else "Leave the shell out"
    if line == _LEFT_OUT and TABLE[code].advice_for(os).startswith(_LEFT_OUT):
        line = TABLE[code].advice_for(os)
    # A name that CloudFormation fills in is a token in CDK, where its quotes are not missed.
    in_cdk = code != WarningCode.NOT_TOML or "${" not in line
    return Advice(
        line or TABLE[code].advice_for(os) or edit.what[:1].upper() + edit.what[1:],
        "" if not in_cdk else "safe" if edit.safe else "unsafe",
    )


def _table(name: str) -> str:
    place = variables()[name].bottlerocket
    return place.table if place is not None else ""


def _by_hand(case: Case, os: OperatingSystem) -> str:
    """Return what somebody has to decide or to look up, where no edit can."""
    variable = variables().get(case.name)
    if variable is None:
        return ""
    example = setting_line(variable.name, _EXAMPLES[variable.kind], os)
    by_hand = TABLE[WarningCode(case.warning.code)].by_hand
    if by_hand == "bounds" and (example or case.warning.code != WarningCode.INVALID_VALUE):
        return f"Write {allowed(variable.name)}, such as {example}"
    if by_hand == "form":
        stated = re.search(rf"{variable.name}['\"]?\s*[=:]\s*['\"]?([A-Za-z0-9_.:/,-]+)", case.line)
        value = intended(variable.name, case.raw or (stated[1] if stated else ""))
        return setting_line(variable.name, value, os) if value else example
    return ""


def _changed_line(case: Case, text: str) -> str:
    """Return the one line in which two texts differ, and what becomes of it; empty where more than one does."""
    # Empty lines come and go with what is around them.
    numbers = [number for number, line in enumerate(case.lines) if line.strip()]
    old, new = ([line.strip() for line in lines if line.strip()] for lines in (case.lines, text.split("\n")))
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    was, becomes = (lines[start : len(lines) - end] for lines in (old, new))
    above = new[start - 1] if start else ""
    here = start < len(numbers) and numbers[start] == case.index
    if len(was) == len(becomes) == 1:
        return becomes[0] if here else f"Write {becomes[0]} in place of {was[0]}"
    if not was and len(becomes) == 1:
        after = numbers[start - 1] == case.index if start else False
        return f"After it: {becomes[0]}" if after else "" if start else f"Begin with {becomes[0]}"
    if not becomes and len(was) == 1:
        return _LEFT_OUT if here else f"Remove {was[0]}"
    # Where no line differs, some end in another way alone.
    if becomes and was[1:] == becomes[:-1] and case.line.strip() == becomes[-1]:
        return f"Under {becomes[-2]}: {becomes[-1]}"
    if becomes and was[:-1] == becomes[1:]:
        where = f"Under {above}" if above.startswith("[settings") else f"Before {becomes[1]}"
        return f"{where}: {becomes[0]}"
    return ""
