from __future__ import annotations

import os
from pathlib import Path

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_regular_file


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    """The content comes as it is, through a symbolic link too."""
    (tmp_path / "file").write_bytes(b"\0\r\n\xff")
    (tmp_path / "link").symlink_to("file")
    assert read_regular_file(tmp_path / "link", "settings") == b"\0\r\n\xff"


def test_a_missing_file_is_left_to_the_caller(tmp_path: Path) -> None:
    """For some files, not to exist is no error."""
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "none", "settings")


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """A device, a pipe that nobody writes to and a folder end in one line, not in a wait or a full memory."""
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path):
        with pytest.raises(InvalidValueError) as error:
            read_regular_file(path, "settings")
        assert str(error.value).startswith(("settings is not a regular file: ", "settings cannot be read ("))
        assert repr(str(path)) in str(error.value)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    """The bound holds to the byte, and a sparse file of a terabyte costs nothing."""
    path = tmp_path / "large"
    path.write_bytes(b"12345")
    assert read_regular_file(path, "settings", max_bytes=5) == b"12345"
    os.truncate(path, 1 << 40)
    with pytest.raises(InvalidValueError) as error:
        read_regular_file(path, "settings", max_bytes=1000)
    assert str(error.value) == f"settings is too large: {str(path)!r}; allowed: at most 1 kB"


def test_a_name_with_a_null_character_is_refused() -> None:
    """A path that no system call accepts is one line too."""
    with pytest.raises(InvalidValueError, match=r"settings cannot be read \(embedded null byte\)"):
        read_regular_file(Path("a\0b"), "settings")
