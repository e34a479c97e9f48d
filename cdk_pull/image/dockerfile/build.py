"""How an image is built, out of a Dockerfile with its context, of an image's history, or of both."""

from __future__ import annotations

import fnmatch
import os
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.files import parse_json
from cdk_pull.image.dockerfile.history import instruction_of
from cdk_pull.image.dockerfile.steps import Build, Step
from cdk_pull.records import dataclass, replace
from cdk_pull.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cdk_pull.image.dockerfile.parse import Dockerfile
    from cdk_pull.image.facts import ImageFacts

__all__ = [
    "HistoryLayer",
    "build_of_dockerfile",
    "build_of_image",
    "layers_of_history",
    "layers_of_image",
    "with_sizes",
]

_MAKES_A_LAYER: Final = frozenset({"ADD", "COPY", "RUN"})
_MAX_ENTRIES: Final = 50_000
_MAX_HISTORY: Final = 2000


@dataclass(frozen=True, slots=True)
class HistoryLayer:
    """One layer of an image, with the step that made it.

    Attributes:
        step: as an instruction of a Dockerfile; empty where it is not recorded.
        size: in bytes; None where it is not known.
    """

    step: str
    size: int | None


def build_of_dockerfile(
    dockerfile: Dockerfile, *, target: str | None = None, context: Path | None = None
) -> Build:
    """Return how a Dockerfile builds an image.

    Args:
        dockerfile: as parsed.
        target: the stage to build; the last by default.
        context: the folder that is sent to the build; None where it is not known.

    Raises:
        InvalidValueError: for a stage that there is not.
    """
    lineage = dockerfile.lineage(target)
    steps = tuple(
        Step(
            keyword=each.keyword,
            value=each.script if each.keyword == "RUN" else each.value,
            line=each.line,
            flags=each.flags,
        )
        for stage in lineage
        for each in stage.instructions
    )
    build = Build(steps=steps, base=lineage[0].base, base_line=lineage[0].line)
    if context is None:
        return build
    patterns = _ignored(context)
    return replace(build, context=_large_folders(context, patterns or ()), ignores=patterns is not None)


def layers_of_image(facts: ImageFacts) -> list[HistoryLayer]:
    """Return the layers of an image that was looked up, with their compressed sizes."""
    layers = facts.profile.layers
    steps = facts.steps or [""] * len(layers)
    return [
        HistoryLayer(instruction_of(step), layer.compressed_bytes)
        for step, layer in zip(steps, layers, strict=True)
    ]


def layers_of_history(text: str) -> list[HistoryLayer]:
    """Return the layers that ``docker history --no-trunc --format json`` lists, oldest first, with their unpacked sizes.

    Raises:
        InvalidValueError: for a line that is not of that form.
    """
    found: list[HistoryLayer] = []
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > _MAX_HISTORY:
        raise InvalidValueError("history has too many lines", len(lines), allowed=f"at most {_MAX_HISTORY}")
    for number, line in enumerate(lines, 1):
        row = _row(line)
        if row is None:
            raise InvalidValueError(
                f"line {number} of the history is not what docker history writes",
                line[:60],
                allowed="docker history --no-trunc --format json IMAGE",
            )
        size = row["Size"]
        found.append(
            HistoryLayer(
                instruction_of(row["CreatedBy"]), int(size) if size.isdecimal() else parse_bytes(size, "Size")
            )
        )
    return found[::-1]


def _row(line: str) -> dict[str, Any] | None:
    try:
        row = parse_json(line)
    except ValueError:
        return None
    known = (
        isinstance(row, dict) and isinstance(row.get("CreatedBy"), str) and isinstance(row.get("Size"), str)
    )
    return row if known else None


def build_of_image(layers: Sequence[HistoryLayer], base: str = "", *, size: str = "in the registry") -> Build:
    """Return how an image was built, as far as its history says."""
    return Build(steps=tuple(_step(each) for each in layers), base=base, size=size)


def with_sizes(
    build: Build, layers: Sequence[HistoryLayer], *, size: str = "in the registry"
) -> Build | None:
    """Return the build of a Dockerfile with the size of each layer; None where the image was built in another way.

    The last layers of the image have to be of the same instructions, in order.

    Args:
        build: of the Dockerfile.
        layers: of the image.
        size: what the bytes are of.
    """
    makes = [number for number, step in enumerate(build.steps) if step.keyword in _MAKES_A_LAYER]
    made = [each for each in layers if each.step.partition(" ")[0] in _MAKES_A_LAYER]
    last = made[len(made) - len(makes) :] if makes else []
    if len(last) != len(makes) or any(
        layer.step.partition(" ")[0] != build.steps[number].keyword
        for number, layer in zip(makes, last, strict=True)
    ):
        return None
    steps = list(build.steps)
    for number, layer in zip(makes, last, strict=True):
        steps[number] = replace(steps[number], layer_bytes=layer.size)
    return replace(build, steps=tuple(steps), size=size)


def _step(layer: HistoryLayer) -> Step:
    keyword, _, value = layer.step.partition(" ")
    return Step(keyword=keyword, value=value, layer_bytes=layer.size)


def _ignored(context: Path) -> list[str] | None:
    try:
        text = (context / ".dockerignore").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _large_folders(context: Path, patterns: Sequence[str]) -> dict[str, int]:
    """Return the folders of the context that seldom belong into an image and are not left out, with their bytes."""
    names = (name for name in facts_of("dockerfile_facts")["context_folders"] if (context / name).is_dir())
    return {name: _size_of(context / name) for name in names if not _is_ignored(name, patterns)}


def _is_ignored(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a folder of the context is left out; the last pattern that fits counts."""
    ignored = False
    for pattern in patterns:
        wanted = (
            pattern.removeprefix("!").strip("/").removeprefix("**/").removesuffix("/**").removesuffix("/*")
        )
        if wanted == "*" or fnmatch.fnmatchcase(name, wanted):
            ignored = not pattern.startswith("!")
    return ignored


def _size_of(folder: Path) -> int:
    """Return the bytes of the files below a folder; of a large one, of its first files."""
    total = entries = 0
    for root, _, files in os.walk(folder):
        for name in files:
            entries += 1
            if entries > _MAX_ENTRIES:
                return total
            try:
                total += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118 - a Path for each file takes a while
            except OSError:
                continue
    return total
