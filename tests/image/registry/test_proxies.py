from __future__ import annotations

import asyncio
import base64
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.proxies import Proxies, is_this_machine
from cdk_pull.image.registry.transport import Limits
from tests.image.registry.fake import Registry
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PROXY = "http://user:s3cret@proxy.example:3128"
SHOWN = "http://proxy.example:3128 of HTTPS_PROXY"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
QUICK = Limits(attempts=2, connect_seconds=2, silence_seconds=1, request_seconds=2, first_pause_seconds=0.01)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what the machine has."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("", "ghcr.io", None, False),
        ("*", "ghcr.io", None, True),
        ("ghcr.io", "ghcr.io", None, True),
        ("ghcr.io", "pkg.ghcr.io", None, True),
        ("ghcr.io", "notghcr.io", None, False),
        (".ghcr.io", "pkg.ghcr.io", None, True),
        (".ghcr.io", "ghcr.io", None, False),
        ("*.ghcr.io", "pkg.ghcr.io", None, True),
        ("*.ghcr.io", "ghcr.io", None, False),
        ("quay.io, GHCR.IO ,", "ghcr.io", None, True),
        ("ghcr.io:443", "ghcr.io", None, True),
        ("ghcr.io:5000", "ghcr.io", None, False),
        ("ghcr.io:5000", "ghcr.io", 5000, True),
        ("10.0.0.0/8", "10.1.2.3", None, True),
        ("10.0.0.0/8", "11.1.2.3", None, False),
        ("10.1.2.3", "10.1.2.3", 5000, True),
        ("10.1.2.3:5000", "10.1.2.3", 5000, True),
        ("10.1.2.3:5000", "10.1.2.3", 5001, False),
        ("fd00::/8", "fd00::1", 5000, True),
        ("[fd00::]/8", "fd00::1", 5000, True),
        ("fd00::1", "fd00::1", 5000, True),
        ("[fd00::1]", "fd00::1", 5000, True),
        ("[fd00::1]:5000", "fd00::1", 5000, True),
        ("[fd00::1]:5000", "fd00::1", 5001, False),
        ("fd00:0:0::1", "fd00::1", 5000, True),
        ("fe80::/10,[::1", "fd00::1", 5000, False),
        ("10.0.0.0/99,/,:,[]", "10.0.0.1", 5000, False),
        ("", "localhost", 5000, True),
        ("", "127.9.9.9", 5000, True),
        ("", "::1", 5000, True),
        ("", "0.0.0.0", 5000, False),  # noqa: S104 - an address that is asked, not listened on
    ],
)
def test_exceptions(no_proxy: str, host: str, port: int | None, direct: bool) -> None:  # noqa: FBT001
    """NO_PROXY holds domains, addresses and networks, IPv6 with and without brackets, as Go reads it."""
    proxies = Proxies({"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy})
    assert (proxies.proxy_for("https", host, port) is None) is direct


@pytest.mark.parametrize(
    ("variables", "scheme", "expected"),
    [
        ({"HTTPS_PROXY": "a.example:1"}, "https", "http://a.example:1"),
        ({"https_proxy": "http://a.example:1"}, "https", "http://a.example:1"),
        ({"HTTPS_PROXY": "http://a.example", "https_proxy": "http://b.example"}, "https", "http://a.example"),
        ({"HTTPS_PROXY": "", "https_proxy": "http://b.example"}, "https", "http://b.example"),
        ({"HTTPS_PROXY": "https://[fd00::1]:3128"}, "https", "https://[fd00::1]:3128"),
        ({"HTTP_PROXY": "http://a.example"}, "https", None),
        ({"HTTP_PROXY": "http://a.example"}, "http", "http://a.example"),
        ({"ALL_PROXY": "http://a.example"}, "https", None),
    ],
)
def test_which_proxy(variables: dict[str, str], scheme: str, expected: str | None) -> None:
    """Upper case comes before lower case, a scheme may be left out, and ALL_PROXY is not read."""
    found = Proxies(variables).proxy_for(scheme, "ghcr.io", None)
    assert (found.url if found else None) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "socks5://user:s3cret@a.example:1080",
            "HTTPS_PROXY names a SOCKS proxy, which is not supported; allowed: http://HOST:PORT or https://HOST:PORT; set an HTTP proxy, or add the registry to NO_PROXY",
        ),
        *(
            (
                value,
                "HTTPS_PROXY does not name a proxy; allowed: http://HOST:PORT or https://HOST:PORT; correct it, or add the registry to NO_PROXY",
            )
            for value in (
                "ftp://a.example",
                "http://",
                "http://a.example:99999",
                "http://[::1",
                "http://a b",
                "://",
                "http://a.example:port",
                "http://s3cret@:1",
            )
        ),
    ],
)
def test_what_is_no_proxy_is_named_as_such(value: str, message: str) -> None:
    """The error names the variable, not the registry, and shows no password."""
    with pytest.raises(RegistryError) as error:
        Proxies({"HTTPS_PROXY": value}).proxy_for("https", "ghcr.io", None)
    assert (error.value.problem, str(error.value)) == (Problem.PROXY, message)


