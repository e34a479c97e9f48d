"""Where in the user's program something was asked for."""

from __future__ import annotations

import inspect
from pathlib import Path

__all__ = ["call_site"]

_OURS = frozenset({"aws_cdk", "cdk_pull", "constructs", "jsii"})


def call_site() -> str:
    """Return ``file:line`` of the innermost frame outside cdk_pull and CDK, for messages that name two call sites."""
    frame = inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in _OURS:
        frame = frame.f_back
    if frame is None:
        return "unknown call site"
    path = Path(frame.f_code.co_filename)
    here = Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{frame.f_lineno}"
