"""Edits of shell scripts, and of the ``ecs.config`` lines in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import TYPOGRAPHIC
from cdk_pull.agent.fixes.case import Replacement
from cdk_pull.agent.fixes.shared import bound, leave_out, leave_out_earlier, moved_up, value
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.ecs_config import spelling
from cdk_pull.agent.script.bash.world import ECS_CONFIG
from cdk_pull.agent.writers.shell_insert import header
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.fixes.case import Case, Edit

__all__ = [
    "alone",
    "appends",
    "bare_cluster",
    "bound",
    "echoed",
    "ended",
    "leave_out",
    "leave_out_earlier",
    "name",
    "name_or_value",
    "not_waiting",
    "plain_delimiter",
    "plain_value",
    "reachable",
    "shebang",
    "to_the_file",
    "value",
    "written",
]

_TRUNCATES = lazy_pattern(r"(?<![>&0-9])(>)\|?(?=[ \t]*[\"']?(?:/etc/ecs/)?ecs\.config\b)")
_TEE = lazy_pattern(r"\btee(?=[ \t]+[\"']?(?:/etc/ecs/)?ecs\.config\b)")
_ELSEWHERE = lazy_pattern(r">>?[ \t]*[\"']?/[^\s\"';&|]+[\"']?")
_WORDS = lazy_pattern(r"[A-Za-z_]{8,}(?=[ \t]*[=:])")
_SERVICE = lazy_pattern(r"\bservice[ \t]+(ecs)[ \t]+(start|restart)\b")
_OPENS = lazy_pattern(r"<<-?[ \t]*['\"\\]?(\w+)")
_SYSTEMCTL = lazy_pattern(r"\bsystemctl\b")


def plain_value(case: Case) -> Iterator[Edit]:
    """Yield the line with plain quotes in place of typographic ones, or with the value that was meant."""
    line = _plain(case.line)
    if line != case.line:
        yield case.edit(case.instead(line), what="the quotes are plain ones")
        yield case.edit(
            case.instead(re.sub(f"[{TYPOGRAPHIC}]", "", case.line)), what="the quotes are left out"
        )
    yield from value(case)


def plain_delimiter(case: Case) -> Iterator[Edit]:
    """Yield the beginning of a here-document with plain quotes around its word."""
    line = _plain(case.line)
    # All that comes after it runs for the first time.
    yield case.edit(case.instead(line), what="the quotes around the word are plain ones", safe=False)


def _plain(line: str) -> str:
    return re.sub("[\u201c\u201d\u201e\u201f]", '"', re.sub("[\u2018\u2019\u201a\u201b]", "'", line))


def bare_cluster(case: Case) -> Iterator[Edit]:
    """Yield the line with the cluster's name without quotes."""
    for quotes in (r"(\\?[\"'])(.*?)\2", f"([{TYPOGRAPHIC}])(.*?)[{TYPOGRAPHIC}]"):
        line = re.sub(rf"(\bECS_CLUSTER=){quotes}", r"\1\3", case.line, count=1)
        yield case.edit(case.instead(line), what="the cluster's name has no quotes")


def name(case: Case) -> Iterator[Edit]:
    """Yield the line with the variable's name alone before the ``=``."""
    if case.name:
        name = next((each for each in _WORDS.findall(case.line) if spelling(each) == case.name), case.name)
        spelled = rf"\ufeff?(?:export[ \t]+)?\b{name}[ \t]*[=:][ \t]*"
        line = re.sub(spelled, f"{case.name}=", case.line, count=1, flags=re.IGNORECASE)
        yield case.edit(case.instead(line), what=f"the name is {case.name}, right before the =")


def name_or_value(case: Case) -> Iterator[Edit]:
    """Yield the line with the value that was meant, or with the name alone before the ``=``."""
    yield from value(case)
    yield from name(case)


def ended(case: Case) -> Iterator[Edit]:
    """Yield the unterminated line with a line feed at its end."""
    what = "it ends in a line feed"
    ended_by_echo = re.sub(r"\becho[ \t]+-n[ \t]+", "echo ", case.line, count=1)
    yield case.edit(case.instead(ended_by_echo), what=what)
    if case.warning.line and "\\n" in case.line:
        escaped = re.sub(r"\becho[ \t]+(?!-)", "echo -e ", case.line, count=1)
        yield case.edit(case.instead(escaped), what=what)
    quoted = re.sub(r"(\bprintf[ \t]+([\"']).*?)(\2)", r"\1\\n\3", case.line, count=1)
    yield case.edit(case.instead(quoted), what=what)
    yield case.edit(case.after(f"echo >> {ECS_CONFIG}"), what=what)


def echoed(case: Case) -> Iterator[Edit]:
    """Yield the assignment as the words of an ``echo``."""
    line = re.sub(rf"(?:\bexport[ \t]+)?(\b{case.name}=)", r"echo \1", case.line, count=1)
    yield case.edit(case.instead(line), what="echo writes it")


def written(case: Case) -> Iterator[Edit]:
    """Yield a line after the shell's variable that writes it to the file."""
    line = f'echo "{case.name}=${case.name}" >> {ECS_CONFIG}'
    yield case.edit(case.after(line), what=f"{line} follows it")


def to_the_file(case: Case) -> Iterator[Edit]:
    """Yield the line with the agent's file in place of another one, or of none."""
    what = f"it is written to {ECS_CONFIG}"
    line = _ELSEWHERE.sub(f">> {ECS_CONFIG}", case.line, count=1)
    yield case.edit(case.instead(line), what=what)
    if ">" not in case.line:
        yield case.edit(case.instead(f"{case.line.rstrip()} >> {ECS_CONFIG}"), what=what)


def appends(case: Case) -> Iterator[Edit]:
    """Yield the redirection as one that appends; what only the AMI has wrote may be unwanted."""
    safe = case.warning.code == WarningCode.TRUNCATES_EARLIER_LINES
    for pattern, instead in ((_TRUNCATES, ">>"), (_TEE, "tee -a")):
        for found in pattern.finditer(case.line):
            first = case.warning.span[0]
            change = Replacement(first + found.start(), first + found.end(), instead)
            yield case.edit(change, what="it appends", safe=safe)


def reachable(case: Case) -> Iterator[Edit]:
    """Yield the text with the line right after the ``#!``, before anything that may end the script."""
    if case.index >= 0:
        yield from moved_up(case, header(case.text).count("\n"), "it comes first")


def alone(case: Case) -> Iterator[Edit]:
    """Yield the word that ends a here-document alone on its line."""
    # All that comes after it runs for the first time.
    for word in (case.line.strip(), *_OPENS.findall("\n".join(case.lines[: max(case.index, 0)]))[-1:]):
        what = f"{word} stands alone at the beginning of its line"
        yield case.edit(case.instead(word), what=what, safe=False)


def not_waiting(case: Case) -> Iterator[Edit]:
    """Yield the command that starts the agent without waiting for it."""
    for found in _SYSTEMCTL.finditer(case.line):
        end = case.warning.span[0] + found.end()
        yield case.edit(Replacement(end, end, " --no-block"), what="it does not wait: --no-block")
    line = _SERVICE.sub(r"systemctl --no-block \2 \1", case.line, count=1)
    yield case.edit(case.instead(line), what="it does not wait: systemctl --no-block")


def shebang(case: Case) -> Iterator[Edit]:
    """Yield the text with ``#!/bin/bash`` before it."""
    yield case.edit(Replacement(0, 0, "#!/bin/bash\n"), what="it begins with #!/bin/bash", safe=False)
