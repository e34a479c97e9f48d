from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Annotations, Match, Template

from cdk_pull.cdk.fargate.task import FargateTask
from cdk_pull.errors import CdkPullError, ConflictError, InvalidValueError
from cdk_pull.fargate.estimate.measured import MeasuredGroup, save_measured
from cdk_pull.fargate.estimate.pulls import Pull, group_pulls
from cdk_pull.image.profile import ImageProfile, Layer
from tests.fargate import task_records

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from cdk_pull.cdk.fargate.container_props import ContainerProps

_IMAGE = ecs.ContainerImage.from_registry("example.com/app:1")
_SIZES: dict[str, Any] = {"compressed": "800MB", "uncompressed": "2.4GB"}
_MINUTE = cdk.Duration.minutes(1)


def _platform(
    family: str, architecture: ecs.CpuArchitecture = ecs.CpuArchitecture.X86_64
) -> ecs.RuntimePlatform:
    return ecs.RuntimePlatform(
        operating_system_family=ecs.OperatingSystemFamily.of(family), cpu_architecture=architecture
    )


_WINDOWS = _platform("WINDOWS_SERVER_2022_CORE")


@pytest.fixture(name="stack")
def _stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "S", env=cdk.Environment(account="123456789012", region="us-east-1"))


def _task(stack: cdk.Stack) -> dict[str, Any]:
    [task] = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    return dict(task)


def _size(stack: cdk.Stack) -> tuple[str, str]:
    properties = _task(stack)["Properties"]
    return properties["Cpu"], properties["Memory"]


def test_the_size_starts_within_a_minute(stack: cdk.Stack, snapshot: SnapshotAssertion) -> None:
    """The template has the size chosen, the default container, and the whole decision in its metadata."""
    task = FargateTask(
        stack, "Worker", image=_IMAGE, cpu=256, memory_limit_mib=512, start_within=_MINUTE, **_SIZES
    )
    resource = _task(stack)
    assert resource["Properties"]["Cpu"] == "4096"
    assert resource["Properties"]["Memory"] == "8192"
    assert resource["Properties"]["RequiresCompatibilities"] == ["FARGATE"]
    assert "EphemeralStorage" not in resource["Properties"]
    assert [(c["Name"], c["Image"]) for c in resource["Properties"]["ContainerDefinitions"]] == [
        ("app", "example.com/app:1")
    ]
    assert resource["Metadata"]["cdk-pull"] == snapshot
    assert (task.cpu, task.memory_mib) == (4096, 8192)


@pytest.mark.parametrize(
    ("cpu", "memory", "size"),
    [
        (None, None, ("256", "512")),
        ("1 vCPU", "2GB", ("1024", "2048")),
        (".5 vcpu", "1024", ("512", "1024")),
        (1024, None, ("1024", "2048")),
        (None, 8192, ("1024", "8192")),
        (256.0, 512.0, ("256", "512")),
    ],
)
def test_sizes_in_any_form_of_ecs(stack: cdk.Stack, cpu: Any, memory: Any, size: tuple[str, str]) -> None:
    """Numbers, vCPUs and GB are taken; what is left out is the least that goes with the rest."""
    FargateTask(stack, "Worker", image=_IMAGE, cpu=cpu, memory_limit_mib=memory)
    assert _size(stack) == size


@pytest.mark.parametrize(("cpu", "memory"), [(256, 8192), (300, 1024), (32768, 65536), ("1 vCPU", "1GB")])
def test_a_pair_that_fargate_does_not_run_is_an_error(stack: cdk.Stack, cpu: Any, memory: Any) -> None:
    """An invalid pair is refused where it is written, with the nearest valid ones."""
    with pytest.raises(
        InvalidValueError,
        match=r"are not a Fargate task size on Linux: .* the nearest are 256/512|256/2048|16384/65536|512/1024",
    ):
        FargateTask(stack, "Worker", image=_IMAGE, cpu=cpu, memory_limit_mib=memory)


def test_tokens_stay_tokens(stack: cdk.Stack) -> None:
    """Parameters as CPU, memory and storage reach the template, and a warning says that nothing was chosen."""
    numbers = {
        name: cdk.CfnParameter(stack, name, type="Number").value_as_number
        for name in ("Cpu", "Memory", "Storage")
    }
    FargateTask(
        stack,
        "Worker",
        image=_IMAGE,
        cpu=numbers["Cpu"],
        memory_limit_mib=numbers["Memory"],
        ephemeral_storage_gib=numbers["Storage"],
        start_within=_MINUTE,
        **_SIZES,
    )
    properties = _task(stack)["Properties"]
    assert properties["Cpu"] == {"Ref": "Cpu"}
    assert properties["Memory"] == {"Ref": "Memory"}
    assert properties["EphemeralStorage"] == {"SizeInGiB": {"Ref": "Storage"}}
    Annotations.from_stack(stack).has_warning(
        "/S/Worker",
        Match.string_like_regexp("^the task size is left as it is: .*cdk-pull:fargateSizeUnknown"),
    )


