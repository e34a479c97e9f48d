"""`cdk-pull refresh`: new facts from where they are published, checked, in a folder of the user's own."""

from __future__ import annotations

import asyncio
import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cdk_pull.cli._group import Group
from cdk_pull.cli._look_up import require_network
from cdk_pull.cli._progress import working
from cdk_pull.data.preferred import DATA_DIR_VARIABLE
from cdk_pull.data.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from cdk_pull.data.refreshed import Refreshed

__all__ = ["command"]

_FOLDER: Final = "cdk-pull-data"

_options = (
    click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"Where to write; by default ${DATA_DIR_VARIABLE}, or {_FOLDER}.",
    ),
    click.option("--dry-run", is_flag=True, help="Show what is new, and write nothing."),
)


def _with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_options):
        function = option(function)
    return function


@click.group("refresh", cls=Group)
def command() -> None:
    """Fetch new facts, check them against the former ones, show the difference, and write them to a folder.

    Name the folder in the environment variable CDK_PULL_DATA_DIR, and commit it: everything then reads it before the
    package's own facts. An answer that cannot be right changes nothing.
    """


@command.command("windows")
@_with_options
@click.option("--mcr", help="In place of https://mcr.microsoft.com, such as a mirror.")
@click.option("--msrc", help="In place of https://api.msrc.microsoft.com.")
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates to trust instead of the usual ones.",
)
def _windows(
    *, data_dir: Path | None, dry_run: bool, mcr: str | None, msrc: str | None, ca_file: Path | None
) -> int:
    """Fetch the servercore releases of the months that the catalogue lacks."""
    require_network()
    from cdk_pull.windows.refresh import MCR, MSRC, refresh_windows  # noqa: PLC0415 - needs the extra asked for above

    return _run(
        refresh_windows(_today(), mcr=mcr or MCR, msrc=msrc or MSRC, ca_file=ca_file),
        data_dir,
        dry_run=dry_run,
    )


@command.command("prices")
@_with_options
@click.option(
    "--region", "regions", multiple=True, help="A Region beside those already known; can be repeated."
)
@click.option("--source", help="In place of https://pricing.us-east-1.amazonaws.com.")
def _prices(*, data_dir: Path | None, dry_run: bool, regions: tuple[str, ...], source: str | None) -> int:
    """Fetch the prices of Fargate from AWS's price list."""
    require_network()
    from cdk_pull.fargate.refresh_prices import PRICE_LIST, refresh_prices  # noqa: PLC0415 - needs the extra asked for above

    return _run(refresh_prices(regions, source=source or PRICE_LIST), data_dir, dry_run=dry_run)


@command.command("sizes")
@_with_options
@click.option("--source", help="In place of https://docs.aws.amazon.com.")
def _sizes(*, data_dir: Path | None, dry_run: bool, source: str | None) -> int:
    """Fetch the table of Fargate task sizes from the Amazon ECS Developer Guide."""
    require_network()
    from cdk_pull.fargate.refresh_sizes import GUIDE, refresh_sizes  # noqa: PLC0415 - needs the extra asked for above

    return _run(refresh_sizes(_today(), source=source or GUIDE), data_dir, dry_run=dry_run)


def _run(fetching: Coroutine[Any, Any, Refreshed], data_dir: Path | None, *, dry_run: bool) -> int:
    with working("fetching what is published"):
        refreshed = asyncio.run(fetching)
    for change in refreshed.changes:
        click.echo(change)
    for note in refreshed.notes:
        click.echo(f"note: {note}")
    folder = data_dir or Path(os.environ.get(DATA_DIR_VARIABLE) or _FOLDER)
    if not refreshed.files:
        click.echo("nothing is new")
        return 0
    if not dry_run:
        for name, text in refreshed.files.items():
            write_whole(folder / name, text)
            click.echo(f"written: {folder / name}")
        if os.environ.get(DATA_DIR_VARIABLE) != str(folder):
            click.echo(
                f"set {DATA_DIR_VARIABLE}={folder} wherever cdk-pull and cdk synth run, and commit the folder"
            )
    return 0


def _today() -> date:
    return datetime.now().astimezone().date()
