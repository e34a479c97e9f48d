"""How a command ends: every error is one line on standard error, and every signal ends it as it ends any tool.

Nothing here imports click, which a command that has no options does without.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_pull.cli._streams import OutputError, safe_streams, tell
from cdk_pull.errors import CannotWriteError, CdkPullError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["run"]

_TRACEBACK: Final = "CDK_PULL_TRACEBACK"
_BAD_INPUT: Final = 2
_FAILED: Final = 3
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141
_LONGEST: Final = 300


def run(invoke: Callable[[list[str]], int], arguments: list[str]) -> None:
    """Run a command, which returns its exit status, and exit."""
    status = _INTERRUPTED
    with _interrupts() as interrupted, safe_streams():
        status = _run(invoke, arguments)
    if interrupted or status == _BROKEN_PIPE:
        # A shell wants to know of the signal, so that it ends a loop around the command.
        _end_by(signal.SIGINT if interrupted else signal.SIGPIPE)
    sys.exit(status)


def _run(invoke: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Return the exit status of a command, having told what went wrong."""
    try:
        status = invoke(arguments)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a traceback helps nobody who runs a pipeline
        status, message = _outcome(error)
        if message:
            with suppress(OutputError, OSError):
                tell(" ".join(message.split()))
    return status


def _outcome(error: BaseException) -> tuple[int, str]:
    """Return the exit status and the message of an exception; without a message nothing is told."""
    match error:
        case OutputError(broken_pipe=True):
            return _BROKEN_PIPE, ""
        case KeyboardInterrupt():
            return _INTERRUPTED, ""
        case CdkPullError() if not isinstance(error, CannotWriteError):
            return _BAD_INPUT, str(error)
        case _ if any(each.__module__.startswith("click.") for each in type(error).__mro__):
            return _outcome_of_click(error)
        case _:
            return _FAILED, _failure(error)


def _outcome_of_click(error: BaseException) -> tuple[int, str]:
    import click  # noqa: PLC0415 - it has been imported by who raises its exceptions

    match error:
        case click.Abort():
            return _INTERRUPTED, ""
        case click.exceptions.Exit():
            return error.exit_code, ""
        case click.ClickException():
            return _BAD_INPUT, error.format_message()
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
