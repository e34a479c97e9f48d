"""User data as CloudFormation holds it: opened into text, and put back."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import Marked, Marks, has_tokens, joined
from cdk_pull.agent.readers.reading import LIMIT_BYTES, Reading, Unknown, compute, size_bytes
from cdk_pull.agent.user_data import add_settings, read_any
from cdk_pull.agent.writers.cloud_init import as_archive
from cdk_pull.agent.writers.docker_settings import add_docker_settings
from cdk_pull.agent.writers.pre_pull import add_pre_pull
from cdk_pull.errors import UnsupportedError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cdk_pull.agent.docker_settings import DockerCommands
    from cdk_pull.agent.pre_pull import PrePull
    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem

__all__ = [
    "LIMIT_BYTES",
    "Located",
    "apply_to_value",
    "archived_value",
    "branches",
    "clusters_of",
    "commands_to_value",
    "from_text",
    "locate",
    "read_value",
    "size_bytes",
    "text_parts",
    "to_text",
]

# A part of a text: a string or what CloudFormation fills in; the string of the template that it is from, and where there.
_Path = tuple[str | int, ...]
_Placed = tuple[object, _Path | None, int]
_SUB = lazy_pattern(r"\$\{([^{}]*)\}")
_NO_VALUE = {"Ref": "AWS::NoValue"}


def to_text(value: object, *, inline: bool = False) -> Marked[object]:
    """Return the text under ``UserData``, with a mark for each piece that CloudFormation fills in.

    No value at all is empty user data.

    Args:
        value: what the template has there.
        inline: compute a Fn::Base64 inside the text, such as that of a MIME part, so that it can be read.

    Raises:
        UnsupportedError: when the text is not in the template, such as behind a parameter.
    """
    if value is None or value == _NO_VALUE:
        return Marked("")
    if isinstance(value, str):
        return Marked.of([_decoded(value)])
    name, inner = _intrinsic(value)
    if name != "Fn::Base64":
        raise _elsewhere(value)
    return Marked.of(text_parts(inner, whole=True, inline=inline))


@dataclass(frozen=True, slots=True)
class Located:
    """A text under ``UserData``, with the place of each of its characters.

    Attributes:
        marked: the text, with a mark for each piece that CloudFormation fills in.
        places: for each character, the path below the value to the string that it stands in, and its place there; None
            in a mark, and where a Fn::Join separates its values.
    """

    marked: Marked[object]
    places: tuple[tuple[tuple[str | int, ...], int] | None, ...]


def locate(inner: object) -> Located:
    """Return the text of what stands in a Fn::Base64, with the place of each character.

    Raises:
        UnsupportedError: when the text is not in the template, such as behind a parameter.
    """
    marks = Marks[object]()
    texts: list[str] = []
    places: list[tuple[tuple[str | int, ...], int] | None] = []
    for part, path, at in _placed(inner, (), whole=True):
        texts.append(text := marks.text([part]))
        known = path if isinstance(part, str) and len(part) == len(text) else None
        places += ((known, at + number) if known is not None else None for number in range(len(text)))
    return Located(Marked("".join(texts), tuple(marks.pieces)), tuple(places))


def from_text(text: str, marked: Marked[object]) -> object:
    """Return the value for ``UserData``: Fn::Base64 of the text, joined with its pieces where it has any."""
    parts = marked.parts(text)
    if all(isinstance(part, str) for part in parts):
        return {"Fn::Base64": "".join(map(str, parts))}
    return {"Fn::Base64": {"Fn::Join": ["", joined(parts)]}}


def apply_to_value(value: object, settings: AgentSettings, os: OperatingSystem) -> object:
    """Return the value under ``UserData`` with the settings in it; the same value where they are in it already.

    Raises:
        ConflictError: when the user data sets one of the variables to another value, or spoils one of the settings.
        UnsupportedError: when the text is not in the template, or has no place where the settings are sure to work.
    """
    if branches(value) is not None:
        return _in_both(value, lambda each: apply_to_value(each, settings, os))
    read = to_text(value, inline=True)
    if add_settings(read.text, settings, os) == read.text:
        return value
    marked = to_text(value)
    return from_text(add_settings(marked.text, settings, os), marked)


def commands_to_value(
    value: object,
    os: OperatingSystem,
    *,
    pre_pull: PrePull | None = None,
    docker: DockerCommands | None = None,
) -> object:
    """Return the value under ``UserData`` with commands in it that run before the agent takes tasks.

    Args:
        value: what the template has there.
        os: the operating system that it is for.
        pre_pull: the images to pull, with CDK's tokens.
        docker: how to set up Docker.

    Raises:
        ConflictError: when the user data does not set ``prefer-cached`` for a pre-pull, or sets up Docker in another way.
        UnsupportedError: when the text is not in the template, or nothing can be added to it.
    """
    if branches(value) is not None:
        return _in_both(value, lambda each: commands_to_value(each, os, pre_pull=pre_pull, docker=docker))
    marked = to_text(value)
    marks = Marks[object](marked.pieces)
    if pre_pull is not None:
        names = tuple(marks.text(text_parts(each)) for each in pre_pull.images)
        pre_pull = replace(pre_pull, images=names)
        text = add_pre_pull(marked.text, pre_pull, os, docker, encoded=_encoded(pre_pull, marks))
    else:
        text = marked.text if docker is None else add_docker_settings(marked.text, docker, os)
    return from_text(text, Marked(text, tuple(marks.pieces)))


def _encoded(pre_pull: PrePull, marks: Marks[object]) -> str:
    """Return what a bootstrap container reads in base64: a mark for it where only CloudFormation knows all of it."""
    text = pre_pull.bottlerocket()
    parts = Marked(text, tuple(marks.pieces)).parts()
    if not has_tokens(text):
        return base64.b64encode(text.encode()).decode()
    return marks.text([{"Fn::Base64": parts[0] if len(parts) == 1 else {"Fn::Join": ["", parts]}}])


def archived_value(value: object, os: OperatingSystem) -> object:
    """Return the value under ``UserData`` as a MIME multipart archive, the only form that AWS Batch accepts.

    Raises:
        UnsupportedError: when the text is not in the template, or can be no part of an archive.
    """
    if os != "linux":
        name = {"bottlerocket": "Bottlerocket", "windows": "Windows"}[os]
        raise UnsupportedError(
            f"AWS Batch accepts MIME multipart user data only, which {name} does not read: use an ECS-optimized image of "
            "Amazon Linux"
        )
    if branches(value) is not None:
        return _in_both(value, lambda each: archived_value(each, os))
    marked = to_text(value)
    text = as_archive(marked.text)
    return value if text == marked.text and value is not None else from_text(text, marked)


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
        marked = to_text(value, inline=True)
    except UnsupportedError as error:
        return _unknown(os, str(error))
    return read_any(marked.text, os, tuple(map(_name, marked.pieces)))


def clusters_of(value: object, os: OperatingSystem | None = None) -> Iterator[Sequence[str | object]]:
    """Yield the names of the clusters that user data may join, each as its known parts and CloudFormation's values."""
    if (found := branches(value)) is not None:
        for each in found[1:]:
            yield from clusters_of(each, os)
        return
    try:
        marked = to_text(value, inline=True)
    except UnsupportedError:
        return
    reading = read_value(value, os)
    for name in reading.agent.clusters:
        yield marked.parts(name)
    # What is not followed may name a cluster in any of its pieces.
    if any(each.variable is None for each in reading.unknown):
        for piece in marked.pieces:
            yield [piece]


