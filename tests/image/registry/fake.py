"""A registry in a few lines, whose answers a test may spoil."""

from __future__ import annotations

import hashlib
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from tests.image.registry.layouts import Image, layer, manifest_of

if TYPE_CHECKING:
    from collections.abc import Callable

Reply: TypeAlias = tuple[int, dict[str, str], bytes]


class Registry:
    """A registry whose answers a test writes; it keeps what it was asked."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.replies: dict[str, Callable[[int], Reply]] = {}
        self.slow: set[str] = set()
        self.host = ""
        self.manifest = manifest_of(Image((layer("gzip"), layer("none", seed=2))), self.store)
        self.tags = {"1": self.manifest}

    def store(self, data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        """Keep a blob and describe it."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def reply(self, path: str, authorization: str, ranged: str) -> Reply:
        """Answer a request as a registry does, unless the test has another idea."""
        self.asked.append((path, authorization))
        parts = path.split("/")
        if path in self.replies:
            return self.replies[path](sum(asked == path for asked, _ in self.asked))
        if "manifests" in parts and parts[-1] in self.tags:
            return 200, {}, self.tags[parts[-1]]
        data = self.blobs.get(parts[-1])
        if data is None:
            return 404, {}, b"{}"
        if not ranged:
            return 200, {}, data
        first, last = (int(number) for number in ranged.removeprefix("bytes=").split("-"))
        return 206, {"Content-Range": f"bytes {first}-{last}/{len(data)}"}, data[first : last + 1]

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return the handler for an HTTP server."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                ranged = self.headers.get("Range", "")
                status, headers, body = registry.reply(path, self.headers.get("Authorization", ""), ranged)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for at in range(len(body)) if path in registry.slow else ():
                        self.wfile.write(body[at : at + 1])
                        time.sleep(0.05)
                    self.wfile.write(b"" if path in registry.slow else body)
                except OSError:
                    self.close_connection = True

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
