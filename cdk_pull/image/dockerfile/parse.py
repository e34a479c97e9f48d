"""A Dockerfile, read as BuildKit reads it: directives, comments, continued lines, here-documents, stages.

Nothing is run and nothing is fetched. The text may come from anybody: what is read is bounded, and takes time in
proportion to its length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.dockerfile.variables import expand
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Dockerfile", "Instruction", "Stage", "parse_dockerfile"]

MAX_CHARACTERS: Final = 1 << 20
"""Far above any Dockerfile in use; BuildKit accepts 16 MiB in a message."""

_MAX_INSTRUCTIONS: Final = 5000
_KEYWORDS: Final = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
_WITH_HEREDOC: Final = frozenset({"ADD", "COPY", "RUN"})
_DIRECTIVE: Final = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*?)\s*")
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})
_HEREDOC: Final = re.compile(r"<<(-?)\s*(['\"]?)([A-Za-z_][A-Za-z0-9_.]*)\2(?=\s|$|[|>&;)])")
_FLAG: Final = re.compile(r"--([a-z][a-z0-9.-]*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?(?:\s+|$)")
_FROM: Final = re.compile(r"(\S+)(?:\s+[Aa][Ss]\s+([A-Za-z][A-Za-z0-9._-]*))?")
_ARG: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        keyword: in upper case.
        value: what follows, with continued lines joined and flags taken off.
        line: where it begins, from 1.
        flags: ``--name=value``, in order; a flag such as ``--mount`` may be there more than once.
        heredocs: the here-documents of a RUN, COPY or ADD.
    """

    keyword: str
    value: str
    line: int
    flags: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """What a RUN runs: its words, or its here-documents where these are the script."""
        if self.heredocs and _HEREDOC.match(self.value):
            return "\n".join(self.heredocs)
        return "\n".join([self.value, *self.heredocs])

    def flag(self, name: str) -> str | None:
        """Return the value of a flag; None where it is not there."""
        return next((value for key, value in self.flags if key == name), None)

    def __str__(self) -> str:
        flags = "".join(f"--{name}={value} " if value else f"--{name} " for name, value in self.flags)
        return f"{self.keyword} {flags}{self.value}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What one FROM begins.

    Attributes:
        base: the image or the earlier stage that it builds on, with variables filled in; empty where that is not known.
        written: the same as written.
        name: after AS, or empty.
        line: of the FROM.
        instructions: after the FROM.
    """

    base: str
    written: str
    name: str
    line: int
    instructions: tuple[Instruction, ...] = ()


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile.

    Attributes:
        stages: in order; at least one.
    """

    stages: tuple[Stage, ...]

    def lineage(self, target: str | None = None) -> tuple[Stage, ...]:
        """Return the stages that an image is made of, the first one's base being an image of somebody else's.

        Args:
            target: the stage to build, by name or number; the last by default.

        Raises:
            InvalidValueError: for a stage that there is not.
        """
        # A stage can only build on one before it; an image may have the name of a later stage.
        parents: list[int | None] = []
        before: dict[str, int] = {}
        for number, stage in enumerate(self.stages):
            parents.append(before.get(stage.base.lower()))
            if stage.name:
                before[stage.name.lower()] = number
        found = []
        current: int | None = self._number(target)
        while current is not None:
            found.append(self.stages[current])
            current = parents[current]
        return tuple(reversed(found))

    def _number(self, target: str | None) -> int:
        if target is None:
            return len(self.stages) - 1
        names = {stage.name.lower(): number for number, stage in enumerate(self.stages) if stage.name}
        if target.lower() in names:
            return names[target.lower()]
        if target.isdecimal() and len(target) < 6 and int(target) < len(self.stages):  # noqa: PLR2004 - a stage's number
            return int(target)
        allowed = [stage.name or str(number) for number, stage in enumerate(self.stages)]
        raise InvalidValueError("Dockerfile has no stage of this name", target, allowed=allowed)


