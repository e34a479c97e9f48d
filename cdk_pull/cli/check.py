"""``cdk-pull check``: runs the rules over templates and cloud assemblies."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdk_pull.cli._input import read_input
from cdk_pull.cli._streams import write_output
from cdk_pull.data.writing import write_whole
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import check_account
from cdk_pull.image.regions import check_known_region
from cdk_pull.printing import printable
from cdk_pull.records import replace
from cdk_pull.report.formats import FORMATS, render
from cdk_pull.rules.engine.config import read_config
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.engine.suppress import read_baseline
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.errors import MAX_BYTES
from cdk_pull.template.load import Loaded, load, load_text
from cdk_pull.windows.window import to_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.rules.engine.config import Config
    from cdk_pull.rules.engine.runner import Result

__all__ = ["command"]

# Where cdk-pull lookup leaves what it has found.
_STDIN = Path("-")
_CONTEXT = "cdk.context.json"
_FAIL_ON = ("error", "warning", "info", "never")
_FILE = click.Path(path_type=Path, dir_okay=False)


def _ids(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each.strip().upper() for value in values for each in value.split(",") if each.strip())


@click.command("check")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="PATH…"
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(_FAIL_ON),
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
def command(  # noqa: PLR0913 - one for each option
    *,
    paths: tuple[Path, ...],
    form: str,
    fail_on: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    config: Path | None,
    facts: Path | None,
    date: str | None,
    account: str | None,
    region: str | None,
    show_suppressed: bool,
    output: Path | None,
    fix: bool,
    diff: bool,
    unsafe_fixes: tuple[str, ...],
) -> int:
    """Check CloudFormation templates, cdk.out folders or folders of templates for slow, stale or failing image pulls.

    Use - for a template on standard input. Exit status: 0 no finding at or above --fail-on, 1 findings, 2 invalid input or a PATH that cannot be checked. With --diff, 1 means that there is something to fix.
    """
    _require_fixable(paths, _ids(unsafe_fixes), fix=fix, diff=diff)
    # The documents are large, live to the end and hold no cycles: looking for garbage among them costs half the time.
    gc.disable()
    settings = read_config(config)
    options = _options(
        paths, settings, select=_ids(select), ignore=_ids(ignore), facts=facts, date=date, baseline=baseline
    )
    threshold = fail_on or settings.texts.get("fail-on", "error")
    if threshold not in _FAIL_ON:
        raise InvalidValueError("fail-on is not a severity", threshold, allowed=_FAIL_ON)
    account = settings.texts.get("account") if account is None else account
    region = settings.texts.get("region") if region is None else region
    place = {
        "account": None if account is None else check_account(account),
        "region": None if region is None else check_known_region(region),
    }
    loaded = load([path for path in paths if path != _STDIN], **place)
    if _STDIN in paths:
        given = load_text(read_input(MAX_BYTES), "<stdin>", **place)
        loaded = Loaded([*loaded.assemblies, *given.assemblies], [*loaded.errors, *given.errors])
    if fix or diff:
        from cdk_pull.cli._fix import fix_loaded, print_diff  # noqa: PLC0415 - only where asked for

        fixing = fix_loaded(loaded, options, _ids(unsafe_fixes), write=not diff)
        for line in (*(() if diff else fixing.fixed), *fixing.left):
            click.echo(f"cdk-pull: {printable(line)}", err=True)
        if diff:
            print_diff(fixing.diff)
            _tell(loaded.errors)
            return 2 if loaded.errors else int(bool(fixing.diff))
        loaded = fixing.loaded
    result = check(loaded.assemblies, replace(options, file_fixes=form == "sarif"))
    result = replace(result, errors=(*loaded.errors, *result.errors))
    text = render(
        result,
        form,
        colour=output is None and _in_colour(),
        show_suppressed=show_suppressed,
        fail_on=threshold,
    )
    _write(text, output)
    # A terminal shows them in the text already.
    _tell(() if form == "text" and output is None and sys.stdout.isatty() else result.errors)
    return _status(result, threshold)


def _tell(errors: Iterable[str]) -> None:
    for error in errors:
        click.echo(f"cdk-pull: {printable(error)}", err=True)


def _require_fixable(paths: tuple[Path, ...], unsafe: tuple[str, ...], *, fix: bool, diff: bool) -> None:
    """Refuse options for fixing that do not belong together.

    Raises:
        InvalidValueError: for unsafe fixes without fixing, and for standard input, which cannot be written.
    """
    if unsafe and not (fix or diff):
        raise InvalidValueError(
            "--unsafe-fixes changes nothing by itself",
            ",".join(unsafe),
            allowed="together with --fix or --diff",
        )
    if fix and not diff and _STDIN in paths:
        raise InvalidValueError(
            "--fix cannot write to standard input",
            "-",
            allowed="template files",
            fix="Use --diff to see the fixes",
        )


def _options(
    paths: tuple[Path, ...],
    settings: Config,
    *,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    facts: Path | None,
    date: str | None,
    baseline: Path | None,
) -> Options:
    """Put the options of the command line before those of the configuration."""

    def path(given: Path | None, key: str) -> Path | None:
        stated = settings.texts.get(key)
        return given or (settings.folder / stated if stated else None)

    facts_file, baseline_file = path(facts, "facts"), path(baseline, "baseline")
    if facts_file is None:
        facts_file = _context_near(paths)
    day = date or settings.texts.get("date")
    return Options(
        select=select or _ids(settings.lists.get("select", ())),
        ignore=ignore or _ids(settings.lists.get("ignore", ())),
        severities=settings.severities,
        facts=ImageFactsBook.read(facts_file) if facts_file else ImageFactsBook(),
        today=to_date(day) if day else None,
        baseline=read_baseline(baseline_file) if baseline_file else {},
    )


def _context_near(paths: tuple[Path, ...]) -> Path | None:
    """Return the context of the app in this folder, or else of the first app whose cdk.out is checked."""
    folders = (Path(), *(path.absolute().parent for path in paths))
    # Path.is_file raises where a folder above cannot be searched.
    return next((file for folder in folders if os.path.isfile(file := folder / _CONTEXT)), None)  # noqa: PTH113


def _in_colour() -> bool:
    # As no-color.org has it, an empty NO_COLOR is none.
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _write(text: str, output: Path | None) -> None:
    if output is not None:
        # Half of a surrogate pair is no character that a file could hold.
        write_whole(output, f"{text}\n".encode("utf-8", "backslashreplace").decode())
    else:
        write_output(text)


def _status(result: Result, threshold: str) -> int:
    if result.errors:
        return 2
    return int(threshold != "never" and bool(result.at_least(Severity(threshold))))
