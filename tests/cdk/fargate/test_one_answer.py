from __future__ import annotations

import json
from typing import cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Annotations, Match, Template

from cdk_pull.cdk.fargate.task import FargateTask
from cdk_pull.cdk.fargate.task_size import FargateTaskSize
from cdk_pull.cdk.fargate.task_size_injector import FargateTaskSizeInjector
from cdk_pull.cli import main
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document

_CASES = [
    ("800MB", "2.4GB", 256, 512, 85, (512, 1024)),
    ("200MB", "600MB", 512, 1024, 30, (1024, 2048)),
    ("800MB", "2.4GB", 1024, 4096, 60, (4096, 8192)),
    ("70MB", "190MB", 256, 2048, 25, (256, 2048)),
    ("800MB", "2.4GB", 256, 512, 10, (256, 512)),
]
_ENVIRONMENT = cdk.Environment(account="111122223333", region="eu-central-1")


def _sizes(stack: cdk.Stack) -> set[tuple[int, int]]:
    definitions = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    return {(int(each["Properties"]["Cpu"]), int(each["Properties"]["Memory"])) for each in definitions}


def test_construct_mixin_and_injector_choose_the_same_size() -> None:
    """One question has one answer, whichever construct asks it."""
    app = cdk.App()
    for number, (compressed, uncompressed, cpu, memory, target, _) in enumerate(_CASES):
        stack = cdk.Stack(app, f"S{number}", env=_ENVIRONMENT)
        within = cdk.Duration.seconds(target)
        cdk.PropertyInjectors.of(stack).add(
            FargateTaskSizeInjector(start_within=within, compressed=compressed, uncompressed=uncompressed)
        )
        FargateTask(
            stack,
            "Task",
            cpu=cpu,
            memory_limit_mib=memory,
            start_within=within,
            compressed=compressed,
            uncompressed=uncompressed,
        ).add_container("app", image=ecs.ContainerImage.from_registry("app"))
        mixed = ecs.CfnTaskDefinition(
            stack, "Mixed", cpu=str(cpu), memory=str(memory), requires_compatibilities=["FARGATE"]
        )
        mixed.with_(FargateTaskSize.start_within(within, compressed=compressed, uncompressed=uncompressed))
        ecs.FargateTaskDefinition(stack, "Injected", cpu=cpu, memory_limit_mib=memory).add_container(
            "app", image=ecs.ContainerImage.from_registry("app")
        )
    for number, case in enumerate(_CASES):
        assert _sizes(cast("cdk.Stack", app.node.find_child(f"S{number}"))) == {case[-1]}


@pytest.mark.parametrize(("compressed", "uncompressed", "cpu", "memory", "target", "size"), _CASES)
@pytest.mark.parametrize("command", ["size", "plan"])
def test_the_commands_choose_the_same_size(
    *,
    capsys: pytest.CaptureFixture[str],
    command: str,
    compressed: str,
    uncompressed: str,
    cpu: int,
    memory: int,
    target: int,
    size: tuple[int, int],
) -> None:
    """`size` and `plan` choose what the constructs choose."""
    image = ["--compressed", compressed, "--uncompressed", uncompressed, "--target", f"{target}s"]
    task = ["--cpu", str(cpu), "--memory", str(memory), "--region", "eu-central-1"]
    with pytest.raises(SystemExit):
        main([command, *image, *task, "--json"])
    choice = json.loads(capsys.readouterr().out)["choice"]
    assert (choice["cpu"], choice["memory_mib"]) == size


@pytest.mark.parametrize(("compressed", "uncompressed", "cpu", "memory", "target", "size"), _CASES)
def test_the_fix_of_pull202_sets_the_same_size(
    *, compressed: str, uncompressed: str, cpu: int, memory: int, target: int, size: tuple[int, int]
) -> None:
    """The finding's fix is what the constructs choose; a target that is met has none, and neither has one that no size meets."""
    facts = {"app:1": {"compressed": compressed, "uncompressed": uncompressed}}
    task = {
        "Type": "AWS::ECS::TaskDefinition",
        "Metadata": {"cdk-pull": {"start-within": target, "images": facts}},
        "Properties": {
            "RequiresCompatibilities": ["FARGATE"],
            "Cpu": str(cpu),
            "Memory": str(memory),
            "ContainerDefinitions": [{"Name": "app", "Image": "app:1"}],
        },
    }
    found = check([from_document({"Resources": {"Task": task}})], Options(select=["PULL202"])).findings
    expected = [] if size == (cpu, memory) else [f'Set Cpu: "{size[0]}" and Memory: "{size[1]}"']
    assert [
        each.fix.partition(":  ")[0][: len(expected[0])] for each in found if "Set Cpu" in each.fix
    ] == expected


@pytest.mark.parametrize(("synthesizing", "number"), [(True, 0), (False, 1)])
def test_a_missed_target_is_told_once(*, synthesizing: bool, number: int) -> None:
    """At a synth the construct warns itself, so that the checks beside it are silent; a template alone is told of."""
    app = cdk.App()
    stack = cdk.Stack(app, "S", env=_ENVIRONMENT)
    FargateTask(
        stack,
        "Task",
        image=ecs.ContainerImage.from_registry("app"),
        start_within=cdk.Duration.seconds(5),
        compressed="800MB",
    )
    template = Template.from_stack(stack).to_json()
    found = check([from_document(template)], Options(select=["PULL202"], synthesizing=synthesizing)).findings
    assert len(found) == number
    assert (
        len(Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("fargateTargetNotMet")))
        == 1
    )


def test_a_task_whose_size_was_chosen_is_not_told_to_take_another() -> None:
    """0.5 vCPU meets 85 s at the least price: that 1 vCPU would start sooner is no finding (PULL203)."""
    stack = cdk.Stack(cdk.App(), "S", env=_ENVIRONMENT)
    FargateTask(
        stack,
        "Task",
        image=ecs.ContainerImage.from_registry("app"),
        start_within=cdk.Duration.seconds(85),
        compressed="800MB",
        uncompressed="2.4GB",
    )
    template = Template.from_stack(stack).to_json()
    [(_, task)] = (
        template["Resources"].items()
        if len(template["Resources"]) == 1
        else [item for item in template["Resources"].items() if item[1]["Type"] == "AWS::ECS::TaskDefinition"]
    )
    task["Metadata"]["cdk-pull"]["images"] = {"app": {"compressed": "800MB", "uncompressed": "2.4GB"}}
    assert task["Properties"]["Cpu"] == "512"
    assert check([from_document(template)], Options(select=["PULL202", "PULL203"])).findings == ()
    del task["Metadata"]["cdk-pull"]["fargate-size"]
    found = check([from_document(template)], Options(select=["PULL203"])).findings
    assert [each.message for each in found] == []
    task["Properties"]["Cpu"], task["Properties"]["Memory"] = "256", "512"
    (finding,) = check([from_document(template)], Options(select=["PULL203"])).findings
    assert finding.message == (
        "the start is estimated at 87 s (39-235 s) with 0.25 vCPU, 0.5 GB, and at 78 s (36-207 s) with 0.5 vCPU, 1 GB"
    )
