from __future__ import annotations

import pytest

from cdk_pull.shapes import as_list, as_object, objects_in

NEITHER = (None, "text", 5, True, ())


@pytest.mark.parametrize("value", NEITHER)
def test_nothing_of_another_form(value: object) -> None:
    """What is neither a list nor an object counts as an empty one."""
    assert (as_list(value), as_object(value), objects_in(value)) == ([], {}, [])


def test_what_has_the_form() -> None:
    """A list and an object stay as they are, and of a list that holds objects the rest is left out."""
    listed, found = [{"a": 1}, "b", None, {}], {"a": 1}
    assert as_list(listed) is listed
    assert as_object(found) is found
    assert objects_in(listed) == [{"a": 1}, {}]
    assert (as_list(found), as_object(listed)) == ([], {})
