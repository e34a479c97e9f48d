"""Looks up 200 images of a real registry 50 ms away, against one image and against ``skopeo inspect`` in a loop.

Runs Debian's docker-registry on 127.0.0.1 with TLS and a password, and a proxy before it that holds back every piece
of data for 25 ms in each direction. Every image has a base layer that all share and two layers of its own.

    python -m benchmarks.registry_look_up [--images 200] [--latency-ms 50] [--no-skopeo]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.credentials import Credentials
from cdk_pull.image.registry.many import look_up_all
from tests.image.registry.layouts import MANIFEST, Image, digest_of, layer, manifest_of
from tests.image.registry.servers import (
    PASSWORD,
    USER,
    Certificate,
    docker_registry,
    htpasswd_auth,
    make_certificate,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 65536


class _DelayingProxy:
    """Passes TCP on, every piece of data after the same delay, in the order in which it came."""

    def __init__(self, target: int, seconds: float) -> None:
        self._target = target
        self._seconds = seconds

    async def serve(self, ready: asyncio.Future[int]) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1024)
        ready.set_result(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(
            self._pass_on(reader, far_writer), self._pass_on(far_reader, writer), return_exceptions=True
        )

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sender = asyncio.create_task(self._send(pieces, writer))
        try:
            while piece := await reader.read(_PIECE):
                pieces.put_nowait((time.monotonic() + self._seconds, piece))
        finally:
            pieces.put_nowait((time.monotonic() + self._seconds, b""))
            await sender

    async def _send(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not piece:
                writer.close()
                return
            writer.write(piece)


def _serve(target: int, seconds: float, port: multiprocessing.Queue[int]) -> None:
    async def serve() -> None:
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        ready.add_done_callback(lambda done: port.put(done.result()))
        await _DelayingProxy(target, seconds).serve(ready)

    asyncio.run(serve())


@contextmanager
def _delayed(target: int, seconds: float) -> Iterator[int]:
    """Run the proxy in a process of its own, as a network takes nothing of a client's time; yield its port."""
    context = multiprocessing.get_context("spawn")
    port: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=_serve, args=(target, seconds, port), daemon=True)
    process.start()
    try:
        yield port.get(timeout=30)
    finally:
        process.terminate()
        process.join()


def _push_all(host: str, tls: Certificate, count: int) -> None:
    base = layer("gzip", 60_000, seed=0)
    with httpx.Client(
        base_url=f"https://{host}/v2/", verify=str(tls.certificate), auth=(USER, PASSWORD), timeout=60
    ) as client:

        def push(number: int) -> None:
            def store(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
                described = {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}
                begun = client.post(f"app-{number}/blobs/uploads/")
                url = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": described["digest"]})
                client.put(url, content=data).raise_for_status()
                return described

            own = (layer("gzip", 20_000, seed=number * 2 + 1), layer("gzip", 9_000, seed=number * 2 + 2))
            manifest = manifest_of(Image((base, *own)), store)
            answer = client.put(
                f"app-{number}/manifests/1", content=manifest, headers={"Content-Type": MANIFEST}
            )
            answer.raise_for_status()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(push, range(count)))


def _ours(host: str, tls: Certificate, count: int) -> float:
    references = [(ImageReference.parse(f"{host}/app-{number}:1"), None) for number in range(count)]
    began = time.perf_counter()
    results = look_up_all(
        references, lambda: RegistryClient(lambda _: Credentials(USER, PASSWORD), ca_file=tls.certificate)
    )
    seconds = time.perf_counter() - began
    assert all(
        result.facts and all(each.uncompressed_source == "measured" for each in result.facts.profile.layers)
        for result in results
    )
    return seconds


def _skopeo(host: str, tls: Certificate, count: int) -> float:
    certificates = tls.certificate.parent / "certs.d"
    certificates.mkdir(exist_ok=True)
    (certificates / "ca.crt").write_bytes(tls.certificate.read_bytes())
    access = ["--no-tags", "--creds", f"{USER}:{PASSWORD}", "--cert-dir", str(certificates)]
    program = shutil.which("skopeo") or "skopeo"
    began = time.perf_counter()
    for number in range(count):
        command = [program, "inspect", *access, f"docker://{host}/app-{number}:1"]
        subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--no-skopeo", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tls = make_certificate(folder)
        with docker_registry(folder, tls, htpasswd_auth(folder, cost=4)) as real:
            _push_all(real, tls, arguments.images)
            with _delayed(int(real.rpartition(":")[2]), arguments.latency_ms / 2000) as port:
                host = f"127.0.0.1:{port}"
                rows = {"images": arguments.images, "latency_ms": arguments.latency_ms}
                rows["one image, s"] = round(_ours(host, tls, 1), 2)
                rows["all images, s"] = round(_ours(host, tls, arguments.images), 2)
                if not arguments.no_skopeo:
                    rows["skopeo inspect in a loop, s"] = round(_skopeo(host, tls, arguments.images), 2)
                    rows["share of the loop"] = round(
                        rows["all images, s"] / rows["skopeo inspect in a loop, s"], 3
                    )
    json.dump(rows, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
