"""Real registries on 127.0.0.1: Debian's docker-registry with TLS, and a token server beside it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USER, PASSWORD = "alice", "s3cret-pass-word"
PROGRAMS = ("docker-registry", "skopeo", "htpasswd", "openssl", "zstd")


def missing_programs() -> list[str]:
    """Return the programs that the long tests need and that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@dataclass(frozen=True)
class Certificate:
    """A key and its certificate for 127.0.0.1 and localhost, which signs itself."""

    key: Path
    certificate: Path


def make_certificate(
    folder: Path, name: str = "tls", *, days: int = 2, hosts: Sequence[str] = ()
) -> Certificate:
    """Make a certificate; none makes one that has expired at once.

    Args:
        folder: to write it into.
        name: of its files.
        days: until it expires.
        hosts: that it is good for besides this machine.
    """
    key, certificate, request = (str(folder / f"{name}.{kind}") for kind in ("key", "crt", "csr"))
    names = ",".join(["DNS:localhost", "IP:127.0.0.1", *(f"DNS:{host}" for host in hosts)])
    subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"]
    new = [
        "openssl",
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        *subject,
        "-keyout",
        key,
        "-out",
        request,
    ]
    sign = [
        "openssl",
        "x509",
        "-req",
        "-in",
        request,
        "-signkey",
        key,
        "-days",
        str(days),
        "-out",
        certificate,
    ]
    for command in (new, [*sign, "-copy_extensions", "copy"]):
        subprocess.run(command, check=True, capture_output=True)
    return Certificate(Path(key), Path(certificate))


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def docker_registry(
    folder: Path, tls: Certificate, auth: dict[str, Any] | None = None, *, upstream: str = ""
) -> Iterator[str]:
    """Run docker-registry until the block ends; yield its host and port.

    Args:
        folder: for its storage.
        tls: its certificate, and the one that the upstream is trusted by.
        auth: whom it lets in; everybody by default.
        upstream: host and port of a registry, of which it is then a pull-through cache.
    """
    port = free_port()
    config = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {
            "addr": f"127.0.0.1:{port}",
            "tls": {"certificate": str(tls.certificate), "key": str(tls.key)},
        },
        "auth": auth or {},
        **({"proxy": {"remoteurl": f"https://{upstream}"}} if upstream else {}),
    }
    (folder / "registry.json").write_text(json.dumps(config))
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "registry.json")],
            stdout=log,
            stderr=log,
            env={**os.environ, "SSL_CERT_FILE": str(tls.certificate)},
        )
    try:
        _wait(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def htpasswd_auth(folder: Path, *, cost: int = 5) -> dict[str, Any]:
    """Return the configuration for Basic, with one user; each request costs the registry 2 to the power of ``cost``."""
    done = subprocess.run(
        ["htpasswd", "-Bbn", "-C", str(cost), USER, PASSWORD], check=True, capture_output=True
    )
    (folder / "htpasswd").write_bytes(done.stdout.strip() + b"\n")
    return {"htpasswd": {"realm": 'test, "quoted"', "path": str(folder / "htpasswd")}}


def token_auth(tls: Certificate, token_host: str) -> dict[str, Any]:
    """Return the configuration for Bearer, with tokens of the server at ``token_host``."""
    return {
        "token": {
            "realm": f"https://{token_host}/token",
            "service": "the registry",
            "issuer": "the token server",
            "rootcertbundle": str(tls.certificate),
        }
    }


@contextmanager
def token_server(folder: Path, tls: Certificate) -> Iterator[str]:
    """Run a token server that knows one user; yield its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            allowed = self.headers.get("Authorization") == f"Basic {known}"
            body = json.dumps(
                {"token": _token(folder, tls, query.get("scope", []))} if allowed else {}
            ).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with https_server(Handler, tls) as host:
        yield host


class _Server(ThreadingHTTPServer):
    """A server that lets as many connections wait as a client opens at once."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has had enough of an answer."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def https_server(handler: type[BaseHTTPRequestHandler], tls: Certificate | None) -> Iterator[str]:
    """Serve with ``handler`` over TLS, or over HTTP without a certificate; yield host and port."""
    server = _Server(("127.0.0.1", 0), handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        # The handshake in the connection's own thread: one that stops half-way must not stop the others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ecr_server(status: int, answer: dict[str, Any], asked: list[str]) -> type[BaseHTTPRequestHandler]:
    """Return a server that answers as Amazon ECR's API does, and keeps what authorized each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["Authorization"])
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def tunnel(target: str) -> Iterator[str]:
    """Run an HTTP proxy that connects whatever it is asked for to one server; yield its host and port.

    Args:
        target: host and port.
    """
    host, _, port = target.partition(":")

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            with socket.create_connection((host, int(port))) as server:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_copy, args=(server, self.connection), daemon=True)
                back.start()
                _copy(self.connection, server)
                back.join()

        def log_message(self, *_: object) -> None:
            pass

    with https_server(Handler, None) as address:
        yield address


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def push(layout: Path, tag: str, image: str, tls: Certificate) -> None:
    """Push an OCI layout as it is."""
    certificates = tls.certificate.parent / "certs.d"
    certificates.mkdir(exist_ok=True)
    shutil.copy(tls.certificate, certificates / "ca.crt")
    credentials = ["--dest-creds", f"{USER}:{PASSWORD}", "--dest-cert-dir", str(certificates)]
    command = ["skopeo", "copy", "-q", "--all", "--preserve-digests", *credentials]
    done = subprocess.run(
        [*command, f"oci:{layout}:{tag}", f"docker://{image}"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def skopeo_inspect(image: str, tls: Certificate, *options: str) -> dict[str, Any]:
    """Return what ``skopeo inspect`` says."""
    access = ["--creds", f"{USER}:{PASSWORD}", "--cert-dir", str(tls.certificate.parent / "certs.d")]
    command = ["skopeo", "inspect", *access, *options, f"docker://{image}"]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def pull_unpacked(image: str, folder: Path, tls: Certificate) -> list[Path]:
    """Pull an image with skopeo, every layer unpacked, and return the layers' files in order."""
    access = ["--src-creds", f"{USER}:{PASSWORD}", "--src-cert-dir", str(tls.certificate.parent / "certs.d")]
    command = ["skopeo", "copy", "-q", "--dest-decompress", *access, f"docker://{image}", f"dir:{folder}"]
    subprocess.run(command, check=True, capture_output=True)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    return [folder / part["digest"].removeprefix("sha256:") for part in manifest["layers"]]


def _token(folder: Path, tls: Certificate, scopes: list[str]) -> str:
    """Return a JSON web token that grants the scopes, signed by openssl."""
    access = []
    for scope in scopes:
        kind, name, actions = scope.split(":")
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    now = int(time.time())
    der = ssl.PEM_cert_to_DER_cert(tls.certificate.read_text())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
    claims = {
        "iss": "the token server",
        "sub": USER,
        "aud": "the registry",
        "exp": now + 300,
        "nbf": now - 10,
        "iat": now,
        "jti": str(time.monotonic_ns()),
        "access": access,
    }
    signed = f"{_url64(json.dumps(header).encode())}.{_url64(json.dumps(claims).encode())}"
    command = ["openssl", "dgst", "-sha256", "-sign", str(tls.key)]
    signature = subprocess.run(
        command, input=signed.encode(), check=True, capture_output=True, cwd=folder
    ).stdout
    return f"{signed}.{_url64(signature)}"


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the registry ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the registry does not answer")
