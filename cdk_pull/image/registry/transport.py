"""One request to a registry: bounded in time and size, tried again, redirected with care, silent about secrets."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import email.utils
import logging
import secrets
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import httpx

from cdk_pull.image.registry.errors import Problem, RegistryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["Answer", "Limits", "Transport"]

_log = logging.getLogger("cdk_pull.image.registry")
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How long, how often and how much.

    Attributes:
        attempts: for one request, the first included.
        connect_seconds: to connect, TLS included.
        silence_seconds: without a byte from the registry.
        request_seconds: for one attempt as a whole, however steadily its bytes trickle in.
        first_pause_seconds: before the second attempt; doubled before each later one.
        most_pause_seconds: the longest ``Retry-After`` that is waited for; a longer one is an error.
        connections: open at once, to all registries together.
    """

    attempts: int = 4
    connect_seconds: float = 10
    silence_seconds: float = 20
    request_seconds: float = 60
    first_pause_seconds: float = 0.5
    most_pause_seconds: float = 60
    connections: int = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """A registry's answer: the last one, after redirects and repeated attempts.

    Attributes:
        status: of HTTP.
        headers: of the answer.
        body: whole, or the beginning of one that is not 200 or 206.
        redirected: whether another host than the one asked gave it, whose challenges are not to be answered.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    redirected: bool = False


class Transport:
    """Sends requests; an asynchronous context manager.

    Args:
        limits: see `Limits`.
        ca_file: certificates to trust instead of the usual ones, for a registry of one's own.
        insecure: speak HTTP without TLS; only for a registry on this machine.
    """

    def __init__(
        self, limits: Limits | None = None, *, ca_file: Path | None = None, insecure: bool = False
    ) -> None:
        self.limits = limits or Limits()
        self.scheme = "http" if insecure else "https"
        _hush_the_libraries()
        self._verify = ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context()
        # One client for each request under way, the one used last first: it has a connection open. A single client
        # would do, but its pool goes through every connection, and for each through every other, at every request.
        self._places = asyncio.Semaphore(self.limits.connections)
        self._clients: list[httpx.AsyncClient] = []

    def _client(self) -> httpx.AsyncClient:
        limits = self.limits
        return httpx.AsyncClient(
            verify=self._verify,
            timeout=httpx.Timeout(limits.silence_seconds, connect=limits.connect_seconds),
            # A body that is compressed on its way has neither the size nor the bytes that its digest names.
            headers={"User-Agent": "cdk-pull", "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            await client.aclose()

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client that nobody uses."""
        client = self._clients.pop() if self._clients else self._client()
        try:
            yield client
        finally:
            self._clients.append(client)

    async def send(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        most_bytes: int,
        authorization: str = "",
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a GET of ``url``, or to a POST of ``form``; any status but those tried again.

        Args:
            url: where to.
            headers: without credentials.
            most_bytes: a longer body is an error; a status other than 200 and 206 keeps at most 64 KiB.
            authorization: the value of that header; it never follows a redirect to another origin.
            form: fields of a POST; a POST is never redirected.

        Raises:
            RegistryError: when no attempt brought an answer.
        """
        for attempt in range(1, self.limits.attempts + 1):
            last = attempt == self.limits.attempts
            try:
                answer = await self._redirected(url, headers, most_bytes, authorization, form)
            except _Passing as passing:
                if last:
                    raise passing.error from None
                pause = self._pause(attempt)
            else:
                if answer.status not in _TRY_AGAIN:
                    return answer
                pause = self._pause(attempt, answer.headers.get("Retry-After", ""))
                if last or pause > self.limits.most_pause_seconds:
                    raise _refused(url, answer, attempt, pause)
            _log.debug("%s: attempt %d failed, next in %.1f s", _shown(url), attempt, pause)
            await asyncio.sleep(pause)
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def _pause(self, attempt: int, retry_after: str = "") -> float:
        """Return how long to wait: what the registry asks for, or a doubling time, spread so that many do not meet."""
        asked = _seconds(retry_after)
        if asked is not None:
            return asked
        longest: float = self.limits.first_pause_seconds * 2 ** (attempt - 1)
        return longest * (0.5 + secrets.randbelow(1000) / 2000)

    async def _redirected(
        self,
        url: str,
        headers: Mapping[str, str],
        most_bytes: int,
        authorization: str,
        form: Mapping[str, str] | None,
    ) -> Answer:
        """Follow redirects, without the credentials as soon as one leaves the origin."""
        here = first = _url(url, url)
        for _ in range(_MOST_REDIRECTS + 1):
            sent = {**headers, "Authorization": authorization} if authorization else dict(headers)
            answer = await self._once(here, sent, most_bytes, form)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or location is None or form is not None:
                return dataclasses.replace(answer, redirected=_origin(here) != _origin(first))
            there = _url(location, url, base=here)
            if here.scheme == "https" and there.scheme != "https":
                message = (
                    f"{_shown(url)} redirects from HTTPS to {there.scheme}; the registry is misconfigured"
                )
                raise RegistryError(Problem.PROTOCOL, message)
            if _origin(here) != _origin(there):
                authorization = ""
            here = there
        message = f"{_shown(url)} redirects more than {_MOST_REDIRECTS} times; the registry is misconfigured"
        raise RegistryError(Problem.PROTOCOL, message)

    async def _once(
        self, url: httpx.URL, headers: Mapping[str, str], most_bytes: int, form: Mapping[str, str] | None
    ) -> Answer:
        """Send one request and read its body, every failure translated."""
        shown = _shown(str(url))
        _log.debug("GET %s", shown)
        token = _ours.set(True)
        try:
            async with self._places, self._borrowed() as client, asyncio.timeout(self.limits.request_seconds):
                method = "GET" if form is None else "POST"
                async with client.stream(method, url, headers=headers, data=form) as response:
                    body = await _read(response, shown, most_bytes)
                    return Answer(response.status_code, response.headers, body)
        except (TimeoutError, httpx.TimeoutException):
            message = f"{shown} did not answer in time; check the connection, or try again later"
            raise _Passing(RegistryError(Problem.TIMEOUT, message)) from None
        except httpx.ConnectError as error:
            reason = _tls_reason(error)
            if reason:
                message = f"the TLS certificate of {url.host} is not valid: {reason}; fix it, or name its issuer with --ca-file"
                raise RegistryError(Problem.TLS, message) from None
            message = f"{url.host} cannot be reached; check the name, the network and HTTPS_PROXY"
            raise _Passing(RegistryError(Problem.UNREACHABLE, message)) from None
        except httpx.InvalidURL:
            # httpx reads the address of a redirect even when it is not to follow it.
            raise _nowhere(shown) from None
        except httpx.HTTPError as error:
            message = f"{shown} broke off its answer ({type(error).__name__}); try again later"
            raise _Passing(RegistryError(Problem.UNREACHABLE, message)) from None
        finally:
            _ours.reset(token)


class _Passing(Exception):  # noqa: N818 - carries an error from one attempt, is never seen outside
    """A failure that another attempt may not meet."""

    def __init__(self, error: RegistryError) -> None:
        self.error = error
        super().__init__()


async def _read(response: httpx.Response, shown: str, most_bytes: int) -> bytes:
    """Return the body, refusing one that is longer than it may be."""
    good = response.status_code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}
    most = most_bytes if good else _ERROR_BYTES
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            if not good:
                return bytes(body[:most])
            message = f"{shown} answers with more than {most} bytes; that is not what was asked for"
            raise RegistryError(Problem.PROTOCOL, message)
    return bytes(body)


def _refused(url: str, answer: Answer, attempts: int, pause: float) -> RegistryError:
    """Return the error for a status that another attempt did not fix."""
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        message = f"{_shown(url)} answers 429 (too many requests) after {attempts} attempt(s); next allowed in {pause:.0f} s; log in for a higher limit, or wait"
        return RegistryError(Problem.RATE_LIMITED, message)
    message = f"{_shown(url)} answers {answer.status} after {attempts} attempts; try again later"
    return RegistryError(Problem.SERVER, message)


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of ``Retry-After``, which is a number or a date; None when it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - time.time())


def _url(text: str, asked: str, base: httpx.URL | None = None) -> httpx.URL:
    """Return a URL with a host, relative ones joined to ``base``."""
    try:
        url = base.join(text) if base else httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise _nowhere(_shown(asked))
    return url


def _nowhere(shown: str) -> RegistryError:
    message = f"{shown} leads to something that is not an HTTP address; the registry is misconfigured"
    return RegistryError(Problem.PROTOCOL, message)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _shown(url: str) -> str:
    """Return a URL without what may be secret in it: the user, the password, and a signed query."""
    parsed = httpx.URL(url)
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.scheme}://{parsed.host}{port}{parsed.path}"


def _tls_reason(error: BaseException) -> str:
    """Return why a certificate was refused, or nothing when it was something else."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, ssl.SSLError):
            return cause.reason or "TLS failed"
        cause = cause.__cause__ or cause.__context__
    return ""


# httpx logs every URL with its query, and httpcore every header of an answer: both carry signatures that let
# anyone read the blob for an hour. Their lines on our requests are left out of every log; `_log` above says what
# was asked, without them.
_ours: contextvars.ContextVar[bool] = contextvars.ContextVar("_ours", default=False)
_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _ours.get()


def _hush_the_libraries() -> None:
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_not_ours)
