"""``cdk-pull rules``: lists the rules."""

from __future__ import annotations

import json

import click

from cdk_pull.rules.engine.registry import all_rules

__all__ = ["command"]


@click.command("rules")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, as_json: bool) -> None:
    """List the rules with their severities and titles."""
    rules = all_rules()
    if as_json:
        keys = ("id", "title", "severity", "fix", "mixin", "sources")
        click.echo(json.dumps([{key: getattr(rule, key) for key in keys} for rule in rules], indent=1))
        return
    for rule in rules:
        click.echo(f"{rule.id}  {rule.severity.value:<7}  {rule.title}")
