from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Annotations, Match, Template

from cdk_pull.cdk.fargate.task import FargateTask
from cdk_pull.cdk.fargate.task_size import FargateTaskSize
from cdk_pull.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Callable

_IMAGE = ecs.ContainerImage.from_registry("example.com/app:1")
_SIZES: dict[str, Any] = {"compressed": "800MB", "uncompressed": "2.4GB"}
_MINUTE = cdk.Duration.minutes(1)


@pytest.fixture(name="stack")
def _stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "S", env=cdk.Environment(account="123456789012", region="us-east-1"))


def _l2(stack: cdk.Stack, **props: Any) -> ecs.FargateTaskDefinition:
    task = ecs.FargateTaskDefinition(stack, "Task", **{"cpu": 256, "memory_limit_mib": 512, **props})
    task.add_container("app", image=_IMAGE)
    return task


def _l1(stack: cdk.Stack, **props: Any) -> ecs.CfnTaskDefinition:
    container = ecs.CfnTaskDefinition.ContainerDefinitionProperty(name="app", image="example.com/app:1")
    defaults = {"cpu": ".25 vCPU", "memory": "0.5GB", "requires_compatibilities": ["FARGATE"]}
    return ecs.CfnTaskDefinition(stack, "Task", **{"container_definitions": [container], **defaults, **props})


def _template(stack: cdk.Stack) -> dict[str, Any]:
    return dict(Template.from_stack(stack).to_json())


def _task(stack: cdk.Stack) -> dict[str, Any]:
    [task] = [
        resource
        for resource in _template(stack)["Resources"].values()
        if resource["Type"] == "AWS::ECS::TaskDefinition"
    ]
    definition: dict[str, Any] = task
    return definition


@pytest.mark.parametrize("make", [_l2, _l1])
@pytest.mark.parametrize("through", ["with_", "mixins", "aspect"])
def test_only_size_and_metadata_change(make: Callable[..., Any], through: str) -> None:
    """On L2 and L1, however it is applied, everything but CPU, memory and our metadata stays as it was."""

    def build(*, sized: bool) -> dict[str, Any]:
        app = cdk.App()
        stack = cdk.Stack(app, "S", env=cdk.Environment(account="123456789012", region="us-east-1"))
        task = make(stack)
        if sized:
            mixin = FargateTaskSize.start_within(_MINUTE, **_SIZES)
            if through == "with_":
                task.with_(mixin)
            elif through == "mixins":
                cdk.Mixins.of(app).apply(mixin)
            else:
                cdk.Aspects.of(app).add(cdk.Shims.as_aspect(mixin))
        return _template(stack)

    before, after = build(sized=False), build(sized=True)
    [name] = [name for name, resource in after["Resources"].items() if "Metadata" in resource]
    changed = after["Resources"][name]
    assert (changed["Properties"]["Cpu"], changed["Properties"]["Memory"]) == ("4096", "8192")
    assert changed.pop("Metadata")["cdk-pull"]["fargate-size"]["decided"] == "4 vCPU, 8 GB"
    for key in ("Cpu", "Memory"):
        changed["Properties"][key] = before["Resources"][name]["Properties"][key]
    assert after == before


def test_a_valid_size_that_stays_keeps_its_form(stack: cdk.Stack) -> None:
    """Where the size does for the target, the user's own spelling of it stays."""
    _l1(stack, cpu="1 vCPU", memory="2GB").with_(FargateTaskSize.start_within(_MINUTE, compressed="10MB"))
    properties = _task(stack)["Properties"]
    assert (properties["Cpu"], properties["Memory"]) == ("1 vCPU", "2GB")


def test_containers_are_never_below_what_they_need(stack: cdk.Stack) -> None:
    """The size chosen holds the containers even where the size given did not."""
    task = _l2(stack)
    task.add_container("db", image=_IMAGE, memory_limit_mib=5000)
    task.with_(FargateTaskSize.start_within(_MINUTE, compressed="10MB"))
    properties = _task(stack)["Properties"]
    assert (properties["Cpu"], properties["Memory"]) == ("1024", "5120")


def test_storage_is_raised(stack: cdk.Stack) -> None:
    """Images beyond 20 GiB get the ephemeral storage they need."""
    _l2(stack).with_(
        FargateTaskSize.within_price(1, compressed="8GB", uncompressed="20GB", working_data="5GB")
    )
    assert _task(stack)["Properties"]["EphemeralStorage"] == {"SizeInGiB": 31}


