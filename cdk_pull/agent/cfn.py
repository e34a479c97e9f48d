"""User data as CloudFormation holds it: opened into text, and put back."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING

from cdk_pull.agent.instance import detect
from cdk_pull.agent.readers.reading import LIMIT_BYTES, Reading, Unknown, compute, size_bytes
from cdk_pull.agent.user_data import add_settings, read_user_data
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["LIMIT_BYTES", "apply_to_value", "branches", "from_text", "read_value", "size_bytes", "to_text"]

_SUB = re.compile(r"\$\{([^}]*)\}")
_NO_VALUE = {"Ref": "AWS::NoValue"}


def to_text(value: object) -> tuple[str, Mapping[str, object]]:
    """Return the text under ``UserData`` and, by placeholder, the pieces that CloudFormation fills in.

    The placeholders look like CDK's tokens, such as ``${Token[PIECE.0]}``. No value at all is empty user data.

    Raises:
        UnsupportedError: when the text is not in the template, such as behind a parameter.
    """
    return _Opener(value).open(value)


def from_text(text: str, pieces: Mapping[str, object]) -> object:
    """Return the value for ``UserData``: Fn::Base64 of the text, joined with its pieces where it has any."""
    names = "|".join(re.escape(name) for name in pieces)
    parts = re.split(f"({names})", text) if names else [text]
    filled = [pieces.get(part, part) for part in parts if part != ""]
    if any(not isinstance(part, str) for part in filled):
        return {"Fn::Base64": {"Fn::Join": ["", filled]}}
    return {"Fn::Base64": text}


def apply_to_value(value: object, settings: AgentSettings, os: OperatingSystem) -> object:
    """Return the value under ``UserData`` with the settings in it; the same value where they are in it already.

    Raises:
        ConflictError: when the user data sets one of the variables to another value, or spoils one of the settings.
        UnsupportedError: when the text is not in the template, or has no place where the settings are sure to work.
    """
    if (found := branches(value)) is not None:
        condition, one, other = found
        changed = [apply_to_value(each, settings, os) for each in (one, other)]
        return value if changed == [one, other] else {"Fn::If": [condition, *changed]}
    readable, _ = _Opener(value, inline=True).open(value)
    if add_settings(readable, settings, os) == readable:
        return value
    text, pieces = to_text(value)
    return from_text(add_settings(text, settings, os), pieces)


def read_value(value: object, os: OperatingSystem | None = None) -> Reading:
    """Return the settings that the agent really has with this value under ``UserData``.

    Args:
        value: what the template has there; None for nothing.
        os: the operating system, where it is known; otherwise the text has to tell.
    """
    if (found := branches(value)) is not None:
        one, other = read_value(found[1], os), read_value(found[2], os)
        if one.settings == other.settings and one.unknown == other.unknown:
            return one
        return _unknown(os, f"it depends on the condition {found[0]}")
    try:
        text, _ = _Opener(value, inline=True).open(value)
    except UnsupportedError as error:
        return _unknown(os, str(error))
    os = os or detect(text)
    return (
        read_user_data(text, os)
        if os is not None
        else _unknown(None, "the text does not tell its operating system")
    )


def branches(value: object) -> tuple[str, object, object] | None:
    """Return the condition and both values of a Fn::If, also of one right below Fn::Base64; None for anything else."""
    match value:
        case {"Fn::If": [str() as condition, one, other]}:
            return condition, one, other
        case {"Fn::Base64": {"Fn::If": [str() as condition, one, other]}}:
            return condition, {"Fn::Base64": one}, {"Fn::Base64": other}
    return None


class _Opener:
    """Opens one value.

    Args:
        value: the value.
        inline: compute a Fn::Base64 inside the text, such as that of a MIME part, so that it can be read.
    """

    def __init__(self, value: object, *, inline: bool = False) -> None:
        self._source = json.dumps(value, default=str)
        self._inline = inline
        self._names: dict[str, str] = {}
        self._pieces: dict[str, object] = {}

    def open(self, value: object) -> tuple[str, Mapping[str, object]]:
        """Return the text and its pieces."""
        if value is None or value == _NO_VALUE:
            return "", {}
        if isinstance(value, str):
            return _decoded(value), {}
        name, inner = _intrinsic(value)
        if name != "Fn::Base64":
            raise _elsewhere(value)
        text = self._text(inner, whole=True)
        return text, self._pieces

    def _text(self, value: object, *, whole: bool = False) -> str:
        if isinstance(value, str):
            return value
        match _intrinsic(value):
            case "Fn::Join", [str() as separator, list() as parts]:
                text = separator.join(self._text(part) for part in parts)
            case "Fn::Sub", str() as template:
                text = self._substituted(template, {})
            case "Fn::Sub", [str() as template, dict() as named]:
                text = self._substituted(template, named)
            case "Fn::Base64", inner if self._inline and not whole:
                text = base64.b64encode(self._text(inner).encode("utf-8", "replace")).decode()
            case _ if whole:
                raise _elsewhere(value)
            case _:
                text = self._piece(value)
        return text

    def _substituted(self, template: str, named: Mapping[str, object]) -> str:
        def piece(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in named:
                return self._text(named[name])
            resource, dot, attribute = name.partition(".")
            return self._piece({"Fn::GetAtt": [resource, attribute]} if dot else {"Ref": name})

        return _SUB.sub(piece, template)

    def _piece(self, value: object) -> str:
        key = json.dumps(value, sort_keys=True, default=str)
        if key not in self._names:
            number = len(self._names)
            while f"[PIECE.{number}]" in self._source or f"${{Token[PIECE.{number}]}}" in self._pieces:
                number += 1
            self._names[key] = f"${{Token[PIECE.{number}]}}"
            self._pieces[self._names[key]] = value
        return self._names[key]


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise UnsupportedError(
            "user data that is not base64 of text; write it as Fn::Base64 of the text, which CloudFormation encodes"
        ) from None


def _intrinsic(value: object) -> tuple[str, object]:
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        return str(name), inner
    return "", value


def _elsewhere(value: object) -> UnsupportedError:
    shown = json.dumps(value, default=str)
    return UnsupportedError(
        f"the text of this user data is not in the template: {shown[:80]}; write it as Fn::Base64 of a text, a "
        "Fn::Join or a Fn::Sub, or set the agent's variables where the text comes from"
    )


def _unknown(os: OperatingSystem | None, reason: str) -> Reading:
    return compute({}, os or "linux", unknown=[Unknown(None, 0, reason)])
