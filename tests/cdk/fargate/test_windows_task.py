from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

from cdk_pull.cdk.fargate.windows_task import WindowsFargateTask
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.context import to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.profile import ImageProfile, Layer
from cdk_pull.windows.catalogue import packaged_catalogue
from cdk_pull.windows.pin import ServerCore

PIN = ServerCore.pin("WINDOWS_SERVER_2022_CORE", on="2026-09-20")
OWN_NAME = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/site:1"
OWN = ecs.ContainerImage.from_registry(OWN_NAME)


def stack_with(context: dict[str, object] | None = None) -> cdk.Stack:
    """Return a new stack."""
    return cdk.Stack(cdk.App(context=context), "Stack")


def from_registry(image: str) -> ecs.ContainerImage:
    """Return an image by its name."""
    return ecs.ContainerImage.from_registry(image)


def definition(stack: cdk.Stack) -> Any:
    """Return the only task definition."""
    ((_, resource),) = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").items()
    return resource


def warnings(stack: cdk.Stack) -> list[str]:
    """Return the warnings on servercore."""
    stage = cdk.Stage.of(stack)
    assert stage is not None
    messages = stage.synth(force=True).get_stack_artifact(stack.artifact_id).messages
    mark = " [ack: cdk-pull:servercore]"
    return [str(it.entry.data).removesuffix(mark) for it in messages if str(it.entry.data).endswith(mark)]


def test_task() -> None:
    """The pin gives the platform, the container its image, the metadata the decision."""
    stack = stack_with()
    task = WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, cpu=1024, memory_limit_mib=2048)
    resource = definition(stack)
    properties = resource["Properties"]
    assert properties["RuntimePlatform"] == {
        "CpuArchitecture": "X86_64",
        "OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE",
    }
    assert (properties["Cpu"], properties["Memory"]) == ("1024", "2048")
    assert properties["ContainerDefinitions"][0]["Name"] == "app"
    assert resource["Metadata"]["cdk-pull"]["servercore"] == {
        "decided": "10.0.20348.5622 (windows-server-2022) on WINDOWS_SERVER_2022_CORE",
        "why": "10.0.20348.5622 is the newest monthly release, of 2026-09-08, and stays cached longest (on 2026-09-20)",
        "cost": "nothing while it is cached; a miss costs its update layer: 730 MB more to pull at every start",
        "confidence": "cached until 2026-11-10, 2026-11-17 at the latest",
        "tag": "10.0.20348.5622",
        "on": "2026-09-20",
        "cached_until": {"earliest": "2026-11-10", "latest": "2026-11-17"},
        "miss_bytes": 730469634,
    }
    assert warnings(stack) == []
    assert task.pin == PIN


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [(512, 1024), (8192, 16384), (1024, 512), (2048, 2048), ("8 vCPU", "16GB"), (4096, 31744)],
)
def test_sizes_that_windows_does_not_have(cpu: int | str, memory: int | str) -> None:
    """A size that Windows tasks cannot have is refused with those near it."""
    with pytest.raises(InvalidValueError, match=r"Fargate task size.* on Windows"):
        WindowsFargateTask(stack_with(), "Task", pin=PIN, cpu=cpu, memory_limit_mib=memory)


@pytest.mark.parametrize(
    ("cpu", "memory"), [(1024, 2048), (2048, 16384), (4096, 30720), ("1 vCPU", "2GB"), (2048, None)]
)
def test_sizes_that_windows_has(cpu: int | str, memory: int | str | None) -> None:
    """1, 2 and 4 vCPU are accepted, in any form that ECS accepts."""
    stack = stack_with()
    WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, cpu=cpu, memory_limit_mib=memory)
    assert definition(stack)["Properties"]["Cpu"] in {"1024", "2048", "4096"}


def test_ephemeral_storage() -> None:
    """Ephemeral storage is refused."""
    with pytest.raises(InvalidValueError, match=r"(?i)ephemeral storage.*Windows"):
        WindowsFargateTask(stack_with(), "Task", pin=PIN, cpu=1024, ephemeral_storage_gib=40)


