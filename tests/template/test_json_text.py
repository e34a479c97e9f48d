"""JSON that a template holds as a text."""

from __future__ import annotations

import pytest

from cdk_pull.template.json_text import read_json
from cdk_pull.template.values import Unknown, concat

HOLE = Unknown(reason="a parameter", symbol="P")
OTHER = Unknown(reason="a parameter", symbol="Q")


def test_what_is_known_is_read_as_it_is() -> None:
    """A text without unknown pieces is JSON and no more."""
    assert read_json('{"a": [1, true, null, "x"]}') == {"a": [1, True, None, "x"]}


def test_unknown_parts_stay_unknown() -> None:
    """In place of a number, of a text, and within a text."""
    text = concat(('{"n": ', HOLE, ', "t": "', OTHER, '", "m": "a-', HOLE, '-b", "k": 7}'))
    read = read_json(text)
    assert (read["n"], read["t"], str(read["m"]), read["k"]) == (HOLE, OTHER, "a-${P}-b", 7)


@pytest.mark.parametrize("text", ["", "{", HOLE, concat(("{", HOLE, "}"))])
def test_what_is_not_json_is_an_error(text: str | Unknown) -> None:
    """So is a structure that only the deployment knows."""
    with pytest.raises(ValueError, match=r"(?i)expect"):
        read_json(text)


def test_numbers_and_keys_of_which_a_part_is_unknown() -> None:
    """A number with an unknown digit is unknown, a key has its name, and no text is taken for what is unknown."""
    text = concat(('["86753090000000", 1', HOLE, ', {"k-', OTHER, '": ""}, "\\"', HOLE, '"]'))
    first, number, named, quoted = read_json(text)
    assert (first, str(number), named, str(quoted)) == ("86753090000000", "1${P}", {"k-${Q}": ""}, '"${P}')
    assert isinstance(number, Unknown)