def test_a_string_token_is_a_size_too(stack: cdk.Stack) -> None:
    """A text parameter as CPU or memory is passed on."""
    text = cdk.CfnParameter(stack, "Cpu").value_as_string
    FargateTask(stack, "Worker", image=_IMAGE, cpu=text, memory_limit_mib="2GB")
    assert _task(stack)["Properties"]["Cpu"] == {"Ref": "Cpu"}


def test_unknown_images_keep_the_size_with_a_warning(stack: cdk.Stack) -> None:
    """Without sizes the task is what was written, and the warning says what to pass."""
    FargateTask(stack, "Worker", image=_IMAGE, cpu=512, memory_limit_mib=1024, start_within=_MINUTE)
    assert _size(stack) == ("512", "1024")
    Annotations.from_stack(stack).has_warning(
        "/S/Worker",
        Match.string_like_regexp("pass compressed= and uncompressed=.*cdk-pull:fargateImageSizeUnknown"),
    )


def test_a_target_that_no_size_meets_is_a_warning_to_acknowledge(stack: cdk.Stack) -> None:
    """The warning names the ways out, and its id acknowledges it."""
    task = FargateTask(stack, "Worker", image=_IMAGE, start_within=cdk.Duration.seconds(5), **_SIZES)
    Annotations.from_stack(stack).has_warning(
        "/S/Worker",
        Match.string_like_regexp(
            "^no size starts within 5 s: .* Ways out: .*ack: cdk-pull:fargateTargetNotMet"
        ),
    )
    assert _size(stack) == ("256", "512")
    assert task.cpu == 256


def test_the_best_start_within_a_price(stack: cdk.Stack) -> None:
    """A price in place of a target buys the best start that it can."""
    FargateTask(stack, "Worker", image=_IMAGE, max_usd_per_hour=0.25, **_SIZES)
    assert _size(stack) == ("4096", "8192")


def test_arm_has_its_own_price(stack: cdk.Stack) -> None:
    """The architecture of the runtime platform, however it is written, decides the price."""
    arm = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.of("ARM64"))
    FargateTask(stack, "Worker", image=_IMAGE, runtime_platform=arm, compressed="10MB")
    decision = _task(stack)["Metadata"]["cdk-pull"]["fargate-size"]
    assert decision["cost"] == "$7.21 a month in us-east-1 ($0.0099 per hour)"


def test_without_a_region_the_size_is_given_and_the_price_said_to_be_unknown() -> None:
    """An environment-agnostic stack gets the same size."""
    stack = cdk.Stack(cdk.App(), "S")
    FargateTask(stack, "Worker", image=_IMAGE, start_within=_MINUTE, **_SIZES)
    assert _size(stack) == ("4096", "8192")
    decision = _task(stack)["Metadata"]["cdk-pull"]["fargate-size"]
    assert (
        decision["cost"]
        == "price unknown: no Region is given: set the stack's environment, or --region on the command line"
    )


def test_windows_tasks_are_sized_on_their_own_table(stack: cdk.Stack) -> None:
    """A Windows task begins at 1 vCPU, without ephemeral storage."""
    FargateTask(
        stack, "Worker", image=_IMAGE, runtime_platform=_WINDOWS, compressed="1GB", start_within=_MINUTE
    )
    properties = _task(stack)["Properties"]
    assert (properties["Cpu"], properties["Memory"]) == ("4096", "8192")
    assert "EphemeralStorage" not in properties


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (
            {"cpu": 512, "memory_limit_mib": 1024},
            "cpu and memory are not a Fargate task size on Windows: '512/1024'",
        ),
        (
            {"ephemeral_storage_gib": 50},
            "Fargate does not accept an ephemeral storage setting for Windows tasks: 50",
        ),
        ({"compressed": "8GB", "uncompressed": "20GB"}, "do not fit a Windows task's ephemeral storage"),
        (
            {"runtime_platform": _platform("WINDOWS_SERVER_2022_CORE", ecs.CpuArchitecture.ARM64)},
            "a Windows task on Fargate cannot have this architecture: 'arm64'; allowed: x86_64",
        ),
        (
            {"runtime_platform": _platform("WINDOWS_SERVER_2025_CORE")},
            "Fargate does not run WINDOWS_SERVER_2025_CORE: Windows Server 2025 on Fargate is an open request",
        ),
    ],
)
def test_what_windows_on_fargate_does_not_run_is_an_error(
    stack: cdk.Stack, props: dict[str, Any], message: str
) -> None:
    """Half a vCPU, ephemeral storage, images beyond 20 GiB, ARM64 and Windows Server 2025 are refused."""
    with pytest.raises(CdkPullError) as error:
        FargateTask(stack, "Worker", image=_IMAGE, **{"runtime_platform": _WINDOWS, **props})
    assert message in str(error.value)


