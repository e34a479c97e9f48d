"""``cdk-pull decisions``: what the constructs of a synthesized app decided, why, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.data.writing import write_whole
from cdk_pull.errors import InvalidValueError
from cdk_pull.report.console import make_console, print_all
from cdk_pull.report.decisions import read_decisions
from cdk_pull.report.decisions_diff import compare_decisions
from cdk_pull.report.decisions_page import decisions_page
from cdk_pull.report.decisions_text import decisions_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.report.decisions import StackDecisions

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
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="OLD",
    help="Show what changed since this cdk.out: decisions, start times and the price per month.",
)
@click.option(
    "--markdown", is_flag=True, help="With --against, print a Markdown table, such as for a pull request."
)
def command(
    assembly: Path, *, verbose: bool, page: Path | None, as_json: bool, against: Path | None, markdown: bool
) -> None:
    """Show what the constructs of a synthesized app decided: a line for each resource, and what it comes to.

    ASSEMBLY is the folder that `cdk synth` wrote.
    """
    stacks = read_decisions(assembly)
    if markdown and against is None:
        raise InvalidValueError(
            "--markdown shows changes only", "--markdown", allowed="together with --against"
        )
    if page is not None:
        write_whole(page, decisions_page(stacks))
    if against is not None:
        _compare(read_decisions(against), stacks, as_json=as_json, markdown=markdown)
    elif as_json:
        echo_json({"stacks": [stack.to_json() for stack in stacks]})
    else:
        print_all(decisions_text(stacks, make_console().width, verbose=verbose))
    for stack in stacks:
        for resource in stack.ignored:
            message = (
                f"{stack.stack}/{resource}: cdk-pull metadata that is not a decision of cdk_pull; ignored"
            )
            click.echo(f"cdk-pull: {message}", err=True)


def _compare(
    before: Sequence[StackDecisions], after: Sequence[StackDecisions], *, as_json: bool, markdown: bool
) -> None:
    diff = compare_decisions(before, after)
    if as_json:
        echo_json(diff.to_json())
    elif markdown:
        click.echo(diff.to_markdown())
    else:
        for line in (diff.headline, *map(str, diff.changes)):
            click.echo(line)
