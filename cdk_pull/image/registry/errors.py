"""What can go wrong between here and a registry, in words that name the way out and no secret."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cdk_pull.errors import CdkPullError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.image.platform import Platform

__all__ = ["Problem", "RegistryError", "printable_line"]


class Problem(StrEnum):
    """The kind of a registry's failure, for a program that treats them differently."""

    AUTHENTICATION = "authentication"
    NOT_FOUND = "not-found"
    RATE_LIMITED = "rate-limited"
    TIMEOUT = "timeout"
    TLS = "tls"
    PROXY = "proxy"
    UNREACHABLE = "unreachable"
    SERVER = "server"
    PROTOCOL = "protocol"
    PLATFORM = "platform"


class RegistryError(CdkPullError):
    """A registry did not give what was asked of it.

    Args:
        problem: the kind of failure.
        message: what is wrong and what to do. A registry may have written parts of it: it becomes one line of
            printable characters.
        platforms: those that the image is built for, where it is not built for the one that was asked for.
    """

    def __init__(self, problem: Problem, message: str, *, platforms: Sequence[Platform] = ()) -> None:
        self.problem = problem
        self.platforms = tuple(platforms)
        super().__init__(printable_line(message))


def printable_line(text: str, max_characters: int = 2000) -> str:
    """Return untrusted text as one line without control characters, of a bounded length."""
    line = " ".join(text[: 4 * max_characters].split())
    line = "".join(each if each.isprintable() else "?" for each in line)
    return line if len(line) <= max_characters else f"{line[: max_characters - 1]}…"
