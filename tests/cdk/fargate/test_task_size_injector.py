from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk.assertions import Annotations, Match, Template

import cdk_pull as pull
from cdk_pull.errors import ConflictError

_IMAGE = ecs.ContainerImage.from_registry("example.com/app:1")
_SIZES: dict[str, Any] = {"compressed": "800MB", "uncompressed": "2.4GB"}
_MINUTE = cdk.Duration.minutes(1)
_ENV = cdk.Environment(account="123456789012", region="us-east-1")


@pytest.fixture(name="app")
def _app() -> cdk.App:
    return cdk.App()


@pytest.fixture(name="stack")
def _stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "S", env=_ENV)


def _add(scope: Any, **arguments: Any) -> None:
    cdk.PropertyInjectors.of(scope).add(pull.FargateTaskSizeInjector(**arguments))


def _definitions(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    resources = Template.from_stack(stack).to_json()["Resources"]
    return {name: body for name, body in resources.items() if body["Type"] == "AWS::ECS::TaskDefinition"}


def _sizes(stack: cdk.Stack) -> list[tuple[Any, Any]]:
    return [
        (body["Properties"]["Cpu"], body["Properties"]["Memory"]) for body in _definitions(stack).values()
    ]


def test_every_fargate_task_definition_of_an_app_is_sized(app: cdk.App, stack: cdk.Stack) -> None:
    """A task definition with a size, one without, and that inside a pattern of CDK all start in time."""
    _add(app, start_within=_MINUTE, **_SIZES)
    given = ecs.FargateTaskDefinition(stack, "Given", cpu=512, memory_limit_mib=1024)
    for task in (given, ecs.FargateTaskDefinition(stack, "Default")):
        task.add_container("app", image=_IMAGE)
    patterns.ApplicationLoadBalancedFargateService(
        stack,
        "Web",
        vpc=ec2.Vpc(stack, "Vpc"),
        task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(image=_IMAGE),
    )
    assert _sizes(stack) == [("4096", "8192")] * 3


def test_only_size_and_metadata_change() -> None:
    """No logical id and no other property changes, whatever the properties are."""

    def build(*, sized: bool) -> dict[str, Any]:
        app = cdk.App()
        stack = cdk.Stack(app, "S", env=_ENV)
        if sized:
            _add(app, start_within=_MINUTE, **_SIZES)
        platform = ecs.RuntimePlatform(
            cpu_architecture=ecs.CpuArchitecture.ARM64,
            operating_system_family=ecs.OperatingSystemFamily.LINUX,
        )
        first = ecs.FargateTaskDefinition(stack, "First", family="first")
        second = ecs.FargateTaskDefinition(
            stack,
            "Second",
            runtime_platform=platform,
            task_role=first.task_role,
            volumes=[ecs.Volume(name="data")],
            ephemeral_storage_gib=30,
        )
        for each in (first, second):
            each.add_container("app", image=_IMAGE)
        return dict(Template.from_stack(stack).to_json())

    before, after = build(sized=False), build(sized=True)
    for name, body in after["Resources"].items():
        if body["Type"] == "AWS::ECS::TaskDefinition":
            assert body.pop("Metadata")["cdk-pull"]["fargate-size"]["target_met"] is True
            for key in ("Cpu", "Memory"):
                assert body["Properties"][key] != before["Resources"][name]["Properties"][key]
                body["Properties"][key] = before["Resources"][name]["Properties"][key]
    assert after == before


def test_the_nearest_injector_decides(app: cdk.App, stack: cdk.Stack) -> None:
    """One on a stack goes before the app's, for images of another size."""
    _add(app, start_within=_MINUTE, **_SIZES)
    _add(stack, start_within=_MINUTE, compressed="20MB", uncompressed="50MB")
    ecs.FargateTaskDefinition(stack, "Small").add_container("app", image=_IMAGE)
    other = cdk.Stack(app, "Other", env=_ENV)
    ecs.FargateTaskDefinition(other, "Large").add_container("app", image=_IMAGE)
    assert (_sizes(stack), _sizes(other)) == ([("256", "512")], [("4096", "8192")])


def test_what_sizes_itself_is_left_alone(app: cdk.App, stack: cdk.Stack) -> None:
    """FargateTask keeps its own decision, and a task definition that is made after it is sized again."""
    _add(app, start_within=_MINUTE, **_SIZES)
    pull.FargateTask(stack, "Own", image=_IMAGE, cpu=512, memory_limit_mib=1024)
    ecs.FargateTaskDefinition(stack, "Next").add_container("app", image=_IMAGE)
    assert _sizes(stack) == [("512", "1024"), ("4096", "8192")]


def test_a_mixin_goes_on_from_the_injected_size(stack: cdk.Stack) -> None:
    """What FargateTaskSize decides afterwards is what the metadata says."""
    _add(stack, start_within=cdk.Duration.minutes(2), **_SIZES)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.with_(pull.FargateTaskSize.start_within(_MINUTE, **_SIZES))
    task.add_container("app", image=_IMAGE)
    [body] = _definitions(stack).values()
    assert body["Properties"]["Cpu"] == "4096"
    assert body["Metadata"]["cdk-pull"]["fargate-size"]["asked"].startswith("start within 60 s")


def test_ephemeral_storage_is_raised(stack: cdk.Stack) -> None:
    """Images that do not fit get the room that they need."""
    _add(stack, start_within=cdk.Duration.minutes(30), compressed="9GB", uncompressed="21GB")
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=_IMAGE)
    [body] = _definitions(stack).values()
    assert body["Properties"]["EphemeralStorage"] == {"SizeInGiB": 28}


