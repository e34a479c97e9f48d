"""Fixes what the readers of user data warn of."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING

from cdk_pull.agent.fixes.case import Case
from cdk_pull.agent.fixes.hunks import line_diff
from cdk_pull.agent.fixes.table import TABLE
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.user_data import read_user_data
from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_pull.agent.fixes.case import Edit
    from cdk_pull.agent.readers.reading import AgentWarning, Reading
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["Change", "Fixed", "first_edit", "fix_user_data"]

_MODULES: dict[OperatingSystem, str] = {"linux": "shell", "windows": "powershell", "bottlerocket": "toml"}
_MOST = 50
# What an edit may bring to light, whatever it fixes: a value that takes effect for the first time may have faults.
_MAY_REVEAL = frozenset({WarningCode.NO_EFFECT, WarningCode.VALUE_CHANGED})


@dataclass(frozen=True, slots=True)
class Change:
    """One edit that was made.

    Attributes:
        code: the warning that it fixes.
        line: the line as it was, without blanks around it; empty for the text as a whole.
        what: what became of it, in a few words.
        diff: the lines that it changed, each with ``-`` or ``+`` before it.
    """

    code: WarningCode
    line: str
    what: str
    diff: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.what} ({self.line})" if self.line else self.what


@dataclass(frozen=True, slots=True)
class Fixed:
    """A user data after fixing.

    Attributes:
        text: the user data; as it was where nothing could be fixed.
        changes: the edits, in order.
    """

    text: str
    changes: tuple[Change, ...] = ()


def fix_user_data(user_data: str, os: OperatingSystem, codes: Mapping[WarningCode, bool]) -> Fixed:
    """Return the user data with what is wrong in it fixed, as far as what was meant is certain.

    An edit counts only if the reader finds less to warn of after it and nothing worse, and every other setting is as
    it was. What cannot be fixed so is left as it is.

    Args:
        user_data: the text, with CDK's tokens or placeholders of the same form for what CloudFormation fills in.
        os: the operating system that it is for.
        codes: the warnings to fix, and for each whether also by an edit that is not safe.
    """
    text, changes = user_data, []
    hopeless: set[tuple[str, str | None, str]] = set()
    reading = read_user_data(text, os)
    for _ in range(_MOST):
        case = next(
            (
                Case(text, each, reading)
                for each in reading.warnings
                if each.code in codes and (each.code, each.variable, each.message) not in hopeless
            ),
            None,
        )
        if case is None:
            break
        code = WarningCode(case.warning.code)
        found = next(_helping(case, os, unsafe=codes[code]), None)
        if found is None:
            hopeless.add((case.warning.code, case.warning.variable, case.warning.message))
            continue
        edit, reading = found
        changes.append(Change(code, case.line.strip(), edit.what, line_diff(case.text, edit.text)))
        text = edit.text
        # What could not be fixed before may be so now.
        hopeless.clear()
    return Fixed(text, tuple(changes))


def first_edit(case: Case, os: OperatingSystem) -> Edit | None:
    """Return the edit that fixes one warning, safe or not; None where none does."""
    return next((edit for edit, _ in _helping(case, os, unsafe=True)), None)


def _helping(case: Case, os: OperatingSystem, *, unsafe: bool) -> Iterator[tuple[Edit, Reading]]:
    """Yield the edits that help, with what the reader finds after each."""
    name = TABLE[WarningCode(case.warning.code)].edits.get(os)
    if name is None:
        return
    edits: Iterator[Edit] = getattr(import_module(f"cdk_pull.agent.fixes.{_MODULES[os]}"), name)(case)
    for edit in edits:
        if (edit.safe or unsafe) and edit.text != case.text:
            after = read_user_data(edit.text, os)
            if _helps(case, after):
                yield edit, after


def _helps(case: Case, after: Reading) -> bool:
    before = case.reading
    had, has = (Counter(map(_kind, each.warnings)) for each in (before, after))
    kind = _kind(case.warning)
    reveals = _MAY_REVEAL | TABLE[WarningCode(case.warning.code)].reveals
    if has[kind] >= had[kind] or any(code not in reveals for code, _ in has - had):
        return False
    concerned = {each.variable for each in before.warnings if each.line == case.warning.line}
    unknown = {each.variable for each in after.unknown} - {each.variable for each in before.unknown}
    return not unknown and all(
        after.settings.get(name) == value for name, value in before.settings.items() if name not in concerned
    )


def _kind(warning: AgentWarning) -> tuple[str, str | None]:
    return warning.code, warning.variable
