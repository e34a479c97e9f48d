"""What tests hold in place of seconds: what a piece of work reads and opens, and that it does not hang."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

__all__ = ["bytes_read", "count_opened", "fails_where_it_hangs"]

_IO = Path("/proc/self/io")


@contextmanager
def fails_where_it_hangs(seconds: int = 120) -> Iterator[None]:
    """Raise where the block waits or computes without end; no machine is so slow that it comes near."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"it hangs: not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def bytes_read(work: Callable[[], Any]) -> int:
    """Return how many bytes this process reads during some work, from files, devices and pipes; 0 where no system counts."""
    before = _read_so_far()
    work()
    return _read_so_far() - before


def _read_so_far() -> int:
    return int(_IO.read_text().split()[1]) if _IO.exists() else 0


def count_opened(monkeypatch: pytest.MonkeyPatch, most: int) -> list[str]:
    """Return the list of files that `os.open` opens from now on; the one after so many fails the test."""
    opened: list[str] = []
    real = os.open

    def counted(path: Any, *arguments: Any, **more: Any) -> int:
        opened.append(os.fspath(path))
        assert len(opened) <= most, f"more than {most} files are opened: {opened[-3:]}"
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", counted)
    return opened
