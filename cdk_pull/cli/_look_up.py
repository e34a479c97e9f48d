"""What every command that asks a registry shares: its options, a progress bar, errors in words."""

from __future__ import annotations

import sys
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.reference import ImageReference
from cdk_pull.records import dataclass
from cdk_pull.units import parse_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cdk_pull.image.platform import Platform
    from cdk_pull.image.registry.many import LookUp

__all__ = [
    "RegistryOptions",
    "in_words",
    "look_up",
    "parse_references",
    "registry_options",
    "require_network",
]

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_NEEDED = ("httpx", "boto3")
_RUN_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryOptions:
    """How registries are asked, as typed.

    Attributes:
        ca_file: certificates to trust in place of the usual ones, or None.
        plain_http: whether a registry anywhere may be asked over plain HTTP.
        run_seconds: for all look-ups of the run.
    """

    ca_file: Path | None = None
    plain_http: bool = False
    run_seconds: float = _RUN_SECONDS


def registry_options(command: _Command) -> Callable[..., Any]:
    """Add the options of every command that asks a registry; the command gets them as ``registry``."""

    @click.option(
        "--ca-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Trust these certificates in place of the usual ones, for a private registry.",
    )
    @click.option(
        "--plain-http",
        is_flag=True,
        help="Use plain HTTP for a registry that does not speak TLS; one on this machine needs no option.",
    )
    @click.option(
        "--timeout",
        metavar="DURATION",
        help="Stop asking registries after this time and keep what is known by then.  [default: 5m]",
    )
    @wraps(command)
    def with_registry(*, ca_file: Path | None, plain_http: bool, timeout: str | None, **options: Any) -> Any:
        run_seconds = _RUN_SECONDS if timeout is None else parse_seconds(timeout, "--timeout")
        if run_seconds <= 0:
            raise InvalidValueError("--timeout is too short", timeout, allowed="more than 0s")
        registry = RegistryOptions(ca_file=ca_file, plain_http=plain_http, run_seconds=run_seconds)
        return command(registry=registry, **options)

    return with_registry


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
        message = f"this command needs {' and '.join(missing)}; run pip install 'cdk-pull[network]'"
        raise UnsupportedError(message)


def parse_references(
    texts: Iterable[str],
) -> tuple[list[ImageReference], dict[str, InvalidValueError]]:
    """Return the references that can be looked up, and by text why the others cannot."""
    references: list[ImageReference] = []
    errors: dict[str, InvalidValueError] = {}
    for text in texts:
        try:
            references.append(ImageReference.parse(text))
        except InvalidValueError as error:
            errors[text] = error
    return references, errors


def look_up(
    images: Sequence[tuple[ImageReference, Platform | None]], registry: RegistryOptions
) -> list[LookUp]:
    """Look images up, with a progress bar on standard error when a person sits before it."""
    require_network()
    from cdk_pull.image.registry.client import RegistryClient  # noqa: PLC0415 - httpx takes a while to import
    from cdk_pull.image.registry.many import look_up_all  # noqa: PLC0415 - the same
    from cdk_pull.image.registry.transport import Limits  # noqa: PLC0415 - the same

    def client() -> RegistryClient:
        limits = Limits(run_seconds=registry.run_seconds)
        return RegistryClient(limits=limits, ca_file=registry.ca_file, plain_http=registry.plain_http)

    if not sys.stderr.isatty():
        return look_up_all(images, client)
    with click.progressbar(length=len(set(images)), label="asking registries", file=sys.stderr) as bar:
        return look_up_all(images, client, progress=lambda _: bar.update(1))
