"""Writes a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cdk_pull.errors import UnsupportedError

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Replace a file's content in one step: a reader sees the old text or the new one, never a part.

    The file's permissions and a symbolic link to it stay.

    Raises:
        UnsupportedError: if the file cannot be written; it is then as it was.
    """
    target = path.resolve()
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        with tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise UnsupportedError(f"{path} cannot be written ({error.strerror}); it is as it was") from None


def _umask() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
