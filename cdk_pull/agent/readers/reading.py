"""What the ECS agent will really do with user data: effective values, what cannot be known, and warnings."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cdk_pull.agent.pieces import known_parts
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.variables import defaults, variables
from cdk_pull.records import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.variables import AgentValue, OperatingSystem

__all__ = [
    "LIMIT_BYTES",
    "AgentUse",
    "AgentWarning",
    "Reading",
    "Unknown",
    "compute",
    "far_too_large",
    "in_own_terms",
    "size_bytes",
    "size_warnings",
]

LIMIT_BYTES = 16 * 1024
"""EC2's limit for user data, before base64. Source: EC2 user guide, 2026."""
# Parsers of shell and TOML take a time that grows with the square of a text that is neither. Placeholders of CDK's
# tokens are longer than what comes in their place.
_LARGEST, _LARGEST_WITH_TOKENS = LIMIT_BYTES + 4096, 4 * LIMIT_BYTES

# The agent reads this one too; the published form of `effective` has never had it.
_NOT_SHOWN = frozenset({"ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP"})


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the text alone does not tell.

    Attributes:
        variable: the variable whose value cannot be known; None when any of them may be concerned.
        line: the line of the text, from 1; 0 when it has none.
        reason: why, in a clause.
        named_only: whether the text names the variable and nothing that is followed sets it, so that its value is the
            default as far as anybody can tell.
    """

    variable: str | None
    line: int
    reason: str
    named_only: bool = False


@dataclass(frozen=True, slots=True)
class AgentWarning:
    """Something in the text that does not do what it seems to.

    Attributes:
        code: a stable name.
        message: what happens and what to write instead.
        line: the line of the text, from 1; 0 when it has none.
        variable: the variable concerned, if it is one.
        span: the place in the text that is wrong, which is what a fix edits: from the first character to behind the
            last; empty where the warning is about the text as a whole.
    """

    code: str
    message: str
    line: int = 0
    variable: str | None = None
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentUse:
    """What a text has to do with the ECS agent.

    Attributes:
        evidence: what shows that the text is for an instance with the agent, in a clause; empty where nothing does.
        clusters: the names of the clusters that it may join, with the marks and CDK tokens of the text.
        unknown: why it may join another one, in a clause; empty where it does not.
    """

    evidence: str = ""
    clusters: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The agent settings that a text really produces.

    Attributes:
        effective: each variable's value as the agent will hold it; None where it cannot be known.
        settings: what the text sets, before the agent's own rules.
        lines: the line that sets each of them.
        unknown: what cannot be known, and why.
        warnings: what does not do what it seems to.
        os: the operating system whose rules were applied; None when the text does not tell.
        agent: whether the text is for an instance with the ECS agent, and which cluster it joins.
    """

    effective: Mapping[str, AgentValue | None]
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    unknown: tuple[Unknown, ...] = ()
    warnings: tuple[AgentWarning, ...] = ()
    os: OperatingSystem | None = None
    agent: AgentUse = AgentUse()

    def to_json(self) -> dict[str, Any]:
        """Return the reading in JSON's types."""
        return {
            "os": self.os,
            "effective": dict(self.effective),
            "settings": dict(self.settings),
            "unknown": [
                {"variable": each.variable, "line": each.line, "reason": each.reason} for each in self.unknown
            ],
            "warnings": [
                {"code": each.code, "variable": each.variable, "line": each.line, "message": each.message}
                for each in self.warnings
            ],
        }


def compute(
    settings: Mapping[str, str],
    os: OperatingSystem,
    *,
    lines: Mapping[str, int] | None = None,
    unknown: Iterable[Unknown] = (),
    warnings: Iterable[AgentWarning] = (),
    agent: AgentUse | None = None,
) -> Reading:
    """Return the reading for what a text sets: the agent's defaults and bounds applied.

    Args:
        settings: the raw values of the variables whose value is known.
        os: whose defaults apply.
        lines: the lines that set them.
        unknown: variables named here, or all of them where none is named, come out as None.
        warnings: handed on, with those of the agent's own rules added.
        agent: what the text has to do with the agent.
    """
    unknown = tuple(unknown)
    hidden = {each.variable for each in unknown}
    known = {name: value for name, value in settings.items() if name in variables() and name not in hidden}
    effective: dict[str, AgentValue | None] = {
        name: None
        if name in hidden or (None in hidden and name not in known)
        else variable.effective(known[name], os)
        if name in known
        else defaults(os)[name]
        for name, variable in variables().items()
        if name not in _NOT_SHOWN
    }
    return Reading(
        effective=MappingProxyType(effective),
        settings=MappingProxyType(known),
        lines=MappingProxyType({name: line for name, line in (lines or {}).items() if name in known}),
        unknown=unknown,
        warnings=tuple(warnings),
        os=os,
        agent=agent or AgentUse(),
    )


def in_own_terms(reading: Reading, holes: Holes, user_data: str) -> Reading:
    """Return a reading in the terms of the text that was given: its names, its places, its own marks."""
    starts = [0]
    for line in user_data.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return replace(
        reading,
        unknown=tuple(replace(each, reason=holes.named(each.reason)) for each in reading.unknown),
        warnings=tuple(
            replace(each, message=holes.named(each.message), span=_span(each.line, starts))
            for each in reading.warnings
        ),
        agent=_use_in_own_terms(reading.agent, holes),
    )


def _span(line: int, starts: Sequence[int]) -> tuple[int, int]:
    """Return where a line stands, without its line feed."""
    return (starts[line - 1], starts[line] - 1) if 0 < line < len(starts) else (0, 0)


def _use_in_own_terms(use: AgentUse, holes: Holes) -> AgentUse:
    # What a command prints is in no text, and nobody can tell which cluster it names.
    made = [hole for each in use.clusters if (hole := holes.made(each)) is not None]
    return replace(
        use,
        clusters=tuple(holes.show_tokens(each) for each in use.clusters if holes.made(each) is None),
        unknown=use.unknown or (holes.named(made[0].reason) if made else ""),
    )


def size_bytes(user_data: str) -> int:
    """Return the size of user data before base64, in bytes; an unknown piece counts as nothing, the least it can be."""
    return sum(len(part.encode("utf-8", "replace")) for part in known_parts(user_data))


def far_too_large(user_data: str, os: OperatingSystem) -> Reading | None:
    """Return an empty reading for a text that no instance can have, whose size would be all that costs time."""
    if len(user_data) <= _LARGEST_WITH_TOKENS and size_bytes(user_data) <= _LARGEST:
        return None
    return compute({}, os, unknown=[Unknown(None, 0, "it is far larger than EC2 accepts")])


def size_warnings(user_data: str) -> list[AgentWarning]:
    """Return a warning for user data that is larger than EC2 takes."""
    size = size_bytes(user_data)
    if size <= LIMIT_BYTES:
        return []
    return [
        AgentWarning(
            WarningCode.TOO_LARGE,
            f"the user data has {size} bytes and exceeds the EC2 limit of {LIMIT_BYTES} bytes before base64",
            0,
        )
    ]
