"""``/etc/ecs/ecs.config`` as ecs-init reads it.

Source: amazon-ecs-agent 1.105.1, ecs-init/docker/docker.go: trim the file, split it at line feeds, trim each line,
split it at the first ``=``, skip lines without one; the last line wins. No quoting, no comments, no ``export``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import TYPOGRAPHIC, explained, meant, same
from cdk_pull.agent.go_values import trim_space
from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.reading import AgentWarning, Reading, Unknown
from cdk_pull.agent.script.bash.world import chunks
from cdk_pull.agent.variables import variables
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.agent.script.bash.world import Chunk

__all__ = ["CLUSTER", "ConfigFile", "read", "scan", "spelling"]

CLUSTER = "ECS_CLUSTER"
"""The variable with the name of the cluster that the instance joins."""

_QUOTES = f"\"'{TYPOGRAPHIC}"
_NAME = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*=")
_NO_SIGN = lazy_pattern(r"[\"']?([A-Z_]+)(?:[\"']?[ \t]*:|[ \t]+)[ \t]*\S")
_ON_THE_SAME_LINE = lazy_pattern(r"(\\n|[\s,;])(?:export[ \t]+)?([A-Z_]+)=")
_BEGINNINGS = ("ECS_IMAGE", "ECS_NUM_IMAGE", "ECS_PULL", "ECS_DISABLE_IMAGE", "NON_ECS_IMAGE")
# ECS_IMAGE_PULL_BEHAVIOUR, and two letters that changed places.
_CLOSE = 0.93


@dataclass(slots=True)
class ConfigFile:
    """What an ``ecs.config`` sets.

    Attributes:
        values: the raw values of the agent's image variables.
        lines: the lines that set them.
        unknown: the variables whose value depends on something unknown, and what that is.
        anything: why any variable may be set that is in neither, if that is so.
        cluster: the value of ECS_CLUSTER, with its marks; None where no line sets it.
        warnings: what is wrong with the lines.
    """

    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)
    anything: Unknown | None = None
    cluster: str | None = None
    warnings: list[AgentWarning] = field(default_factory=list)

    def set(self, name: str, value: str, line: int) -> None:
        """Take over a line's value."""
        earlier = self.values.get(name)
        if earlier is not None and not same(name, meant(name, earlier), meant(name, value)):
            self.warnings.append(
                AgentWarning(
                    WarningCode.TWO_VALUES,
                    f"{name} is {earlier or 'empty'} on line {self.lines[name]} and {value or 'empty'} here; the last one wins",
                    line,
                    name,
                )
            )
        self.values[name], self.lines[name] = value, line
        self.unknown.pop(name, None)

    def forget(self, name: str, unknown: Unknown) -> None:
        """Make one variable unknown."""
        self.values.pop(name, None)
        self.unknown[name] = unknown


def read(text: str) -> Reading:
    """Return the settings that the agent has with this text as its ``ecs.config``."""
    config = scan(chunks(text, 1, lines=True), Holes())
    return explained(config.values, "linux", lines=config.lines, warnings=config.warnings)


def scan(content: Iterable[Chunk], holes: Holes) -> ConfigFile:
    """Return what the lines of a file set; ``holes`` says which pieces of them are unknown."""
    config = ConfigFile()
    for text, line, glued in _physical_lines(content):
        hole = holes.first(text)
        if hole is not None and (hole.lines or holes.split(trim_space(text)) == ["", ""]):
            config.values.clear()
            config.unknown.clear()
            config.cluster = None
            config.anything = Unknown(None, hole.line, hole.reason)
            continue
        if glued:
            config.warnings.extend(_glued(text, glued, line))
        name, separator, value = trim_space(text).partition("=")
        if separator and name == CLUSTER:
            config.cluster = value
            config.warnings.extend(_quoted_cluster(value, line))
        if hole is not None and not (separator and holes.first(name) is None):
            for each in _possible(holes.split(text)):
                config.forget(each, Unknown(each, hole.line, hole.reason))
        elif hole is not None and name in variables():
            config.forget(name, Unknown(name, hole.line, hole.reason))
        elif separator and name in variables():
            config.set(name, value, line)
        else:
            config.warnings.extend(_misspelled(name, line) if separator else _without_sign(name, line))
        if separator and not glued:
            config.warnings.extend(_swallowed(name, value, line))
    return config


