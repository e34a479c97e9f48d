"""``cdk-pull rules``: lists the rules."""

from __future__ import annotations

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.rules.engine.registry import all_rules

__all__ = ["command"]


@click.command("rules")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, as_json: bool) -> None:
    """List the rules with their severities and titles."""
    rules = all_rules()
    if as_json:
        keys = ("id", "title", "severity", "fix", "mixin", "sources")
        echo_json([{key: getattr(rule, key) for key in keys} for rule in rules])
        return
    for rule in rules:
        click.echo(f"{rule.id}  {rule.severity.value:<7}  {rule.title}")
