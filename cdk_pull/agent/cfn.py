"""User data as CloudFormation holds it: opened into text, and put back."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cdk_pull.agent.os_detect import detect
from cdk_pull.agent.reading import Reading, Unknown, compute
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["LIMIT_BYTES", "apply_to_value", "from_text", "read_value", "size_bytes", "to_text"]

LIMIT_BYTES = 16 * 1024
"""EC2's limit for user data, before base64."""


def to_text(value: object) -> tuple[str, Mapping[str, object]]:
    """Return the text under ``UserData`` and, by placeholder, the pieces that CloudFormation fills in.

    Raises:
        UnsupportedError: when the text is somewhere else, such as in a parameter.
    """
    body = value.get("Fn::Base64") if isinstance(value, dict) else None
    if isinstance(body, str):
        return body, {}
    if isinstance(body, dict) and isinstance(body.get("Fn::Join"), list):
        separator, parts = body["Fn::Join"]
        pieces: dict[str, object] = {}
        texts = []
        for part in parts:
            if not isinstance(part, str):
                name = f"${{Token[PIECE.{len(pieces)}]}}"
                pieces[name] = part
                texts.append(name)
            else:
                texts.append(part)
        return str(separator).join(texts), pieces
    raise UnsupportedError(
        f"user data that the template does not spell out: {value!r}; write it as Fn::Base64 of text"
    )


def from_text(text: str, pieces: Mapping[str, object]) -> object:
    """Return the value for ``UserData``: Fn::Base64 of the text, joined with its pieces where there are any."""
    parts: list[object] = [text]
    for name, piece in pieces.items():
        position = next(
            (index for index, part in enumerate(parts) if isinstance(part, str) and name in part), None
        )
        if position is not None:
            before, _, after = str(parts[position]).partition(name)
            parts[position : position + 1] = [each for each in (before, piece, after) if each != ""]
    return {"Fn::Base64": text if parts == [text] else {"Fn::Join": ["", parts]}}


def apply_to_value(value: object, settings: AgentSettings, os: OperatingSystem) -> object:
    """Return the value under ``UserData`` with the settings in it."""
    text, pieces = to_text(value)
    added: str = import_module(f"cdk_pull.agent.{os}").add(text, settings)
    return from_text(added, pieces)


def read_value(value: object, os: OperatingSystem | None = None) -> Reading:
    """Return the settings that the agent really has with this value under ``UserData``."""
    try:
        text, _ = to_text(value)
    except UnsupportedError as error:
        return compute({}, os or "linux", unknown=[Unknown(None, 0, str(error))])
    os = os or detect(text)
    if os is None:
        return compute({}, "linux", unknown=[Unknown(None, 0, "the text does not tell its operating system")])
    reading: Reading = import_module(f"cdk_pull.agent.{os}").read(text)
    return reading


def size_bytes(text: str) -> int:
    """Return the size in bytes of a user data before base64; a placeholder counts as one byte, the least it can be."""
    return len(text.encode())
