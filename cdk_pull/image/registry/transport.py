"""One request to a registry: bounded in time and size, tried again, redirected with care, silent about secrets."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import os
import secrets
import ssl
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import httpx

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_text
from cdk_pull.image.registry.addresses import origin, parse_url, shown_url
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.failures import PassingError, late, not_connected, nowhere, refused, unreachable
from cdk_pull.image.registry.proxies import Proxies, Proxy
from cdk_pull.image.registry.quiet import hush, quiet
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

__all__ = ["Answer", "Limits", "Transport"]

_log = logging.getLogger("cdk_pull.image.registry")
_TRY_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS: Final = 5
_ERROR_BYTES: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How long, how often and how much.

    Attributes:
        attempts: for one request, the first included.
        connect_seconds: to connect, TLS included.
        silence_seconds: without a byte from the registry.
        request_seconds: for one attempt as a whole, however steadily its bytes arrive.
        answer_seconds: for all attempts at one answer, redirects and pauses included.
        layers_seconds: for what an image's layers say of themselves; those that have not answered are estimated.
        image_seconds: for one image as a whole.
        run_seconds: for all images of a run.
        first_pause_seconds: before the second attempt; doubled before each later one.
        max_pause_seconds: the longest ``Retry-After`` to wait for; a longer one is an error.
        connections: open at once, to all registries together.
        connections_for_layers: open at once for the layers of one image, so that one image leaves room for others.
    """

    attempts: int = 4
    connect_seconds: float = 10
    silence_seconds: float = 15
    request_seconds: float = 30
    answer_seconds: float = 60
    layers_seconds: float = 30
    image_seconds: float = 120
    run_seconds: float = 300
    first_pause_seconds: float = 0.5
    max_pause_seconds: float = 45
    connections: int = 32
    connections_for_layers: int = 8


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
        ca_file: certificates to trust in place of the usual ones, for a registry of one's own.
        proxies: those of the environment when not given.

    Raises:
        InvalidValueError: if ``ca_file``, or the file that ``SSL_CERT_FILE`` names, holds no certificates.
    """

    def __init__(
        self, limits: Limits | None = None, *, ca_file: Path | None = None, proxies: Proxies | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.proxies = proxies or Proxies()
        hush()
        self.tls = _tls_context(ca_file)
        # One client for each request under way, the one used last first: it has a connection open. A single client
        # would do, but its pool goes through every connection, and for each through every other, at every request.
        self._places = asyncio.Semaphore(self.limits.connections)
        self._clients: dict[Proxy | None, list[httpx.AsyncClient]] = {}

    def _client(self, proxy: Proxy | None) -> httpx.AsyncClient:
        limits = self.limits
        return httpx.AsyncClient(
            verify=self.tls,
            proxy=proxy.url if proxy else None,
            # The environment's proxies are `Proxies`'s to read, and its .netrc is none of a registry's log-ins.
            trust_env=False,
            timeout=httpx.Timeout(limits.silence_seconds, connect=limits.connect_seconds),
            headers={"User-Agent": "cdk-pull", "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for clients in self._clients.values():
            for client in clients:
                await client.aclose()

    @asynccontextmanager
    async def _timed(self, request: _Request) -> AsyncIterator[None]:
        """Bound one attempt, and take its time from what there is for the answer."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(min(self.limits.request_seconds, request.seconds_left)):
                yield
        finally:
            request.seconds_left -= time.monotonic() - began

    @asynccontextmanager
    async def _borrowed(self, proxy: Proxy | None) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client that nobody uses."""
        clients = self._clients.setdefault(proxy, [])
        client = clients.pop() if clients else self._client(proxy)
        try:
            yield client
        finally:
            clients.append(client)

    async def send(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        max_bytes: int,
        authorization: str = "",
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a GET of ``url``, or to a POST of ``form``; any status but those tried again.

        Args:
            url: where to.
            headers: without credentials.
            max_bytes: a longer body is an error; of a status other than 200 and 206, at most 64 KiB are kept.
            authorization: the value of that header; it never follows a redirect to another origin.
            form: fields of a POST; a POST is never redirected.

        Raises:
            RegistryError: when no attempt brought an answer within the limits.
        """
        request = _Request(headers, max_bytes, form, self.limits.answer_seconds)
        for attempt in range(1, self.limits.attempts + 1):
            last = attempt == self.limits.attempts
            try:
                answer = await self._redirected(url, request, authorization)
            except PassingError as passing:
                pause = self._pause(attempt)
                if last or pause > request.seconds_left:
                    raise passing.error from None
            else:
                if answer.status not in _TRY_AGAIN:
                    return answer
                pause = self._pause(attempt, answer.headers.get("Retry-After", ""))
                if last or pause > min(self.limits.max_pause_seconds, request.seconds_left):
                    raise refused(url, answer.status, attempt, pause)
            _log.debug("%s: attempt %d failed, next in %.1f s", shown_url(url), attempt, pause)
            request.seconds_left -= pause
            await asyncio.sleep(pause)
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def _pause(self, attempt: int, retry_after: str = "") -> float:
        """Return how long to wait: what the registry asks for, or a doubling time, spread so that many do not meet."""
        asked = _seconds(retry_after)
        if asked is not None:
            return asked
        longest: float = self.limits.first_pause_seconds * 2 ** (attempt - 1)
        return longest * (0.5 + secrets.randbelow(1000) / 2000)

    async def _redirected(self, url: str, request: _Request, authorization: str) -> Answer:
        """Follow redirects, without the credentials as soon as one leaves the origin."""
        first = parse_url(url)
        if first is None:
            message = f"{shown_url(url)} is not a valid address; allowed: a host name, and a port from 1 to 65535; check the name of the registry"
            raise RegistryError(Problem.UNREACHABLE, message)
        here = first
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self._once(here, request, authorization)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or location is None or request.form is not None:
                return replace(answer, redirected=origin(here) != origin(first))
            there = parse_url(location, base=here)
            if there is None:
                raise nowhere(shown_url(url))
            if here.scheme == "https" and there.scheme != "https":
                message = f"{shown_url(url)} redirects from HTTPS to {there.scheme}; report it to the operator of the registry"
                raise RegistryError(Problem.PROTOCOL, message)
            if origin(here) != origin(there):
                authorization = ""
            here = there
        message = f"{shown_url(url)} redirects more than {_MAX_REDIRECTS} times; report it to the operator of the registry"
        raise RegistryError(Problem.PROTOCOL, message)

    async def _once(self, url: httpx.URL, request: _Request, authorization: str) -> Answer:
        """Send one request and read its body, every failure translated."""
        shown = shown_url(str(url))
        proxy = self.proxies.proxy_for(url.scheme, url.host, url.port)
        _log.debug("GET %s%s", shown, f" through the proxy {proxy}" if proxy else "")
        try:
            # Waiting for a place is not the registry's fault; only the image's and the run's limits count it.
            async with self._places, self._borrowed(proxy) as client, self._timed(request):
                with quiet():
                    return await _ask(client, url, request, authorization)
        except httpx.TimeoutException:
            raise PassingError(late(shown)) from None
        except TimeoutError:
            # What has sent its bytes this slowly once does so again.
            raise late(shown) from None
        except (httpx.ProxyError, httpx.ConnectError) as error:
            raise not_connected(url, proxy, error) from None
        except httpx.InvalidURL:
            # httpx reads the address of a redirect even when it is not to follow it.
            raise nowhere(shown) from None
        except (OSError, UnicodeError, ExceptionGroup):
            # What the system's own look-up of a name stumbles over.
            raise PassingError(unreachable(url)) from None
        except httpx.HTTPError as error:
            message = f"{shown} broke off its answer ({type(error).__name__}); try again later"
            raise PassingError(RegistryError(Problem.UNREACHABLE, message)) from None


