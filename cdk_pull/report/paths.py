"""Files as code hosts know them."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["in_repository"]


def in_repository(file: str) -> Path:
    """Return a file's path as from the repository's root, which GitHub Actions tells, or from the working folder.

    A file that does not lie there is returned as it is named.
    """
    root = os.environ.get("GITHUB_WORKSPACE") or Path.cwd()
    path = Path(os.path.abspath(file))  # noqa: PTH100 - a link stays what it is, and a .. goes
    return path.relative_to(root) if path.is_relative_to(root) else Path(file)
