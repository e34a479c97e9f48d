"""Writes a file whole or not at all, and changes one that other processes change at the same time."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_pull.errors import CannotWriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["update_whole", "write_whole"]

_LOCK_SECONDS: Final = 60.0
_LOCK_POLL_SECONDS: Final = 0.01
_ATTEMPTS: Final = 100
# Of the new content until it takes the place of the old.
_SUFFIX: Final = ".cdk-pull"


def write_whole(path: Path, text: str) -> None:
    """Replace a file's content in one step: a reader sees the old text or the new one, never a part.

    The file's permissions and a symbolic link to it stay. What is no regular file, such as ``/dev/stdout``, is written to.

    Raises:
        CannotWriteError: if the file cannot be written; it is then as it was.
    """
    with _failures_in_words(path):
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.write(text.encode())
            return
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text, lambda: True)


def update_whole(path: Path, change: Callable[[], str | None]) -> bool:
    """Change a file that other processes change too, and tell whether it was written.

    ``change`` is called with the file locked against every other call of this function. It reads the file, and
    returns the new text, or None to leave the file as it is. It is called again if a program that knows nothing of
    the lock has replaced the file meanwhile. A process that is killed leaves the old file or the new one and holds no
    lock; what it left beside the file is removed by the next update.

    Args:
        path: of the file, which need not exist.
        change: reads the file and returns its new text.

    Raises:
        CannotWriteError: if the file cannot be locked or written; it is then as it was.
    """
    import glob  # noqa: PLC0415 - slow to import, and most commands write nothing

    target = path.resolve()
    with _failures_in_words(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent, path):
            for left_over in target.parent.glob(f".{glob.escape(target.name)}.*{_SUFFIX}"):
                left_over.unlink(missing_ok=True)
            for _ in range(_ATTEMPTS):
                before = _identity(target)
                text = change()
                if text is None:
                    return False
                if _replace(target, text, lambda before=before: _identity(target) == before):  # type: ignore[misc]
                    return True
    raise CannotWriteError(
        f"{path} cannot be updated: another program rewrites it all the time; stop that program, then run again"
    )


def _replace(target: Path, text: str, may_replace: Callable[[], bool]) -> bool:
    """Write beside the file, then take its place if nothing stands against it."""
    import tempfile  # noqa: PLC0415 - slow to import, and most commands write nothing

    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    with tempfile.NamedTemporaryFile(
        "wb", dir=target.parent, prefix=f".{target.name}.", suffix=_SUFFIX, delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(mode)
            if may_replace():
                temporary.replace(target)
                return True
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    temporary.unlink(missing_ok=True)
    return False


@contextmanager
def _failures_in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWriteError(
            f"{path} cannot be written ({error.strerror or error}); it is as it was"
        ) from None


@contextmanager
def _locked(folder: Path, path: Path) -> Iterator[None]:
    """Hold the lock of a file's folder, which the system releases when the process ends, however it ends.

    The file itself cannot be locked, as it is replaced; the folder needs no further file beside it. Windows and file
    systems without locks do without: there, only the comparison before the replacement protects.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 - POSIX only

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    message = f"{path} is locked by another program for {_LOCK_SECONDS:.0f} s; end that program, then run again"
                    raise CannotWriteError(message) from None
                time.sleep(_LOCK_POLL_SECONDS)
            except OSError:
                break
            else:
                break
        yield
    finally:
        os.close(descriptor)


def _identity(target: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written, or None when there is no file."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _umask() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
