"""The group of commands, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cdk_pull.cli._group import Group
from cdk_pull.cli._streams import OutputError, safe_streams
from cdk_pull.docstrings import docstring_of
from cdk_pull.errors import CannotWriteError, CdkPullError
from cdk_pull.printing import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["command_line", "run"]

_NAME: Final = "cdk-pull"
_TRACEBACK: Final = "CDK_PULL_TRACEBACK"
_BAD_INPUT: Final = 2
_FAILED: Final = 3
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141
_LONGEST: Final = 300

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
    "replicated": (
        "cdk_pull.cli.replicated",
        "Tell whether the copies of an image have arrived in other Regions and accounts.",
    ),
    "warm": (
        "cdk_pull.cli.warm",
        "Pull the manifests of images behind pull-through caches, so that Amazon ECR fetches them.",
    ),
    "windows": ("cdk_pull.cli.windows", "Show which servercore images Fargate hosts have cached on a day."),
    "decisions": (
        "cdk_pull.cli.decisions",
        "Show what the constructs of a synthesized app decided, and why.",
    ),
}


class _LazyGroup(Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        if command.help is None and command.callback is not None:
            command.help = docstring_of(command.callback)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cdk-pull")
def command_line() -> None:
    """Find and fix slow, stale or failing container image pulls on Amazon ECS.

    Exit status: 0 success, 1 findings or an answer that is no or unknown, 2 invalid input, 3 any other failure, such as
    a full disk.
    """


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; every error is one line on standard error."""
    with _interrupts() as interrupted, safe_streams():
        status = _run(sys.argv[1:] if arguments is None else arguments)
    if interrupted or status == _BROKEN_PIPE:
        # A shell wants to know of the signal, so that it ends a loop around the command.
        _end_by(signal.SIGINT if interrupted else signal.SIGPIPE)
    sys.exit(status)


def _run(arguments: list[str]) -> int:
    """Return the exit status of a command, having told what went wrong."""
    try:
        status = _invoke(arguments)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a traceback helps nobody who runs a pipeline
        status, message = _outcome(error)
        if message:
            with suppress(OutputError, OSError):
                click.echo(f"{_NAME}: {printable(' '.join(message.split()))}", err=True)
    return status


def _outcome(error: BaseException) -> tuple[int, str]:
    """Return the exit status and the message of an exception; without a message nothing is told."""
    match error:
        case OutputError(broken_pipe=True):
            return _BROKEN_PIPE, ""
        case KeyboardInterrupt() | click.Abort():
            return _INTERRUPTED, ""
        case click.exceptions.Exit():
            return error.exit_code, ""
        case click.ClickException():
            return _BAD_INPUT, error.format_message()
        case CdkPullError() if not isinstance(error, CannotWriteError):
            return _BAD_INPUT, str(error)
        case _:
            return _FAILED, _failure(error)


def _failure(error: BaseException) -> str:
    """Return what is told of a failure that is not the input's."""
    if isinstance(error, OutputError):
        return f"standard output: {error.reason}"
    if isinstance(error, CannotWriteError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    if os.environ.get(_TRACEBACK):
        raise error
    import traceback  # noqa: PLC0415 - slow to import, and this should not happen

    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return (
        f"internal error{place}: {type(error).__name__}: {str(error)[:_LONGEST]}; report it, with the traceback that "
        f"{_TRACEBACK}=1 shows"
    )


def _invoke(arguments: list[str]) -> int:
    command_line.help = command_line.help or docstring_of(command_line.callback)
    if any(name.endswith("_COMPLETE") for name in os.environ if name.startswith("_CDK_PULL")):
        command_line.main(arguments, prog_name=_NAME)  # which answers a shell that completes a line
    # click's own main would tell of interrupts and closed pipes in its own way.
    with command_line.make_context(_NAME, list(arguments)) as context:
        status = command_line.invoke(context)
    return status if isinstance(status, int) else 0


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Turn an interrupt into an exception, so that files are left in order; the list is not empty after one."""
    seen: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # another thread than the main one, which gets no signals
        yield seen
        return
    try:
        yield seen
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, before)


def _end_by(number: int) -> None:
    """End as a process does that a signal ends."""
    if os.name == "posix" and threading.current_thread() is threading.main_thread():
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
