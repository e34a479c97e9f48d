"""A registry whose answers are wrong in hundreds of ways, each kind at each step of a look-up."""

from __future__ import annotations

import contextlib
import copy
import gzip
import hashlib
import json
import random
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from itertools import product
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tests.image.registry.fake import Registry, Reply
from tests.image.registry.layouts import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

__all__ = ["HostileRegistry", "Spoilt", "spoilt_answers"]

STEPS: Final = ("manifest", "config", "layer", "token")
BOMB: Final = gzip.compress(bytes(200 << 20), 9)
DEEP: Final = b"[" * 100_000
LONG: Final = "x" * 100_000
VALUES: Final[tuple[Any, ...]] = (
    None, True, -1, 0, 1, 2**62, 2**63 - 1, 10**30, 1e308, float("inf"), float("nan"), "", "\ud800", "a\udfffb",
    "\x1b[31m\n::error::\u202e", LONG, [], {}, [[]], [None] * 2000, {"a": {}}, "sha256:" + "0" * 64, "linux",
)  # fmt: skip
STATUS_LINES: Final = (
    b"", b"\0" * 100, b"\r\n" * 50, b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 99 X\r\n\r\n",
    b"HTTP/1.1 999 X\r\n\r\n", b"HTTP/1.1 abc X\r\n\r\n", b"220 smtp.example ESMTP\r\n", b"\x16\x03\x01\x02\0\x01\0", b"<html>",
    b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n",
)  # fmt: skip
HEADERS: Final = (
    b"Content-Length: -1", b"Content-Length: 1e3", b"Content-Length: " + b"9" * 30, b"Content-Length: 1\r\nContent-Length: 2",
    b"Content-Length: 5000000000", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"X: a\0b", b": x", b"X",
    b"X: " + b"y" * 200_000, b"X: \xff\xfe", b"\r\nX: y" * 5000, b"Content-Encoding: br", b"Content-Encoding: gzip, gzip",
    b"Content-Encoding: \xff", b"Docker-Content-Digest: sha256:" + b"0" * 64, b"Docker-Content-Digest: sha512:", b"Connection: close",
)  # fmt: skip
LOCATIONS: Final = (
    "", "//", "http://", "http://[", "http://[::1", "http://:99999/", "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://a..b/",
    "ftp://a.example/", "javascript:alert(1)", "http://\x7f/", "http://127.0.0.1:9/", "../" * 500, "/" + "x" * 70_000, "?", "#",
    "http://user:pass@127.0.0.1:9/", "http://xn--a/", "http://%00/", "http://é.example:port/", "\\\\a\\b",
)  # fmt: skip
WAITS: Final = (
    "Fri, 31 Dec 99999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -9999", "Mon, 00 Jan 0000 00:00:00 GMT", "9" * 500, "-1", "1e999", "nan",
    "٣", "", "0x10", "Thu, 01 Jan 1970 00:00:00 +2400", "31 Feb 2026", "1, 2", "\xff", "Mon, 1 Jan 99999999999999999999 00:00:00 GMT",
)  # fmt: skip
CHALLENGES: Final = (
    "", "Bearer", "Bearer realm", "Bearer realm=", 'Bearer realm="', 'Bearer realm="http://["', 'Bearer realm="http://h:99999/t"',
    'Bearer realm="//"', 'Bearer realm="ftp://a.example"', 'Bearer realm="http://127.0.0.1:9/t"', "Basic", "Negotiate", "Digest a=b, Bearer",
    ("Bearer " * 2000).strip(), 'Bearer realm="' + "x" * 20_000 + '"', 'Bearer realm="http://a\x7f.example/"', "\xff\xfe", ",,,,", 'Bearer realm="http://é..ß/"',
    'Bearer realm="http://a b/"', "Bearer realm=http://127.0.0.1:0/,scope=,service=",
)  # fmt: skip
RANGES: Final = (
    "",
    "bytes",
    "bytes 0-0/0",
    "bytes */*",
    "bytes 0-7/99999999999999999999",
    "octets 0-7/8",
    "bytes -1--1/-1",
)
BODIES: Final = (
    DEEP, b'{"a":' * 50_000, b"1" * 5000, b'"\xff"', b"\xef\xbb\xbf{}", b" " * (9 << 20), b'{"a":' + b"9" * 5000 + b"}",
)  # fmt: skip
SLOW: Final = ("silent", "trickle", "informational", "chunks")


PIECES: Final = {
    "silent": (b"", b""),
    "trickle": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "informational": (b"", b"HTTP/1.1 103 X\r\n\r\n"),
}


@dataclass(frozen=True)
class Spoilt:
    """One wrong answer.

    Attributes:
        step: at which it is given: for the manifest, the configuration, a layer, or by the token server.
        raw: what is sent in place of an answer; None for an answer that is well-formed HTTP.
        document: what is sent as the document of the step.
        slow: one of `SLOW`, sent without end.
    """

    step: str
    raw: bytes | None = None
    document: bytes | None = None
    slow: str = ""