def branches(value: object) -> tuple[str, object, object] | None:
    """Return the condition and both values of a Fn::If, also of one right below Fn::Base64; None for anything else."""
    match value:
        case {"Fn::If": [str() as condition, one, other]}:
            return condition, one, other
        case {"Fn::Base64": {"Fn::If": [str() as condition, one, other]}}:
            return condition, {"Fn::Base64": one}, {"Fn::Base64": other}
    return None


def _in_both(value: object, change: Callable[[object], object]) -> object:
    """Return a Fn::If with both values changed; the same value where neither is."""
    condition, *both = branches(value) or ("",)
    changed = [change(each) for each in both]
    return value if changed == both else {"Fn::If": [condition, *changed]}


def text_parts(value: object, *, whole: bool = False, inline: bool = False) -> Iterator[str | object]:
    """Yield what is known of a text, and the values that CloudFormation fills in.

    Args:
        value: as the template has it.
        whole: refuse what is no text with known parts.
        inline: compute a Fn::Base64 inside the text.
    """
    yield from (part for part, _, _ in _placed(value, (), whole=whole, inline=inline))


def _placed(value: object, path: _Path, *, whole: bool = False, inline: bool = False) -> Iterator[_Placed]:
    """Yield the parts, each with the string of the template that it stands in and where it begins there."""
    if isinstance(value, str):
        yield value, path, 0
        return
    match _intrinsic(value):
        case "Fn::Join", [str() as separator, list() as parts]:
            for number, part in enumerate(parts):
                yield separator if number else "", None, 0
                yield from _placed(part, (*path, "Fn::Join", 1, number), inline=inline)
        case "Fn::Sub", str() as template:
            yield from _substituted(template, {}, (*path, "Fn::Sub"), inline=inline)
        case "Fn::Sub", [str() as template, dict() as named]:
            yield from _substituted(template, named, (*path, "Fn::Sub", 0), inline=inline)
        case "Fn::Base64", inner if inline and not whole:
            marked = Marked.of(text_parts(inner, inline=True))
            if all(isinstance(each, str) for each in marked.pieces):
                text = "".join(map(str, marked.parts()))
                yield base64.b64encode(text.encode("utf-8", "replace")).decode(), None, 0
            else:
                # Nobody can encode what is not known yet; the reader takes the text as it is.
                yield from ((part, None, 0) for part in marked.parts())
        case _ if whole:
            raise _elsewhere(value)
        case _:
            yield value, None, 0


