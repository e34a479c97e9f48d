"""Whether a registry is asked over HTTPS or over plain HTTP, as Docker decides it."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from cdk_pull.image.ecr import registry_kind
from cdk_pull.image.reference import DOCKER_HUB
from cdk_pull.image.registry.proxies import is_this_machine

if TYPE_CHECKING:
    from cdk_pull.image.registry.transport import Transport

__all__ = ["Schemes"]

_HTTPS_PORT: Final = 443
_LAST_PORT: Final = 65535


class Schemes:
    """The scheme of each registry, found out once.

    HTTPS, unless the registry may be asked over plain HTTP and does not speak TLS. It may when it is on this machine
    (127.0.0.0/8, ::1 or ``localhost``), or when the user allows it. One whose certificate is not valid does speak TLS.

    Args:
        transport: whose limits and certificates count.
        plain_http: allow plain HTTP for every registry but Amazon ECR and Docker Hub.
    """

    def __init__(self, transport: Transport, *, plain_http: bool) -> None:
        self._transport = transport
        self._plain_http = plain_http
        self._found: dict[str, asyncio.Task[str]] = {}

    @property
    def tasks(self) -> list[asyncio.Task[str]]:
        """What is under way or done, to be cancelled at the end."""
        return list(self._found.values())

    async def of(self, registry: str) -> str:
        """Return ``https`` or ``http`` for a registry's host with its port."""
        host, port = _split(registry)
        public = registry == DOCKER_HUB or registry_kind(registry) != "other"
        if public or not (self._plain_http or is_this_machine(host)):
            return "https"
        if registry not in self._found:
            self._found[registry] = asyncio.create_task(self._probe(host, port))
        return await asyncio.shield(self._found[registry])

    async def _probe(self, host: str, port: int) -> str:
        if not 0 < port <= _LAST_PORT or self._transport.proxies.goes_through("https", host, port):
            return "https"
        # Without a port, plain HTTP is elsewhere.
        try:
            async with asyncio.timeout(self._transport.limits.connect_seconds):
                _, writer = await asyncio.open_connection(
                    host, port, ssl=self._transport.tls, server_hostname=host
                )
        except ssl.SSLCertVerificationError:
            return "https"
        except ssl.SSLError as error:
            # An alert is TLS: the server wants another version, or a certificate of the client.
            return "https" if "ALERT" in (error.reason or "") else "http"
        except (EOFError, ConnectionResetError):
            return "http"
        except (OSError, UnicodeError, ValueError):
            # Refused, unknown or silent: the request itself says so, as for every other registry.
            return "http" if port == _HTTPS_PORT and self._plain_http else "https"
        writer.close()
        return "https"


def _split(registry: str) -> tuple[str, int]:
    if registry.startswith("["):
        host, _, port = registry[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = registry.partition(":")
    # Longer digits are no port either way.
    return host, int(port[:6]) if port else _HTTPS_PORT
