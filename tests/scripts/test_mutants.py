from __future__ import annotations

from pathlib import Path

from scripts.mutants import ROOT, accepted, mutants_of, suites_of

SOURCE = '''"""Docs."""

def f(a, b):
    """More docs."""
    if a < 5 and b:
        return "a message"
    return not b
'''


def test_the_changes_of_a_module() -> None:
    """A comparison, a number, each side of an and, a message and a not are changed; docstrings are not."""
    assert {mutant.what for mutant in mutants_of(Path("m.py"), SOURCE)} == {
        "a < 5 and b -> b",
        "a < 5 and b -> a < 5",
        "a < 5 -> a <= 5",
        "5 -> 6",
        "'a message' -> 'mutant'",
        "not b -> b",
    }


def test_one_change_at_a_time() -> None:
    """Of a mutant's source, all but the changed expression is as it was."""
    changed = {mutant.source for mutant in mutants_of(Path("m.py"), SOURCE) if mutant.what == "5 -> 6"}
    assert changed == {SOURCE.replace("a < 5", "a < (6)")}


def test_the_nearest_tests_come_first() -> None:
    """The tests of a module run before those of its package; a rule's are its fixtures."""
    assert suites_of(Path("cdk_pull/windows/window.py"))[0] == Path("tests/windows/test_window.py")
    assert suites_of(Path("cdk_pull/rules/checks/pull201_invalid_size.py"))[0] == Path(
        "tests/rules/test_rules.py"
    )


def test_what_is_accepted_has_a_reason() -> None:
    """Each line of the list of accepted mutants names a module that there is, and says why."""
    for line in accepted():
        assert (ROOT / line.partition(":")[0]).is_file()
