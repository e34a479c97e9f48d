"""Every rule on its fixtures: what fails is found at its line, what passes is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_pull.rules.engine.registry import all_rules
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.load import load
from cdk_pull.windows.window import to_date

if TYPE_CHECKING:
    from cdk_pull.rules.engine.finding import Finding

FIXTURES = Path(__file__).parent / "fixtures"
OPTION = re.compile(r"^# ([a-z ]+): (.*)$", re.MULTILINE)


def _findings(path: Path, select: tuple[str, ...]) -> tuple[list[Finding], dict[str, str]]:
    """Check a fixture with the options in its first lines."""
    said = dict(OPTION.findall(path.read_text(encoding="utf-8")))
    loaded = load([path], region=said.get("region"))
    assert loaded.errors == []
    for assembly in loaded.assemblies if "images" in said else ():
        # As a cloud assembly has them of its image assets.
        vars(assembly)["image_platforms"] = dict(each.split("=") for each in said["images"].split(", "))
    today = to_date(said["date"]) if "date" in said else None
    return list(check(loaded.assemblies, Options(select=select, today=today)).findings), said


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.glob("*/fail*.yaml")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_what_fails_is_found(path: Path) -> None:
    """A failing template gives findings of its rule at the lines that it names, each with all that a person needs."""
    findings, said = _findings(path, (path.parent.name,))
    assert sorted({str(finding.line) for finding in findings}, key=int) == said["finds at"].split(", ")
    assert sorted({finding.severity.value for finding in findings}) == said["severity"].split(", ")
    for what in ("message", "fix"):
        if what in said:
            assert sorted({getattr(finding, what) for finding in findings}) == said[what].split(" || ")
    for finding in findings:
        assert finding.rule == path.parent.name
        assert finding.message
        assert "\n" not in finding.message
        assert finding.fix
        assert finding.logical_id


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.glob("*/pass*.yaml")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_what_passes_is_not_found(path: Path) -> None:
    """A passing template gives no finding of its rule."""
    assert _findings(path, (path.parent.name,))[0] == []


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_has_fixtures(rule: object) -> None:
    """For each rule there is a template that fails and one that passes."""
    folder = FIXTURES / str(getattr(rule, "id", ""))
    assert list(folder.glob("fail*.yaml"))
    assert list(folder.glob("pass*.yaml"))


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/*.yaml")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_no_rule_fails_on_any_fixture(path: Path) -> None:
    """All rules together run on every fixture without an exception."""
    assert [finding for finding in _findings(path, ())[0] if finding.rule == "PULL000"] == []
