"""How TLS fails, in words, and where a registry may do without it."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.schemes import Schemes
from cdk_pull.image.registry.transport import Transport
from tests.image.registry.asking import QUICK
from tests.image.registry.fake import Registry
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from pathlib import Path


def look_up(image: str, *, plain_http: bool = False) -> None:
    """Look an image up."""

    async def run() -> None:
        async with RegistryClient(lambda _: None, limits=QUICK, plain_http=plain_http) as client:
            await client.look_up(ImageReference.parse(image))

    asyncio.run(run())


def test_plain_http_elsewhere_needs_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that does not speak TLS is read where the user allows it; otherwise the error names the option."""
    monkeypatch.setenv("NO_PROXY", "0.0.0.0")  # noqa: S104 - as above
    made = Registry()
    with https_server(made.handler(), None) as host:
        # Another name for this machine, which is not one of those that may always be asked over plain HTTP.
        elsewhere = host.replace("127.0.0.1", "0.0.0.0")  # noqa: S104
        with pytest.raises(RegistryError) as error:
            look_up(f"{elsewhere}/app:1")
        assert str(error.value) == (
            "0.0.0.0 does not speak TLS; if its registry serves plain HTTP, allow that with --plain-http"
        )
        assert error.value.problem is Problem.TLS
        assert made.asked == []
        look_up(f"{elsewhere}/app:1", plain_http=True)
    assert made.asked


def test_amazon_ecr_and_docker_hub_are_never_asked_over_plain_http() -> None:
    """Their log-ins stay on TLS whatever the user allows."""

    async def run() -> list[str]:
        async with Transport(QUICK) as transport:
            schemes = Schemes(transport, plain_http=True)
            hosts = ("docker.io", "public.ecr.aws", "111122223333.dkr.ecr.eu-west-1.amazonaws.com")
            return [await schemes.of(host) for host in hosts]

    assert asyncio.run(run()) == ["https", "https", "https"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"\x15\x03\x03\0\x02\x02\x28", "TLS with 0.0.0.0 failed: SSLV3_ALERT_HANDSHAKE_FAILURE; check that the host is a registry, or try again later"),
        (b"", "TLS with 0.0.0.0 failed: UNEXPECTED_EOF_WHILE_READING; check that the host is a registry, or try again later"),
        (b"220 smtp.example\r\n", "0.0.0.0 does not speak TLS; if its registry serves plain HTTP, allow that with --plain-http"),
    ],
)  # fmt: skip
def test_tls_that_fails(monkeypatch: pytest.MonkeyPatch, answer: bytes, message: str) -> None:
    """A handshake that fails is not called a certificate."""
    monkeypatch.setenv("NO_PROXY", "0.0.0.0")  # noqa: S104 - an address that is asked, not listened on
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(RegistryError) as error:
            look_up(f"0.0.0.0:{server.getsockname()[1]}/app:1")
        server.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)
    assert (error.value.problem, str(error.value)) == (Problem.TLS, message)


def test_certificate_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without certificates, and a device, are named in one line."""
    (tmp_path / "ca.pem").write_text("é -----BEGIN CERTIFICATE-----\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidValueError) as error:
        Transport(ca_file=tmp_path / "ca.pem")
    path = repr(str(tmp_path / "ca.pem"))
    assert str(error.value) == f"certificate file holds no certificate: {path}; allowed: certificates in PEM"
    with pytest.raises(InvalidValueError, match="certificate file is not a regular file"):
        Transport(ca_file=tmp_path / "pipe")
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/zero")
    with pytest.raises(InvalidValueError, match="file of SSL_CERT_FILE is not a regular file: '/dev/zero'"):
        Transport()