@pytest.mark.parametrize(
    ("pin", "context", "on", "tag"),
    [
        (
            "WINDOWS_SERVER_2019_FULL",
            {"cdk-pull:windows-date": "2026-09-20"},
            "2026-09-20",
            "10.0.17763.9245",
        ),
        (
            "WINDOWS_SERVER_2022_CORE",
            {"cdk-pull:windows-date": "2024-04-20"},
            "2024-04-20",
            "10.0.20348.2402",
        ),
    ],
)
def test_family_pinned_for_the_context_day(pin: str, context: dict[str, object], on: str, tag: str) -> None:
    """A family alone is pinned for the day in the context."""
    stack = stack_with(context)
    task = WindowsFargateTask(stack, "Task", pin=pin, image=OWN, cpu=1024)
    assert (task.pin.on.isoformat(), task.pin.tag) == (on, tag)
    assert definition(stack)["Properties"]["RuntimePlatform"]["OperatingSystemFamily"] == pin


def test_family_without_a_day() -> None:
    """A family alone without a day in the context is refused: the clock is not read."""
    with pytest.raises(InvalidValueError) as caught:
        WindowsFargateTask(stack_with(), "Task", pin="WINDOWS_SERVER_2022_CORE", cpu=1024)
    assert str(caught.value) == (
        "no day is given to pin the servercore of Stack/Task for: 'WINDOWS_SERVER_2022_CORE'; allowed: "
        "ServerCore.pin('WINDOWS_SERVER_2022_CORE', on='YYYY-MM-DD'), or the family alone with the day in the context. "
        "Put 'cdk-pull:windows-date' into the context of cdk.json"
    )


@pytest.mark.parametrize("pin", [None, 2022, PIN.build_args])
def test_what_is_no_pin(pin: Any) -> None:
    """A pin that is none is refused by name, before anything is made."""
    with pytest.raises(
        InvalidValueError, match=r"invalid pin for Stack/Task: .*; allowed: what ServerCore\.pin"
    ):
        WindowsFargateTask(stack_with(), "Task", pin=pin)


def test_the_pin_tells_the_platform() -> None:
    """A platform beside the pin would contradict it."""
    message = r"^WindowsFargateTask\(\) got an unexpected keyword argument 'runtime_platform'"
    with pytest.raises(TypeError, match=message):
        WindowsFargateTask(stack_with(), "Task", pin=PIN, runtime_platform=None)  # type: ignore[call-arg]


def test_a_pin_keeps_its_lag() -> None:
    """A day in the context is judged with the lag that the pin was made with."""
    pin = ServerCore.pin("WINDOWS_SERVER_2022_CORE", on="2026-09-08", lag=timedelta(0))
    stack = stack_with({"cdk-pull:windows-date": "2026-09-09"})
    WindowsFargateTask(stack, "Task", pin=pin, image=OWN)
    assert warnings(stack) == []


def test_context_day_past_the_horizon() -> None:
    """A day that the catalogue does not reach is an error that says to refresh it."""
    stack = stack_with({"cdk-pull:windows-date": "2026-11-23"})
    with pytest.raises(InvalidValueError, match="refresh the catalogue"):
        WindowsFargateTask(stack, "Task", pin="WINDOWS_SERVER_2022_CORE", cpu=1024)


def test_malformed_context_day() -> None:
    """A context that is no day is refused."""
    stack = stack_with({"cdk-pull:windows-date": "soon"})
    with pytest.raises(InvalidValueError, match="date is malformed: 'soon'"):
        WindowsFargateTask(stack, "Task", pin=PIN, cpu=1024)


