"""`cdk-pull windows`: the servercore images that Fargate's hosts have cached."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.report.console import fact_table, print_all
from cdk_pull.windows.window import DEFAULT_LAG, MAX_LAG, CacheWindow, cache_window

__all__ = ["command"]


@click.command("windows")
@click.argument("family", metavar="FAMILY")
@click.option("--date", "on", metavar="YYYY-MM-DD", help="Answer for this day.  [default: today]")
@click.option(
    "--lag",
    metavar="DAYS",
    type=click.IntRange(0, MAX_LAG.days),
    default=DEFAULT_LAG.days,
    show_default=True,
    help="Allow the hosts this many days after a Patch Tuesday to cache its image.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(family: str, on: str | None, lag: int, *, as_json: bool) -> int:
    """Show which servercore tags the Fargate hosts of FAMILY have cached, and which one to build on.

    FAMILY is an operating system family, such as WINDOWS_SERVER_2022_CORE. The exit status is 1 when the catalogue
    does not reach the day.
    """
    day: date | str = datetime.now().astimezone().date() if on is None else on
    window = cache_window(family, day, lag=timedelta(days=lag))
    if as_json:
        echo_json(window.to_json())
    else:
        _print(window)
    if window.status == "cached":
        return 0
    click.echo(f"cdk-pull: unknown for {family} on {window.on}: {window.reason}", err=True)
    return 1


def _print(window: CacheWindow) -> None:
    from rich.text import Text  # noqa: PLC0415 - `--json` does without it

    style = "bold green" if window.status == "cached" else "bold yellow"
    print_all([Text.assemble((f"{window.family} on {window.on}: ", "bold"), (window.status, style))])
    if window.pin and window.cached_until:
        until = window.cached_until
        facts = {
            "cached tags": ", ".join(window.tags),
            "build on": window.pin.tag,
            "cached until": f"{until.earliest}, {until.latest} at the latest",
        }
        print_all([fact_table(facts), Text(window.reason)])
    print_all(Text(f"note: {note}", "dim") for note in window.notes)
