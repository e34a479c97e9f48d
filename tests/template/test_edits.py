"""Changes of values are made in the text of a template, or refused with the reason."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.fixes.case import replaced
from cdk_pull.template.changes import NewItem, NewString, NewValue, Removed, changed
from cdk_pull.template.edits import CannotEditError, edits_of
from cdk_pull.template.source import Source

SUB: Final = {"Fn::Sub": "${AWS::AccountId}/web:1"}


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("a: 1 # c\nb: 2\n", NewValue(("a",), "3"), "a: 3 # c\nb: 2\n"),
        ("a: web # c\n", NewValue(("a",), SUB), "a: !Sub '${AWS::AccountId}/web:1' # c\n"),
        ("a:\n  Fn::Join:\n  - ''\n  - [x]\nb: 2\n", NewValue(("a",), SUB), "a: !Sub '${AWS::AccountId}/web:1'\nb: 2\n"),
        ("a: !Sub x\n", NewValue(("a",), SUB), "a: !Sub '${AWS::AccountId}/web:1'\n"),
        ("a: {b: !Ref X, c: 1}\n", NewValue(("a", "b"), "it's"), "a: {b: 'it''s', c: 1}\n"),
        ("a:\n- b: 1\n", NewValue(("a", 0, "c"), {"d": 2}), "a:\n- c: {d: 2}\n  b: 1\n"),
        ('{"a": {"b": 1}}', NewValue(("a", "c"), SUB), '{"a": {"c": {"Fn::Sub": "${AWS::AccountId}/web:1"}, "b": 1}}'),
        ("a:\n  - x\n  - y\n", NewItem(("a", 0), "z: 1"), "a:\n  - 'z: 1'\n  - x\n  - y\n"),
        ("a:\n  - x # c\n", NewItem(("a", 0), "zebra/z", after=True), "a:\n  - x # c\n  - zebra/z\n"),
        ("a: [x,  y]\n", NewItem(("a", 1), "zebra/z", after=True), "a: [x,  y,  zebra/z]\n"),
        ('{"a": ["x"]}', NewItem(("a", 0), "z"), '{"a": ["z", "x"]}'),
        ("a:\n  - x\n  # c\n  - y\n", Removed(("a", 0)), "a:\n  # c\n  - y\n"),
        ("a: &t 1\nb: 2\n", NewValue(("b",), 3), "a: &t 1\nb: 3\n"),
    ],
)  # fmt: skip
def test_changes(text: str, change: Any, expected: str) -> None:
    """A change is written where the value stands, in the style around it."""
    source = Source("t", text)
    assert replaced(source.text, edits_of(source, [change])) == expected


@pytest.mark.parametrize(
    ("text", "change", "reason"),
    [
        ("a:\n  Fn::Join: # why\n  - ''\n  - [x]\n", NewValue(("a",), "x"), "a comment stands within the value: change it by hand"),
        ("a: |\n  x\n", NewValue(("a",), "y"), "it is a block scalar: write it in one line"),
        ("a: x\n", NewString(("a",), 0, 1, "y\nz"), "the text is a plain scalar: write it as a literal block (|)"),
        ("a: x\n", NewString(("a",), 0, 1, "y: z"), "the text is in a form that cannot be edited: change it by hand"),
        ("a: &t x\nb: *t\n", NewString(("b",), 0, 1, "y"), "another value shares the text by an anchor, an alias or a merge key: change it by hand"),
        ("t: &t {a: 1}\nb:\n  <<: *t\n", NewValue(("b", "a"), 2), "another value shares the text by an anchor, an alias or a merge key: change it by hand"),
        ("a: [x]\n", Removed(("a", 0)), "it is the only item of its list: change it by hand"),
        ("a:\n- - x\n  - y\n", Removed(("a", 0, 0)), "it shares its line with another item: change it by hand"),
        ("a: {}\n", NewValue(("a", "b"), 1), "it is not in the text of the template: change it by hand"),
    ],
)  # fmt: skip
def test_refusals(text: str, change: Any, reason: str) -> None:
    """What the text has no place for is refused."""
    with pytest.raises(CannotEditError) as caught:
        edits_of(Source("t", text), [change])
    assert str(caught.value) == reason


@given(st.lists(st.sampled_from(["a", "b", "c: d", "'"]), min_size=2, max_size=5), st.data())
def test_several_changes_of_a_list(items: list[str], data: st.DataObject) -> None:
    """Any changes of a list's items come to what they do in the document, in JSON and in YAML."""
    index = st.integers(0, len(items) - 1)
    gone = data.draw(st.sets(index, max_size=len(items) - 1))
    kept = sorted(set(range(len(items))) - gone)
    changes: list[Any] = [Removed(("x", each)) for each in gone]
    changes.append(NewItem(("x", data.draw(st.sampled_from(kept))), "new", after=data.draw(st.booleans())))
    changes.append(NewString(("x", kept[0]), 0, 0, "q"))
    for text in (
        json.dumps({"x": items}, indent=1),
        "x:\n" + "".join(f"- {json.dumps(each)} # c\n" for each in items),
    ):
        source = Source("t", text)
        try:
            edits = edits_of(source, changes)
        except CannotEditError:
            continue
        assert Source("t", replaced(source.text, edits)).document == changed({"x": items}, changes)