def test_tokens_are_left_alone(stack: cdk.Stack) -> None:
    """A size from a parameter stays one, with a warning."""
    cpu = cdk.CfnParameter(stack, "Cpu").value_as_string
    _l1(stack, cpu=cpu).with_(FargateTaskSize.start_within(_MINUTE, **_SIZES))
    assert _task(stack)["Properties"]["Cpu"] == {"Ref": "Cpu"}
    Annotations.from_stack(stack).has_warning(
        "/S/Task", Match.string_like_regexp("cdk-pull:fargateSizeUnknown")
    )


def test_applying_the_same_twice_is_applying_it_once(stack: cdk.Stack) -> None:
    """The second time nothing changes."""
    task = _l2(stack)
    for _ in range(2):
        task.with_(FargateTaskSize.start_within(_MINUTE, **_SIZES))
    assert _task(stack)["Properties"]["Cpu"] == "4096"


def test_two_different_requests_for_one_task_are_an_error(stack: cdk.Stack) -> None:
    """The error names the task and both requests; also where the first was the construct's own."""
    task = FargateTask(stack, "Worker", image=_IMAGE, start_within=_MINUTE, **_SIZES)
    with pytest.raises(RuntimeError) as error:
        task.with_(FargateTaskSize.within_price(0.5, **_SIZES))
    assert str(error.value) == (
        "S/Worker/Resource: its size was decided for 'start within 60 s (expected), images of 800 MB, 2.4 GB "
        "unpacked' and is now asked to be for 'cost at most $0.5 per hour, images of 800 MB, 2.4 GB unpacked': keep one "
        "of them"
    )


def test_an_invalid_size_is_an_error_with_the_task_s_path(stack: cdk.Stack) -> None:
    """Choosing from a size that Fargate does not run is refused."""
    with pytest.raises(RuntimeError) as error:
        _l2(stack, memory_limit_mib=8192).with_(FargateTaskSize.start_within(_MINUTE, **_SIZES))
    assert str(error.value) == (
        "S/Task: cpu and memory are not a Fargate task size on Linux: '256/8192'; allowed: the nearest are "
        "256/2048, 512/4096, 1024/7168, 1024/8192. Set both to one of these pairs"
    )


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (
            {"cpu": "256", "memory": "8192"},
            "S/Task: cpu and memory are not a Fargate task size on Linux: '256/8192'",
        ),
        ({"cpu": "300", "memory": "1024"}, "'300/1024'"),
        ({"cpu": "1 vCPU", "memory": "1GB"}, "'1024/1024'"),
        ({"cpu": "lots", "memory": "1GB"}, "S/Task: cpu is not in a form that ECS accepts: 'lots'"),
        (
            {
                "cpu": "512",
                "memory": "1024",
                "runtime_platform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
            },
            "are not a Fargate task size on Windows: '512/1024'",
        ),
        (
            {
                "container_definitions": [
                    {"name": "a", "image": "i", "cpu": 200, "memory": 300},
                    {"name": "b", "image": "i", "cpu": 100, "memoryReservation": 300},
                ]
            },
            (
                "S/Task: the containers need 300 CPU units, and the task has 256; the containers reserve 600 MiB, and "
                "the task has 512. Raise the task size, or lower what the containers ask for"
            ),
        ),
    ],
)
def test_checked_stops_the_synth_for_what_fargate_would_refuse(
    stack: cdk.Stack, props: dict[str, Any], message: str
) -> None:
    """An invalid pair, form or fit is found in any Fargate task definition of the app when CDK validates."""
    _l1(stack, **props)
    cdk.Mixins.of(stack).apply(FargateTaskSize.checked())
    with pytest.raises(RuntimeError) as error:
        _template(stack)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"cpu": "1024", "memory": "2048"},
        {"memory": {"Ref": "AWS::NoValue"}},
        {"cpu": "9", "requires_compatibilities": ["EC2"]},
        {"cpu": None, "memory": None, "requires_compatibilities": None},
    ],
)
def test_checked_changes_nothing(stack: cdk.Stack, props: dict[str, Any]) -> None:
    """What is valid, unknown or not on Fargate synthesizes as it did."""
    _l1(stack, **{name: cdk.Token.as_string(v) if isinstance(v, dict) else v for name, v in props.items()})
    before = stack.resolve(stack.node.find_child("Task").node.default_child or {})
    cdk.Mixins.of(stack).apply(FargateTaskSize.checked())
    assert "Metadata" not in _task(stack)
    assert before == {}


