"""Patterns over texts of which a part is not known."""

from __future__ import annotations

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.iam.text import ANY_CHARACTER, Part, Text, covers, shown, text

REPO, OTHER, ANY = Part("Repo", unique=True), Part("Other", unique=True), Part("Parameter")


@pytest.mark.parametrize(
    ("pattern", "value", "covered"),
    [
        (("*",), ("arn:a",), True),
        (("arn:*",), ("arn:a",), True),
        (("arn:?",), ("arn:a",), True),
        (("arn:?",), ("arn:ab",), False),
        (("arn:a",), ("arn:b",), False),
        (("arn:[a]",), ("arn:a",), False),
        (("repository/", REPO), ("repository/", REPO), True),
        (("repository/", REPO), ("repository/", OTHER), False),
        (("repository/", REPO), ("repository/", ANY), None),
        (("repository/", REPO), ("repository/web",), None),
        (("repository/", REPO), ("repository/",), False),
        (("repository/", REPO, "-x"), ("repository/", OTHER, "-y"), False),
        (("repository/*",), ("repository/", REPO), True),
        (("repository/?*",), ("repository/", REPO), None),
        (("repository/web*",), ("repository/", REPO), None),
        (("queue/*",), ("repository/", REPO), False),
        ((ANY,), ("arn:a",), None),
        ((ANY,), (ANY,), True),
        (("secret:db-??????",), (f"secret:db-{ANY_CHARACTER * 6}",), True),
        (("secret:db-AbCd12",), (f"secret:db-{ANY_CHARACTER * 6}",), None),
        (("secret:db",), (f"secret:db-{ANY_CHARACTER * 6}",), False),
    ],
)  # fmt: skip
def test_covers(pattern: Text, value: Text, covered: object) -> None:
    """A pattern covers a value, does not, or only the deployment knows."""
    assert covers(pattern, value) is covered


def test_shown() -> None:
    """A text is shown with its parts by their labels, and without the characters that nobody knows."""
    assert shown(text("a:", Part("0:Repo", unique=True, label="Repo"), "-", ANY_CHARACTER * 6)) == "a:${Repo}"


LETTERS = st.text("ab/", max_size=4)
PIECES = st.one_of(LETTERS, st.sampled_from([REPO, OTHER, ANY]))
PATTERNS = st.one_of(st.text("ab/*?", max_size=4), st.sampled_from([REPO, OTHER, ANY]))


def _filled(value: Text, parts: dict[str, str]) -> str:
    return "".join(piece if isinstance(piece, str) else parts[piece.name] for piece in value)


@given(
    st.lists(PATTERNS, max_size=4), st.lists(PIECES, max_size=4), st.lists(LETTERS, min_size=3, max_size=3)
)
def test_an_answer_holds_whatever_the_parts_are(
    pattern: list[str | Part], value: list[str | Part], values: list[str]
) -> None:
    """What is surely covered, or surely not, is so for every value of the parts."""
    repo, other, parameter = values
    repo, other = f"{repo}x", f"{other}y"
    parts = {"Repo": repo, "Other": other, "Parameter": parameter}
    said = covers(text(*pattern), text(*value))
    # What a part comes to is no pattern.
    expression = translate(_filled(text(*pattern), parts))
    really = re.fullmatch(expression, _filled(text(*value), parts)) is not None
    assert said is None or said is really