@pytest.mark.parametrize("family", ["WINDOWS_SERVER_2025_CORE", "WINDOWS_SERVER_2016_FULL"])
def test_family_of_ec2_only(family: str) -> None:
    """A family that Fargate does not run is refused before anything else."""
    with pytest.raises(UnsupportedError, match=f"Fargate does not run {family}"):
        WindowsFargateTask(stack_with(), "Task", pin=family, cpu=1024)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-10-12", []),
        (
            "2026-10-13",
            [
                "servercore 10.0.20348.5622 is in its last month: it leaves the hosts' cache from 2026-11-10 on"
            ],
        ),
        (
            "2026-11-10",
            [
                "servercore 10.0.20348.5622 leaves the hosts' cache between 2026-11-10 and 2026-11-17: rebuild now"
            ],
        ),
        (
            "2027-01-01",
            ["servercore 10.0.20348.5622 left the hosts' cache by 2026-11-17: rebuild on a newer one"],
        ),
    ],
)
def test_pin_near_and_past_its_end(day: str, said: list[str]) -> None:
    """A pin is judged on the day in the context, however long ago it was made."""
    stack = stack_with({"cdk-pull:windows-date": day})
    WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, cpu=1024)
    assert warnings(stack) == said


def test_pin_made_near_its_end() -> None:
    """Without a day in the context a pin is judged on the day it was made for."""
    stack = stack_with()
    pin = ServerCore.from_tag("WINDOWS_SERVER_2022_CORE", "10.0.20348.5386", on="2026-09-20")
    WindowsFargateTask(stack, "Task", pin=pin, image=OWN, cpu=1024)
    assert warnings(stack) == [
        "servercore 10.0.20348.5386 left the hosts' cache by 2026-09-15: rebuild on a newer one"
    ]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("mcr.microsoft.com/windows/servercore:ltsc2019", "cannot run on WINDOWS_SERVER_2022_CORE"),
        (
            "mcr.microsoft.com/windows/nanoserver:ltsc2022",
            "is on nanoserver, which no Fargate host has cached",
        ),
    ],
)
def test_image_that_cannot_be(image: str, said: str) -> None:
    """A container of another Windows Server or on nanoserver stops the synth, added at any time."""
    stack = stack_with()
    task = WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, cpu=1024)
    task.add_container("late", image=from_registry(image), essential=False)
    with pytest.raises(RuntimeError, match=rf"\[Stack/Task\] container late: {image} .*{said}"):
        Template.from_stack(stack)


def test_image_that_is_not_pinned() -> None:
    """A servercore under its floating tag is a warning, said once."""
    stack = stack_with()
    floating = from_registry("mcr.microsoft.com/windows/servercore:ltsc2022")
    WindowsFargateTask(stack, "Task", pin=PIN, image=floating, cpu=1024)
    for _ in range(2):
        (warning,) = warnings(stack)
        assert warning.startswith("container app: servercore tag names no exact build: 'ltsc2022'")


def test_pinned_image_itself() -> None:
    """The pinned servercore can be a container's image as it is."""
    stack = stack_with()
    WindowsFargateTask(stack, "Task", pin=PIN, image=from_registry(PIN.image), cpu=1024)
    assert definition(stack)["Properties"]["ContainerDefinitions"][0]["Image"] == PIN.image
    assert warnings(stack) == []


def built_on(tag: str) -> ImageProfile:
    """Return an image of 90 MB on a servercore of the catalogue."""
    release = packaged_catalogue().find(tag)
    assert release is not None
    below = [
        (digest, size or 0) for digest, size in zip(release.layer_digests, release.layer_bytes, strict=True)
    ]
    layers = (Layer(digest=digest, compressed_bytes=size) for digest, size in below)
    own = Layer(digest="sha256:" + "a" * 64, compressed_bytes=90_000_000, uncompressed_bytes=200_000_000)
    return ImageProfile(layers=(*layers, own), os="windows", os_version=tag, digest="sha256:" + "b" * 64)


def known(profile: ImageProfile, name: str = OWN_NAME) -> dict[str, object]:
    """Return the context in which an image was looked up."""
    key = f"cdk-pull:image:platform=windows(10.0.20348)/amd64:ref={name.replace(':', '$:')}"
    facts = ImageFacts(reference=name, digest="sha256:1", profile=profile)
    return {key: to_context(facts, date(2026, 9, 20))}


