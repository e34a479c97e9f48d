"""Docstrings as the reference of the documentation site shows them: Markdown, where the code has reStructuredText."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":[a-z]+:`~?(?:[\w.]*\.)?(\w+)`")
CODE_FOLLOWS = re.compile(r"::$", re.MULTILINE)

RECORD = "cdk_pull.records.dataclass"


class Markdown(griffe.Extension):
    """Turns roles into code, and the two colons before a block of code into one."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of a class or function."""
        if obj.docstring is not None:
            obj.docstring.value = CODE_FOLLOWS.sub(":", ROLE.sub(r"`\1`", obj.docstring.value))

    def on_class_instance(self, *, cls: griffe.Class, **_: Any) -> None:
        """Tell griffe, which knows a dataclass by the decorator's name alone, that ours is one."""
        for each in cls.decorators:
            if each.callable_path == RECORD:
                called = each.value.function if isinstance(each.value, griffe.ExprCall) else each.value
                called.name, called.parent = "dataclasses.dataclass", None
