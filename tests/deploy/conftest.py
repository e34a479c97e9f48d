"""An emulator of AWS on 127.0.0.1, and the real CDK CLI pointed at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLI = ROOT / "node_modules" / ".bin" / "cdk"


@dataclass(frozen=True)
class Aws:
    """Where the emulator listens, and a home folder without anybody's credentials or caches."""

    endpoint: str
    home: Path

    def environment(self, account: str, region: str) -> dict[str, str]:
        """Return the environment of a process that works in an account and Region of the emulator.

        The emulator takes an access key of twelve digits for the account.
        """
        own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_"))}
        return own | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }

    def cdk(self, *arguments: str, account: str, region: str) -> str:
        """Run the CDK CLI; return what it printed, and fail with it."""
        run = subprocess.run(
            [CLI, *arguments],
            cwd=ROOT,
            env=self.environment(account, region),
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
        assert run.returncode == 0, f"cdk {' '.join(arguments)}\n{run.stdout}"
        return run.stdout

    def session(self, account: str, region: str) -> boto3.Session:
        """Return a session in an account and Region of the emulator; name ``endpoint`` to each client."""
        return boto3.Session(aws_access_key_id=account, aws_secret_access_key="none", region_name=region)  # noqa: S106


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """Start the emulator on a free port, wait until it answers, and end it after the last test."""
    if not CLI.exists():
        pytest.skip("the CDK CLI is not installed: run `make install`")
    folder = tmp_path_factory.mktemp("emulator")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # It listens on every address, and opens two more servers, unless told not to.
    only_this = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
        "HOME": str(folder),
    }
    log = folder / "emulator.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=folder,
            env=os.environ | only_this,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            _wait(server, port, log)
            yield Aws(f"http://127.0.0.1:{port}", folder)
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the emulator takes connections, at most a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the emulator does not answer:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
