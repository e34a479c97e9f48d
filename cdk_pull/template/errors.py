"""What is wrong with a template that cannot be checked at all, and the bounds of what can."""

from __future__ import annotations

from typing import Final

from cdk_pull.errors import CdkPullError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "TemplateError"]

MAX_DEPTH: Final = 100
"""How many levels deep a template may be nested; CloudFormation's own functions allow far fewer."""

MAX_VALUES: Final = 3_000_000
"""How many values a template may hold once its aliases are written out."""

MAX_BYTES: Final = 128 * 1024 * 1024
"""The largest template file; CloudFormation itself takes 1 MB."""


class TemplateError(CdkPullError):
    """A template that cannot be checked; the message says which, where and why in one line."""
