"""The command line, ``cdk-pull``: each command on the plain layers alone."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.errors import CdkPullError

__all__ = ["command_line", "main"]

# Each command's module and its one line of help, so that `--help` imports none of them.
_COMMANDS: dict[str, tuple[str, str]] = {
    "agent": (
        "cdk_pull.cli.agent",
        "Show the settings that the ECS agent gets from user data or an ecs.config file.",
    ),
    "calibrate": (
        "cdk_pull.cli.calibrate",
        "Size the next synth by the task starts that a PullWatch recorded, and report drift.",
    ),
    "check": (
        "cdk_pull.cli.check",
        "Check templates and cdk.out folders for slow, stale or failing image pulls.",
    ),
    "explain": ("cdk_pull.cli.explain", "Explain a rule: what it finds, why it matters and how to fix it."),
    "rules": ("cdk_pull.cli.rules", "List the rules with their severities and titles."),
    "image": ("cdk_pull.cli.image", "Parse an image reference, and tell whether the image is in a Region."),
    "size": ("cdk_pull.cli.size", "Choose the cheapest Fargate task size that starts in time."),
    "plan": ("cdk_pull.cli.plan", "Compare the start time and the price of a task at every Fargate size."),
    "inspect": (
        "cdk_pull.cli.inspect",
        "Show what images hold, and how long a Fargate task takes to start them.",
    ),
    "lookup": (
        "cdk_pull.cli.lookup",
        "Look up the images of an app or of templates, and write cdk.context.json.",
    ),
    "measure": (
        "cdk_pull.cli.measure",
        "Measure how long your own tasks took to start, and correct the estimate.",
    ),
    "why": (
        "cdk_pull.cli.why",
        "Explain why the tasks of a service start slowly or not at all, and rank what helps.",
    ),
    "refresh": ("cdk_pull.cli.refresh", "Fetch new Windows releases, prices or task sizes into a folder."),
    "windows": ("cdk_pull.cli.windows", "Show which servercore images Fargate hosts have cached on a day."),
    "decisions": (
        "cdk_pull.cli.decisions",
        "Show what the constructs of a synthesized app decided, and why.",
    ),
}


class _LazyGroup(click.Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = did_you_mean(args[0], _COMMANDS) or f"The commands are: {', '.join(sorted(_COMMANDS))}"
            raise click.UsageError(f"no such command: {args[0]!r}. {near}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cdk-pull")
def command_line() -> None:
    """Find and fix slow, stale or failing container image pulls on Amazon ECS.

    Exit status: 0 success, 1 findings or an answer that is no or unknown, 2 invalid input.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; every error is one line on standard error."""
    # Python has no stream where the caller has closed it.
    nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a log that knows no arrow gets a question mark, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        status = command_line.main(arguments, prog_name="cdk-pull", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _fail(error.format_message())
    except CdkPullError as error:
        _fail(str(error))
    except OSError as error:
        # What could not be written is still buffered: Python would try again at its end, and fail with status 120.
        sys.stdout = None
        _fail(f"{error.filename or 'the output'}: {error.strerror or error}")
    except click.Abort:
        sys.exit(130)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> None:
    line = " ".join(message.split())
    # A path may hold what moves a terminal's cursor.
    click.echo(f"cdk-pull: {''.join(each if each.isprintable() else '?' for each in line)}", err=True)
    sys.exit(2)
