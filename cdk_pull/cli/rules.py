"""``cdk-pull rules``: lists the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.report.console import print_all
from cdk_pull.rules.engine.registry import all_rules

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["command"]

_STYLES: Final = {"error": "red", "warning": "yellow", "info": "blue"}


@click.command("rules")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, as_json: bool) -> None:
    """List the rules with their severities and titles."""
    if as_json:
        keys = ("id", "title", "severity", "fix", "mixin", "sources")
        echo_json([{key: getattr(rule, key) for key in keys} for rule in all_rules()])
    else:
        print_all([_table()])


def _table() -> Table:
    from rich.table import Table  # noqa: PLC0415 - `--json` does without it
    from rich.text import Text  # noqa: PLC0415 - the same

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Rule", no_wrap=True)
    table.add_column("Severity", no_wrap=True)
    table.add_column("Title", overflow="fold")
    for rule in all_rules():
        severity = rule.severity.value
        table.add_row(Text(rule.id, "bold"), Text(severity, _STYLES.get(severity, "")), Text(rule.title))
    return table
