"""How a request fails, in words: what is wrong and what to do."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import httpx

from cdk_pull.image.registry.addresses import shown_url
from cdk_pull.image.registry.errors import Problem, RegistryError

if TYPE_CHECKING:
    from cdk_pull.image.registry.proxies import Proxy

__all__ = ["PassingError", "late", "not_connected", "nowhere", "refused", "unreachable"]

_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


class PassingError(Exception):
    """A failure that another attempt may not meet; carries the error from one attempt, and is never seen outside."""

    def __init__(self, error: RegistryError) -> None:
        self.error = error
        super().__init__()


def late(shown: str) -> RegistryError:
    """Return the error for an answer that does not come, or not to its end."""
    message = f"{shown} did not answer in time; check the connection, or try again later"
    return RegistryError(Problem.TIMEOUT, message)


def refused(url: str, status: int, attempts: int, pause: float) -> RegistryError:
    """Return the error for a status that another attempt did not fix."""
    tries = f"{attempts} attempt{'s' if attempts > 1 else ''}"
    if status == httpx.codes.TOO_MANY_REQUESTS:
        message = f"{shown_url(url)} answers 429 (too many requests) after {tries}; the next is allowed in {pause:.0f} s; log in for a higher limit, or wait"
        return RegistryError(Problem.RATE_LIMITED, message)
    message = f"{shown_url(url)} answers {status} after {tries}; try again later"
    return RegistryError(Problem.SERVER, message)


def not_connected(
    url: httpx.URL, proxy: Proxy | None, error: httpx.TransportError
) -> RegistryError | PassingError:
    """Return the error for a connection that did not come about, which another attempt may bring or not."""
    reason = _tls_reason(error)
    if isinstance(error, httpx.ProxyError) or (proxy and not reason):
        said = str(error).strip()[:80]
        message = f"the proxy {proxy} does not connect to {url.host}{f' ({said})' if said else ''}; check the proxy, or add {url.host} to NO_PROXY"
        return RegistryError(Problem.PROXY, message)
    if any(each in reason.upper().replace(" ", "_") for each in _NO_TLS):
        message = (
            f"{url.host} does not speak TLS; if its registry serves plain HTTP, allow that with --plain-http"
        )
        return RegistryError(Problem.TLS, message)
    if reason and _of_certificate(error):
        message = f"the TLS certificate of {url.host} is not valid: {reason}; correct it, or name its issuer with --ca-file"
        return RegistryError(Problem.TLS, message)
    if reason:
        message = (
            f"TLS with {url.host} failed: {reason}; check that the host is a registry, or try again later"
        )
        return RegistryError(Problem.TLS, message)
    return PassingError(unreachable(url))


def unreachable(url: httpx.URL) -> RegistryError:
    """Return the error for a host that no connection leads to."""
    message = f"{url.host} cannot be reached; check the name, the network and HTTPS_PROXY"
    return RegistryError(Problem.UNREACHABLE, message)


def nowhere(shown: str) -> RegistryError:
    """Return the error for a redirect to what is not an address."""
    message = (
        f"{shown} leads to something that is not an HTTP address; report it to the operator of the registry"
    )
    return RegistryError(Problem.PROTOCOL, message)


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """Return how TLS failed, or None when it was something else."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _tls_reason(error: BaseException) -> str:
    """Return why TLS failed, or nothing when it was something else."""
    failed = _tls_error(error)
    if isinstance(failed, ssl.SSLCertVerificationError):
        return failed.verify_message
    if failed is None:
        return ""
    # Some builds of Python give no reason for a connection that ends within the handshake.
    is_end = isinstance(failed, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    ended = "UNEXPECTED_EOF_WHILE_READING" if is_end else "no reason given"
    return failed.reason or ended


def _of_certificate(error: BaseException) -> bool:
    return isinstance(_tls_error(error), ssl.SSLCertVerificationError)
