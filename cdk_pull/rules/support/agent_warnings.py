"""Turns what the user-data readers warn of into problems of a capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.agent.fixes.table import TABLE
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.patterns import lazy_pattern
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.fixes.declaration import FIXED_USER_DATA

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterator

    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.init import Place

__all__ = ["problem_at", "problems_of"]

_FILE_OF_INIT: Final = (
    "cfn-init replaces the existing file: write all lines in its content, or append them with an entry of "
    "commands, such as {command: echo NAME=value >> /etc/ecs/ecs.config}"
)
# The numbers of other lines in a message.
_LINE: Final = lazy_pattern(r"\bline ([0-9]+)\b")


def problems_of(capacity: Capacity, rule: str, *, but: Collection[WarningCode] = ()) -> Iterator[Problem]:
    """Yield a problem for each warning that the table gives to a rule, with the line of the user data.

    Args:
        capacity: whose user data to read.
        rule: the id of the rule.
        but: warnings of it to pass over.
    """
    lines: list[str] | None = None
    fixable = capacity.resource.type in FIXED_USER_DATA
    for number, warning in enumerate(capacity.reading.warnings):
        code = WarningCode(warning.code)
        row = TABLE[code]
        place = capacity.place(warning.line)
        in_user_data = place.path == capacity.path
        # A file of cfn-init replaces the AMI's on purpose.
        replaces = code == WarningCode.TRUNCATES_CONFIG and not place.line and not in_user_data
        if row.rule == rule and code not in but and not replaces:
            if lines is None:
                lines = str(capacity.script).split("\n")
            advice = capacity.advice[number]
            stands = bool(place.line)
            yield Problem(
                message=_with_places(warning.message, place, capacity),
                fix=_FILE_OF_INIT if _is_file(place) else advice.text if stands or in_user_data else "",
                path=place.path,
                line_in_text=place.line,
                quote=lines[warning.line - 1].strip() if stands and warning.line <= len(lines) else "",
                resource=place.resource,
                severity=Severity(row.severity) if row.severity else None,
                autofix=advice.autofix if fixable and in_user_data else "",
                warning=warning,
            )


def _is_file(place: Place) -> bool:
    """Tell whether a line is the writing of a file by cfn-init, rather than a line of the file."""
    return not place.line and place.path[-2:-1] == ("files",)


def problem_at(capacity: Capacity, variable: str, message: str, fix: str = "") -> Problem:
    """Return a problem that stands where the user data sets a variable; at the user data where no line does."""
    number = capacity.reading.lines.get(variable, 0)
    place = capacity.place(number)
    lines = str(capacity.script).split("\n")
    return Problem(
        message=message,
        fix=fix,
        path=place.path,
        line_in_text=place.line,
        quote=lines[number - 1].strip() if 0 < number <= len(lines) else "",
        resource=place.resource,
    )


def _with_places(message: str, place: Place, capacity: Capacity) -> str:
    """Return a message whose line numbers count in the text in which a person finds them."""

    def said(found: re.Match[str]) -> str:
        other = capacity.place(int(found[1]))
        where = "" if other.path == place.path else f" of {'.'.join(map(str, other.path[-2:]))}"
        return f"line {other.line}{where}"

    return _LINE.sub(said, message)