def test_storage_is_raised_for_large_images(stack: cdk.Stack) -> None:
    """8 GB compressed, 20 GB unpacked and 5 GB of working data ask for 31 GiB."""
    FargateTask(stack, "Worker", image=_IMAGE, compressed="8GB", uncompressed="20GB", working_data="5GB")
    assert _task(stack)["Properties"]["EphemeralStorage"] == {"SizeInGiB": 31}


def test_a_profile_takes_the_place_of_sizes(stack: cdk.Stack) -> None:
    """Layers as looked up are used as they are."""
    profile = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)
    FargateTask(stack, "Worker", image=_IMAGE, image_profile=profile, start_within=_MINUTE)
    assert _size(stack) == ("4096", "8192")


@pytest.mark.parametrize(
    ("containers", "needs"),
    [
        ([{"memory_limit_mib": 4096}], "the memory limit of container c0 is 4096 MiB"),
        (
            [{"memory_reservation_mib": 300}, {"memory_reservation_mib": 300}],
            "the containers reserve 600 MiB",
        ),
    ],
)
def test_containers_added_later_have_to_fit(
    stack: cdk.Stack, containers: list[dict[str, Any]], needs: str
) -> None:
    """What is added after the size was decided is checked when CDK validates."""
    task = FargateTask(stack, "Worker", image=_IMAGE, cpu=256, memory_limit_mib=512)
    for number, container in enumerate(containers):
        task.add_container(f"c{number}", image=_IMAGE, **container)
    with pytest.raises(RuntimeError) as error:
        Template.from_stack(stack)
    assert (
        f"S/Worker/Resource: {needs}, and the task has 512. Raise the task size, or lower what the containers ask for"
    ) in str(error.value)


@pytest.mark.parametrize("small", [(), (3,), (3, 20)])
def test_of_many_tasks_those_without_room_are_named(stack: cdk.Stack, small: tuple[int, ...]) -> None:
    """Of so many tasks that their stack's template is looked at, the ones are named that do not hold their containers."""
    for number in range(25):
        task = FargateTask(stack, f"T{number}", image=_IMAGE, cpu=256, memory_limit_mib=512)
        if number in small:
            task.add_container("big", image=_IMAGE, memory_limit_mib=4096)
    ecs.Ec2TaskDefinition(stack, "Other").add_container("c", image=_IMAGE, memory_limit_mib=9999)
    said = ""
    try:
        Template.from_stack(stack)
    except RuntimeError as error:
        said = str(error)
    assert re.findall(r"S/T(\d+)/Resource: the memory limit of container big is 4096 MiB", said) == [
        str(number) for number in small
    ]


def test_a_larger_size_holds_what_the_given_one_would_not(stack: cdk.Stack) -> None:
    """Containers fit against the size that was decided."""
    task = FargateTask(stack, "Worker", image=_IMAGE, start_within=_MINUTE, **_SIZES)
    task.add_container("sidecar", image=_IMAGE, cpu=1024, memory_limit_mib=4096)
    assert _size(stack) == ("4096", "8192")


def test_a_task_without_image_takes_its_containers_later(stack: cdk.Stack) -> None:
    """The construct is a FargateTaskDefinition: the user's own containers are its containers."""
    task = FargateTask(stack, "Worker", family="f")
    task.add_container("web", image=_IMAGE, port_mappings=[ecs.PortMapping(container_port=80)])
    assert [c["Name"] for c in _task(stack)["Properties"]["ContainerDefinitions"]] == ["web"]
    assert _task(stack)["Properties"]["Family"] == "f"
    assert "Metadata" not in _task(stack)


def test_the_default_container_takes_further_properties(stack: cdk.Stack) -> None:
    """What add_container takes can be given with the task."""
    FargateTask(stack, "Worker", image=_IMAGE, container={"environment": {"A": "1"}, "container_name": "web"})
    [container] = _task(stack)["Properties"]["ContainerDefinitions"]
    assert (container["Name"], container["Environment"]) == ("web", [{"Name": "A", "Value": "1"}])


