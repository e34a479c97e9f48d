"""``cdk-pull agent``: the settings that the agent gets from user data or an ecs.config file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdk_pull.agent.instance import detect
from cdk_pull.agent.readers import ecs_config
from cdk_pull.agent.templated import Language, language_of, read_template, system_of
from cdk_pull.agent.user_data import read_user_data
from cdk_pull.agent.variables import variables
from cdk_pull.cli._input import read_input
from cdk_pull.cli._streams import echo_json
from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_regular_file
from cdk_pull.patterns import lazy_pattern
from cdk_pull.report.console import print_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import AgentValue, OperatingSystem

__all__ = ["command"]

# EC2 takes 16 KB of user data; what cfn-init writes may be more.
_MAX_BYTES = 4 << 20
_LINE = lazy_pattern(r"\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=[^>]*|\s*#.*|\s*")
_SETTING = lazy_pattern(r"\s*(?:export\s+)?(?:NON_)?ECS_", re.IGNORECASE)


@click.command("agent")
@click.argument("file", metavar="FILE")
@click.option(
    "--os",
    type=click.Choice(["linux", "windows", "bottlerocket"]),
    help="Read the user data as that of this operating system.  [default: detected]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["ecs-config", "user-data"]),
    help="Read FILE in this format.  [default: ecs-config if FILE is named ecs.config or has only NAME=value lines]",
)
@click.option(
    "--expect",
    "expected",
    metavar="NAME=VALUE",
    multiple=True,
    help="Exit with 1 unless the agent gets this value, such as ECS_IMAGE_PULL_BEHAVIOR=once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: str, *, os: OperatingSystem | None, form: str | None, expected: tuple[str, ...], as_json: bool
) -> int:
    """Show the settings that the ECS agent gets from FILE, and why. Use - for standard input.

    FILE is user data (a shell script, cloud-config, a MIME archive, PowerShell or Bottlerocket TOML) or an ecs.config
    file. Nothing in it is run.
    """
    wanted = [_expectation(each) for each in expected]
    text = _text(file)
    if form is None:
        form = "ecs-config" if _is_ecs_config(file, text) else "user-data"
    language = language_of(text, file) if form == "user-data" else None
    reading = _read(text, os, form) if language is None else _read_template(text, language, os)
    if as_json:
        echo_json({"format": form, **reading.to_json()})
    else:
        print_all(_parts(reading))
    return _compared(reading, wanted)


def _read(text: str, os: OperatingSystem | None, form: str) -> Reading:
    if form == "ecs-config":
        if os not in {None, "linux"}:
            raise InvalidValueError("an ecs.config is read on Linux only, and --os is", os, allowed="linux")
        return ecs_config.read(text)
    os = os or detect(text)
    if os is None:
        raise InvalidValueError(
            "the text does not tell its operating system",
            text.strip()[:40],
            allowed="text that begins with #!, #cloud-config, a MIME header, <powershell> or [settings.…]",
            fix="Name it with --os.",
        )
    return read_user_data(text, os)


def _read_template(text: str, language: Language, os: OperatingSystem | None) -> Reading:
    click.echo(f"cdk-pull: this is a template; what {language.name} fills in is unknown", err=True)
    return read_template(text, language, os or system_of(text, language) or "linux")


def _text(file: str) -> str:
    try:
        data = (
            read_input(_MAX_BYTES)
            if file == "-"
            else read_regular_file(Path(file), "file", max_bytes=_MAX_BYTES)
        )
    except FileNotFoundError as error:
        raise InvalidValueError(
            f"file cannot be read ({error.strerror})",
            file,
            allowed="a file that exists, or - for standard input",
        ) from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InvalidValueError(
            "file is not text",
            file,
            allowed="user data or an ecs.config in UTF-8",
            fix="Decode base64 and unpack gzip before.",
        )
    return text


def _is_ecs_config(file: str, text: str) -> bool:
    lines = text.removeprefix("\ufeff").splitlines()
    return Path(file).name.endswith("ecs.config") or (
        not text.startswith("#!")
        and any(_SETTING.match(line) for line in lines)
        and all(_LINE.fullmatch(line) for line in lines)
    )


def _expectation(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or name not in variables():
        raise InvalidValueError(
            "--expect is not NAME=VALUE", text, allowed=[f"{each}=…" for each in variables()]
        )
    return name, value


def _compared(reading: Reading, wanted: Sequence[tuple[str, str]]) -> int:
    status = 0
    for name, value in wanted:
        variable, os = variables()[name], reading.os or "linux"
        found = reading.effective.get(name, variable.effective(reading.settings.get(name, ""), os))
        if found is None or found != variable.effective(value, os):
            shown = "unknown" if found is None else found
            click.echo(f"cdk-pull: {name} is {shown}, and {value} was expected", err=True)
            status = 1
    return status


def _parts(reading: Reading) -> Iterator[RenderableType]:
    """Yield what a rich console prints: a row for each variable, then what is unknown, then the warnings."""
    from rich.table import Table  # noqa: PLC0415 - `--json` does without it
    from rich.text import Text  # noqa: PLC0415 - the same

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(min_width=14, overflow="fold")
    table.add_column(no_wrap=True)
    for name, value in reading.effective.items():
        place = (
            f"line {reading.lines[name]}"
            if name in reading.settings
            else "default"
            if value is not None
            else ""
        )
        style = "bold" if name in reading.settings else ""
        table.add_row(Text(name, style), Text(_shown(value), style), Text(place, "dim"))
    yield table
    for unknown in reading.unknown:
        yield Text(
            f"unknown: {unknown.variable or 'any variable'}, line {unknown.line}: {unknown.reason}", "cyan"
        )
    for warning in reading.warnings:
        yield Text(f"warning: {warning.code}, line {warning.line}: {warning.message}", "yellow")


def _shown(value: AgentValue | None) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(value)
        case _:
            return str(value)