def spoilt_answers(count: int, seed: int = 1) -> Iterator[Spoilt]:
    """Yield as many wrong answers as asked for: every one of the lists above first, then documents with wrong values."""
    made = list(_raw_answers())
    made += [Spoilt(step, slow=slow) for step in STEPS for slow in SLOW]
    yield from made[:count]
    choice = random.Random(seed)  # noqa: S311 - which value is wrong is no secret
    registry = Registry()
    manifest = json.loads(registry.manifest)
    config = json.loads(registry.blobs[manifest["config"]["digest"]])
    config["history"] = [{"created_by": "/bin/sh -c make"}, {"created_by": "COPY . .", "empty_layer": False}]
    token = {"token": "t", "access_token": "t", "expires_in": 1}
    for _ in range(count - len(made)):
        step, document = choice.choice((("manifest", manifest), ("config", config), ("token", token)))
        wrong = json.loads(json.dumps(document))
        for _ in range(choice.randint(1, 3)):
            _replace(wrong, choice)
        yield Spoilt(step, document=json.dumps(wrong).encode())


def _raw_answers() -> Iterator[Spoilt]:
    for step, line in product(STEPS, STATUS_LINES):
        yield Spoilt(step, raw=line)
    for step, header in product(("manifest", "layer"), HEADERS):
        yield Spoilt(step, raw=b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n{}")
    for step, location in product(("manifest", "layer"), LOCATIONS):
        yield _with_header(step, "307", "Location", location)
    for step, wait in product(("manifest", "token"), WAITS):
        yield _with_header(step, "429", "Retry-After", wait)
    for challenge in CHALLENGES:
        yield _with_header("manifest", "401", "WWW-Authenticate", challenge)
    for stated in RANGES:
        yield _with_header("layer", "206", "Content-Range", stated)
    for step, encoding in product(STEPS, ("gzip", "deflate")):
        yield Spoilt(step, raw=_answer(BOMB, f"Content-Encoding: {encoding}\r\n"))
    for step, body in product(STEPS, BODIES):
        yield Spoilt(step, raw=_answer(body))


def _with_header(step: str, status: str, name: str, value: str) -> Spoilt:
    head = f"HTTP/1.1 {status} X\r\n{name}: {value}\r\nContent-Length: 2\r\n\r\n{{}}"
    return Spoilt(step, raw=head.encode())


def _answer(body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _replace(document: Any, choice: random.Random) -> None:
    """Put a wrong value somewhere into a document."""
    here = document
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = choice.choice(keys)
        if isinstance(here[key], (dict, list)) and here[key] and choice.random() < 0.7:
            here = here[key]
            continue
        here[key] = copy.deepcopy(choice.choice(VALUES))
        return


class HostileRegistry(Registry):
    """A registry that spoils the image ``hN:1`` by the N-th answer given, and serves every other as it is."""

    def __init__(self, answers: list[Spoilt]) -> None:
        super().__init__()
        self.answers = answers
        self.documents: dict[int, bytes] = {}
        for number, answer in enumerate(answers):
            if answer.document is not None and answer.step != "token":
                self.documents[number] = self._manifest(answer.step, answer.document)

    def _manifest(self, step: str, document: bytes) -> bytes:
        if step == "manifest":
            return document
        # A configuration is spoilt before its digest is taken, as whoever pushes the image can do.
        manifest = json.loads(self.manifest)
        self.blobs[digest := f"sha256:{hashlib.sha256(document).hexdigest()}"] = document
        manifest["config"] |= {"digest": digest, "size": len(document)}
        return json.dumps(manifest).encode()

    def step_of(self, path: str) -> str:
        """Return the step that a request is made at."""
        if "/manifests/" in path:
            return "manifest"
        if path.endswith("/token"):
            return "token"
        return "config" if path.endswith(json.loads(self.manifest)["config"]["digest"]) else "layer"

    def spoilt_reply(self, path: str, headers: Message) -> Spoilt | Reply:
        """Return what is answered at a path: well-formed, or the wrong answer itself."""
        if path == "/v2/":  # what skopeo asks first
            return 200, {}, b"{}"
        name = (path.split("/") + [""] * 3)[2]
        good = self.reply(path, "", headers.get("Range", ""))
        if not name.startswith("h") or not name[1:].isdigit():
            return good
        number = int(name[1:])
        spoilt, step = self.answers[number], self.step_of(path)
        if spoilt.step == "token" and step == "manifest" and not headers.get("Authorization"):
            realm = f'Bearer realm="http://{self.host}/v2/{name}/token"'
            return 401, {"WWW-Authenticate": realm}, b""
        if step == "manifest" and number in self.documents:
            return 200, {}, self.documents[number]
        if step != spoilt.step or (spoilt.document is not None and step != "token"):
            return good
        return spoilt if spoilt.document is None else (200, {}, spoilt.document)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return the handler for an HTTP server."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_GET(self) -> None:
                self.close_connection = True
                path = urlsplit(self.path).path
                answer = registry.spoilt_reply(path, self.headers)
                if isinstance(answer, Spoilt):
                    with contextlib.suppress(OSError):
                        self._spoil(answer)
                else:
                    self._plain(*answer)

            def _spoil(self, spoilt: Spoilt) -> None:
                if spoilt.raw is not None:
                    self.wfile.write(spoilt.raw)
                    return
                begin, piece = PIECES[spoilt.slow]
                self.wfile.write(begin)
                ends = time.monotonic() + 8
                while time.monotonic() < ends:
                    self.wfile.write(piece)
                    time.sleep(0.05)

            def _plain(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                kind = {"Content-Type": MANIFEST} if "/manifests/" in self.path else {}
                for name, value in {"Content-Length": str(len(body)), **kind, **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
