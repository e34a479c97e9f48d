"""What every command that asks a registry shares: its options, a progress bar, errors in words."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cdk_pull.errors import UnsupportedError
from cdk_pull.image.platform import Platform
from cdk_pull.image.reference import ImageReference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_pull.image.registry.many import LookUp

__all__ = ["in_words", "look_up", "registry_options", "requests_of", "require_network"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_NEEDED = ("httpx", "boto3")


def registry_options(command: _Command) -> _Command:
    """Add the options of every command that asks a registry."""
    ca_file = click.option(
        "--ca-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Certificates to trust instead of the usual ones, for a registry of one's own.",
    )
    return ca_file(command)


def in_words(result: LookUp) -> str:
    """Return why a look-up failed, with the image's name even where it is the registry that fails."""
    reference, error = str(result.reference), str(result.error)
    return error if reference in error else f"{reference}: {error}"


def require_network() -> None:
    """Refuse a command whose libraries are not installed.

    Raises:
        UnsupportedError: with the line that installs them.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        message = f"this command needs {' and '.join(missing)}; pip install 'cdk-pull[network]'"
        raise UnsupportedError(message)


def requests_of(
    references: Sequence[str], platform: str | None
) -> list[tuple[ImageReference, Platform | None]]:
    """Return what to look up for references and a platform as typed.

    Raises:
        InvalidValueError: for what is no reference or no platform, before any registry is asked.
    """
    wanted = Platform.parse(platform) if platform else None
    return [(ImageReference.parse(reference), wanted) for reference in references]


def look_up(
    images: Sequence[tuple[ImageReference, Platform | None]], *, ca_file: Path | None = None
) -> list[LookUp]:
    """Look images up, with a progress bar on standard error when a person sits before it."""
    require_network()
    from cdk_pull.image.registry.client import RegistryClient  # noqa: PLC0415 - httpx takes a while to import
    from cdk_pull.image.registry.many import look_up_all  # noqa: PLC0415 - the same

    def client() -> RegistryClient:
        return RegistryClient(ca_file=ca_file)

    if not sys.stderr.isatty():
        return look_up_all(images, client)
    with click.progressbar(length=len(set(images)), label="asking registries", file=sys.stderr) as bar:
        return look_up_all(images, client, progress=lambda _: bar.update(1))
