"""The value that somebody evidently meant, and the nearest one that the agent takes."""

from __future__ import annotations

from cdk_pull.agent.explain import explain, meant
from cdk_pull.agent.go_values import trim_space
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.variables import Variable, variables
from cdk_pull.patterns import lazy_pattern

__all__ = ["intended", "nearest"]

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
