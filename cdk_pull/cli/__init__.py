"""The command line, ``cdk-pull``: each command on the plain layers alone."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_pull.cli._main import command_line

__all__ = ["command_line", "main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; every error is one line on standard error."""
    main_thread = threading.current_thread() is threading.main_thread()
    # An interrupt while modules are imported ends the process at once: there is nothing to leave in order yet.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL) if main_thread else None
    try:
        from cdk_pull.cli import _main  # noqa: PLC0415 - as above
    finally:
        if main_thread:
            signal.signal(signal.SIGINT, before)
    _main.run(arguments)


def __getattr__(name: str) -> Any:
    if name != "command_line":
        raise AttributeError(name)
    from cdk_pull.cli import _main  # noqa: PLC0415 - as above

    return _main.command_line
