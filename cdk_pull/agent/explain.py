"""Why the agent does not do what a setting says, for a value alone and for values side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.go_values import MAX_INT64, parse_bool, parse_duration, parse_int, trim_space
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.reading import AgentWarning, Reading, compute
from cdk_pull.agent.variables import variables
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cdk_pull.agent.readers.prunes import Prune
    from cdk_pull.agent.readers.reading import AgentUse, Unknown
    from cdk_pull.agent.variables import OperatingSystem, Variable

__all__ = ["TYPOGRAPHIC", "allowed", "explain", "explained", "meant", "same"]

_AGENT_IMAGE = lazy_pattern(r"amazon-ecs-(?:agent|pause)")
TYPOGRAPHIC = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f"
"""Quotes of a word processor, which neither a shell nor the agent takes for quotes."""
_QUOTES = f"\"'{TYPOGRAPHIC}"
_BEHAVIORS = ("default", "always", "once", "prefer-cached")


def explained(
    values: Mapping[str, str],
    os: OperatingSystem,
    *,
    lines: Mapping[str, int],
    unknown: Iterable[Unknown] = (),
    warnings: Iterable[AgentWarning] = (),
    prunes: Iterable[Prune] = (),
    pulls: Iterable[tuple[str, int]] = (),
    used: str = "",
    agent: AgentUse | None = None,
) -> Reading:
    """Return the reading for what user data sets, with a warning for each setting that does not do what it says.

    Args:
        values: the raw values of the variables whose value is known.
        os: the operating system.
        lines: the lines that set them.
        unknown: what cannot be known.
        warnings: what is wrong with the text itself.
        prunes: the commands that remove images.
        pulls: the images that the user data pulls, with the lines.
        used: the other commands of Docker, which use an image for the user data itself.
        agent: what the text has to do with the agent.
    """
    found = [*warnings, *(each for name in values for each in explain(name, values[name], lines[name], os))]
    found += _together(values, lines, prunes, os)
    found = sorted(dict.fromkeys(found), key=lambda each: each.line)
    reading = compute(values, os, lines=lines, unknown=unknown, warnings=found, agent=agent)
    more = _unused_pulls(reading.effective["ECS_IMAGE_PULL_BEHAVIOR"], pulls, used)
    return replace(reading, warnings=(*reading.warnings, *more))


def explain(name: str, raw: str, line: int, os: OperatingSystem) -> Iterator[AgentWarning]:
    """Yield what the agent makes of a value when that is not what it says."""
    variable = variables()[name]
    found = _trouble(variable, raw) if raw else None
    if found is not None:
        code, reason = found
        taken = variable.effective(raw, os)
        shown = ", ".join(repr(each) for each in taken) if isinstance(taken, list) else taken
        shown = str(shown).lower() if isinstance(taken, bool) else shown
        if variable.kind == "integer" and parse_int(raw) == 0:
            off = (
                "image-cleanup-enabled = false" if os == "bottlerocket" else "ECS_DISABLE_IMAGE_CLEANUP=true"
            )
            reason = f"{reason}, and {off} switches cleanup off"
        said = f"{name}={raw}" if os != "bottlerocket" else f"{_label(name, os)} = {raw}"
        yield AgentWarning(code, f"{said}: {reason}; the agent uses {shown}", line, name)


def allowed(name: str) -> str:
    """Return what the agent takes for a variable, in a few words."""
    variable = variables()[name]
    least = f" of at least {variable.minimum}" if variable.minimum else ""
    return {
        "behavior": f"one of {', '.join(_BEHAVIORS)}",
        "boolean": "true or false",
        "duration": f"a duration with a unit{least}",
        "integer": f"a whole number{least}",
        "list": "names separated by commas, without spaces",
    }[variable.kind]


def _together(
    values: Mapping[str, str], lines: Mapping[str, int], prunes: Iterable[Prune], os: OperatingSystem
) -> Iterator[AgentWarning]:
    """Yield what has no effect, or a bad one, beside another setting."""
    taken = {name: variables()[name].effective(raw) for name, raw in values.items() if raw}
    behavior = taken.get("ECS_IMAGE_PULL_BEHAVIOR")
    if behavior == "prefer-cached":
        off = "prefer-cached switches image cleanup off"
    elif taken.get("ECS_DISABLE_IMAGE_CLEANUP") is True:
        off = f"{_label('ECS_DISABLE_IMAGE_CLEANUP', os)} switches image cleanup off"
    else:
        off = ""
    # Who switches it off twice wants it off.
    wants_it_on = {"ECS_DISABLE_IMAGE_CLEANUP"} if taken.get("ECS_DISABLE_IMAGE_CLEANUP") is False else set()
    for name in taken:
        if off and (variables()[name].needs_cleanup or name in wants_it_on):
            yield AgentWarning(
                WarningCode.NO_EFFECT,
                f"{_label(name, os)} has no effect: {off}; remove one of the two",
                lines[name],
                name,
            )
    for prune in prunes if behavior == "once" else ():
        code, what = (
            (
                WarningCode.DANGLING_BESIDE_ONCE,
                "images without a tag, which once counts as pulled: a task that names one by digest",
            )
            if prune.dangling
            else (WarningCode.PRUNE_BESIDE_ONCE, "images that once counts as pulled: the next task of one")
        )
        yield AgentWarning(
            code,
            f"{prune.command} removes {what} stops with CannotPullImageManifestError",
            prune.line,
            "ECS_IMAGE_PULL_BEHAVIOR",
        )


def _unused_pulls(behavior: object, pulls: Iterable[tuple[str, int]], used: str) -> Iterator[AgentWarning]:
    """Yield the images that the user data pulls for the agent, which does not use them.

    Source: amazon-ecs-agent 1.105.1, agent/engine/docker_task_engine.go: ``once`` goes by what the agent has pulled.
    """
    for image, line in pulls if behavior not in {None, "prefer-cached"} else ():
        if image not in used and not _AGENT_IMAGE.search(image):
            yield AgentWarning(
                WarningCode.PULL_NOT_USED,
                f"the agent uses {behavior} and asks the registry for {image} again; only prefer-cached uses an image "
                "that the agent did not pull itself",
                line,
            )


def _label(name: str, os: OperatingSystem) -> str:
    """Return what user data calls a variable."""
    place = variables()[name].bottlerocket
    return place.key if os == "bottlerocket" and place is not None else name


def same(name: str, one: str, other: str) -> bool:
    """Return whether the agent takes two values for the same."""
    variable = variables()[name]
    sound = _trouble(variable, one) is None and _trouble(variable, other) is None
    return one == other or (sound and variable.parse(one) == variable.parse(other))


def meant(name: str, raw: str) -> str:
    """Return a value without the quotes, comment, blanks and capitals that make the agent ignore it."""
    if variables()[name].kind == "list":
        return raw
    text = trim_space(re.split(r"\s#", raw)[0]).strip(_QUOTES)
    if variables()[name].kind == "duration":
        return text
    text = text.lower().replace("_", "-")
    return "prefer-cached" if text == "prefercached" else text


def _trouble(variable: Variable, raw: str) -> tuple[WarningCode, str] | None:
    match variable.kind:
        case "list":
            return _list_trouble(raw)
        case "integer":
            return _number_trouble(variable, raw, parse_int(raw))
        case "duration":
            return _number_trouble(variable, raw, parse_duration(raw))
        case "behavior":
            return None if raw in _BEHAVIORS else _word_trouble(raw, _BEHAVIORS)
        case "boolean":
            text = trim_space(raw)
            return None if parse_bool(text) is not None else _word_trouble(text, ("true", "false"))


def _word_trouble(raw: str, words: tuple[str, ...]) -> tuple[WarningCode, str]:
    meant = next((each for each in words if each.replace("-", "") == re.sub("[-_]", "", raw.lower())), None)
    if meant is not None:
        return WarningCode.LETTER_CASE, f"it is spelled {meant}"
    return _form(raw) or (WarningCode.VALUE_IGNORED, f"the agent knows {', '.join(words)}")


def _number_trouble(variable: Variable, raw: str, value: int | None) -> tuple[WarningCode, str] | None:
    if value is None:
        hint = "write it as 90s, 30m or 1h30m" if variable.kind == "duration" else "write a whole number"
        return _form(raw) or (WarningCode.VALUE_IGNORED, hint)
    if variable.minimum and value < variable.minimum_value and (value or variable.kind == "integer"):
        return WarningCode.VALUE_CHANGED, f"the minimum is {variable.minimum}"
    if value == 0:
        return WarningCode.VALUE_CHANGED, "zero means the default"
    if value < 0 and variable.name == "ECS_IMAGE_PULL_TIMEOUT":
        return WarningCode.NEGATIVE_TIMEOUT, "every pull times out at once"
    # No longer duration can be read; a larger whole number becomes the largest.
    if variable.kind == "integer" and value == MAX_INT64 and raw.lstrip("+0") != str(MAX_INT64):
        return WarningCode.VALUE_CHANGED, "it is out of range"
    return None


def _list_trouble(raw: str) -> tuple[WarningCode, str] | None:
    if raw.startswith("["):
        return WarningCode.VALUE_IGNORED, "it must be names separated by commas, not JSON"
    entries = raw.split(",")
    if any(each != trim_space(each) for each in entries):
        return _form(raw) or (WarningCode.BLANKS, "the spaces are part of the image name")
    return (WarningCode.VALUE_IGNORED, "an empty entry names no image") if "" in entries else _form(raw)


def _form(raw: str) -> tuple[WarningCode, str] | None:
    if " #" in raw or "\t#" in raw or raw.startswith("#"):
        return WarningCode.TRAILING_COMMENT, "the comment is part of the value; put it on a line of its own"
    text = trim_space(raw)
    if text[:1] in {*_QUOTES} or text[-1:] in {*_QUOTES}:
        return WarningCode.QUOTES, "the quotes are part of the value; remove them"
    if text != raw:
        return WarningCode.BLANKS, "the spaces are part of the value; remove them"
    return None