@pytest.mark.parametrize(
    ("props", "kind"),
    [
        ({"start_within": _MINUTE, "max_usd_per_hour": 1}, ConflictError),
        ({"start_within": 60}, InvalidValueError),
        ({"hold": "high"}, InvalidValueError),
        ({"compressed": "1GB", "image_profile": ImageProfile(layers=())}, ConflictError),
        ({"working_data": "much"}, InvalidValueError),
        ({"compressed": 800_000_000}, InvalidValueError),
        ({"max_usd_per_hour": "0.1"}, InvalidValueError),
        ({"cpu": float("nan")}, InvalidValueError),
        ({"image": None, "container": {"cpu": 256}}, ConflictError),
    ],
)
def test_requests_that_cannot_be_are_refused(
    stack: cdk.Stack, props: dict[str, Any], kind: type[CdkPullError]
) -> None:
    """Contradictions, unitless times and settings without effect are errors, not defaults."""
    with pytest.raises(kind):
        FargateTask(stack, "Worker", **{"image": _IMAGE, **props})


def test_a_misspelt_property_is_refused(stack: cdk.Stack) -> None:
    """A keyword that nothing would read is an error, as in any Python function."""
    with pytest.raises(
        TypeError,
        match=r"^FargateTask\(\) got an unexpected keyword argument 'compresed'. Did you mean compressed\?$",
    ):
        FargateTask(stack, "Worker", image=_IMAGE, compresed="1GB")  # type: ignore[call-arg]


def test_two_synths_are_the_same() -> None:
    """The same program gives the same bytes."""

    def template() -> dict[str, Any]:
        stack = cdk.Stack(cdk.App(), "S")
        FargateTask(stack, "Worker", image=_IMAGE, start_within=_MINUTE, **_SIZES)
        return dict(Template.from_stack(stack).to_json())

    assert template() == template()


def test_measured_starts_change_the_choice(tmp_path: Path) -> None:
    """One's own fast pulls of the image, in the stack's Region, make a smaller task good enough, and are told of."""
    profile = ImageProfile(
        layers=(Layer(compressed_bytes=800_000_000, uncompressed_bytes=2_000_000_000),),
        digest=task_records.DIGEST,
    )
    pulls = [Pull.of_task(task_records.task(n, pull=22.0 + n % 5)) for n in range(40)]
    groups = [MeasuredGroup.of(group, profile) for group in group_pulls(pull for pull in pulls if pull)]
    save_measured(tmp_path / "measured.json", groups)

    def decided(region: str, **props: Any) -> dict[str, Any]:
        stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(account="111122223333", region=region))
        FargateTask(
            stack, "Task", cpu=512, image_profile=profile, start_within=cdk.Duration.minutes(1), **props
        )
        (definition,) = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
        metadata: dict[str, Any] = definition["Metadata"]["cdk-pull"]["fargate-size"]
        return metadata

    measured = tmp_path / "measured.json"
    assert decided("eu-west-1")["decided"] == "2 vCPU, 4 GB"
    assert decided("us-east-1", measured=measured)["decided"] == "2 vCPU, 4 GB"
    changed = decided("eu-west-1", measured=str(measured))
    assert changed["decided"] == "0.5 vCPU, 1 GB"
    assert changed["measured"][0] == "the pull rests on 40 measured pulls of this image in eu-west-1"
    with pytest.raises(InvalidValueError, match="file of measured starts does not exist"):
        decided("eu-west-1", measured="none.json")


@pytest.mark.parametrize(
    ("container", "size"),
    [
        ({"memory_limit_mib": 1500}, ("256", "2048")),
        ({"memory_reservation_mib": 3000, "cpu": 600}, ("1024", "3072")),
        ({"memory_limit_mib": 100}, ("256", "512")),
    ],
)
def test_a_size_left_out_holds_the_container(
    stack: cdk.Stack, container: ContainerProps, size: tuple[str, str]
) -> None:
    """Without CPU and memory of its own the task is as large as its container needs."""
    FargateTask(stack, "Task", image=_IMAGE, container=container)
    assert _size(stack) == size


def test_what_no_price_is_known_for_has_no_way_out_by_a_price() -> None:
    """Where the Region is open, the warning says so, and proposes nothing that would not help."""
    anywhere = cdk.Stack(cdk.App(), "Anywhere")
    FargateTask(anywhere, "Task", image=_IMAGE, max_usd_per_hour=0.1, **_SIZES)
    Annotations.from_stack(anywhere).has_warning(
        "/Anywhere/Task",
        Match.string_like_regexp(r"the price is unknown: no Region is given: [^.]* on the command line \["),
    )


def test_a_start_that_only_the_deployment_knows_is_refused(stack: cdk.Stack) -> None:
    """CDK converts no length that is a token; the error says which argument it was."""
    seconds = cdk.CfnParameter(stack, "Seconds", type="Number").value_as_number
    with pytest.raises(
        InvalidValueError, match=r"^start_within is not known at synth: .*allowed: a duration without tokens"
    ):
        FargateTask(stack, "Task", image=_IMAGE, start_within=cdk.Duration.seconds(seconds))