def _substituted(
    template: str, named: Mapping[str, object], path: _Path, *, inline: bool
) -> Iterator[_Placed]:
    at = 0
    for found in (*_SUB.finditer(template), None):
        yield template[at : found.start() if found else None], path, at
        if found is None:
            return
        at, name = found.end(), found[1]
        if name.startswith("!"):
            yield "${", path, found.start()
            yield f"{name[1:]}}}", path, found.start(1) + 1
        elif name in named:
            yield from _placed(named[name], (*path[:-1], 1, name), inline=inline)
        else:
            resource, dot, attribute = name.partition(".")
            yield {"Fn::GetAtt": [resource, attribute]} if dot else {"Ref": name}, None, 0


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


def _name(value: object) -> str:
    """Return what to call a piece in a message."""
    match _intrinsic(value):
        case "Ref", str() as name:
            return f"${{{name}}}"
        case "Fn::GetAtt", [str() as resource, str() as attribute]:
            return f"${{{resource}.{attribute}}}"
        case "Fn::GetAtt", str() as name:
            return f"${{{name}}}"
    return "${…}"


def _elsewhere(value: object) -> UnsupportedError:
    shown = json.dumps(value, default=str)
    return UnsupportedError(
        f"the text of this user data is not in the template: {shown[:80]}; write it as Fn::Base64 of a string, a "
        "Fn::Join or a Fn::Sub, or set the agent's variables where the text comes from"
    )


def _unknown(os: OperatingSystem | None, reason: str) -> Reading:
    return compute({}, os or "linux", unknown=[Unknown(None, 0, reason)])
