"""``cdk-pull explain``: prints the page of a rule."""

from __future__ import annotations

import click

from cdk_pull.rules.engine.page import page_of
from cdk_pull.rules.engine.registry import find_rule

__all__ = ["command"]


@click.command("explain")
@click.argument("rule_id", metavar="RULE")
def command(*, rule_id: str) -> None:
    """Explain RULE: what it finds, why it matters and how to fix it."""
    click.echo(page_of(find_rule(rule_id)))
