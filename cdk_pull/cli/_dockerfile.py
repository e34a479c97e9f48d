"""What `cdk-pull inspect` says of a Dockerfile: its options, and the advice on it."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.files import read_text
from cdk_pull.image.dockerfile.advice import advise
from cdk_pull.image.dockerfile.build import (
    HistoryLayer,
    build_of_dockerfile,
    build_of_image,
    layers_of_history,
    with_sizes,
)
from cdk_pull.image.dockerfile.parse import MAX_CHARACTERS, parse_dockerfile
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_pull.image.dockerfile.steps import Advice, Build

__all__ = ["Advised", "BuildOptions", "build_options"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_MAX_HISTORY_BYTES: Final = 4 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOptions:
    """How an image is built, as typed.

    Attributes:
        dockerfile: its path; None for none.
        target: the stage; None for the last.
        build_args: that the build is given.
        history: what ``docker history`` has written, ``-`` for standard input; None for nothing.
    """

    dockerfile: Path | None = None
    target: str | None = None
    build_args: tuple[str, ...] = ()
    history: str | None = None

    @property
    def given(self) -> bool:
        """Whether there is anything to give advice on without an image."""
        return self.dockerfile is not None or self.history is not None

    def check(self, images: Sequence[str]) -> None:
        """Refuse options that do not go together.

        Raises:
            ConflictError: for them.
        """
        if self.dockerfile is None and (self.target is not None or self.build_args):
            raise ConflictError(
                "--target and --build-arg are of a Dockerfile: give --dockerfile PATH beside them"
            )
        if self.history is not None and images:
            raise ConflictError(
                f"--history and the image {images[0]} both give the sizes of the layers: keep one of them"
            )
        if self.dockerfile is not None and len(images) > 1:
            raise ConflictError(
                f"--dockerfile is given with {len(images)} images: name the one that it builds"
            )


def build_options(command: _Command) -> Callable[..., Any]:
    """Add the options of a command that gives advice on a Dockerfile; the command gets them as ``build``."""

    @click.option(
        "--dockerfile",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Show what would make the image of this Dockerfile smaller; with IMAGE, by the sizes of its layers.",
    )
    @click.option(
        "--target", metavar="STAGE", help="Look at this stage of the Dockerfile.  [default: the last]"
    )
    @click.option(
        "--build-arg",
        "build_args",
        multiple=True,
        metavar="NAME=VALUE",
        help="Fill in a variable of the Dockerfile. Repeatable.",
    )
    @click.option(
        "--history",
        metavar="FILE",
        help="Take the sizes from what `docker history --no-trunc --format json IMAGE` writes; - for standard input.",
    )
    @wraps(command)
    def with_build(
        *,
        dockerfile: Path | None,
        target: str | None,
        build_args: tuple[str, ...],
        history: str | None,
        **options: Any,
    ) -> Any:
        build = BuildOptions(dockerfile=dockerfile, target=target, build_args=build_args, history=history)
        return command(build=build, **options)

    return with_build


@dataclass(frozen=True, kw_only=True, slots=True)
class Advised:
    """Advice, and what none could be given on.

    Attributes:
        advice: what saves most first.
        not_evaluated: a sentence each.
    """

    advice: tuple[Advice, ...]
    not_evaluated: tuple[str, ...]

    @classmethod
    def on_build(cls, build: Build, *notes: str) -> Advised:
        """Return the advice on a build."""
        return cls(advice=advise(build), not_evaluated=(*build.not_evaluated, *notes))

    @classmethod
    def on_options(cls, options: BuildOptions, layers: Sequence[HistoryLayer] | None = None) -> Advised:
        """Return the advice on a Dockerfile, on a history, or on both together.

        Args:
            options: as typed.
            layers: of the image that the Dockerfile builds, where it was looked up.

        Raises:
            InvalidValueError: for a file that cannot be read or is not of its form.
        """
        size = "in the registry"
        if options.history is not None:
            layers, size = layers_of_history(_history(options.history)), "unpacked"
        if options.dockerfile is None:
            return cls.on_build(build_of_image(layers or (), size=size))
        path = options.dockerfile / "Dockerfile" if options.dockerfile.is_dir() else options.dockerfile
        text = read_text(path, "Dockerfile", max_bytes=4 * MAX_CHARACTERS)
        dockerfile = parse_dockerfile(text, name=str(path), build_args=_pairs(options.build_args))
        build = build_of_dockerfile(dockerfile, target=options.target, context=path.parent)
        if layers is None:
            return cls.on_build(build)
        sized = with_sizes(build, layers, size=size)
        if sized is None:
            return cls.on_build(
                build,
                "the sizes of the layers: the image was not built by the instructions of this Dockerfile",
            )
        return cls.on_build(sized)

    def to_json(self) -> dict[str, Any]:
        """Return both in JSON's types."""
        return {
            "advice": [each.to_json() for each in self.advice],
            "not_evaluated": list(self.not_evaluated),
        }


def _history(path: str) -> str:
    if path != "-":
        return read_text(Path(path), "history", max_bytes=_MAX_HISTORY_BYTES)
    text = sys.stdin.read(_MAX_HISTORY_BYTES + 1)
    if len(text) > _MAX_HISTORY_BYTES:
        raise InvalidValueError(
            "history is too large", f"{len(text)} characters", allowed=f"at most {_MAX_HISTORY_BYTES}"
        )
    return text


def _pairs(arguments: Sequence[str]) -> dict[str, str]:
    found = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not name or not equals:
            raise InvalidValueError("invalid --build-arg", argument, allowed="NAME=VALUE")
        found[name] = value
    return found
