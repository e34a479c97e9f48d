"""Write docs/rules.md and the table of what each rule looks at from the rules; tests hold that they are current."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import cdk_pull
from cdk_pull.rules.engine.page import document
from cdk_pull.rules.engine.registry import Rule

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"
PACKAGE = Path(cdk_pull.__file__).parent
SUBJECTS = PACKAGE / "data" / "rules.json"
SOURCE = "The rules' own `on`; written by scripts/rules_page.py."


def subjects() -> str:
    """Return the table, for which each rule is imported."""
    modules = sorted(path.stem for path in (PACKAGE / "rules" / "checks").glob("pull*.py"))
    found: dict[str, str] = {}
    for name in modules:
        members = vars(import_module(f"cdk_pull.rules.checks.{name}")).values()
        found[name] = next(member.on for member in members if isinstance(member, Rule))
    return json.dumps({"source": SOURCE, "subjects": found}, indent=2) + "\n"


if __name__ == "__main__":
    SUBJECTS.write_text(subjects(), encoding="utf-8")
    PAGE.write_text(document(), encoding="utf-8")
