"""``cdk-pull explain``: prints the page of a rule."""

from __future__ import annotations

import click

from cdk_pull.report.console import make_console
from cdk_pull.rules.engine.page import page_of
from cdk_pull.rules.engine.registry import find_rule

__all__ = ["command"]


@click.command("explain")
@click.argument("rule_id", metavar="RULE")
def command(*, rule_id: str) -> None:
    """Explain RULE: what it finds, why it matters and how to fix it.

    A terminal shows the page rendered, a file or a pipe gets its Markdown.
    """
    text = page_of(find_rule(rule_id))
    console = make_console()
    if not console.is_terminal:
        click.echo(text)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 - only a terminal pays for it

    console.print(Markdown(text, hyperlinks=False))
