"""``cdk-pull check``: the options of its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cdk_pull.cli._check import FAIL_ON, CheckRequest, check_paths
from cdk_pull.report.formats import FORMATS

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("check")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="PATH…"
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    help="Exit with 1 for findings of at least this severity.  [default: error]",
)
@click.option(
    "--select",
    multiple=True,
    metavar="IDS",
    help="Run only these rules. A prefix such as PULL1 selects all that begin with it.",
)
@click.option(
    "--ignore", multiple=True, metavar="IDS", help="Skip these rules, or all that begin with a prefix."
)
@click.option(
    "--baseline", type=_FILE, help="Do not count findings in this file, written earlier with --format json."
)
@click.option(
    "--config",
    type=_FILE,
    help="Read settings from this file.  [default: cdk-pull.toml or pyproject.toml here or above]",
)
@click.option(
    "--facts",
    type=_FILE,
    help="Read image sizes from this JSON file.  [default: cdk.context.json here or beside PATH, if it exists]",
)
@click.option("--date", metavar="YYYY-MM-DD", help="Check Windows images as of this day.")
@click.option("--account", metavar="ID", help="Use this account for every stack.")
@click.option("--region", metavar="REGION", help="Use this Region for every stack.")
@click.option(
    "--show-suppressed",
    is_flag=True,
    help="List findings that are acknowledged, suppressed or in the baseline.",
)
@click.option("--output", type=_FILE, help="Write to this file instead of standard output.")
@click.option("--fix", is_flag=True, help="Apply safe fixes to template files, then report what is left.")
@click.option(
    "--diff", is_flag=True, help="Show what --fix would change as a unified diff, and write nothing."
)
@click.option(
    "--unsafe-fixes",
    multiple=True,
    metavar="IDS",
    help="With --fix or --diff, also apply the unsafe fixes of these rules, or of all that begin with a prefix.",
)
def command(**options: Any) -> int:
    """Check CloudFormation templates, cdk.out folders or folders of templates for slow, stale or failing image pulls.

    Use - for a template on standard input. Exit status: 0 no finding at or above --fail-on, 1 findings, 2 invalid input or a PATH that cannot be checked. With --diff, 1 means that there is something to fix.
    """
    return check_paths(CheckRequest(**options))
