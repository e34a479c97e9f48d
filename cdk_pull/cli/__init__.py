"""The command line, ``cdk-pull``: each command on the plain layers alone."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_pull.cli._main import command_line

__all__ = ["command_line", "main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; every error is one line on standard error."""
    arguments = sys.argv[1:] if arguments is None else arguments
    main_thread = threading.current_thread() is threading.main_thread()
    # An interrupt while modules are imported ends the process at once: there is nothing to leave in order yet.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL) if main_thread else None
    collecting = gc.isenabled()
    gc.disable()  # modules are no garbage
    try:
        ending = import_module("cdk_pull.cli._ending")
        invoke = import_module(f"cdk_pull.cli.{'_check' if _checks_paths(arguments) else '_main'}").invoke
    finally:
        if collecting:
            gc.enable()
        if main_thread:
            signal.signal(signal.SIGINT, before)
    ending.run(invoke, arguments)


def _checks_paths(arguments: list[str]) -> bool:
    """Return whether the command line is ``check`` and paths, which takes no parser of options to understand."""
    paths = arguments[1:] if arguments[:1] == ["check"] else []
    options = any(each.startswith("-") and each != "-" for each in paths)
    return bool(paths) and not options and "_CDK_PULL_COMPLETE" not in os.environ


def __getattr__(name: str) -> Any:
    if name != "command_line":
        raise AttributeError(name)
    from cdk_pull.cli import _main  # noqa: PLC0415 - as above

    return _main.command_line
