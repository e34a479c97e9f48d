"""What would make an image smaller: from the steps that it is built by, of a Dockerfile or of its own history.

Each advice says what it saves where that is known: from the sizes of the layers, or from the facts of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.dockerfile.bases import smaller_bases
from cdk_pull.image.dockerfile.runs import (
    build_tools,
    caches,
    copied_twice,
    order,
    recommends,
    removed_late,
)
from cdk_pull.image.dockerfile.steps import Advice, copies_everything, shown
from cdk_pull.image.reference import ImageReference
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_pull.image.dockerfile.steps import Build

__all__ = ["advise"]

_LARGE_LAYER: Final = 100_000_000
_LARGE_SHARE: Final = 0.5
_MANY_LAYERS: Final = 20


def advise(build: Build) -> tuple[Advice, ...]:
    """Return what would make an image smaller, what saves most first, then what is not known, by line."""
    found = [each for rule in _RULES for each in rule(build)]
    return tuple(
        sorted(found, key=lambda each: (-(each.saves_bytes or 0), each.line or 0, each.code, each.step))
    )


def _base(build: Build) -> Iterator[Advice]:
    try:
        reference = ImageReference.parse(build.base)
    except InvalidValueError:
        return
    for base in smaller_bases(reference):
        saves = "unknown: nobody has looked at both"
        if base.saves_bytes is not None:
            saves = f"{format_bytes(base.saves_bytes)}, as measured of {base.of}"
        elif base.of:
            saves = f"unknown; the smaller one has {base.of}"
        yield Advice(
            code="base",
            problem=f"{build.base} has a smaller alternative",
            fix=f"Use {base.name}, unless the image needs {base.loses}"
            if not base.name.endswith("as the last stage")
            else f"Copy what was built into {base.name}; it loses {base.loses}",
            saves=saves,
            saves_bytes=base.saves_bytes,
            line=build.base_line,
        )


def _context(build: Build) -> Iterator[Advice]:
    copies = [step for step in build.steps if copies_everything(step)]
    if not copies or build.ignores is None:
        return
    if build.context:
        folders = ", ".join(f"{name} ({format_bytes(size)})" for name, size in build.context.items())
        yield Advice(
            code="context",
            problem=f"the whole context is copied, with {folders}",
            fix="List them in .dockerignore",
            saves=f"at most {format_bytes(sum(build.context.values()))} unpacked",
            saves_bytes=sum(build.context.values()),
            line=copies[0].line,
            step=shown(copies[0]),
        )
    elif not build.ignores:
        yield Advice(
            code="context",
            problem="the whole context is copied, and there is no .dockerignore",
            fix="Write one that leaves out .git, dependencies and what the build makes",
            saves="nothing today",
            line=copies[0].line,
            step=shown(copies[0]),
        )


def _layers(build: Build) -> Iterator[Advice]:
    sized = [(step.layer_bytes, step) for step in build.steps if step.layer_bytes is not None]
    total = sum(size for size, _ in sized)
    if not sized:
        return
    size, step = max(sized, key=lambda each: each[0])
    if len(sized) > 1 and size >= _LARGE_LAYER and size > total * _LARGE_SHARE:
        yield Advice(
            code="layers",
            problem=f"one layer has {format_bytes(size)} of {format_bytes(total)}: it is fetched as one, and unpacked by one thread",
            fix="Where it mixes what changes often with what seldom does, split it: dependencies first, the application last",
            saves="nothing of the image; with each new version, what has not changed, where instances cache images",
            line=step.line,
            step=shown(step),
        )
    if len(sized) > _MANY_LAYERS:
        yield Advice(
            code="layers",
            problem=f"the image has {len(sized)} layers, which are unpacked one after another",
            fix="Join RUN instructions that belong together",
            saves="no bytes; in a benchmark of this package, 24 layers took about twice as long to pull as one",
        )


_RULES: Final[tuple[Callable[[Build], Iterator[Advice]], ...]] = (
    _base,
    build_tools,
    caches,
    recommends,
    removed_late,
    copied_twice,
    order,
    _context,
    _layers,
)
