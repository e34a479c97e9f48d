"""Edits of shell scripts, and of the ``ecs.config`` lines in them."""

from __future__ import annotations

import re
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
from cdk_pull.agent.readers.ecs_config import spelling
from cdk_pull.agent.script.bash.world import ECS_CONFIG
from cdk_pull.agent.writers.shell_insert import header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["edits"]

_TRUNCATES = re.compile(r"(?<![>&0-9])(>)\|?(?=[ \t]*[\"']?(?:/etc/ecs/)?ecs\.config\b)")
_TEE = re.compile(r"\btee(?=[ \t]+[\"']?(?:/etc/ecs/)?ecs\.config\b)")
_ELSEWHERE = re.compile(r">>?[ \t]*[\"']?/[^\s\"';&|]+[\"']?")
_WORDS = re.compile(r"[A-Za-z_]{8,}(?=[ \t]*[=:])")
_SERVICE = re.compile(r"\bservice[ \t]+(ecs)[ \t]+(start|restart)\b")
_SYSTEMCTL = re.compile(r"\bsystemctl\b")


def edits(case: Case) -> Iterator[Edit]:
    """Yield what may fix a warning, the best first."""
    yield from _EDITS.get(WarningCode(case.warning.code), _nothing)(case)


def _nothing(_case: Case) -> Iterator[Edit]:
    yield from ()


def _value(case: Case) -> Iterator[Edit]:
    yield from give_value(case, case.name)


def _bound(case: Case) -> Iterator[Edit]:
    yield from give_bound(case, case.name)


def _name(case: Case) -> Iterator[Edit]:
    """Yield the line with the variable's name alone before the ``=``."""
    if case.name:
        name = next((each for each in _WORDS.findall(case.line) if spelling(each) == case.name), case.name)
        spelled = rf"\ufeff?(?:export[ \t]+)?\b{name}[ \t]*[=:][ \t]*"
        line = re.sub(spelled, f"{case.name}=", case.line, count=1, flags=re.IGNORECASE)
        yield Edit(text=case.with_line(line), what=f"the name is {case.name}, right before the =")


def _name_or_value(case: Case) -> Iterator[Edit]:
    yield from _value(case)
    yield from _name(case)


def _ended(case: Case) -> Iterator[Edit]:
    """Yield the unterminated line with a line feed at its end."""
    what = "it ends in a line feed"
    yield Edit(text=case.with_line(re.sub(r"\becho[ \t]+-n[ \t]+", "echo ", case.line, count=1)), what=what)
    if case.warning.line and "\\n" in case.line:
        yield Edit(
            text=case.with_line(re.sub(r"\becho[ \t]+(?!-)", "echo -e ", case.line, count=1)), what=what
        )
    quoted = re.sub(r"(\bprintf[ \t]+([\"']).*?)(\2)", r"\1\\n\3", case.line, count=1)
    yield Edit(text=case.with_line(quoted), what=what)
    yield Edit(text=case.with_line_after(f"echo >> {ECS_CONFIG}"), what=what)


def _echoed(case: Case) -> Iterator[Edit]:
    """Yield the assignment as the words of an ``echo``."""
    line = re.sub(rf"(?:\bexport[ \t]+)?(\b{case.name}=)", r"echo \1", case.line, count=1)
    yield Edit(text=case.with_line(line), what="echo writes it")


def _written(case: Case) -> Iterator[Edit]:
    """Yield a line after the shell's variable that writes it to the file."""
    line = f'echo "{case.name}=${case.name}" >> {ECS_CONFIG}'
    yield Edit(text=case.with_line_after(line), what=f"{line} follows it")


def _to_the_file(case: Case) -> Iterator[Edit]:
    """Yield the line with the agent's file in place of another one, or of none."""
    what = f"it is written to {ECS_CONFIG}"
    line = _ELSEWHERE.sub(f">> {ECS_CONFIG}", case.line, count=1)
    yield Edit(text=case.with_line(line), what=what)
    if ">" not in case.line:
        yield Edit(text=case.with_line(f"{case.line.rstrip()} >> {ECS_CONFIG}"), what=what)


def _appends(case: Case) -> Iterator[Edit]:
    """Yield the redirection as one that appends; what only the AMI has wrote may be unwanted."""
    safe = case.warning.code == WarningCode.TRUNCATES_EARLIER_LINES
    for pattern, instead in ((_TRUNCATES, ">>"), (_TEE, "tee -a")):
        for found in pattern.finditer(case.line):
            line = f"{case.line[: found.start()]}{instead}{case.line[found.end() :]}"
            yield Edit(text=case.with_line(line), what="it appends", safe=safe)


def _reachable(case: Case) -> Iterator[Edit]:
    """Yield the text with the line right after the ``#!``, before anything that may end the script."""
    if case.index >= 0:
        yield from moved_up(case, header(case.text).count("\n"), "it comes first")


def _alone(case: Case) -> Iterator[Edit]:
    # All that comes after it runs for the first time.
    what = f"{case.line.strip()} stands alone at the beginning of its line"
    yield Edit(text=case.with_line(case.line.strip()), what=what, safe=False)


def _not_waiting(case: Case) -> Iterator[Edit]:
    for found in _SYSTEMCTL.finditer(case.line):
        line = f"{case.line[: found.end()]} --no-block{case.line[found.end() :]}"
        yield Edit(text=case.with_line(line), what="it does not wait: --no-block")
    line = _SERVICE.sub(r"systemctl --no-block \2 \1", case.line, count=1)
    yield Edit(text=case.with_line(line), what="it does not wait: systemctl --no-block")


def _shebang(case: Case) -> Iterator[Edit]:
    yield Edit(text=f"#!/bin/bash\n{case.text}", what="it begins with #!/bin/bash", safe=False)


_EDITS: dict[WarningCode, Callable[[Case], Iterator[Edit]]] = {
    WarningCode.QUOTES: _value,
    WarningCode.LETTER_CASE: _name_or_value,
    WarningCode.EXPORT: _name,
    WarningCode.TRAILING_COMMENT: _value,
    WarningCode.BLANKS: _name_or_value,
    WarningCode.BYTE_ORDER_MARK: _name,
    WarningCode.GLUED_LINE: _ended,
    WarningCode.VALUE_IGNORED: _value,
    WarningCode.VALUE_CHANGED: _bound,
    WarningCode.WRITES_NOTHING: _echoed,
    WarningCode.SHELL_VARIABLE: _written,
    WarningCode.WRITTEN_ELSEWHERE: _to_the_file,
    WarningCode.TRUNCATES_EARLIER_LINES: _appends,
    WarningCode.TRUNCATES_CONFIG: _appends,
    WarningCode.UNREACHABLE: _reachable,
    WarningCode.HERE_DOCUMENT: _alone,
    WarningCode.STARTS_AGENT: _not_waiting,
    WarningCode.NO_SHEBANG: _shebang,
    WarningCode.TWO_VALUES: leave_out_earlier,
    WarningCode.NO_EFFECT: leave_out,
    WarningCode.PRUNE_BESIDE_ONCE: leave_out_prunes,
}
