"""Which proxy a request goes through, as Docker and skopeo decide it.

The rules are those of Go's ``golang.org/x/net/http/httpproxy``, which both use: ``HTTPS_PROXY``, ``HTTP_PROXY`` and
``NO_PROXY`` in either case, upper case first; ``ALL_PROXY`` is not read; this machine is never reached through a proxy.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Proxies", "Proxy", "is_this_machine"]

_SCHEMES: Final = ("http", "https")
_SOCKS: Final = ("socks4", "socks4a", "socks5", "socks5h")
_PORTS: Final = {"http": "80", "https": "443"}
_ALL: Final = "*"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy.

    Attributes:
        url: with the user and the password that may be in it; never printed.
        variable: the environment variable that names it.
    """

    url: str
    variable: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]} of {self.variable}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class _Exception:
    """One entry of ``NO_PROXY``: an address, a network or a domain, with a port or without."""

    address: _Address | None = None
    network: _Network | None = None
    domain: str = ""
    host_too: bool = False
    port: str = ""

    def matches(self, host: str, address: _Address | None, port: str) -> bool:
        if self.network is not None:
            return address is not None and address in self.network
        if self.port and self.port != port:
            return False
        if self.address is not None:
            return address == self.address
        return host.endswith(self.domain) or (self.host_too and host == self.domain.removeprefix("."))


class Proxies:
    """The proxies of an environment.

    Args:
        environment: the variables; those of the process when not given.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        variables = os.environ if environment is None else environment
        self._proxies = {scheme: _first(variables, f"{scheme.upper()}_PROXY") for scheme in _SCHEMES}
        _, exceptions = _first(variables, "NO_PROXY")
        entries = [entry for part in exceptions.split(",") if (entry := part.strip().lower())]
        self._direct = _ALL in entries
        self._exceptions = tuple(_read_exceptions(entries))

    def goes_through(self, scheme: str, host: str, port: int | None) -> bool:
        """Tell whether there is a proxy for a host, or should be one."""
        try:
            return self.proxy_for(scheme, host, port) is not None
        except RegistryError:
            return True

    def proxy_for(self, scheme: str, host: str, port: int | None) -> Proxy | None:
        """Return the proxy for a host, or None to go there directly.

        Args:
            scheme: ``http`` or ``https``.
            host: a name or an address, an IPv6 address without brackets.
            port: None for the scheme's own.

        Raises:
            RegistryError: if the variable for this scheme does not name an HTTP proxy; the host is not asked.
        """
        variable, value = self._proxies[scheme]
        if not value or self._direct or is_this_machine(host):
            return None
        name, address = host.lower().rstrip("."), _address(host)
        number = str(port) if port else _PORTS[scheme]
        if any(entry.matches(name, address, number) for entry in self._exceptions):
            return None
        return Proxy(_proxy_url(variable, value), variable)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is ``localhost`` or an address of the loopback networks, 127.0.0.0/8 and ::1."""
    address = _address(host)
    return host.lower().rstrip(".") == "localhost" if address is None else address.is_loopback


def _first(variables: Mapping[str, str], name: str) -> tuple[str, str]:
    for each in (name, name.lower()):
        if value := variables.get(each, "").strip():
            return each, value
    return name, ""


def _read_exceptions(entries: Iterable[str]) -> Iterable[_Exception]:
    for entry in entries:
        if network := _network(entry):
            yield _Exception(network=network)
            continue
        host, port = _split_port(entry)
        if address := _address(host):
            yield _Exception(address=address, port=port)
        elif host := host.removeprefix("*"):
            yield _Exception(
                domain=host if host.startswith(".") else f".{host}",
                host_too=not host.startswith("."),
                port=port,
            )


def _split_port(entry: str) -> tuple[str, str]:
    """Split a port off; the colons of an IPv6 address without brackets are its own."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, rest.removeprefix(":")
    host, colon, port = entry.rpartition(":")
    return (host, port) if colon and ":" not in host else (entry, "")


def _network(entry: str) -> _Network | None:
    address, slash, prefix = entry.partition("/")
    if not slash:
        return None
    try:
        return ipaddress.ip_network(f"{address.strip('[]')}/{prefix}", strict=False)
    except ValueError:
        return None


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _proxy_url(variable: str, value: str) -> str:
    """Return the URL of a proxy; one without a scheme is one of HTTP.

    The value is not in the error: it may hold a password.
    """
    text = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
        scheme = parts.scheme.lower()
    except ValueError:
        host, scheme = None, ""
    if scheme in _SOCKS:
        message = f"{variable} names a SOCKS proxy, which is not supported; allowed: http://HOST:PORT or https://HOST:PORT; set an HTTP proxy, or add the registry to NO_PROXY"
        raise RegistryError(Problem.PROXY, message)
    if scheme not in _SCHEMES or not host or any(ord(each) <= ord(" ") for each in text):
        message = f"{variable} does not name a proxy; allowed: http://HOST:PORT or https://HOST:PORT; correct it, or add the registry to NO_PROXY"
        raise RegistryError(Problem.PROXY, message)
    return text
