"""A template is fixed until nothing is left to fix, and every character outside of the fixes stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.fixes.fix_file import fix_file
from cdk_pull.rules.fixes.selected import SelectedFixes
from cdk_pull.template.context import Environment
from cdk_pull.template.load import template_assembly
from cdk_pull.template.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.template.assembly import Assembly

AMI: Final = "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}"
F: Final = "/etc/ecs/ecs.config"
B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
JOIN: Final = f"echo ECS_CLUSTER=web >> {F}"
SAFE: Final = SelectedFixes.of((), (), ())
# A line of a script, and what it is after the fix.
FAULTS: Final = {
    f"echo {B}=Once >> {F} # é": f"echo {B}=once >> {F} # é",
    f"echo '{B}=\"once\"' >> {F}": f"echo '{B}=once' >> {F}",
    f"echo {B}=once > {F}": f"echo {B}=once >> {F}",
    f"\techo 'export {B}=once' >> {F}": f"\techo '{B}=once' >> {F}",
    "systemctl start ecs": "systemctl --no-block start ecs",
}
HARMLESS: Final = [
    "",
    "# a: comment 'of' \"one\"",
    "yum install -y jq",
    "  echo 'it''s' \\",
    "echo \"$HOME\" '&' *x",
    "echo - %",
]


def _block(header: str, script: list[str], indent: int, ending: str) -> str:
    lines = "".join(f"{' ' * indent}{line}{ending}" if line else ending for line in script)
    return f"{header}{ending}{lines}"


STYLES: Final[dict[str, Callable[[list[str], str], str]]] = {
    "|": lambda script, ending: _block("|", script, 12, ending),
    "|2 # note": lambda script, ending: _block("|2 # note", script, 12, ending),
    "!Sub |-": lambda script, ending: _block("!Sub |-", script, 14, ending),
    "!Sub &script |": lambda script, ending: _block("!Sub &script |", script, 12, ending),
    '"': lambda script, ending: json.dumps("\n".join(script) + "\n") + ending,
    "json": lambda script, ending: json.dumps("\n".join(script) + "\n", ensure_ascii=False) + ending,
    "!Sub '": lambda script, ending: (
        "!Sub '"
        + f"{ending}{ending}            ".join(each.replace("'", "''").strip() for each in script if each)
        + f"'{ending}"
    ),
    "join": lambda script, ending: (
        '!Join ["\\n", [' + ", ".join(map(json.dumps, [*script, ""])) + f"]]{ending}"
    ),
}


def _assembly(text: str) -> Assembly:
    return template_assembly(Source("t.yaml", text), Path("t.yaml"), Environment())


@given(
    st.lists(st.sampled_from(HARMLESS), max_size=3),
    st.sampled_from(sorted(FAULTS)),
    st.lists(st.sampled_from(HARMLESS), max_size=3),
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(["\n", "\r\n"]),
)
def test_one_fault(before: list[str], fault: str, after: list[str], style: str, ending: str) -> None:
    """Only the faulty part changes, the file parses, the finding is gone, and a second run finds nothing."""
    text, expected = (
        ending.join(
            [
                "# é: the first",
                "Resources:",
                "",
                "  Lt: # a launch template",
                "    Type: AWS::EC2::LaunchTemplate",
                "    Properties:",
                "      LaunchTemplateData:",
                f"        ImageId: '{AMI}'",
                "        UserData:",
                "          Fn::Base64: "
                + STYLES[style](["#!/bin/bash", JOIN, *before, line, *after], ending),
                "  # the last",
                "",
            ]
        )
        for line in (fault, FAULTS[fault])
    )
    found = [each for each in check([_assembly(text)], Options(file_fixes=True)).findings if each.file_fix]
    fixed = fix_file(_assembly(text), Options(), SAFE)
    source = fixed.assembly.templates[0].source
    assert source is not None
    if not found or found[0].file_fix is None or found[0].file_fix.refused:
        # An unfinished line before it, or a style without line ends, leaves nothing to fix.
        assert source.text == text
        return
    assert source.text == expected
    left = check([fixed.assembly], Options(file_fixes=True)).findings
    assert not [each for each in left if each.rule == found[0].rule and each.severity == "error"]
    assert fix_file(_assembly(source.text), Options(), SAFE).made == ()


@given(
    st.lists(st.sampled_from([*FAULTS, *HARMLESS[1:3]]), max_size=6),
    st.sampled_from(["|", "!Sub |-", '"', "join"]),
)
def test_many_faults(lines: list[str], style: str) -> None:
    """With any number of faults all other lines stay in their order, and a second run changes nothing."""
    script = STYLES[style](["#!/bin/bash", JOIN, *lines], "\n")
    head = f"Resources:\n  Lt:\n    Type: AWS::EC2::LaunchTemplate\n    Properties:\n      LaunchTemplateData:\n        ImageId: '{AMI}'\n        UserData:\n"
    text = f"{head}          Fn::Base64: {script}"
    fixes = SelectedFixes.of((), (), ["PULL"])
    fixed = fix_file(_assembly(text), Options(), fixes)
    source = fixed.assembly.templates[0].source
    assert source is not None
    assert source.text.startswith(head)
    for each in check([fixed.assembly], Options(file_fixes=True)).findings:
        assert each.file_fix is None or each.file_fix.refused
    assert fix_file(_assembly(source.text), Options(), fixes).made == ()
