"""The forms in which findings are printed, by name; each is a module that is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cdk_pull.rules.engine.runner import Result

__all__ = ["FORMATS", "render"]

FORMATS: Final = ("text", "json", "sarif", "github", "gitlab", "junit")
"""What ``--format`` takes."""

_MODULES: Final = {name: f"cdk_pull.report.findings_{name}" for name in FORMATS}


def render(
    result: Result,
    form: str,
    *,
    colour: bool = False,
    show_suppressed: bool = False,
    fail_on: str = "info",
    list_errors: bool = True,
) -> str:
    """Return findings in one of the forms, without a line feed at its end.

    Args:
        result: what the rules have found.
        form: one of :data:`FORMATS`.
        colour: whether text is for a terminal; the other forms have no colour.
        show_suppressed: whether suppressed findings are listed and not only counted; in the forms for machines they
            always are, in the way that each has for it.
        fail_on: the least severity that fails, or ``never``: JUnit counts what fails.
        list_errors: whether text lists what could not be checked, and does not only count it.
    """
    module = import_module(_MODULES[form])
    further: dict[str, dict[str, Any]] = {
        "junit": {"fail_on": fail_on},
        "text": {"list_errors": list_errors},
    }
    text: str = module.render(result, colour=colour, show_suppressed=show_suppressed, **further.get(form, {}))
    return text