def test_a_size_of_cloudformation_stays(stack: cdk.Stack) -> None:
    """A size that CloudFormation fills in is left as it is, with a warning."""
    _add(stack, start_within=_MINUTE, **_SIZES)
    size = cdk.CfnParameter(stack, "Size", type="Number")
    task = ecs.FargateTaskDefinition(stack, "Task", cpu=size.value_as_number)
    task.add_container("app", image=_IMAGE)
    assert _sizes(stack) == [({"Ref": "Size"}, "512")]
    [found] = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp(".*left as it is.*"))
    assert found.id == "/S/Task"


def test_containers_that_do_not_fit_stop_the_synth(stack: cdk.Stack) -> None:
    """A container larger than the size is reported by the task definition's path."""
    _add(stack, start_within=_MINUTE, compressed="20MB", uncompressed="50MB")
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=_IMAGE, memory_limit_mib=4096)
    with pytest.raises(RuntimeError, match=r"S/Task/Resource: the memory limit of container app is 4096 MiB"):
        Template.from_stack(stack)


def test_a_size_that_is_none_names_the_task(stack: cdk.Stack) -> None:
    """A pair that Fargate does not run is refused where the task definition is made."""
    _add(stack, start_within=_MINUTE, **_SIZES)
    with pytest.raises(RuntimeError, match=r"S/Task: .*256.*8192"):
        ecs.FargateTaskDefinition(stack, "Task", cpu=256, memory_limit_mib=8192)


def test_arguments_are_checked_at_once() -> None:
    """Two goals, or an argument that there is not, are refused before any task definition is made."""
    with pytest.raises(ConflictError, match="start"):
        pull.FargateTaskSizeInjector(start_within=_MINUTE, max_usd_per_hour=1, **_SIZES)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sizes'"):
        pull.FargateTaskSizeInjector(sizes=1)  # type: ignore[call-arg]


def test_two_synths_say_the_same(stack: cdk.Stack) -> None:
    """A second look at the same tree gives the same template and one warning."""
    _add(stack, start_within=cdk.Duration.seconds(20), **_SIZES)
    ecs.FargateTaskDefinition(stack, "Task").add_container("app", image=_IMAGE)
    first = _definitions(stack)
    assert _definitions(stack) == first
    assert len(Annotations.from_stack(stack).find_warning("*", Match.any_value())) == 1
