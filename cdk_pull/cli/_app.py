"""Runs a CDK app as the CDK CLI does, for its cloud assembly alone."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import UnsupportedError
from cdk_pull.files import read_json_object
from cdk_pull.template.assembly_folder import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["app_settings", "synthesize"]

_CDK_JSON: Final = "cdk.json"


def app_settings(folder: Path) -> dict[str, Any]:
    """Return what ``cdk.json`` says, or nothing when there is none.

    Raises:
        InvalidValueError: if it cannot be read or is not a JSON object.
    """
    path = folder / _CDK_JSON
    if not os.path.lexists(path):
        return {}
    return read_json_object(path, _CDK_JSON, allowed="the settings of the CDK CLI")


def synthesize(command: str, folder: Path, context: Mapping[str, Any], output: Path) -> Path:
    """Run an app and return its cloud assembly.

    Args:
        command: as ``app`` in ``cdk.json``: a line for the shell.
        folder: to run it in.
        context: of ``cdk.json`` and ``cdk.context.json``.
        output: an empty folder, which becomes the assembly.

    Raises:
        UnsupportedError: if the app ends with an error, which it has printed itself.
    """
    # As the CLI does for a context that is too long for the environment.
    overflow = output.parent / "context.json"
    overflow.write_text(json.dumps(context), encoding="utf-8")
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": "{}",
        "CONTEXT_OVERFLOW_LOCATION_ENV": str(overflow),
        # Only the images are read: what the validators find is for cdk synth to tell.
        "CDK_VALIDATION": "false",
    }
    done = subprocess.run(command, shell=True, check=False, cwd=folder, env=environment)  # noqa: S602 - the user's own command line, which the CDK CLI runs in a shell too
    if done.returncode or not (output / MANIFEST).is_file():
        message = f"the app ended with status {done.returncode} and no cloud assembly: {command}; fix it, or name a cdk.out with --app"
        raise UnsupportedError(message)
    return output