def parse_dockerfile(
    text: str, *, name: str = "Dockerfile", build_args: Mapping[str, str] | None = None
) -> Dockerfile:
    """Return what a Dockerfile says.

    Args:
        text: of the file.
        name: of the file, for messages.
        build_args: that the build is given, for the variables of a FROM.

    Raises:
        InvalidValueError: for what BuildKit refuses: an unknown instruction, a file without FROM, a here-document
            without its end; with the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidValueError(
            f"{name} is too large", f"{len(text)} characters", allowed=f"at most {MAX_CHARACTERS} characters"
        )
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    return Dockerfile(_stages(_instructions(lines, name), name, dict(build_args or {})))


def _stages(instructions: Iterator[Instruction], name: str, build_args: dict[str, str]) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    body: list[Instruction] = []
    known: dict[str, str | None] = {}
    for number, each in enumerate(instructions):
        if number >= _MAX_INSTRUCTIONS:
            raise InvalidValueError(
                f"{name} has too many instructions", number, allowed=f"at most {_MAX_INSTRUCTIONS}"
            )
        if each.keyword == "FROM":
            if stages:
                stages[-1] = replace(stages[-1], instructions=tuple(body))
                body = []
            match = _FROM.fullmatch(each.value)
            if match is None:
                raise InvalidValueError(
                    f"{name}:{each.line}: FROM is malformed", each.value, allowed="FROM image [AS name]"
                )
            stages.append(
                Stage(
                    base=expand(match[1], known) or "",
                    written=match[1],
                    name=match[2] or "",
                    line=each.line,
                )
            )
        elif stages:
            body.append(each)
        elif each.keyword == "ARG":
            # Only these count in a FROM.
            for argument in _ARG.finditer(each.value):
                default = None if argument[2] is None else expand(argument[2].strip("'\""), known)
                known[argument[1]] = build_args.get(argument[1], default)
        else:
            raise InvalidValueError(
                f"{name}:{each.line}: an instruction before the first FROM", each.keyword, allowed="ARG"
            )
    if not stages:
        raise InvalidValueError(f"{name} has no FROM", name, allowed="a Dockerfile, which has one")
    stages[-1] = replace(stages[-1], instructions=tuple(body))
    return tuple(stages)


def _instructions(lines: Sequence[str], name: str) -> Iterator[Instruction]:
    number, escape = _directives(lines)
    while number < len(lines):
        if not (stripped := lines[number].strip()) or stripped.startswith("#"):
            number += 1
            continue
        start = number
        text, number = _joined(lines, number, escape)
        if not text:
            continue  # a continuation of nothing
        keyword, value = _split_keyword(text)
        if keyword not in _KEYWORDS:
            raise InvalidValueError(
                f"{name}:{start + 1}: unknown instruction",
                keyword[:40],
                allowed=_KEYWORDS,
            )
        flags, value = _flags(value)
        bodies: list[str] = []
        if keyword in _WITH_HEREDOC:
            for heredoc in _HEREDOC.finditer(value):
                body, number = _heredoc(lines, number, heredoc, f"{name}:{start + 1}")
                bodies.append(body)
        yield Instruction(keyword=keyword, value=value, line=start + 1, flags=flags, heredocs=tuple(bodies))


def _split_keyword(text: str) -> tuple[str, str]:
    words = text.strip().split(None, 1)
    return words[0].upper(), words[1] if len(words) > 1 else ""


def _directives(lines: Sequence[str]) -> tuple[int, str]:
    """Return the first line after the directives, and the character that continues a line."""
    escape, seen = "\\", set[str]()
    for number, line in enumerate(lines):
        match = _DIRECTIVE.fullmatch(line.strip())
        directive = match[1].lower() if match else ""
        if match is None or directive not in _DIRECTIVES or directive in seen:
            return number, escape
        seen.add(directive)
        if directive == "escape" and match[2] in {"\\", "`"}:
            escape = match[2]
    return len(lines), escape


def _joined(lines: Sequence[str], number: int, escape: str) -> tuple[str, int]:
    """Return an instruction with the lines that continue it, and the number of the line after it."""
    parts: list[str] = []
    while number < len(lines):
        line = lines[number]
        number += 1
        # Comments and empty lines within an instruction do not end it.
        if parts and (not line.strip() or line.lstrip().startswith("#")):
            continue
        bare = line.rstrip()
        if not bare.endswith(escape):
            parts.append(line)
            break
        parts.append(bare[: -len(escape)])
    return "".join(parts).strip(), number


def _flags(value: str) -> tuple[tuple[tuple[str, str], ...], str]:
    found: list[tuple[str, str]] = []
    position = 0
    while match := _FLAG.match(value, position):
        found.append((match[1], (match[2] or "").strip("'\"")))
        position = match.end()
    return tuple(found), value[position:].strip()


def _heredoc(lines: Sequence[str], number: int, start: re.Match[str], where: str) -> tuple[str, int]:
    body: list[str] = []
    while number < len(lines):
        line = lines[number].lstrip("\t") if start[1] else lines[number]
        number += 1
        if line == start[3]:
            return "\n".join(body), number
        body.append(line)
    raise InvalidValueError(
        f"{where}: a here-document without its end", start[3], allowed=f"a line {start[3]} that ends it"
    )
