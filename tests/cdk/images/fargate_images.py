"""What the tests of FargateImage share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BIG", "HALF_A_MINUTE", "IRELAND", "stack_in", "web_folder"]

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
BIG: dict[str, Any] = {"compressed": "800MB", "uncompressed": "2.4GB"}
HALF_A_MINUTE = cdk.Duration.seconds(30)


def web_folder(folder: Path) -> str:
    """Return a folder with a Dockerfile."""
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    (folder / "app").write_text("works")
    return str(folder)


def stack_in(env: cdk.Environment | None = IRELAND, **options: Any) -> cdk.Stack:
    """Return a new stack in an app of its own."""
    return cdk.Stack(cdk.App(), "Stack", env=env, **options)
