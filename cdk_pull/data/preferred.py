"""The dated facts that can be refreshed: the user's own file before the package's.

``cdk-pull refresh`` writes into a folder; the environment variable ``CDK_PULL_DATA_DIR`` names it to everything that
reads facts, the synth included. Commit the folder, so that every synth reads the same.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from cdk_pull.data import packaged
from cdk_pull.errors import InvalidValueError
from cdk_pull.files import UnreadableFileError, read_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DATA_DIR_VARIABLE", "data_dir", "load_data", "read_data"]

DATA_DIR_VARIABLE: Final = "CDK_PULL_DATA_DIR"

_Parsed = TypeVar("_Parsed")


def data_dir() -> Path | None:
    """Return the folder of the user's own facts, or None.

    Raises:
        InvalidValueError: for a name that is not a folder, which would silently mean the package's facts.
    """
    name = os.environ.get(DATA_DIR_VARIABLE)
    if not name:
        return None
    path = Path(name)
    if not path.is_dir():
        raise InvalidValueError(
            f"{DATA_DIR_VARIABLE} is not a folder",
            name,
            allowed="the folder that cdk-pull refresh has written",
        )
    return path


def read_data(name: str) -> str:
    """Return the text of a file of facts: the user's own if there is one, otherwise the package's."""
    folder = data_dir()
    if folder and (folder / name).exists():
        return read_text(folder / name, f"file of {DATA_DIR_VARIABLE}")
    return packaged(name)


def load_data(parse: Callable[..., _Parsed], *names: str) -> _Parsed:
    """Return what ``parse`` makes of the texts of files of facts.

    Raises:
        InvalidValueError: if a file of the user's own is not of the form of the package's.
    """
    try:
        return parse(*(read_data(name) for name in names))
    except UnreadableFileError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        folder = data_dir()
        if folder is None:
            raise
        raise InvalidValueError(
            f"{' or '.join(names)} cannot be read",
            str(folder),
            allowed=f"what cdk-pull refresh writes ({type(error).__name__}: {error})",
        ) from None
