"""What ``cdk-pull check`` does. Nothing here imports click, which ``cdk-pull check PATH…`` does without."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_pull.cli._input import read_input
from cdk_pull.cli._streams import tell, write_output
from cdk_pull.data.writing import write_whole
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import check_account
from cdk_pull.image.regions import check_known_region
from cdk_pull.records import dataclass, replace
from cdk_pull.report.formats import render
from cdk_pull.rules.engine.config import read_config
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.engine.suppress import read_baseline
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.errors import MAX_BYTES
from cdk_pull.template.load import Loaded, load, load_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from cdk_pull.rules.engine.config import Config
    from cdk_pull.rules.engine.runner import Result

__all__ = ["FAIL_ON", "CheckRequest", "check_paths", "invoke"]

# Where cdk-pull lookup leaves what it has found.
_STDIN: Final = Path("-")
_CONTEXT: Final = "cdk.context.json"

FAIL_ON: Final = ("error", "warning", "info", "never")
"""What ``--fail-on`` takes."""


@dataclass(frozen=True, kw_only=True)
class CheckRequest:
    """The command line, one attribute for each argument and option; its help says what each means."""

    paths: tuple[Path, ...]
    form: str = "text"
    fail_on: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: Path | None = None
    config: Path | None = None
    facts: Path | None = None
    date: str | None = None
    account: str | None = None
    region: str | None = None
    show_suppressed: bool = False
    output: Path | None = None
    fix: bool = False
    diff: bool = False
    unsafe_fixes: tuple[str, ...] = ()


def invoke(arguments: list[str]) -> int:
    """Check the paths after the command's name and return the exit status."""
    return check_paths(CheckRequest(paths=tuple(map(Path, arguments[1:]))))


def _ids(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each.strip().upper() for value in values for each in value.split(",") if each.strip())


def check_paths(request: CheckRequest) -> int:
    """Check, report, and return the exit status.

    Raises:
        CdkPullError: for invalid settings, and for a report that cannot be written.
    """
    _require_fixable(request)
    # The documents are large, live to the end and hold no cycles: looking for garbage among them costs half the time.
    gc.disable()
    settings = read_config(request.config)
    options = _options(request, settings)
    threshold = request.fail_on or settings.texts.get("fail-on", "error")
    if threshold not in FAIL_ON:
        raise InvalidValueError("fail-on is not a severity", threshold, allowed=FAIL_ON)
    loaded = _load(request, settings)
    failed = False
    if request.fix or request.diff:
        from cdk_pull.cli._fix import fix_loaded, print_diff  # noqa: PLC0415 - only where asked for

        fixing = fix_loaded(loaded, options, _ids(request.unsafe_fixes), write=not request.diff)
        _tell((*(() if request.diff else fixing.fixed), *fixing.left))
        if request.diff:
            print_diff(fixing.diff)
            _tell(loaded.errors)
            return 2 if loaded.errors else int(bool(fixing.diff))
        loaded, failed = fixing.loaded, fixing.failed
    result = check(loaded.assemblies, replace(options, file_fixes=request.form == "sarif"))
    result = replace(result, errors=(*loaded.errors, *result.errors))
    text = render(
        result,
        request.form,
        colour=request.output is None and _in_colour(),
        show_suppressed=request.show_suppressed,
        fail_on=threshold,
        list_errors=request.output is not None or sys.stdout.isatty(),
    )
    _write(text, request.output)
    # A terminal shows them in the text already.
    shown = request.form == "text" and request.output is None and sys.stdout.isatty()
    _tell(() if shown else result.errors)
    return 3 if failed else _status(result, threshold)


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        tell(line)


def _require_fixable(request: CheckRequest) -> None:
    """Refuse options for fixing that do not belong together.

    Raises:
        InvalidValueError: for unsafe fixes without fixing, and for standard input, which cannot be written.
    """
    unsafe = _ids(request.unsafe_fixes)
    if unsafe and not (request.fix or request.diff):
        raise InvalidValueError(
            "--unsafe-fixes changes nothing by itself",
            ",".join(unsafe),
            allowed="together with --fix or --diff",
        )
    if request.fix and not request.diff and _STDIN in request.paths:
        raise InvalidValueError(
            "--fix cannot write to standard input",
            "-",
            allowed="template files",
            fix="Use --diff to see the fixes",
        )


def _load(request: CheckRequest, settings: Config) -> Loaded:
    account = settings.texts.get("account") if request.account is None else request.account
    region = settings.texts.get("region") if request.region is None else request.region
    place = {
        "account": None if account is None else check_account(account),
        "region": None if region is None else check_known_region(region),
    }
    loaded = load([path for path in request.paths if path != _STDIN], **place)
    if _STDIN in request.paths:
        given = load_text(read_input(MAX_BYTES), "<stdin>", **place)
        loaded = Loaded([*loaded.assemblies, *given.assemblies], [*loaded.errors, *given.errors])
    return loaded


def _options(request: CheckRequest, settings: Config) -> Options:
    """Put the options of the command line before those of the configuration."""

    def path(given: Path | None, key: str) -> Path | None:
        stated = settings.texts.get(key)
        return given or (settings.folder / stated if stated else None)

    facts_file, baseline_file = path(request.facts, "facts"), path(request.baseline, "baseline")
    if facts_file is None:
        facts_file = _context_near(request.paths)
    day = request.date or settings.texts.get("date")
    return Options(
        select=_ids(request.select) or _ids(settings.lists.get("select", ())),
        ignore=_ids(request.ignore) or _ids(settings.lists.get("ignore", ())),
        severities=settings.severities,
        facts=ImageFactsBook.read(facts_file) if facts_file else ImageFactsBook(),
        today=_date(day) if day else None,
        baseline=read_baseline(baseline_file) if baseline_file else {},
    )


def _date(day: str) -> date:
    from cdk_pull.windows.window import to_date  # noqa: PLC0415 - slow to import, and few runs name a day

    return to_date(day)


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
        return 3 if result.failed else 2
    return int(threshold != "never" and bool(result.at_least(Severity(threshold))))
