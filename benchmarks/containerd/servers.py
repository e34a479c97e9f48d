"""A registry and a containerd of their own, on 127.0.0.1 and below one folder; each ends with its block."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["NAMESPACE", "Containerd", "containerd", "registry"]

NAMESPACE = "k8s.io"
"""Where the CRI plugin keeps its images; used throughout, so that both ways to pull are alike."""

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0

_REGISTRY_CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: "{root}"}}
http: {{addr: "{address}"}}
{auth}"""

_REGISTRY_AUTH = """\
auth: {{htpasswd: {{realm: "registry", path: "{path}"}}}}
"""

_CONTAINERD_CONFIG = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"

[grpc]
address = "{folder}/containerd.sock"

[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{folder}/cni"
conf_dir = "{folder}/cni"
"""


@dataclass(frozen=True, slots=True)
class Containerd:
    """A running containerd.

    Attributes:
        socket: its gRPC socket.
        snapshotter: ``overlayfs``, or ``native`` where the kernel refuses overlay mounts.
        prefix: the words that keep a client to the same share of the processors.
    """

    socket: Path
    snapshotter: str
    prefix: Sequence[str]

    def ctr(self, *arguments: str) -> str:
        """Run containerd's own client and return what it prints."""
        command = [*self.prefix, "ctr", "--address", str(self.socket), "--namespace", NAMESPACE, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"ctr {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def registry(folder: Path, *, htpasswd: Path | None = None) -> Iterator[str]:
    """Run a registry without TLS that keeps its blobs below the folder; yield its address.

    Args:
        folder: to keep them in.
        htpasswd: a file with who may pull and push; anybody by default.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    config = folder / "registry.yml"
    auth = "" if htpasswd is None else _REGISTRY_AUTH.format(path=htpasswd)
    config.write_text(
        _REGISTRY_CONFIG.format(root=folder / "registry", address=address, auth=auth), encoding="utf-8"
    )

    def answers() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    with _running(["docker-registry", "serve", str(config)], folder / "registry.log", answers):
        yield address


@contextmanager
def containerd(folder: Path, *, prefix: Sequence[str], snapshotter: str) -> Iterator[Containerd]:
    """Run containerd with all it stores below the folder, which must be new: its first pull is cold."""
    folder.mkdir()
    config = folder / "containerd.toml"
    config.write_text(_CONTAINERD_CONFIG.format(folder=folder, snapshotter=snapshotter), encoding="utf-8")
    server = Containerd(folder / "containerd.sock", snapshotter, prefix)

    def answers() -> bool:
        try:
            server.ctr("version")
        except RuntimeError:
            return False
        return True

    with _running(
        [*prefix, "containerd", "--config", str(config), "--log-level", "error"],
        folder / "containerd.log",
        answers,
    ):
        yield server


@contextmanager
def _running(command: Sequence[str], log: Path, answers: Callable[[], bool]) -> Iterator[None]:
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(encoding="utf-8", errors="replace").strip()[-400:]
                raise RuntimeError(f"{' '.join(command)} does not answer: {tail}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
