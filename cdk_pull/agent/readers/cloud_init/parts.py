"""The parts of user data: one, or those of a MIME archive."""

from __future__ import annotations

import binascii
import gzip
import re
import zlib
from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import Holes
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

__all__ = ["UNDECLARED", "Part", "is_mime", "is_shell", "kind_of", "parts", "unix_lines"]

# What a text begins with, longest first, and what cloud-init takes it for.
_BEGINNINGS = (
    ("#cloud-config-archive", "text/cloud-config-archive"),
    ("#cloud-config-jsonp", "text/cloud-config-jsonp"),
    ("## template: jinja", "text/jinja2"),
    ("#cloud-boothook", "text/cloud-boothook"),
    ("#include-once", "text/x-include-once-url"),
    ("#cloud-config", "text/cloud-config"),
    ("#part-handler", "text/part-handler"),
    ("#include", "text/x-include-url"),
    ("#!", "text/x-shellscript"),
)
UNDECLARED = frozenset({"", "text/plain", "text/x-not-multipart", "text/x-shellscript"})
"""The types of which cloud-init asks how the text begins."""

_GZIPPED = lazy_pattern(r"application/(x-)?(gzip|gunzip|compress)")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of user data.

    Attributes:
        kind: its content type, as cloud-init sees it; empty where it has none.
        name: its file name.
        text: its content; None where it cannot be decoded.
        line: the line of the user data on which it begins.
        spread: whether its lines are lines of the user data, which those of an encoded part are not.
    """

    kind: str
    name: str
    text: str | None
    line: int
    spread: bool


def is_mime(text: str) -> bool:
    """Return whether cloud-init takes a text for a MIME archive."""
    return "mime-version:" in text[:4096].lower()


def kind_of(text: str) -> str:
    """Return the content type that a text's beginning tells, or an empty one."""
    start = text[:64].lstrip().lower()
    return next((kind for beginning, kind in _BEGINNINGS if start.startswith(beginning)), "")


def parts(text: str, holes: Holes) -> Iterator[Part]:
    """Yield the parts of user data; ``holes`` gets the unknown pieces of an encoded one."""
    if not is_mime(text):
        yield Part(kind_of(text), "part-001", text, 1, spread=True)
        return
    import email  # noqa: PLC0415 - slow to import, and few user data are MIME archives

    position, number = 0, 0
    for message in email.message_from_string(text).walk():
        if message.get_content_maintype() == "multipart":
            continue
        number += 1
        raw = message.get_payload()
        body = raw if isinstance(raw, str) else ""
        found = text.find(body, position)
        line = text.count("\n", 0, max(found, 0)) + 1
        position = max(found, 0) + len(body)
        content = _decoded(message, body)
        if content is not None and content != body:
            content = holes.hide_tokens(content)
        kind = message.get_content_type()
        if content is not None and (kind in UNDECLARED or _GZIPPED.fullmatch(kind)):
            kind = kind_of(content) or kind
        yield Part(
            kind, message.get_filename() or f"part-{number:03d}", content, line, spread=content == body
        )


def unix_lines(text: str) -> str:
    """Return a script as cloud-init writes it: without carriage returns if its first line ends in one."""
    first = text.find("\n")
    return text.replace("\r\n", "\n") if first > 0 and text[first - 1] == "\r" else text


def is_shell(script: str) -> bool:
    """Return whether a script is one for a shell, as its ``#!`` says; one without is taken for one."""
    shebang = re.match(r"(?:#[^!\n]*\n\s*)?#!(.*)", script)
    return shebang is None or re.search(r"\b(ba|da|k|z|a)?sh\b", shebang[1]) is not None


def _decoded(message: Message, body: str) -> str | None:
    encoding = str(message.get("content-transfer-encoding", "")).strip().lower()
    compressed = _GZIPPED.fullmatch(message.get_content_type()) is not None
    # CloudFormation encodes a part with Fn::Base64: read from a template, it is still as it was, and nothing that is
    # encoded begins so, or has an unknown piece in it.
    if encoding == "base64" and (kind_of(body) or len(Holes.split(body)) > 1):
        encoding = ""
    if encoding in {"", "7bit", "8bit", "binary"} and not compressed:
        return body
    try:
        data = message.get_payload(decode=True)
        if not isinstance(data, bytes) or message.defects:
            return None
        return (gzip.decompress(data) if compressed else data).decode()
    except (OSError, EOFError, UnicodeDecodeError, ValueError, zlib.error, binascii.Error):
        return None
