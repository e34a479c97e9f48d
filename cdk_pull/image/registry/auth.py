"""Turns a registry's challenge into the ``Authorization`` header that it asks for."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from cdk_pull.image.registry.errors import Problem, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.image.registry.challenge import Challenge
    from cdk_pull.image.registry.credentials import Credentials
    from cdk_pull.image.registry.transport import Answer, Transport

__all__ = ["Authenticator"]

_MAX_TOKEN_BYTES = 1 << 20
# RFC 9110 asks servers to accept 8,000 bytes of a header, and AWS's tokens have 3,000.
_MAX_TOKEN_CHARACTERS = 32 * 1024


class Authenticator:
    """Keeps one header for each repository, or for each registry with the scheme Basic, for as long as it works.

    Args:
        transport: what asks the token servers.
        credentials: the log-in for a registry's host, or None; called once for each host, in a thread.
    """

    def __init__(self, transport: Transport, credentials: Callable[[str], Credentials | None]) -> None:
        self._transport = transport
        self._credentials = credentials
        self._of_host: dict[str, asyncio.Task[Credentials | None]] = {}
        self._headers: dict[tuple[str, str], str] = {}
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    def known(self, host: str, repository: str) -> str:
        """Return the header that worked before, or nothing."""
        return self._headers.get((host, repository)) or self._headers.get((host, "")) or ""

    async def answer(
        self, host: str, repository: str, challenges: tuple[Challenge, ...], failed: str, *, secure: bool
    ) -> str:
        """Return a header in answer to the challenges of ``host``.

        Args:
            host: of the registry.
            repository: what is to be read there.
            challenges: what the registry asks for.
            failed: the header that the registry just refused, or nothing.
            secure: whether the registry is asked over HTTPS; then its token server has to be, too.

        Raises:
            RegistryError: when there is none to give.
        """
        lock = self._locks.setdefault((host, repository), asyncio.Lock())
        async with lock:
            if (known := self.known(host, repository)) and known != failed:
                return known  # another request of this repository has met the challenge meanwhile
            found = await self._found(host)
            for challenge in challenges:
                if challenge.scheme == "bearer":
                    token = await self._token(host, repository, challenge, found, secure=secure)
                    self._headers[host, repository] = header = f"Bearer {token}"
                    return header
                if challenge.scheme == "basic" and found and found.username and found.basic != failed:
                    self._headers[host, ""] = found.basic
                    return found.basic
        raise _no_way_in(host, repository, had_credentials=found is not None, challenges=challenges)

    async def _found(self, host: str) -> Credentials | None:
        """Return the host's log-in, looked up once however many images wait for it."""
        if host not in self._of_host:
            self._of_host[host] = asyncio.create_task(asyncio.to_thread(self._credentials, host))
        return await asyncio.shield(self._of_host[host])

    async def _token(
        self, host: str, repository: str, challenge: Challenge, found: Credentials | None, *, secure: bool
    ) -> str:
        """Ask the token server that the registry names for a token to pull one repository."""
        realm = challenge.parameters.get("realm", "")
        try:
            parts = urlsplit(realm)
            usable = bool(parts.hostname) and parts.scheme in {"http", "https"}
        except ValueError:
            usable = False
        if not usable:
            message = f"{host} names a token server that is not an HTTP address: {realm[:100]!r}; check that the host is a registry"
            raise RegistryError(Problem.PROTOCOL, message)
        if parts.scheme != "https" and secure:
            message = f"{host} sends log-ins to a token server without HTTPS; none was sent; report it to the operator of the registry"
            raise RegistryError(Problem.PROTOCOL, message)
        # Our own scope, not the challenge's: a registry that asks for the right to push gets no such token.
        fields = {"scope": f"repository:{repository}:pull"}
        if service := challenge.parameters.get("service"):
            fields["service"] = service
        if found and found.identity_token:
            form = {
                "grant_type": "refresh_token",
                "client_id": "cdk-pull",
                "refresh_token": found.identity_token,
                **fields,
            }
            answer = await self._ask(realm, "", form)
        else:
            url = f"{realm}{'&' if parts.query else '?'}{urlencode(fields)}"
            answer = await self._ask(url, found.basic if found else "", None)
        if answer.status in {401, 403}:
            raise _no_way_in(host, repository, had_credentials=found is not None, challenges=())
        token = _read_token(answer)
        if token is None:
            message = f"the token server of {host} ({parts.hostname}) answers {answer.status} without a token; check the name of the registry"
            raise RegistryError(Problem.PROTOCOL, message)
        return token

    async def _ask(self, url: str, authorization: str, form: dict[str, str] | None) -> Answer:
        return await self._transport.send(
            url,
            headers={"Accept": "application/json"},
            max_bytes=_MAX_TOKEN_BYTES,
            authorization=authorization,
            form=form,
        )


def _read_token(answer: Answer) -> str | None:
    """Return the token of a token server's answer, or None when it has none that could be a header."""
    try:
        content: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if answer.status != 200 or not isinstance(content, dict):  # noqa: PLR2004 - HTTP's OK
        return None
    token = content.get("token") or content.get("access_token")
    usable = (
        isinstance(token, str)
        and len(token) <= _MAX_TOKEN_CHARACTERS
        and token.isascii()
        and token.isprintable()
    )
    return token if usable else None


def _no_way_in(
    host: str, repository: str, *, had_credentials: bool, challenges: tuple[Challenge, ...]
) -> RegistryError:
    """Return the error for a registry that does not let us in."""
    if challenges and not {challenge.scheme for challenge in challenges} & {"basic", "bearer"}:
        schemes = ", ".join(challenge.scheme for challenge in challenges)
        message = f"{host} asks for the authentication scheme {schemes[:100]}, which is not supported; allowed: Basic, Bearer; use a registry with one of them"
    elif had_credentials:
        message = f"{host} rejects the log-in for {repository}: it is wrong, has expired, or may not pull; run docker login {host}"
    else:
        message = f"{host} requires a log-in for {repository} (or has no such repository), and there is none here; check the name, or run docker login {host}"
    return RegistryError(Problem.AUTHENTICATION, message)
