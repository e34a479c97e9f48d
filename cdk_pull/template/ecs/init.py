"""What cfn-init does on an instance, as a part of the script that calls it.

Source: AWS CloudFormation User Guide, AWS::CloudFormation::Init: of each config first the files, then the commands in
the order of their names; without configSets there is one config, named ``config``.
"""

from __future__ import annotations

import base64
import re
import shlex
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.agent.pieces import Marked, Marks
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.shapes import as_object
from cdk_pull.template.context import section
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import Unknown, concat, pieces_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_pull.template.model import PathStep, Resource

__all__ = ["INIT", "Place", "Program", "program"]

INIT: Final = "AWS::CloudFormation::Init"
"""The key in a resource's metadata."""

_CALL: Final = lazy_pattern(r"^(?![ \t]*#).*\bcfn-init\s", re.MULTILINE)
_SETS: Final = lazy_pattern(r"(?:^|\s)(?:-c|--configsets)[ =]+['\"]?([A-Za-z0-9_,-]+)")
_RESOURCE: Final = lazy_pattern(r"(?:^|\s)(?:-r|--resource)[ =]+['\"]?([A-Za-z0-9]+)")
_END: Final = "CFN_INIT_EOF"
_FOLLOWED: Final = "cfn-init-followed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line of a program stands.

    Attributes:
        resource: in whose metadata; None for the user data itself.
        path: below the resource; empty for the user data itself.
        line: within the text there, from 1.
    """

    resource: Resource | None
    path: tuple[PathStep, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Program:
    """A user data with what cfn-init does in the place of its call.

    Attributes:
        text: all of it.
        places: for each line, where it stands.
    """

    text: str | Unknown
    places: tuple[Place, ...]


class _Collected:
    """Texts with their unknown pieces marked, so that they can be cut and put together like any text."""

    def __init__(self) -> None:
        self._marks = Marks[Unknown]()

    def mark(self, text: str | Unknown) -> str:
        return self._marks.text(pieces_of(text))

    def unmark(self, text: str) -> str | Unknown:
        return concat(Marked(text, tuple(self._marks.pieces)).parts())


def program(user_data: str | Unknown, resources: Sequence[Resource]) -> Program | None:
    """Return a script with what cfn-init does in the place of its call.

    It is None where the script calls none, is no shell script, or names metadata that is not there.

    Args:
        user_data: the script.
        resources: those whose metadata it may name.
    """
    marked = _Collected()
    script = marked.mark(user_data)
    if not script.startswith("#!"):
        return None
    places = [Place(None, (), number) for number in range(1, script.count("\n") + 2)]
    position, followed = 0, False
    while (call := _CALL.search(script, position)) is not None:
        start, end = _statement(script, call)
        words = script[start:end]
        holder = _holder(words, resources)
        if holder is None:
            position = end
            continue
        followed = True
        done = [*_lines(holder, words, marked)]
        inserted = "".join(f"{text}\n" for text, _, _ in done)
        first = script.count("\n", 0, start)
        places[first:first] = [Place(holder, path, number) for _, path, number in done]
        # The call itself does no more: all of it stands before it.
        said = words.replace("cfn-init", _FOLLOWED, 1)
        script = script[:start] + inserted + said + script[end:]
        position = start + len(inserted) + len(said)
    return Program(marked.unmark(script), tuple(places)) if followed else None


def _statement(script: str, call: re.Match[str]) -> tuple[int, int]:
    """Return where the lines of a call begin and end."""
    start = call.start()
    while script[:start].endswith("\\\n"):
        start = script.rfind("\n", 0, start - 1) + 1
    end = script.find("\n", call.end() - 1)
    while script[:end].endswith("\\") and end > 0:
        end = script.find("\n", end + 1)
    return start, end if end >= 0 else len(script)


def _holder(words: str, resources: Sequence[Resource]) -> Resource | None:
    """Return the resource whose metadata a call names."""
    named = _RESOURCE.search(words)
    return next(
        (
            each
            for each in resources
            if section(section(each.body, "Metadata"), INIT)
            and (named is None or named[1] == each.logical_id)
        ),
        None,
    )


def _lines(
    holder: Resource, words: str, marked: _Collected
) -> Iterator[tuple[str, tuple[PathStep, ...], int]]:
    """Yield the lines of shell that do as cfn-init does, each with its place."""
    document = as_object(evaluate(section(section(holder.body, "Metadata"), INIT), holder.template.context))
    for name in _configs(document, words):
        config = section(document, name)
        base = ("Metadata", INIT, name)
        for path, file in section(config, "files").items():
            yield from _file(str(path), file, (*base, "files", path), marked)
        for key, command in sorted(section(config, "commands").items()):
            yield from _command(command, (*base, "commands", key), marked)


def _configs(document: dict[str, Any], words: str) -> list[str]:
    sets = section(document, "configSets")
    called = _SETS.search(words)
    found: list[str] = []
    waiting: list[Any] = list(called[1].split(",")) if called else ["default"]
    waiting = [{"ConfigSet": each} for each in waiting]
    seen: set[str] = set()
    while waiting:
        each = waiting.pop(0)
        name = as_object(each).get("ConfigSet")
        if isinstance(each, str):
            found.append(each)
        elif isinstance(name, str) and name not in seen:
            seen.add(name)
            listed = sets.get(name)
            waiting[:0] = listed if isinstance(listed, list) else [listed] if listed else []
    # What two of the sets name is applied again, to the same end.
    return list(dict.fromkeys(found)) or ["config"]


def _file(
    path: str, file: Any, place: tuple[PathStep, ...], marked: _Collected
) -> Iterator[tuple[str, tuple[PathStep, ...], int]]:
    text = _content(file) if isinstance(file, dict) else None
    target = shlex.quote(path)
    if text is None:
        # Of a file from elsewhere nobody knows the content.
        yield f"cp /cfn-init/source {target}", place, 0
        return
    content = marked.mark(text)
    yield f"cat > {target} <<'{_END}'", place, 0
    for number, line in enumerate(content.removesuffix("\n").split("\n"), 1):
        yield line, (*place, "content"), number
    yield _END, place, 0


def _content(file: dict[str, Any]) -> str | Unknown | None:
    """Return the content of a file; None where nobody knows it."""
    text = text_of(file.get("content"))
    encoding = file.get("encoding", "plain")
    if encoding == "plain":
        return text
    if encoding != "base64" or not isinstance(text, str):
        return None
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return None


def _command(
    command: Any, place: tuple[PathStep, ...], marked: _Collected
) -> Iterator[tuple[str, tuple[PathStep, ...], int]]:
    given = as_object(command).get("command")
    if isinstance(given, list):
        given = " ".join(shlex.quote(str(each)) for each in given)
    text = text_of(given)
    if text is None:
        return
    conditional = "test" in command
    # It runs in a shell of its own, and where there is a test, perhaps not at all.
    yield "if [ -e /cfn-init/test ]; then (" if conditional else "(", place, 0
    for number, line in enumerate(marked.mark(text).split("\n"), 1):
        yield line, (*place, "command"), number
    yield "); fi" if conditional else ")", place, 0
