"""A finding is fixed in the text of its template, in whatever form that is written, or refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from cdk_pull.rules.engine.finding import Region
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.fixes.fix_file import fix_file
from cdk_pull.rules.fixes.selected import SelectedFixes
from cdk_pull.template.context import Environment
from cdk_pull.template.load import template_assembly
from cdk_pull.template.source import Source

AMI: Final = "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}"
F: Final = "/etc/ecs/ecs.config"
B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
ALL: Final = SelectedFixes.of((), (), ["PULL"])
OPTIONS: Final = Options(file_fixes=True, ignore=["PULL101", "PULL3"])


def _launch(user_data: str) -> str:
    """Return a template with a launch template around what stands behind ``UserData:``."""
    return f"""\
# a comment
Conditions: {{Prod: !Equals [a, a]}}
Resources:
  C: {{Type: AWS::ECS::Cluster}}
  Lt:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        ImageId: "{AMI}" # the newest
        UserData: {user_data}
"""


def _task(properties: str) -> str:
    return f"""\
Resources:
  Td:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE]
{properties}
      ContainerDefinitions: [{{Name: web, Image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0"}}]
"""


def _fixed(text: str) -> str:
    assembly = template_assembly(Source("t.yaml", text), Path("t.yaml"), Environment())
    source = fix_file(assembly, OPTIONS, ALL).assembly.templates[0].source
    assert source is not None
    return source.text


def _refused(text: str) -> list[str]:
    assembly = template_assembly(Source("t.yaml", text), Path("t.yaml"), Environment())
    found = [each.file_fix for each in check([assembly], OPTIONS).findings]
    return [each.refused for each in found if each and each.refused]


@pytest.mark.parametrize(
    ("before", "old", "new"),
    [
        pytest.param(_launch(value), old, new, id=name)
        for name, value, old, new in [
            (
                "literal",
                f"{{'Fn::Base64': !Sub \"#!/bin/bash\\necho ECS_CLUSTER=${{C}} >> {F}\\necho {B}=Once >> {F}\\n\"}}",
                "=Once",
                "=once",
            ),
            (
                "block",
                f"\n          Fn::Base64: !Sub |\n            #!/bin/bash\n            # why\n            echo ECS_CLUSTER=${{C}} >> {F}\n\n            echo {B}=Once >> {F}",
                "=Once",
                "=once",
            ),
            (
                "indicators",
                f"\n          Fn::Base64:\n            Fn::Sub: |2-\n              #!/bin/bash\n              echo ECS_CLUSTER=${{C}} >> {F}\n              export {B}=once",
                f"              export {B}=once",
                f'              export {B}=once\n              echo "{B}=${B}" >> {F}',
            ),
            (
                "folded",
                f"\n          Fn::Base64: !Sub >\n            #!/bin/bash\n\n            echo ECS_CLUSTER=${{C}}\n            >> {F}\n\n            echo {B}=Once >> {F}",
                "=Once",
                "=once",
            ),
            (
                "plain",
                f"{{'Fn::Base64': !Join ['', [\"#!/bin/bash\\necho ECS_CLUSTER=\", !Ref C, ' >> {F}; echo {B}=Once >> {F}']]}}",
                "=Once",
                "=once",
            ),
            (
                "joined lines",
                f"\n          Fn::Base64:\n            Fn::Join:\n            - \"\\n\"\n            - - '#!/bin/bash'\n              - !Sub echo ECS_CLUSTER=${{C}} >> {F} # this one\n              - 'echo ''{B}=Once'' >> {F}'",
                "=Once",
                "=once",
            ),
            (
                "single quotes, added",
                f"\n          Fn::Base64: !Sub '#!/bin/bash\n\n            echo ECS_CLUSTER=${{C}} >> {F}\n\n            echo ''{B}=“once”'' >> {F}'",
                "“once”",
                "once",
            ),
            (
                "condition",
                f'\n          Fn::Base64: !If\n            - Prod\n            - !Sub "#!/bin/bash\\necho ECS_CLUSTER=${{C}} >> {F}\\necho {B}=Once >> {F}"\n            - !Ref AWS::NoValue',
                "=Once",
                "=once",
            ),
            (
                "shell variable in a Sub",
                f"\n          Fn::Base64: !Sub |\n            #!/bin/bash\n            X=${{!HOME}}\n            echo ECS_CLUSTER=${{C}} > {F}\n            echo {B}=once > {F}",
                f"{B}=once > {F}",
                f"{B}=once >> {F}",
            ),
            (
                "a shell variable, moved",
                f"\n          Fn::Base64: !Sub |\n            #!/bin/bash\n            echo ECS_CLUSTER=${{C}} >> {F}\n            exit 0\n            echo {B}=once >> {F} # ${{!HOME}}\n            echo done",
                f"            echo ECS_CLUSTER=${{C}} >> {F}\n            exit 0\n            echo {B}=once >> {F} # ${{!HOME}}\n",
                f"            echo {B}=once >> {F} # ${{!HOME}}\n            echo ECS_CLUSTER=${{C}} >> {F}\n            exit 0\n",
            ),
            (
                "an item moved before the end",
                f"\n          Fn::Base64:\n            Fn::Join:\n            - \"\\n\"\n            - - '#!/bin/bash'\n              - echo ECS_CLUSTER=c >> {F} # here\n              - exit 0\n              # this one\n              - !Sub echo {B}=once >> {F}\n              - echo done",
                f"              - echo ECS_CLUSTER=c >> {F} # here\n              - exit 0\n              # this one\n              - !Sub echo {B}=once >> {F}\n",
                f"              - 'echo {B}=once >> {F}'\n              - echo ECS_CLUSTER=c >> {F} # here\n              - exit 0\n              # this one\n",
            ),
            (
                "moved before the end",
                f"\n          Fn::Base64: !Sub |\n            #!/bin/bash\n            echo ECS_CLUSTER=${{C}} >> {F}\n            exit 0\n            echo {B}=once >> {F}",
                f"            echo ECS_CLUSTER=${{C}} >> {F}\n            exit 0\n            echo {B}=once >> {F}\n",
                f"            echo {B}=once >> {F}\n            echo ECS_CLUSTER=${{C}} >> {F}\n            exit 0\n",
            ),
        ]
    ]
    + [
        pytest.param(
            _launch(
                f"\n          Fn::Base64: !Sub |\n            #!/bin/bash -ex\n            echo {B}=Once >> {F}\n"
                "            /opt/aws/bin/cfn-init -v --stack ${AWS::StackName} --resource Lt --region ${AWS::Region}"
            ).replace(
                "    Properties:",
                "    Metadata:\n      AWS::CloudFormation::Init:\n        config:\n          commands:\n"
                f"            a: {{command: !Sub 'echo ECS_CLUSTER=${{C}} >> {F}'}}\n    Properties:",
            ),
            "=Once",
            "=once",
            id="beside cfn-init",
        )
    ]
    + [
        pytest.param(_task(value), old, new, id=value)
        for value, old, new in [
            ("      Cpu: 300 # odd\n      Memory: 1024", "300", "512"),
            ('      "Cpu": "300"\n      "Memory": \'1024\'', '"300"', '"512"'),
            ("      Cpu: !!str 300\n      Memory: '1024'", "!!str 300", "!!str '512'"),
            (
                "      Cpu: .25 vCPU\n      Memory: 16 GB",
                ".25 vCPU\n      Memory: 16 GB",
                "'2048'\n      Memory: '16384'",
            ),
            ("      Cpu: 512", "      Cpu: 512", "      Memory: '1024'\n      Cpu: 512"),
            ("      Cpu: &cpu 300\n      Memory: 1024", "&cpu 300", "&cpu 512"),
        ]
    ],
)
def test_forms(before: str, old: str, new: str) -> None:
    """The edit is made where the value stands, all else stays, and a second run changes nothing."""
    assert before.count(old) == 1
    for ending in ("\n", "\r\n"):
        text = before.replace("\n", ending)
        expected = text.replace(old.replace("\n", ending), new.replace("\n", ending))
        assert _fixed(text) == expected
        assert _fixed(expected) == expected


def test_json() -> None:
    """In JSON, numbers, strings and missing properties are written as its neighbours are."""
    text = json.dumps(Source("t", _task("      Cpu: 300\n      Memory: 1024")).document, indent=4)
    assert _fixed(text) == text.replace("300", "512")
    text = json.dumps(Source("t", _task("      Cpu: '256'")).document, indent=4)
    assert _fixed(text) == text.replace('"Cpu"', '"Memory": "512",\n                "Cpu"')
    script = f"#!/bin/bash\necho ECS_CLUSTER=c >> {F}\necho {B}=“once” >> {F}\n"
    document = {
        "Resources": {
            "Lt": {
                "Type": "AWS::EC2::LaunchTemplate",
                "Properties": {"LaunchTemplateData": {"ImageId": AMI, "UserData": {"Fn::Base64": script}}},
            }
        }
    }
    for ascii_only in (True, False):
        text = json.dumps(document, ensure_ascii=ascii_only)
        quotes = [json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in "“”"]
        assert all(text.count(each) == 1 for each in quotes)
        assert _fixed(text) == text.replace(quotes[0], '\\"').replace(quotes[1], '\\"')


JOINED: Final = """\
{
  "Resources" : {
    "C" : { "Type" : "AWS::ECS::Cluster" },
    "Instances" : {
      "Type" : "AWS::AutoScaling::LaunchConfiguration",
      "Properties" : {
        "ImageId" : "%s",
        "UserData"       : { "Fn::Base64" : { "Fn::Join" : ["", [
             "#!/bin/bash -xe\\n",

             "echo ECS_CLUSTER=", { "Ref" : "C" }, " >> /etc/ecs/ecs.config\\n",
             "echo 'ECS_IMAGE_PULL_BEHAVIOR=\\"once\\"' > /etc/ecs/ecs.config\\n",
             "start ecs\\n"
        ]]}}
      }
    }
  }
}
"""


def test_json_as_people_write_it() -> None:
    """In a Fn::Join over many lines, in a spacing of its own, only the faulty characters change."""
    text = JOINED % AMI
    expected = text.replace('BEHAVIOR=\\"once\\"', "BEHAVIOR=once").replace("' > ", "' >> ")
    assert expected != text
    assert _fixed(text) == expected


VARIABLES: Final = "      Cpu: 256\n      Memory: 512\n      ContainerDefinitions:\n        - Name: web\n          Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0\n          Environment:{}\n          # the end\n"
ONE: Final = f"{{Name: {B}, Value: once}}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"\n          - Name: {B} # gone\n            Value: once\n          # kept\n          - {{Name: A, Value: b}}",
            "\n          # kept\n          - {Name: A, Value: b}",
        ),
        (f"\n          - {{Name: A, Value: b}}\n          - {ONE}", "\n          - {Name: A, Value: b}"),
        (f"\n          - {ONE}", " []"),
        (f" [{ONE}, {{Name: A, Value: b}}, {ONE}, {ONE}]", " [{Name: A, Value: b}]"),
        (
            f" [{{Name: A, Value: b}}, {ONE}, {{Name: C, Value: d}}]",
            " [{Name: A, Value: b}, {Name: C, Value: d}]",
        ),
    ],
)
def test_items(before: str, after: str) -> None:
    """An item of a list goes with its line, and no comment of another one with it."""
    head = "Resources:\n  Td:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      RequiresCompatibilities: [FARGATE]\n"
    text = f"{head}{VARIABLES.format(before)}"
    assert _fixed(text) == f"{head}{VARIABLES.format(after)}"


CROSSES: Final = "the edit crosses a piece that CloudFormation fills in: change it by hand"


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (
            _launch(
                f"{{'Fn::Base64': !Join [\"\\n\", ['#!/bin/bash', 'echo ECS_CLUSTER=c >> {F}; exit 0', "
                f"!Join ['', ['echo {B}', '=once >> {F}']]]]}}"
            ),
            [CROSSES],
        ),
        (
            _launch(
                "IyEvYmluL2Jhc2gKZWNobyBFQ1NfQ0xVU1RFUj1jID4+IC9ldGMvZWNzL2Vjcy5jb25maWcKZWNobyBFQ1NfSU1BR0VfUFVMTF9CRUhBVklPUj1PbmNlID4+IC9ldGMvZWNzL2Vjcy5jb25maWcK"
            ),
            ["the user data is base64: write it as Fn::Base64 of the text"],
        ),
        (
            _launch(
                f"{{'Fn::Base64': '#!/bin/bash\n\n            echo ECS_CLUSTER=c >> {F}\n\n            exit 0\n\n\n            echo {B}=once >> {F}'}}"
            ).replace("''", "'"),
            ["the text is in a form that cannot be edited: change it by hand"],
        ),
        (
            _task("      Cpu: &x 300\n      Memory: 1024\n      Family: *x"),
            ["another value shares the text by an anchor, an alias or a merge key: change it by hand"],
        ),
        (
            _task("      Cpu: |-\n        300\n      Memory: 1024"),
            ["it is a block scalar: write it in one line"],
        ),
        (
            _task("      Cpu: 300\n      Memory: 1024").replace(
                "    Properties:", "    Metadata: {'aws:cdk:path': App/Td}\n    Properties:"
            ),
            ["CDK writes this template: change the app, or apply PullFixes to it"],
        ),
        (
            "Transform: AWS::LanguageExtensions\n"
            + _task("      Cpu: 300\n      Memory: 1024")
            .replace("  Td:\n", "  Fn::ForEach::L:\n  - N\n  - [A, B]\n  - Td${N}:\n")
            .replace("\n    ", "\n        "),
            ["Fn::ForEach creates the resource: change the loop by hand"] * 2,
        ),
    ],
)
def test_refused(text: str, reasons: list[str]) -> None:
    """What cannot be edited is refused, with the reason, and the file stays as it is."""
    assert _refused(text) == reasons
    assert _fixed(text) == text


def test_what_cdk_wrote(tmp_path: Path) -> None:
    """A template that lies in a cdk.out is CDK's, also where nothing in it says so."""
    for name in ("manifest.json", "cdk.out"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    source = Source("t", _task("      Cpu: 300\n      Memory: 1024"))
    assembly = template_assembly(source, tmp_path / "t.yaml", Environment())
    (found,) = (each for each in check([assembly], OPTIONS).findings if each.file_fix)
    assert (found.fixable, found.fix.endswith("(in CDK: PullFixes() does it)")) == (False, True)
    fix = found.file_fix
    assert fix is not None
    assert fix.refused == "CDK writes this template: change the app, or apply PullFixes to it"


def test_an_alias_of_the_whole() -> None:
    """Where two resources share a text that is wrong in both, it is left alone: one edit would be two."""
    text = _task("      Cpu: 300\n      Memory: 1024").replace("  Td:\n", "  Td: &td\n") + "  Other: *td\n"
    assert _fixed(text) == text


def test_where_an_edit_stands() -> None:
    """A fix tells its parts of the text by lines and columns."""
    text = _task("      Cpu: 300\n      Memory: 1024")
    assembly = template_assembly(Source("t.yaml", text), Path("t.yaml"), Environment())
    (fix,) = (each.file_fix for each in check([assembly], OPTIONS).findings if each.rule == "PULL201")
    assert fix is not None
    assert (fix.what, fix.safe, fix.regions) == ("Cpu is 512 in place of 300", True, (Region(6, 12, 6, 15),))
    assert [each.text for each in fix.edits] == ["512"]


def test_what_is_suppressed() -> None:
    """What is suppressed with a reason, or by a baseline, is left alone."""
    text = _task("      Cpu: 300\n      Memory: 1024")
    kept: Any = text.replace(
        "    Properties:",
        "    Metadata: {cdk-pull: {suppress: [{id: PULL201, reason: later}]}}\n    Properties:",
    )
    assert _fixed(kept) == kept
