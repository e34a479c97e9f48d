"""What users read keeps to the glossary of CONTRIBUTING: no word of a private language, and no idiom of another one."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import pytest

from cdk_pull.cli import command_line
from cdk_pull.rules.engine.page import document

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
THINGS: Final = (
    "account|boolean|date|digest|duration|image|list|mapping|number|path|reference|Region|rule|severity|size|string|"
    "template|text|value|whole number"
)
# What to say is in the glossary; each pattern is as narrow as it can be without a sentence that is right.
FORBIDDEN: Final = {
    "fix": r"\bmend(?:s|ed|ing)?\b",
    "package": r"\b(?:plain|own|other|every|each) rooms?\b",
    "user data (never with an article)": r"\ba user data\b(?! (?:script|line|part|block|document))",
    "must be, invalid, unknown": rf"(?<!there )\b(?:is|are) none\b|(?<!there )\bis no (?:{THINGS})\b",
    "accepts": r"\b(?:EC2|Bottlerocket|Amazon EC[RS]|AWS Batch|the agent) takes\b(?! (?:\d|up|effect|the|about|as|longer|to))|; it takes\b",
    "accepts, supports": r"\b(?:does|do) not take\b|\bthat (?:the agent|Fargate|EC2|CDK|it) (?:does not )?takes?\b",
    "string": r"\ba text\b(?! (?:file|editor|format))",
    "a passive without told": r"\b(?:is|are|was|be|been) told\b",
    "requested": r"\b(?:is|are|was|were|the|size|value|behaviou?r) wanted\b",
    "covered": r"\bout of reach\b|\bthat (?:was|were|is|are) reached\b",
    "expensive": r"\bdear(?:er)?\b",
    "suppressed": r"\b(?:is|are|was|were) kept as (?:it is|they are)\b|\bkept findings?\b",
    "in words": r"\bin thought\b",
}


@cache
def _trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "cdk_pull").rglob("*.py"))}


def _messages() -> Iterator[tuple[str, str]]:
    """Yield each string of the package that is a sentence and no docstring, with its location."""
    for path, tree in _trees().items():
        documented = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        # A string after an attribute documents it.
        documented |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def _help() -> Iterator[tuple[str, str]]:
    """Yield the help of each command."""

    def walk(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
        context = click.Context(command, parent=parent, info_name=name)
        yield name, command.get_help(context)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                yield from walk(found, context, f"{name} {child}")

    yield from walk(command_line, None, "cdk-pull")


def _pages() -> Iterator[tuple[str, str]]:
    """Yield the pages in the repository; the glossary itself names what it forbids."""
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = re.sub(r"^## Glossary$.*?^## ", "## ", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line
    yield "the pages of the rules", document()


@pytest.mark.parametrize("source", [_messages, _help, _pages], ids=lambda source: source.__name__.strip("_"))
def test_no_forbidden_word(source: Iterator[tuple[str, str]]) -> None:
    """Messages, help and pages have none of the words that the glossary replaces."""
    found = [
        f"{where}: {match[0]!r} in {line.strip()[:100]!r}; say: {instead}"
        for where, text in source()  # type: ignore[operator]
        for line in text.splitlines()
        for instead, pattern in FORBIDDEN.items()
        if (match := re.search(pattern, line))
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("the value is none of the agent's", 1),
        ("a user data that writes", 1),
        ("a user data script", 0),
        ("cpu is no number", 1),
        ("there is no image in the registry", 0),
        ("the VPC's main route table where there is none", 0),
        ("a pull takes 30 s", 0),
        ("it takes 30 s", 0),
        ("x is y; it takes always or once", 1),
        ("in a form that the agent does not take", 1),
        ("room for images on the disk", 0),
        ("whether a subnet can reach a registry", 0),
        ("the smallest size wanted", 1),
    ],
)
def test_the_patterns(text: str, count: int) -> None:
    """A pattern finds the idiom, and leaves a sentence alone that has the word in its usual sense."""
    assert sum(bool(re.search(pattern, text)) for pattern in FORBIDDEN.values()) == count
