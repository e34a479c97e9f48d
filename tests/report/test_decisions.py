from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from rich.console import Console

from cdk_pull.cdk.synth.decisions import record
from cdk_pull.decision import METADATA_TYPE, TEMPLATE_KEY, Decision
from cdk_pull.errors import CdkPullError
from cdk_pull.report.decisions import RecordedDecision, StackDecisions, decision_table, read_decisions

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


def test_the_table_shows_every_field() -> None:
    """A table names the stack and, for each decision, the place, topic, outcome, reason, confidence and cost."""
    token = Decision(topic="region", decided="x", why="[b]not markup[/b]", details={})
    stack = StackDecisions(
        stack="Shop",
        environment="aws://123456789012/eu-west-1",
        decisions=(
            RecordedDecision(resource="Api/Task/Resource", decision=SIZE),
            RecordedDecision(resource="Image", decision=token),
        ),
    )
    out = io.StringIO()
    Console(file=out, width=160).print(decision_table(stack))
    text = out.getvalue()
    for part in (
        "Shop in 123456789012 eu-west-1\n",
        " Api/Task ",
        SIZE.topic,
        SIZE.decided,
        SIZE.why,
        SIZE.confidence,
        SIZE.cost,
        "[b]not markup[/b]",
        "nothing",
    ):
        assert part in text, text


def test_a_token_is_shown_as_its_intrinsic(tmp_path: Path) -> None:
    """A field that held a token is printed as the intrinsic function that CDK made of it."""
    data = {**PULL.to_json(), "decided": {"Ref": "Behavior"}}
    folder = _assembly(tmp_path, {"/Shop/Group": [{"type": METADATA_TYPE, "data": data}]})
    out = io.StringIO()
    Console(file=out, width=160).print(decision_table(read_decisions(folder)[0]))
    assert '{"Ref": "Behavior"}' in out.getvalue()


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ("aws://123456789012/eu-west-1", "123456789012 eu-west-1"),
        ("aws://unknown-account/eu-west-1", "eu-west-1"),
        ("aws://unknown-account/unknown-region", "any account and Region"),
        ("", "any account and Region"),
    ],
)
def test_the_table_says_where_the_stack_goes(environment: str, place: str) -> None:
    """A table's title names the account and the Region as far as the app does."""
    out = io.StringIO()
    Console(file=out).print(
        decision_table(StackDecisions(stack="Shop", environment=environment, decisions=()))
    )
    assert out.getvalue().splitlines()[0].rstrip() == f"Shop in {place}"
