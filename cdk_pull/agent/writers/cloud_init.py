"""Commands put into a cloud-config or a MIME archive; all else stays as it is, byte for byte."""

from __future__ import annotations

import base64
import email
import json
import re
from typing import TYPE_CHECKING, Any

from cdk_pull.agent.pieces import Holes, begins_unknown
from cdk_pull.agent.readers.cloud_init import config
from cdk_pull.agent.readers.cloud_init.parts import is_mime, kind_of
from cdk_pull.agent.readers.cloud_init.plan import JINJA
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import yaml

__all__ = ["as_archive", "into_archive", "into_config"]


def into_config(text: str, line: str) -> Iterator[str]:
    """Yield the cloud-config with a command more in ``runcmd``: the first, or else the last."""
    holes = Holes()
    first, feed, body = text.lstrip().partition("\n")
    templated = kind_of(text) == "text/jinja2"
    hidden = holes.hide_tokens(body if templated else text)
    if templated:
        if "{%" in body or "{#" in body:
            return
        hidden = holes.hide(JINJA, hidden, "a template fills it in")
    document = config.load(hidden, 1, spread=True)
    for edited in _edits(hidden, document, json.dumps(line, ensure_ascii=False)):
        after = config.load(edited, 1, spread=True)
        if after is not None and _adds_only(
            document.values if document is not None else {}, after.values, line
        ):
            yield f"{first}{feed}{holes.show_tokens(edited)}" if templated else holes.show_tokens(edited)


def as_archive(text: str) -> str:
    """Return user data as a MIME multipart archive, the only form that AWS Batch accepts; as it is where it is one.

    Raises:
        UnsupportedError: for text that is no part that cloud-init runs, or would begin to run.
    """
    if is_mime(text):
        return text
    boundary = "==cdk-pull=="
    while f"--{boundary}" in text:
        boundary = f"={boundary}="
    head = f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{boundary}"\n\n'
    if not text.strip():
        return f"{head}--{boundary}--\n"
    kind = kind_of(text)
    if not kind or begins_unknown(text):
        raise UnsupportedError(
            "user data that is to be a part of a MIME archive has to begin with #!, #cloud-config or another of "
            "cloud-init's headers; write it as an ec2.MultipartUserData"
        )
    charset, encoding = ("us-ascii", "7bit") if text.isascii() else ("utf-8", "8bit")
    body = text if text.endswith("\n") else f"{text}\n"
    part = f'--{boundary}\nContent-Type: {kind}; charset="{charset}"\nContent-Transfer-Encoding: {encoding}\n\n{body}\n'
    return f"{head}{part}--{boundary}--\n"


def into_archive(text: str, line: str, name: str = "zz-ecs-agent-settings.sh") -> Iterator[str]:
    """Yield the archive with a script more: after the others, or named so that it runs after them."""
    message = email.message_from_string(text)
    boundary = message.get_boundary()
    if message.get_content_maintype() != "multipart" or boundary is None:
        return
    newline = "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"
    ends = list(re.finditer(rf"^--{re.escape(boundary)}--[ \t]*\r?$", text, re.MULTILINE))
    position = ends[-1].start() if ends else len(text)
    start = (
        text[:position]
        if not text[:position] or text[:position].endswith("\n")
        else text[:position] + newline
    )
    script = f"#!/bin/bash\n{line}\n"
    plain = script.isascii()
    for disposition in ([], [f'Content-Disposition: attachment; filename="{name}"']):
        part = [
            f"--{boundary}",
            'Content-Type: text/x-shellscript; charset="utf-8"',
            f"Content-Transfer-Encoding: {'7bit' if plain else 'base64'}",
            *disposition,
            "",
            *(script if plain else base64.b64encode(script.encode()).decode()).splitlines(),
            "",
        ]
        closing = text[position:] or f"--{boundary}--{newline}"
        yield start + newline.join(part) + closing


def _edits(text: str, document: config.Document | None, item: str) -> Iterator[str]:
    node = None if document is None else document.nodes.get("runcmd")
    if node is None:
        ended = text if text.endswith("\n") else f"{text}\n"
        yield f"{ended}runcmd:\n- {item}\n"
    elif isinstance(node.value, list) and node.value and not _is_flow(node):
        dash = f"{' ' * node.start_mark.column}- {item}\n"
        yield _at_line(text, node.start_mark.line, dash)
        end = node.value[-1].end_mark
        yield _at_line(text, end.line + (1 if end.column else 0), dash)
    elif isinstance(node.value, list):
        first, last = node.start_mark.index + 1, node.end_mark.index - 1
        yield f"{text[:first]}{item}{', ' if node.value else ''}{text[first:]}"
        yield f"{text[:last]}{', ' if node.value else ''}{item}{text[last:]}"
    elif node.value in {"", "~", "null"}:
        yield f"{text[: node.start_mark.index]}\n- {item}{text[node.end_mark.index :]}"


def _is_flow(node: yaml.Node) -> bool:
    return bool(getattr(node, "flow_style", False))


def _at_line(text: str, number: int, inserted: str) -> str:
    lines = text.splitlines(keepends=True)
    before = "".join(lines[:number])
    return f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{inserted}{''.join(lines[number:])}"


def _adds_only(before: Mapping[str, Any], after: Mapping[str, Any], line: str) -> bool:
    """Return whether the one difference is one command more."""
    commands = list(after.get("runcmd") or [])
    if line not in commands:
        return False
    commands.remove(line)
    others = {key: value for key, value in after.items() if key != "runcmd"}
    return commands == (before.get("runcmd") or []) and others == {
        key: value for key, value in before.items() if key != "runcmd"
    }
