from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from cdk_pull.cdk.synth.decisions import record
from cdk_pull.decision import METADATA_TYPE, TEMPLATE_KEY, Decision
from cdk_pull.errors import CdkPullError
from cdk_pull.report.decisions import RecordedDecision, StackDecisions, read_decisions

if TYPE_CHECKING:
    from pathlib import Path

SIZE = Decision(
    topic="fargate-size",
    decided="1 vCPU, 2 GB",
    why="the smallest size that starts within 60 s",
    cost="$0.0494 per hour, $0.0370 more",
    confidence="start 31-58 s with 80 % coverage",
    details={"cpu": 1024},
)
PULL = Decision(topic="image-pull-behavior", decided="prefer-cached", why="every image is a digest")


def _assembly(folder: Path, metadata: dict[str, Any], **artifact: Any) -> Path:
    """Write an assembly of one stack by hand."""
    properties = {"templateFile": "Shop.template.json"}
    stack = {"type": "aws:cloudformation:stack", "metadata": metadata, "properties": properties, **artifact}
    (folder / "Shop.template.json").write_text("{}")
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": {"Shop": stack}}))
    return folder


def test_reads_what_constructs_recorded(tmp_path: Path) -> None:
    """Decisions come back from the assembly that CDK wrote: stages, nested stacks and the stack itself."""
    app = cdk.App(outdir=str(tmp_path), context={"aws:cdk:enable-path-metadata": True})
    shop = cdk.Stack(app, "Shop", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    task = cdk.CfnResource(shop, "Task", type="AWS::ECS::TaskDefinition")
    task.add_metadata(TEMPLATE_KEY, {"fargate-size": SIZE.to_template()})
    nested = cdk.NestedStack(shop, "Nested")
    record(cdk.CfnResource(nested, "Group", type="AWS::EC2::LaunchTemplate").node, PULL)
    task = cdk.CfnResource(nested, "Task", type="AWS::ECS::TaskDefinition")
    task.add_metadata(TEMPLATE_KEY, {"fargate-size": SIZE.to_template()})
    cdk.Stack(app, "Quiet")
    record(cdk.Stack(cdk.Stage(app, "Prod"), "Shop", stack_name="renamed").node, PULL)
    app.synth()

    assert sorted(read_decisions(tmp_path), key=lambda stack: stack.stack) == [
        StackDecisions(
            stack="Prod/Shop",
            environment="aws://unknown-account/unknown-region",
            decisions=(RecordedDecision(resource="Prod/Shop", decision=PULL),),
        ),
        StackDecisions(stack="Quiet", environment="aws://unknown-account/unknown-region", decisions=()),
        StackDecisions(
            stack="Shop",
            environment="aws://123456789012/eu-west-1",
            decisions=(
                RecordedDecision(resource="Nested/Group", decision=PULL),
                RecordedDecision(resource="Task", decision=SIZE),
                RecordedDecision(resource="Nested/Task", decision=SIZE),
            ),
        ),
    ]


def test_what_is_said_twice_stands_once(tmp_path: Path) -> None:
    """A decision that was recorded twice on the same construct is listed once."""
    entry = {"type": METADATA_TYPE, "data": PULL.to_json()}
    folder = _assembly(tmp_path, {"/Shop/Group": [entry, entry]})
    assert read_decisions(folder)[0].decisions == (RecordedDecision(resource="Group", decision=PULL),)


def test_other_metadata_and_later_fields_are_passed_over(tmp_path: Path) -> None:
    """Metadata of other types is no decision, and a field of a later release does no harm."""
    folder = _assembly(
        tmp_path,
        {
            "/Shop/Group": [
                {"type": "aws:cdk:logicalId", "data": "Group1234"},
                {"type": METADATA_TYPE, "data": {**PULL.to_json(), "later": 1}},
            ]
        },
    )
    assert read_decisions(folder)[0].decisions == (RecordedDecision(resource="Group", decision=PULL),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "manifest.json cannot be read: No such file or directory"),
        ("{", "manifest.json is not JSON"),
        ("[]", "manifest.json is not a JSON object"),
        ("{}", "holds no stack; run cdk synth first"),
        ('{"artifacts": {"Shop": []}}', "holds no stack; run cdk synth first"),
    ],
)
def test_what_is_no_assembly(tmp_path: Path, content: str | None, message: str) -> None:
    """A folder that is no cloud assembly is one error that names the place and what is wrong there."""
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(CdkPullError) as caught:
        read_decisions(tmp_path)
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)