def test_checked_sees_what_comes_later(stack: cdk.Stack) -> None:
    """A size that is changed after the mixin was applied is checked as it is in the template."""
    task = _l1(stack)
    task.with_(FargateTaskSize.checked())
    task.cpu = "300"
    with pytest.raises(RuntimeError, match="'300/512'"):
        _template(stack)


def test_a_misspelt_property_is_refused() -> None:
    """A keyword that nothing would read is an error."""
    with pytest.raises(
        TypeError,
        match=r"^start_within\(\) got an unexpected keyword argument 'compresed'. Did you mean compressed\?$",
    ):
        FargateTaskSize.start_within(_MINUTE, compresed="1GB")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "mixin", [FargateTaskSize.checked(), FargateTaskSize.start_within(_MINUTE, **_SIZES)]
)
def test_containers_added_later_stay_in_the_template(stack: cdk.Stack, mixin: FargateTaskSize) -> None:
    """Looking at the containers there are does not keep CDK from writing those that come."""
    task = _l2(stack)
    task.with_(mixin)
    task.add_container("later", image=_IMAGE)
    containers = _task(stack)["Properties"]["ContainerDefinitions"]
    assert [container["Name"] for container in containers] == ["app", "later"]


def test_a_container_that_comes_too_late_for_the_size_stops_the_synth(stack: cdk.Stack) -> None:
    """The size was decided without it, so that it has to fit."""
    task = _l2(stack)
    task.with_(FargateTaskSize.start_within(cdk.Duration.minutes(3), **_SIZES))
    task.add_container("later", image=_IMAGE, memory_limit_mib=4000)
    with pytest.raises(
        RuntimeError, match="the memory limit of container later is 4000 MiB, and the task has 512"
    ):
        _template(stack)


def test_a_service_stands_for_its_task_definition(stack: cdk.Stack) -> None:
    """Applied to a service, the mixin sizes what the service runs, once."""
    cluster = ecs.Cluster(stack, "Cluster", vpc=ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=1))
    service = ecs.FargateService(stack, "Service", cluster=cluster, task_definition=_l2(stack))
    service.with_(FargateTaskSize.start_within(_MINUTE, **_SIZES))
    cdk.Mixins.of(stack).apply(FargateTaskSize.start_within(_MINUTE, **_SIZES))
    assert _task(stack)["Properties"]["Cpu"] == "4096"


@pytest.mark.parametrize(
    ("props", "size"),
    [
        ({"cpu": None, "memory": None}, ("256", "512")),
        ({"memory": None}, ("256", "512")),
        ({"cpu": None, "memory": "3GB"}, ("512", "3072")),
    ],
)
def test_what_an_l1_leaves_out_is_the_least(
    stack: cdk.Stack, props: dict[str, Any], size: tuple[str, str]
) -> None:
    """ECS refuses a Fargate task without CPU or memory, so the smallest that holds the containers is taken."""
    _l1(stack, **props).with_(FargateTaskSize.start_within(cdk.Duration.minutes(3), **_SIZES))
    properties = _task(stack)["Properties"]
    assert (properties["Cpu"], properties["Memory"]) == size


def test_checked_misses_what_fargate_needs(stack: cdk.Stack) -> None:
    """An L1 without CPU stops the synth rather than the deployment."""
    _l1(stack, cpu=None).with_(FargateTaskSize.checked())
    with pytest.raises(RuntimeError, match="a task on Fargate needs cpu and memory, and has no cpu"):
        _template(stack)


def test_other_working_data_is_another_request(stack: cdk.Stack) -> None:
    """Nothing that was asked is lost silently."""
    task = _l2(stack)
    task.with_(FargateTaskSize.start_within(_MINUTE, **_SIZES))
    with pytest.raises(RuntimeError, match=r"2\.4 GB unpacked, 50 GB of working data': keep one of them"):
        task.with_(FargateTaskSize.start_within(_MINUTE, **_SIZES, working_data="50GB"))


def test_a_request_that_is_none_is_refused_where_it_is_written() -> None:
    """The class methods make the mixin; anything else is an error at the line of the call."""
    with pytest.raises(InvalidValueError) as error:
        FargateTaskSize("1 minute")  # type: ignore[arg-type]
    assert str(error.value) == (
        "FargateTaskSize is not made of: '1 minute'; allowed: FargateTaskSize.start_within(…), .within_price(…) or .checked()"
    )
