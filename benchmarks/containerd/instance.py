"""An instance on this machine: real bash, Docker and files, which vanish with it; systemd alone is a stand-in.

It has mounts and processes of its own. ``/etc`` is a copy, ``/run`` is empty, and Docker keeps all else below one folder,
so that a user data script runs as it is, and ends with everything that it started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Instance", "missing_docker"]

_PROGRAMS: Final = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "docker-registry": "docker-registry",
    "htpasswd": "apache2-utils",
    "skopeo": "skopeo",
    "unshare": "util-linux",
    "zstd": "zstd",
}
_SECONDS: Final = 300

# Docker without a network of its own: no test needs one, and nothing here may touch the machine's iptables.
_SYSTEMCTL: Final = """#!/bin/bash
echo "$*" >> {folder}/systemctl.log
case "$*" in
"start docker") docker version >/dev/null 2>&1 && exit 0
setsid dockerd --data-root {folder}/docker --bridge=none --iptables=false --ip6tables=false \\
</dev/null >>{folder}/dockerd.log 2>&1 &
for each in {{1..150}}; do docker version >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1;;
"is-active -q docker") [ -S /run/docker.sock ];;
"reload docker") kill -HUP "$(cat /run/docker.pid)";;
esac
"""

_BOOT: Final = """set -e
mount --bind {folder}/etc /etc
mount -t tmpfs tmpfs /run
export PATH={folder}/bin:$PATH
"""


def missing_docker() -> str:
    """Return why no instance with Docker can run here, or an empty string."""
    if os.name != "posix" or os.geteuid() != 0:
        return "an instance of its own mounts file systems, which needs root"
    missing = sorted({package for name, package in _PROGRAMS.items() if shutil.which(name) is None})
    if missing:
        return f"not installed: apt-get install {' '.join(missing)}"
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],  # noqa: S607 - Debian's own
        check=False,
        capture_output=True,
        text=True,
    )
    return f"no mounts in a namespace of its own: {done.stderr.strip()}" if done.returncode else ""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that boots once for each call of ``boot``, with the images of the boots before.

    Attributes:
        folder: what it keeps; its path has to be short, for Docker's sockets.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path, *, hosts: Mapping[str, str] | None = None) -> Instance:
        """Return a new instance.

        Args:
            folder: an empty folder for what it keeps.
            hosts: names that it resolves, with their addresses.
        """
        shutil.copytree("/etc", folder / "etc", symlinks=True, ignore=shutil.ignore_patterns("docker"))
        with (folder / "etc" / "hosts").open("a", encoding="utf-8") as file:
            file.writelines(f"{address} {name}\n" for name, address in (hosts or {}).items())
        (folder / "bin").mkdir()
        machine = cls(folder)
        machine.program("systemctl", _SYSTEMCTL.format(folder=folder))
        return machine

    def program(self, name: str, script: str) -> None:
        """Put a program on the path, before the machine's own."""
        path = self.folder / "bin" / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def boot(self, user_data: str, after: str = "") -> subprocess.CompletedProcess[str]:
        """Run a user data script as cloud-init does, and then what the agent or a test does.

        Args:
            user_data: the script, with its shebang.
            after: bash that runs after it, whatever its status.
        """
        script = self.folder / "part-001"
        script.write_text(user_data, encoding="utf-8")
        script.chmod(0o700)
        boot = _BOOT.format(folder=self.folder)
        session = f"{boot}set +e\n{script} 2>&1\nexport BOOT_STATUS=$?\n{after}\n"
        return subprocess.run(
            [  # noqa: S607 - Debian's own
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "bash",
                "-c",
                session,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
