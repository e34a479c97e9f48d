"""Docstrings as the reference of the documentation site shows them: Markdown, where the code has reStructuredText."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":[a-z]+:`~?(?:[\w.]*\.)?(\w+)`")
CODE_FOLLOWS = re.compile(r"::$", re.MULTILINE)


class Markdown(griffe.Extension):
    """Turns roles into code, and the two colons before a block of code into one."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of a class or function."""
        if obj.docstring is not None:
            obj.docstring.value = CODE_FOLLOWS.sub(":", ROLE.sub(r"`\1`", obj.docstring.value))
