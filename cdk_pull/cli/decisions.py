"""``cdk-pull decisions``: what the constructs of a synthesized app decided, why, and what it costs."""

from __future__ import annotations

from pathlib import Path

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.data.writing import write_whole
from cdk_pull.report.console import make_console, print_all
from cdk_pull.report.decisions import read_decisions
from cdk_pull.report.decisions_page import decisions_page
from cdk_pull.report.decisions_text import decisions_text

__all__ = ["command"]


@click.command(name="decisions")
@click.argument("assembly", type=click.Path(exists=True, file_okay=False, path_type=Path), default="cdk.out")
@click.option(
    "--verbose", "-v", is_flag=True, help="Show the reasons, and what only states that all is well."
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole app as one page that needs no network.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(assembly: Path, *, verbose: bool, page: Path | None, as_json: bool) -> None:
    """Show what the constructs of a synthesized app decided: a line for each resource, and what it comes to.

    ASSEMBLY is the folder that `cdk synth` wrote.
    """
    stacks = read_decisions(assembly)
    if page is not None:
        write_whole(page, decisions_page(stacks))
    if as_json:
        echo_json({"stacks": [stack.to_json() for stack in stacks]})
    else:
        print_all(decisions_text(stacks, make_console().width, verbose=verbose))
    for stack in stacks:
        for resource in stack.ignored:
            message = (
                f"{stack.stack}/{resource}: cdk-pull metadata that is not a decision of cdk_pull; ignored"
            )
            click.echo(f"cdk-pull: {message}", err=True)
