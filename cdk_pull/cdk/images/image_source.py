"""The folder that an image is built from, checked before CDK stages it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_pull.cdk.fargate.apply_size import is_token
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.files import read_text
from cdk_pull.image.dockerfile.advice import advise
from cdk_pull.image.dockerfile.build import build_of_dockerfile
from cdk_pull.image.dockerfile.parse import MAX_CHARACTERS, parse_dockerfile
from cdk_pull.image.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.fargate.estimate.start import Architecture

__all__ = ["advice_of", "architecture_of", "check_directory"]

_ARCHITECTURES: Final[dict[str, Architecture]] = {"linux/amd64": "x86_64", "linux/arm64": "arm64"}
_DOCKERFILE: Final = "Dockerfile"


def advice_of(
    directory: str, file: str | None, build_args: Mapping[str, str] | None, target: str | None
) -> list[str]:
    """Return what would make the image smaller; a Dockerfile that cannot be read is Docker's to refuse."""
    try:
        dockerfile = parse_dockerfile(
            read_text(Path(directory) / (file or _DOCKERFILE), "Dockerfile", max_bytes=4 * MAX_CHARACTERS),
            build_args=build_args,
        )
        # Without the context: what lies in a folder differs from machine to machine.
        build = build_of_dockerfile(dockerfile, target=target)
    except InvalidValueError as error:
        return [f"not evaluated: {error}"]
    return [*map(str, advise(build)), *(f"not evaluated: {note}" for note in build.not_evaluated)]


def check_directory(where: str, directory: str, file: str | None) -> None:
    """Refuse a folder without a Dockerfile.

    Raises:
        InvalidValueError: for it, or for a token.
    """
    if is_token(directory):
        raise InvalidValueError(f"{where}: directory is a token", directory, allowed="the path of a folder")
    folder, name = Path(directory), file or _DOCKERFILE
    if not folder.is_dir():
        raise InvalidValueError(
            f"{where}: directory does not exist",
            directory,
            allowed="a folder with a Dockerfile",
            fix=f"Paths are relative to {Path.cwd()}",
        )
    if not (folder / name).is_file():
        raise InvalidValueError(
            f"{where}: directory has no {name}",
            directory,
            allowed="a folder with a Dockerfile, or file= its name",
        )


def architecture_of(where: str, platform: str) -> Architecture:
    """Return the architecture of a platform that Fargate runs with Linux.

    Raises:
        InvalidValueError: for another one.
        UnsupportedError: for Windows.
    """
    parsed = Platform.parse(platform)
    if parsed.os == "windows":
        raise UnsupportedError(
            f"{where}: platform {platform}: Windows layers are neither compressed with zstd nor indexed. Build with "
            "ecr_assets.DockerImageAsset on a pinned base, build_args=ServerCore.pin(…).build_args"
        )
    if str(parsed) not in _ARCHITECTURES:
        raise InvalidValueError(
            f"{where}: Fargate does not run the platform", platform, allowed=_ARCHITECTURES
        )
    return _ARCHITECTURES[str(parsed)]
