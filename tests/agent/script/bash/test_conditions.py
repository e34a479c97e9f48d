from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("true", True),
        ("false", False),
        ("! false", True),
        ("! true", False),
        ("! [ -f x ]", None),
        ("yum install -y jq", True),
        ("sudo yum install -y jq", True),
        ("sudo test -f x", None),
        ("which jq", None),
        ('[ "$A" = b ]', True),
        ('[ "$A" == c ]', False),
        ('[ "$A" != b ]', False),
        ('[[ "$A" == b ]]', True),
        ('[[ "$A" == b* ]]', True),
        ('[[ "$A" != b* ]]', False),
        ('[ -n "$A" ]', True),
        ('[ -z "$A" ]', False),
        ('test -n "$A"', True),
        ('test "$A" = b', True),
        ('[ "$UNKNOWN" = b ]', None),
        ("[ -f x -a -f y ]", None),
        ("[ ]", None),
        ("true && true", True),
        ("true && false", False),
        ("false && [ -f x ]", False),
        ("true && [ -f x ]", None),
        ("false || true", True),
        ("true || [ -f x ]", True),
        ("false || [ -f x ]", None),
        ("(true)", True),
        ("{ false; }", False),
        ("true | false", False),
        ("ls > /dev/null", True),
        ("grep -q ECS_A= $F", True),
        ("grep -q ^ECS_A $F", True),
        ("grep -q ^CS_A $F", False),
        ("grep -q ECS_B $F", False),
        ("grep -q 'ECS_.*' $F", None),
        ("grep -q ECS_A /other", None),
        ("x=1", True),
    ],
)
def test_condition(config: Callable[[str], str | None], condition: str, holds: bool | None) -> None:  # noqa: FBT001 - a case's value
    """A condition that the script decides goes one way; one that it does not goes both."""
    expected = {True: "once", False: "always", None: None}[holds]
    start = "A=b\necho ECS_A=1 >> $F\n"
    assert config(f"{start}if {condition}; then once; else always; fi") == expected
    assert config(f"{start}if {condition}; then :; once; elif true; then always; fi") == expected
    assert config(f"{start}{condition} && once || always") == expected
