"""Write what the rules find on their fixtures into the fixtures: `python -m scripts.rule_fixtures [PULL104 …]`.

Each `tests/rules/fixtures/<ID>/fail….yaml` ends in comments with the line, severity, message and fix of every finding of
its rule. The tests compare them with what the rule says; this script writes them again. Read the difference before you
commit it: it is what users will read.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.load import load
from cdk_pull.windows.window import to_date

FIXTURES = Path(__file__).parent.parent / "tests" / "rules" / "fixtures"
# What stands above a template: the Region and the day to check it with, and the platforms of its image assets.
OPTION = re.compile(r"^# (region|date|images): (.*)$", re.MULTILINE)
STATED = re.compile(r"^#(?: \d+ (?:error|warning|info):|   fix:).*\n?", re.MULTILINE)


def found(path: Path, *select: str) -> list[str]:
    """Return the comments that state what rules find in a template, in the order of its lines."""
    options = dict(OPTION.findall(path.read_text(encoding="utf-8")))
    loaded = load([path], region=options.get("region"))
    assert loaded.errors == [], loaded.errors
    for assembly in loaded.assemblies if "images" in options else ():
        # As a cloud assembly has them of its image assets.
        vars(assembly)["image_platforms"] = dict(each.split("=") for each in options["images"].split(", "))
    today = to_date(options["date"]) if "date" in options else None
    findings = check(loaded.assemblies, Options(select=select, today=today)).findings
    return [
        line
        for each in sorted(findings, key=lambda each: (each.line or 0, each.message))
        for line in (f"# {each.line} {each.severity.value}: {each.message}", f"#   fix: {each.fix}")
    ]


def stated(path: Path) -> list[str]:
    """Return the comments with which a fixture ends."""
    return [match[0].rstrip("\n") for match in STATED.finditer(path.read_text(encoding="utf-8"))]


def state(path: Path) -> bool:
    """Let a fixture end in what its rule finds; tell whether it did not before."""
    before = path.read_text(encoding="utf-8")
    body = STATED.sub("", before).rstrip("\n") + "\n"
    path.write_text(body, encoding="utf-8")
    lines = found(path, path.parent.name)
    path.write_text("".join([body, *(f"{line}\n" for line in lines)]), encoding="utf-8")
    assert found(path, path.parent.name) == lines, f"{path}: the comments change what is found"
    return path.read_text(encoding="utf-8") != before


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(folder.name for folder in FIXTURES.iterdir()):
        for fixture in sorted((FIXTURES / name).glob("fail*.yaml")):
            if state(fixture):
                print(fixture.relative_to(FIXTURES))
