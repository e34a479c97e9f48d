from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.pieces import Hole, Holes, Marked, Marks, begins_unknown, known_parts, readable

RESERVED = "\ufdd0\ufdd1\ufdd2"


def test_marks() -> None:
    """A mark stands for an unknown piece, and what is around it is known."""
    holes = Holes()
    text = f"a{holes.mark('why', 3)}b{holes.mark('also', 4, lines=True)}"
    assert holes.first(text) == Hole("why", 3, lines=False)
    assert holes.split(text) == ["a", "b", ""]
    assert holes.first("a b") is None
    assert holes.first("\ufdd07\ufdd1") is None


def test_a_hidden_piece_has_its_place_and_its_name() -> None:
    """A CDK token, a dynamic reference and a mark of somebody else's are told by name, with their lines."""
    marked = Marked.of(["a\n", {"Ref": "Cluster"}, " ${Token[TOKEN.1]}\n{{resolve:ssm:/x}}"])
    holes = Holes(["${Cluster}"])
    hidden = holes.hide_tokens(marked.text)
    found = [holes.first(piece) for line in hidden.split("\n")[1:] for piece in line.split()]
    assert [(each.line, each.reason) for each in found if each is not None] == [
        (2, "${Cluster} is known only at deployment"),
        (2, "${Token[TOKEN.1]} is known only at deployment"),
        (3, "{{resolve:ssm:/x}} is known only at deployment"),
    ]
    assert holes.named(f"line {hidden.split(chr(10))[1]!r}") == "line '${Cluster} ${Token[TOKEN.1]}'"
    assert holes.named(holes.mark("what a command prints", 1)) == "${…}"
    assert holes.show_tokens(hidden) == marked.text


@given(
    st.lists(
        st.text(max_size=5) | st.sampled_from(["${Token[A.1]}", "${Token[x-y:z_.9]}", "\n", *RESERVED])
    ).map("".join)
)
def test_tokens_come_back(text: str) -> None:
    """Hidden tokens come back as they were, and none is left in between."""
    holes = Holes()
    hidden = holes.hide_tokens(text)
    assert known_parts(hidden) == holes.split(hidden)
    assert holes.show_tokens(hidden) == text.encode("utf-8", "replace").decode()


@given(
    st.lists(
        st.text(max_size=5) | st.sampled_from(list(RESERVED)) | st.integers(0, 3).map(lambda n: {"Ref": n})
    )
)
def test_parts_come_back(parts: list[Any]) -> None:
    """A text with marks opens into the parts that it was made of, whatever characters they have."""
    marked = Marked.of(parts)
    again: list[Any] = []
    for part in marked.parts():
        again[-1:] = (
            [again[-1] + part]
            if again and isinstance(part, str) and isinstance(again[-1], str)
            else [
                *again[-1:],
                part,
            ]
        )
    expected: list[Any] = []
    for part in [each for each in parts if each != ""]:
        expected[-1:] = (
            [expected[-1] + part]
            if expected and isinstance(part, str) and isinstance(expected[-1], str)
            else [*expected[-1:], part]
        )
    assert again == expected
    assert len(marked.pieces) == len({str(each) for each in marked.pieces})


def test_several_texts_share_their_marks() -> None:
    """The pieces of two texts are told apart when the texts are put together."""
    marks = Marks[int]()
    whole = marks.text(["a", 1]) + marks.text([2, "b", 1])
    assert Marked(whole, tuple(marks.pieces)).parts() == ["a", 1, 2, "b", 1]


def test_what_a_person_reads() -> None:
    """Every unknown piece is shown in one way, also one that a message has escaped."""
    marked = Marked.of(["a ", 1, " ${Token[TOKEN.1]}"])
    assert readable(marked.text) == "a ${…} ${…}"
    assert readable(repr(marked.text)) == "'a ${…} ${…}'"
    assert begins_unknown(" ${Token[TOKEN.1]}") is True
    assert begins_unknown("#!/bin/bash ${Token[TOKEN.1]}") is False
