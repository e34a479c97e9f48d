"""What a refresh of facts has brought: the new files, and what is different in them."""

from __future__ import annotations

from cdk_pull.errors import CdkPullError
from cdk_pull.records import dataclass, field

__all__ = ["RefreshError", "Refreshed"]


class RefreshError(CdkPullError):
    """An answer that cannot be right; nothing is changed, and the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """New facts, checked against the former ones.

    Attributes:
        files: by name, the text of every file that is different now.
        changes: what is different, a line each.
        notes: what was seen and not taken, a line each.
    """

    files: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
