"""Docstrings that are pages for users, also where Python has been told to leave docstrings out (``-OO``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["docstring_of"]


def docstring_of(function: Any) -> str:
    """Return a function's docstring, from its source where the function has none; empty where neither has it."""
    import inspect  # noqa: PLC0415 - slow to import, and few commands show pages

    function = inspect.unwrap(function)
    stated = inspect.getdoc(function)
    return stated or _docstrings(function.__code__.co_filename).get(function.__name__, "")


@cache
def _docstrings(file: str) -> dict[str, str]:
    import ast  # noqa: PLC0415 - takes a while, and nearly all have their docstrings

    try:
        # From Python 3.14, ast.parse leaves docstrings out where the interpreter does.
        source = Path(file).read_bytes()
        tree: Any = compile(source, file, "exec", ast.PyCF_ONLY_AST, dont_inherit=True, optimize=0)
    except (OSError, SyntaxError, ValueError):
        return {}
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    return {each.name: ast.get_docstring(each) or "" for each in functions}
