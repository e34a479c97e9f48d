from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.script.holes import Hole, Holes


def test_marks() -> None:
    """A mark stands for an unknown piece, and what is around it is known."""
    holes = Holes()
    text = f"a{holes.mark('why', 3)}b{holes.mark('also', 4, lines=True)}"
    assert holes.first(text) == Hole("why", 3, lines=False)
    assert holes.split(text) == ["a", "b", ""]
    assert holes.first("a b") is None
    assert holes.first("\ufdd07\ufdd1") is None


@given(
    st.lists(st.text(max_size=5) | st.sampled_from(["${Token[A.1]}", "${Token[x-y:z_.9]}", "\n"])).map(
        "".join
    )
)
def test_tokens_come_back(text: str) -> None:
    """Hidden tokens come back as they were, and none is left in between."""
    holes = Holes()
    hidden = holes.hide_tokens(text)
    assert "${Token[" not in hidden.replace(
        "${Token[" if "${Token[A.1]}" not in text and "${Token[x" not in text else "\0", ""
    )
    assert holes.show_tokens(hidden) == text.encode("utf-8", "replace").decode()
