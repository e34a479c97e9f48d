"""The variables of the ECS agent that decide on pulls and cleanup: kinds, defaults and bounds."""

from __future__ import annotations

from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cdk_pull.agent.go_values import format_duration, parse_bool, parse_duration, parse_int, trim_space
from cdk_pull.data import facts_of
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AgentValue",
    "BottlerocketKey",
    "OperatingSystem",
    "Variable",
    "bottlerocket_keys",
    "bottlerocket_spelling",
    "bottlerocket_tables",
    "defaults",
    "setting_line",
    "variables",
]

OperatingSystem: TypeAlias = Literal["linux", "windows", "bottlerocket"]
AgentValue: TypeAlias = str | int | bool | list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class BottlerocketKey:
    """Where Bottlerocket's user data holds a variable.

    Attributes:
        table: the TOML table, such as ``settings.ecs``.
        key: the key in that table.
        since: the first Bottlerocket release that accepts the key.
        inverted: whether the boolean means the opposite of the variable.
    """

    table: str
    key: str
    since: str
    inverted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One variable, as the agent reads it.

    Attributes:
        name: such as ``ECS_IMAGE_CLEANUP_INTERVAL``.
        field: its name in ``AgentSettings``.
        kind: what the agent parses it as.
        default: the agent's default, as one would write it in ``ecs.config``.
        windows_default: the same on Windows.
        minimum: the least value that the agent takes as it is; empty without one.
        below: what it takes instead of less: its ``minimum`` or its ``default``.
        needs_cleanup: whether it means nothing where the periodic image cleanup is off.
        bottlerocket: where Bottlerocket exposes it, or None where it does not.
    """

    name: str
    field: str
    kind: Literal["behavior", "duration", "integer", "boolean", "list"]
    default: str
    windows_default: str
    minimum: str
    below: Literal["minimum", "default"]
    needs_cleanup: bool
    bottlerocket: BottlerocketKey | None

    def effective(self, raw: str = "", os: OperatingSystem = "linux") -> AgentValue:
        """Return what the agent makes of a raw value; an empty one means to it that the variable is not set.

        Durations come back as Go prints them, such as ``30m0s``.
        """
        default = self.windows_default if os == "windows" else self.default
        value = self.parse(raw)
        if not value:  # to the agent, zero and nonsense are "not set" alike
            value = self.parse(default)
        elif self.minimum and isinstance(value, int) and value < self.minimum_value:
            value = self.parse(self.minimum if self.below == "minimum" else default)
        if self.kind == "duration" and isinstance(value, int):
            return format_duration(value)
        return value

    @property
    def minimum_value(self) -> int:
        """The minimum as a number, in nanoseconds for a duration; 0 without one."""
        value = self.parse(self.minimum)
        return value if isinstance(value, int) else 0

    def parse(self, raw: str) -> AgentValue:
        """Return what the agent reads, bounds apart: durations in nanoseconds, nonsense as the empty value."""
        match self.kind:
            case "behavior":
                return raw if raw in _BEHAVIORS else ""
            case "boolean":
                return parse_bool(trim_space(raw)) or False
            case "list":
                return raw.split(",") if raw else []
            case "integer":
                return parse_int(raw) or 0
            case "duration":
                return parse_duration(raw) or 0


_BEHAVIORS = frozenset({"default", "always", "once", "prefer-cached"})


# One letter more or less in a name of ten: image-pull-behaviour.
_CLOSE = 0.9


@cache
def bottlerocket_keys() -> frozenset[str]:
    """Return every key that Bottlerocket knows in ``settings.ecs``."""
    return frozenset(facts_of("ecs_agent_settings")["bottlerocket_ecs_keys"])


@cache
def bottlerocket_tables() -> frozenset[str]:
    """Return every table, or key, that Bottlerocket's ECS variants know in ``settings``."""
    return frozenset(facts_of("ecs_agent_settings")["bottlerocket_tables"]["names"])


@lru_cache(maxsize=1024)
def bottlerocket_spelling(key: str) -> str:
    """Return the key in ``settings.ecs`` that another one evidently stands for; empty where that is not certain."""
    variable = variables().get(key.upper())
    if variable is not None:
        place = variable.bottlerocket
        return place.key if place is not None and place.table == "settings.ecs" and not place.inverted else ""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a key that Bottlerocket does not know

    known = sorted(bottlerocket_keys())
    return next(iter(get_close_matches(key.lower().replace("_", "-"), known, n=1, cutoff=_CLOSE)), "")


@cache
def variables() -> Mapping[str, Variable]:
    """Return every variable by name, in the order in which they are shown."""
    return MappingProxyType(
        {row["variable"]: _variable(row) for row in facts_of("ecs_agent_settings")["settings"]}
    )


def setting_line(name: str, value: str, os: OperatingSystem) -> str:
    """Return the line of user data that sets a variable; empty where the operating system has no such setting."""
    match os:
        case "linux":
            return f"echo {name}={value} >> /etc/ecs/ecs.config"
        case "windows":
            return f'[Environment]::SetEnvironmentVariable("{name}", "{value}", "Machine")'
        case "bottlerocket":
            place = variables()[name].bottlerocket
            shown = value if variables()[name].kind in {"integer", "boolean"} else f'"{value}"'
            return f"{place.key} = {shown}" if place is not None else ""


@cache
def defaults(os: OperatingSystem) -> Mapping[str, AgentValue]:
    """Return what the agent makes of each variable that is not set."""
    return MappingProxyType({name: variable.effective("", os) for name, variable in variables().items()})


def _variable(row: dict[str, Any]) -> Variable:
    key = row.get("bottlerocket")
    return Variable(
        name=row["variable"],
        field=row["field"],
        kind=row["kind"],
        default=row["default"],
        windows_default=row.get("windows_default", row["default"]),
        minimum=row.get("minimum", ""),
        below=row.get("below", "default"),
        needs_cleanup=row.get("needs_cleanup", False),
        bottlerocket=BottlerocketKey(**key) if key else None,
    )
