"""The steps by which an image is built, and what is advised on them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from cdk_pull.image.dockerfile.commands import MAX_SCRIPT, Command, commands_of
from cdk_pull.records import dataclass
from cdk_pull.units import format_bytes

__all__ = ["Advice", "AdviceCode", "Build", "Step", "advice_on", "copies_everything", "shown"]

AdviceCode: TypeAlias = Literal[
    "base", "build-tools", "cache", "context", "copied-twice", "layers", "order", "recommends", "removed-late"
]

_TRUNCATED: Final = "…"
_UNKNOWN: Final = "unknown without the sizes of the layers"
_EVERYTHING: Final = frozenset({".", "./", "*", "./*"})
_CHARACTERS: Final = 72


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a build.

    Attributes:
        keyword: of the instruction, such as ``RUN``.
        value: what follows, without flags; a RUN's script with its here-documents.
        line: in the Dockerfile; None where only the image is known.
        flags: of the instruction.
        layer_bytes: what the step's layer has in the registry; None where that is not known.
    """

    keyword: str
    value: str
    line: int | None = None
    flags: tuple[tuple[str, str], ...] = ()
    layer_bytes: int | None = None

    @property
    def truncated(self) -> bool:
        """Whether the end of the step is not known: what is not found in it may be there."""
        return self.value.endswith(_TRUNCATED) or len(self.value) > MAX_SCRIPT

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands of a RUN."""
        return _commands(self.value) if self.keyword == "RUN" else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """How an image is built.

    Attributes:
        steps: of the image, the base's first where they are known.
        base: the name of the base image; empty where that is not known.
        base_line: of the FROM; None where only the image is known.
        size: of the layers' bytes: ``in the registry`` or ``unpacked``.
        context: the large folders of the build context that are sent and copied, with their bytes; None where the context
            is not known.
        ignores: whether there is a .dockerignore; None where the context is not known.
    """

    steps: tuple[Step, ...]
    base: str = ""
    base_line: int | None = None
    size: str = "in the registry"
    context: dict[str, int] | None = None
    ignores: bool | None = None

    @property
    def not_evaluated(self) -> tuple[str, ...]:
        """What nothing could be said of, a sentence each."""
        found = []
        if self.base_line is not None and not self.base:
            found.append(
                f"line {self.base_line}: the base image is a variable without a value: give it with --build-arg"
            )
        without = sum(not step.keyword for step in self.steps)
        if without:
            found.append(
                f"{without} of {len(self.steps)} layers: the image does not record the step that made them"
            )
        if cut := sum(step.truncated for step in self.steps):
            found.append(f"{cut} of {len(self.steps)} steps: too long to be read to their end")
        return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """One thing that would make an image smaller, or the pull of its next version.

    Attributes:
        code: of what it is about.
        problem: what is so, a sentence without its end.
        fix: what to do, a sentence without its end.
        saves: what that saves, in words: bytes, at most some bytes, or unknown.
        saves_bytes: the bytes at most; None where that is not known.
        line: in the Dockerfile; None where only the image is known.
        step: the step that it is about; empty for the whole image.
    """

    code: AdviceCode
    problem: str
    fix: str
    saves: str = _UNKNOWN
    saves_bytes: int | None = None
    line: int | None = None
    step: str = ""

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        return f"{where}{self.problem}. {self.fix}. Saves: {self.saves}"

    def to_json(self) -> dict[str, Any]:
        """Return the advice in JSON's types."""
        return {
            "code": self.code,
            "line": self.line,
            "step": self.step or None,
            "problem": self.problem,
            "fix": self.fix,
            "saves": self.saves,
            "saves_bytes": self.saves_bytes,
        }


def advice_on(
    build: Build, step: Step, code: AdviceCode, problem: str, fix: str, *, saves: str = ""
) -> Advice:
    """Return advice on a step, which saves its layer at most."""
    size = None if saves else step.layer_bytes
    if size is not None:
        saves = f"at most {format_bytes(size)} {build.size}, the layer's size"
    return Advice(
        code=code,
        problem=problem,
        fix=fix,
        saves=saves or _UNKNOWN,
        saves_bytes=size,
        line=step.line,
        step=shown(step),
    )


def copies_everything(step: Step) -> bool:
    """Tell whether a step copies the whole build context into the image."""
    return (
        step.keyword in {"COPY", "ADD"}
        and not any(name == "from" for name, _ in step.flags)
        and not _EVERYTHING.isdisjoint(step.value.split()[:-1])
    )


def shown(step: Step) -> str:
    """Return a step as one line of a bounded length."""
    text = " ".join(f"{step.keyword} {step.value}".split())
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"


@lru_cache(maxsize=64)
def _commands(script: str) -> tuple[Command, ...]:
    return commands_of(script)