def _physical_lines(content: Iterable[Chunk]) -> Iterator[tuple[str, int, str]]:
    """Yield each line with its number and, where it was appended to an unterminated one, the appended piece."""
    text, line, glued = "", 0, ""
    for chunk in content:
        if not text:
            line = chunk.line
        elif trim_space(text) and _NAME.match(chunk.text):
            glued = chunk.text
        text += chunk.text
        if text.endswith("\n"):
            yield text[:-1], line, glued
            text, glued = "", ""
    if text:
        yield text, line, glued


def _glued(text: str, piece: str, line: int) -> Iterator[AgentWarning]:
    for name in {piece.partition("=")[0], trim_space(text).partition("=")[0]} & variables().keys():
        yield AgentWarning(
            WarningCode.GLUED_LINE,
            f"{piece.strip()} is appended to a line without a line feed at its end: the agent reads {text.strip()!r}; "
            "end the line before it",
            line,
            name,
        )


def _quoted_cluster(value: str, line: int) -> Iterator[AgentWarning]:
    """Yield that a cluster's name has quotes, which the agent keeps."""
    if value[:1] in {*_QUOTES} or value[-1:] in {*_QUOTES}:
        yield AgentWarning(
            WarningCode.QUOTED_CLUSTER,
            f"{CLUSTER}={value}: the quotes are a part of the cluster's name, and the instance does not join "
            f"{value.strip(_QUOTES) or 'the cluster'}; leave them out",
            line,
            CLUSTER,
        )


def _swallowed(holder: str, value: str, line: int) -> Iterator[AgentWarning]:
    """Yield the variables that stand on the line of another one, whose value they are then a part of."""
    for found in _ON_THE_SAME_LINE.finditer(value):
        name = found[2]
        if name in variables():
            why = "this \\n is no line feed" if found[1] == "\\n" else "it stands on the same line"
            yield AgentWarning(
                WarningCode.GLUED_LINE,
                f"{name} is read as part of the value of {trim_space(holder)}: {why}; give it a line of its own",
                line,
                name,
            )


def _misspelled(name: str, line: int) -> Iterator[AgentWarning]:
    """Yield why a line with almost the name of a variable sets nothing."""
    bare = name.removeprefix("\ufeff")
    known = trim_space(bare.removeprefix("export ")).upper()
    if bare != name and trim_space(bare) in variables():
        code, why = WarningCode.BYTE_ORDER_MARK, "a byte order mark stands before it"
    elif name.startswith("export ") and known in variables():
        code, why = WarningCode.EXPORT, "export is part of the name here"
    elif trim_space(name).strip(_QUOTES) in variables() and trim_space(name) not in variables():
        known, code, why = known.strip(_QUOTES), WarningCode.QUOTES, "the quotes are part of the name"
    elif trim_space(name) in variables():
        code, why = WarningCode.BLANKS, "the space before = is part of the name"
    elif known in variables():
        code, why = WarningCode.LETTER_CASE, "the agent reads it in capital letters only"
    elif meant := spelling(known):
        known, code, why = (
            meant,
            WarningCode.LETTER_CASE,
            f"{trim_space(name)} is not a variable of the agent",
        )
    else:
        return
    yield AgentWarning(code, f"{known} is not set: {why}; write {known}=value", line, known)


def _without_sign(text: str, line: int) -> Iterator[AgentWarning]:
    """Yield that a line such as ``NAME: value`` sets nothing."""
    found = _NO_SIGN.match(text)
    if found is not None and found[1] in variables():
        why = "ecs-init passes over a line without ="
        yield AgentWarning(
            WarningCode.BLANKS, f"{found[1]} is not set: {why}; write {found[1]}=value", line, found[1]
        )


@lru_cache(maxsize=1024)
def spelling(name: str) -> str:
    """Return the variable that a name differs from by a letter or two; empty where that is not certain."""
    if not name.upper().startswith(_BEGINNINGS):
        return ""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a name that is almost one of the agent's

    return next(iter(get_close_matches(name.upper(), variables(), n=1, cutoff=_CLOSE)), "")


def _possible(known: list[str]) -> Iterator[str]:
    """Yield the variables that a line with an unknown piece in its name may set."""
    start, after = trim_space(known[0]), known[1]
    ends = after.partition("=")[0] if "=" in after else ""
    for name in variables():
        if name.startswith(start) and name.endswith(ends):
            yield name
