"""What can go wrong between here and a registry, in words that name the way out and no secret."""

from __future__ import annotations

from enum import StrEnum

from cdk_pull.errors import CdkPullError

__all__ = ["Problem", "RegistryError"]


class Problem(StrEnum):
    """The kind of a registry's failure, for a program that treats them differently."""

    AUTHENTICATION = "authentication"
    NOT_FOUND = "not-found"
    RATE_LIMITED = "rate-limited"
    TIMEOUT = "timeout"
    TLS = "tls"
    UNREACHABLE = "unreachable"
    SERVER = "server"
    PROTOCOL = "protocol"
    PLATFORM = "platform"


class RegistryError(CdkPullError):
    """A registry did not give what was asked of it.

    Args:
        problem: the kind of failure.
        message: what is wrong and what to do, in one line.
    """

    def __init__(self, problem: Problem, message: str) -> None:
        self.problem = problem
        super().__init__(message)
