"""Templates that nobody would write: no crash, no endless work."""

from __future__ import annotations

import contextlib
import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.report.formats import FORMATS, render
from cdk_pull.rules.runner import Options, check
from cdk_pull.template.assembly import from_document
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.source import read_source
from cdk_pull.windows.window import to_date

DOCUMENTS = [
    read_source(path).document for path in sorted((Path(__file__).parent / "fixtures").glob("*/*.yaml"))
]
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, float("nan"), 10**30, "", "\ud800", "\x00\n\x1b[31m", "${A}", "${", "Td", [], {}, [[]],
    {"Ref": "Td"}, {"Ref": "AWS::NoValue"}, {"Fn::GetAtt": ["Repo", "RepositoryUri"]}, {"Fn::If": ["C", 1, 2]},
    {"Fn::Join": ["", ["a", {"Ref": "X"}]]}, {"Fn::Sub": "${AWS::Region}${Nope}"}, "a" * 20_000, "1" * 5000, "²",
]  # fmt: skip
KEYS = ["Type", "Fn::If", "Ref", "cdk-pull", "Metadata", "Condition", "Properties", "Image", ""]
CUTS = ["$(", "`", '"', "'", "\n", "<<EOF", "\\", "${", "}", "é", "\u2028"]
OPTIONS = Options(today=to_date("2024-06-25"))


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return every place of a document, as its container and its key or index."""
    found: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        found += [(node, key) for key in keys]
        stack += [node[key] for key in keys]
    return found


def _mutate(document: Any, rng: random.Random) -> None:
    places = _places(document)
    if not places:
        return
    node, key = rng.choice(places)
    value = node[key]
    match rng.randrange(6):
        case 0 | 1:
            node[key] = copy.deepcopy(rng.choice(ODD))
        case 2 if isinstance(node, dict):
            node[rng.choice(KEYS)] = node.pop(key)
        case 3:
            node[key] = [value]
        case 4 if isinstance(value, str) and value:
            at = rng.randrange(len(value))
            node[key] = value[:at] + rng.choice(CUTS) + value[at + rng.randrange(3) :]
        case _:
            del node[key]


def _run(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable mutations, not secrets
    document = copy.deepcopy(rng.choice(DOCUMENTS))
    for _ in range(rng.randint(1, 6)):
        _mutate(document, rng)
    with contextlib.suppress(TemplateError):
        result = check([from_document(document, region=rng.choice([None, "eu-west-1", "x"]))], OPTIONS)
        assert [finding.message for finding in result.findings if finding.rule == "PULL000"] == []
        render(result, rng.choice(FORMATS), show_suppressed=True).encode("utf-8", "backslashreplace")


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0))
def test_mutated_templates(seed: int) -> None:
    """No mutation makes a rule, the engine or a report fail."""
    _run(seed)


@pytest.mark.long
def test_twenty_thousand_mutated_templates() -> None:
    """The same for twenty thousand of them."""
    for seed in range(20_000):
        _run(seed)
