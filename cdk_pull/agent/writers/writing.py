"""What every writer holds itself to: no setting lost, none of the user's overruled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.explain import meant, same
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.errors import ConflictError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.settings import AgentSettings

__all__ = ["keeps_settings", "write"]

_SPOILS = frozenset({WarningCode.NO_EFFECT, WarningCode.PRUNE_BESIDE_ONCE})


def write(
    user_data: str,
    settings: AgentSettings,
    read: Callable[[str], Reading],
    candidates: Callable[[str, Mapping[str, str]], Iterable[str]],
) -> str:
    """Return the first candidate that really sets what is asked for.

    Args:
        user_data: the text as it stands.
        settings: what is asked for.
        read: the operating system's reader.
        candidates: texts that may set what is missing, the best first.

    Raises:
        ConflictError: when the text sets one of the variables to another value, or has something that spoils it.
        UnsupportedError: when no candidate does.
    """
    if user_data != user_data.encode("utf-8", "replace").decode():
        raise UnsupportedError("user data with a half surrogate, which UTF-8 cannot hold; remove it")
    asked = settings.to_environment()
    before = read(user_data)
    _refuse_other_values(before, asked)
    missing = {name: value for name, value in asked.items() if not _has(before, name, value)}
    if not missing:
        _refuse_spoilt(user_data, user_data, before, before)
        return user_data
    for candidate in candidates(user_data, missing):
        after = read(candidate)
        if all(_has(after, name, value) for name, value in asked.items()):
            _refuse_spoilt(user_data, candidate, before, after)
            return candidate
    reasons = [f"line {each.line}: {each.reason}" for each in before.unknown]
    reasons += [f"line {each.line}: {each.message}" for each in before.warnings]
    why = "; ".join(reasons) or "nothing in it is sure to run"
    raise UnsupportedError(
        f"no place in this user data is sure to set {', '.join(missing)} ({why}); set them in the user data itself, "
        "where it ends"
    )


def _refuse_other_values(reading: Reading, asked: Mapping[str, str]) -> None:
    for name, value in asked.items():
        present = reading.settings.get(name)
        if present is not None and not same(name, meant(name, present), value):
            raise ConflictError(
                f"the user data sets {name} to {present!r} on line {reading.lines.get(name, 0)}, and {value!r} is "
                "asked for; remove one of the two"
            )
    for each in reading.unknown:
        if each.variable is not None and each.variable in asked and not each.named_only:
            raise ConflictError(
                f"the user data sets {each.variable} on line {each.line} to a value that cannot be known "
                f"({each.reason}), and {asked[each.variable]!r} is asked for; remove one of the two"
            )


def _refuse_spoilt(user_data: str, candidate: str, before: Reading, after: Reading) -> None:
    """Refuse what has no effect, or a bad one, because of what is asked for."""
    known = {each.code for each in before.warnings} if user_data != candidate else set()
    for warning in after.warnings:
        if warning.code in _SPOILS and warning.code not in known:
            guilty = candidate.split("\n")[warning.line - 1]
            lines = user_data.split("\n")
            place = f"line {lines.index(guilty) + 1} of the user data: " if guilty in lines else ""
            raise ConflictError(f"{place}{warning.message}")


def _has(reading: Reading, name: str, value: str) -> bool:
    present = reading.settings.get(name)
    return present is not None and same(name, present, value)


def keeps_settings(before: Reading, after: Reading) -> bool:
    """Tell whether a text with commands more leaves every agent setting as it was, and gives no new warning."""
    codes = {each.code for each in before.warnings}
    return (
        after.settings == before.settings
        and len(after.unknown) <= len(before.unknown)
        and all(each.code in codes for each in after.warnings)
    )