@given(st.text(max_size=40), st.text(max_size=40), st.text(min_size=1, max_size=20))
def test_any_text_is_a_proxy_or_an_error_in_words(proxy: str, exceptions: str, host: str) -> None:
    """Whatever the variables hold, there is an answer, and a transport can be made of it."""
    proxies = Proxies({"HTTPS_PROXY": proxy, "NO_PROXY": exceptions})
    with suppress(RegistryError):
        proxies.proxy_for("https", host, None)


def test_a_proxy_is_shown_without_its_password() -> None:
    """Neither the text nor the representation holds the user or the password."""
    proxy = Proxies({"HTTPS_PROXY": PROXY}).proxy_for("https", "ghcr.io", None)
    assert (str(proxy), repr(proxy)) == (SHOWN, SHOWN)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("LOCALHOST.", True), ("127.0.0.1", True), ("127.255.0.9", True), ("::1", True),
     ("0.0.0.0", False), ("128.0.0.1", False), ("localhost.example", False), ("notlocalhost", False)],  # noqa: S104
)  # fmt: skip
def test_this_machine(host: str, expected: bool) -> None:  # noqa: FBT001
    """127.0.0.0/8, ::1 and localhost are this machine, and nothing that only looks like it."""
    assert is_this_machine(host) is expected


@contextmanager
def proxy_server(answer: bytes, seen: list[bytes]) -> Iterator[str]:
    """Serve as an HTTP proxy that gives every request one answer; yield its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)


def look_up(image: str, *, plain_http: bool = False) -> None:
    """Look an image up."""

    async def run() -> None:
        async with RegistryClient(lambda _: None, limits=QUICK, plain_http=plain_http) as client:
            await client.look_up(ImageReference.parse(image))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", " (407 Proxy Authentication Required)"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", " (403 Forbidden)"),
    ],
)  # fmt: skip
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, answer: bytes, said: str) -> None:
    """The error is about the proxy, which is asked for the registry with its own log-in."""
    seen: list[bytes] = []
    with proxy_server(answer, seen) as host:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@{host}")
        with pytest.raises(RegistryError) as error:
            look_up("registry.example/app:1")
    assert str(error.value) == (
        f"the proxy http://{host} of HTTPS_PROXY does not connect to registry.example{said}; check the proxy, or add registry.example to NO_PROXY"
    )
    assert error.value.problem is Problem.PROXY
    assert seen[0].startswith(b"CONNECT registry.example:443 ")
    assert base64.b64encode(b"user:s3cret") in seen[0]


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy where nothing listens is named, and not the registry."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(
        RegistryError, match=r"^the proxy http://127\.0\.0\.1:9 of HTTPS_PROXY does not connect to"
    ):
        look_up("registry.example/app:1")


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry on 127.0.0.1 is read although the proxy is not there."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:9")
    made = Registry()
    with https_server(made.handler(), None) as made.host:
        look_up(f"{made.host}/app:1")
