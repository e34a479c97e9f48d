"""``cdk-pull decisions``: what the constructs of a synthesized app decided, why, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cdk_pull.report.decisions import StackDecisions, decision_table, read_decisions
from cdk_pull.report.findings_text import printable

__all__ = ["command"]

# A log has no width of its own; rich would fall back to 80 columns, too few for four of prose.
_LOG_WIDTH = 140


@click.command(name="decisions")
@click.argument("assembly", type=click.Path(exists=True, file_okay=False, path_type=Path), default="cdk.out")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(assembly: Path, *, as_json: bool) -> None:
    """Show what the constructs of a synthesized app decided, why and at what cost, in one table per stack.

    ASSEMBLY is the folder that `cdk synth` wrote.
    """
    stacks = read_decisions(assembly)
    if as_json:
        click.echo(json.dumps({"stacks": [stack.to_json() for stack in stacks]}, indent=2))
    else:
        _print_tables(stacks)
    for stack in stacks:
        for resource in stack.ignored:
            message = (
                f"{stack.stack}/{resource}: cdk-pull metadata that is not a decision of cdk_pull; ignored"
            )
            click.echo(f"cdk-pull: {printable(message)}", err=True)


def _print_tables(stacks: list[StackDecisions]) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--json` does without it

    console = Console()
    if not console.is_terminal:
        console = Console(width=_LOG_WIDTH)
    for stack in stacks:
        if stack.decisions:
            console.print(decision_table(stack))
            console.print()
    without = [stack.stack for stack in stacks if not stack.decisions]
    if without:
        console.print(f"Nothing to decide in: {', '.join(without)}", markup=False)