def test_looked_up_image_on_a_cached_base() -> None:
    """A looked-up image of one's own is recognised by its layers: the decision says until when its base is cached."""
    stack = stack_with(known(built_on("10.0.20348.5499")))
    WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, cpu=1024)
    decision = definition(stack)["Metadata"]["cdk-pull"]["servercore"]
    base = "base 10.0.20348.5499 of 2026-08 (its layers) is in the window until 2026-10-13, 2026-10-20 at the latest"
    assert decision["confidence"] == (
        f"cached until 2026-11-10, 2026-11-17 at the latest; container app: {base}; a miss would cost 2.18 GB"
    )
    assert decision["images"] == {
        "container app": {
            "tag": "10.0.20348.5499",
            "recognised_by": "layers",
            "date": "2026-09-20",
            "status": "cached",
            "cached_until": {"earliest": "2026-10-13", "latest": "2026-10-20"},
            "miss_bytes": 2_183_997_398,
            "reason": base,
        }
    }
    assert warnings(stack) == []


@pytest.mark.parametrize("how", ["context", "image_profile"])
def test_image_on_a_base_that_fell_out(how: str) -> None:
    """An image on a base that the hosts have no more is a warning with the bytes to pull, said once."""
    profile = built_on("10.0.20348.5256")
    stack = stack_with(known(profile))
    # What is given and what the context has are one image, which is judged once.
    given = profile if how == "image_profile" else None
    WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, cpu=1024, image_profile=given)
    (warning,) = warnings(stack)
    assert warning == (
        "container app: 643 MB of the base to pull at every start: base 10.0.20348.5256 of 2026-06 (its layers) is not in "
        "the window of 2026-09-20, which holds 10.0.20348.5622, 10.0.20348.5499; its large base layer still is; build on "
        "10.0.20348.5622"
    )


def test_profile_of_an_asset() -> None:
    """The profile of an image that no registry has yet is judged as well, and only its own layers count for the start."""
    stack = stack_with()
    profile = built_on(PIN.tag)
    soon = cdk.Duration.minutes(3)
    WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, image_profile=profile, start_within=soon)
    metadata = definition(stack)["Metadata"]["cdk-pull"]
    assert metadata["servercore"]["images"]["image_profile"]["status"] == "cached"
    assert (
        metadata["fargate-size"]["asked"] == "start within 180 s (expected), images of 90 MB, 200 MB unpacked"
    )


def test_looked_up_image_of_another_windows_server() -> None:
    """A looked-up image of another Windows Server than the family's stops the synth, whatever its name."""
    stack = stack_with(known(built_on("10.0.17763.9245")))
    WindowsFargateTask(stack, "Task", pin=PIN, image=OWN, cpu=1024)
    said = r"container app: the image is of windows-server-2019 and cannot run on WINDOWS_SERVER_2022_CORE: host and"
    with pytest.raises(RuntimeError, match=said):
        Template.from_stack(stack)


def test_pinned_image_itself_looked_up() -> None:
    """Nothing of the pinned servercore itself has to be pulled."""
    profile = built_on(PIN.tag)
    profile = ImageProfile(layers=profile.layers[:-1], os="windows", os_version=PIN.tag)
    stack = stack_with(known(profile, PIN.image))
    image = from_registry(PIN.image)
    WindowsFargateTask(
        stack, "Task", pin=PIN, image=image, image_profile=profile, start_within=cdk.Duration.minutes(3)
    )
    metadata = definition(stack)["Metadata"]["cdk-pull"]
    assert metadata["servercore"]["images"]["container app"]["status"] == "cached"
    assert metadata["fargate-size"]["asked"].startswith("start within 180 s (expected), images of 0 B")
    assert warnings(stack) == []


def test_sizes_are_of_the_layers_that_the_hosts_lack() -> None:
    """Sizes typed by hand decide the task's size as on Linux."""
    stack = stack_with()
    WindowsFargateTask(
        stack, "Task", pin=PIN, image=OWN, compressed="2GB", start_within=cdk.Duration.minutes(1)
    )
    decision = definition(stack)["Metadata"]["cdk-pull"]["fargate-size"]
    assert decision["asked"] == "start within 60 s (expected), images of 2 GB"