@dataclass(slots=True)
class _Request:
    """What all attempts at one answer share."""

    headers: Mapping[str, str]
    max_bytes: int
    form: Mapping[str, str] | None
    seconds_left: float


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    named = ca_file or (Path(name) if (name := os.environ.get("SSL_CERT_FILE")) else None)
    if named is None:
        return httpx.create_ssl_context()
    what = "certificate file" if ca_file else "file of SSL_CERT_FILE"
    # Not by name: OpenSSL would read a device for ever. What is not ASCII is no certificate but a remark on one.
    text = read_text(named, what).encode("ascii", "ignore").decode()
    try:
        return ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        raise InvalidValueError(
            f"{what} holds no certificate", str(named), allowed="certificates in PEM"
        ) from None


async def _ask(client: httpx.AsyncClient, url: httpx.URL, request: _Request, authorization: str) -> Answer:
    headers = dict(request.headers)
    if authorization:
        headers["Authorization"] = authorization
    method = "GET" if request.form is None else "POST"
    async with client.stream(method, url, headers=headers, data=request.form) as response:
        body = await _read(response, shown_url(str(url)), request.max_bytes)
        return Answer(response.status_code, response.headers, body)


async def _read(response: httpx.Response, shown: str, max_bytes: int) -> bytes:
    """Return the body as it is on its way, refusing one that is longer than it may be.

    Nothing is decoded: a few bytes of gzip can stand for gigabytes, and what a digest names is not compressed.
    """
    good = response.status_code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}
    most = max_bytes if good else _ERROR_BYTES
    too_long = RegistryError(
        Problem.PROTOCOL, f"{shown} answers with more than {most} bytes, which is more than was asked for"
    )
    if good:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            message = f"{shown} answers in the Content-Encoding {encoding[:40]!r}, which was not asked for; report it to the operator of the registry"
            raise RegistryError(Problem.PROTOCOL, message)
        stated = response.headers.get("Content-Length", "")
        if stated.isascii() and stated.isdigit() and (len(stated) > _LONGEST_LENGTH or int(stated) > most):
            raise too_long
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            if not good:
                return bytes(body[:most])
            raise too_long
    return bytes(body)


_LONGEST_LENGTH: Final = 18


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of ``Retry-After``, which is a number or a date; None when it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = email.utils.parsedate_to_datetime(text[:100]).timestamp()
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        return None
    return max(0.0, when - time.time())
