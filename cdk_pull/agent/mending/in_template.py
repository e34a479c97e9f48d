"""Mends user data as CloudFormation holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.cfn import LIMIT_BYTES, branches, from_text, size_bytes, to_text
from cdk_pull.agent.mending.mend import mend
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.agent.codes import WarningCode
    from cdk_pull.agent.mending.mend import Change
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["mend_value"]


def mend_value(
    value: object, os: OperatingSystem, codes: Mapping[WarningCode, bool]
) -> tuple[object, tuple[Change, ...]]:
    """Return the value under ``UserData`` mended, and what was changed; the same value where nothing was.

    Args:
        value: what the template has there.
        os: the operating system.
        codes: the warnings to mend, and for each whether also by an edit that is not safe.
    """
    if (found := branches(value)) is not None:
        condition, *both = found
        mended = [mend_value(each, os, codes) for each in both]
        changes = tuple(change for _, made in mended for change in made)
        return ({"Fn::If": [condition, *(each for each, _ in mended)]} if changes else value), changes
    try:
        text, pieces = to_text(value)
    except UnsupportedError:
        return value, ()
    result = mend(text, os, codes)
    if not result.changes or size_bytes(result.text) > max(LIMIT_BYTES, size_bytes(text)):
        return value, ()
    return from_text(result.text, pieces), result.changes
