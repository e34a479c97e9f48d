from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.fargate.task import FargateTask
from cdk_pull.cdk.fargate.windows_task import WindowsFargateTask
from cdk_pull.cdk.images.fargate_image import FargateImage
from cdk_pull.errors import CdkPullError, UnsupportedError
from cdk_pull.report.decisions import read_decisions
from cdk_pull.windows.pin import ServerCore
from tests.cdk.images.fargate_images import BIG, HALF_A_MINUTE, IRELAND, stack_in, web_folder

if TYPE_CHECKING:
    from cdk_pull.fargate.image_form import ImageForm


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a Dockerfile."""
    return web_folder(tmp_path_factory.mktemp("web"))


def _synthesized(stack: cdk.Stack) -> tuple[dict[str, Any], dict[str, Any], list[Any]]:
    """Return the resources, the build of each image by its tag, and the messages of a stack."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    artifact = app.synth().get_stack_by_name("Stack")
    assets = json.loads(Path(app.outdir, "Stack.assets.json").read_text())["dockerImages"]
    builds = {tag: row["source"] for tag, row in assets.items()}
    return (
        artifact.template.get("Resources", {}),
        builds,
        [(str(m.level.value).lower(), m.entry.data) for m in artifact.messages],
    )


def _image_of(resources: dict[str, Any]) -> object:
    (task,) = (row for row in resources.values() if row["Type"] == "AWS::ECS::TaskDefinition")
    return task["Properties"]["ContainerDefinitions"][0]["Image"]


def test_each_form_is_built_and_run(web: str) -> None:
    """Gzip is Docker's own build, zstd one with outputs; each task runs the image that is built for it."""
    cases: list[tuple[ImageForm, dict[str, list[str]]]] = [
        ("gzip", {}),
        (
            "zstd",
            {"dockerOutputs": ["type=image,oci-mediatypes=true,compression=zstd,force-compression=true"]},
        ),
    ]
    for form, outputs in cases:
        stack = stack_in()
        image = FargateImage(stack, "Web", directory=web, form=form, **BIG)
        FargateTask(stack, "Task", image=image.image)
        resources, builds, messages = _synthesized(stack)
        ((tag, build),) = builds.items()
        assert build == {"directory": f"asset.{tag}", "platform": "linux/amd64", **outputs}
        repository = "cdk-hnb659fds-container-assets-111122223333-eu-west-1"
        assert _image_of(resources) == {
            "Fn::Sub": f"111122223333.dkr.ecr.eu-west-1.${{AWS::URLSuffix}}/{repository}:{tag}"
        }
        assert tag == image.asset.image_tag
        assert {row["Type"] for row in resources.values()} == {
            "AWS::ECS::TaskDefinition", "AWS::IAM::Role", "AWS::IAM::Policy",
        }  # fmt: skip
        assert [level for level, _ in messages if level != "info"] == []
        assert [str(text).partition(",")[0] for level, text in messages] == (
            ["the image is built in zstd"] if form == "zstd" else []
        )


def test_an_index_is_built_and_the_task_runs_what_results(web: str) -> None:
    """With a SOCI index the build forces gzip, the index has a tag of its own, and the task waits for it and runs it."""
    stack = stack_in()
    image = FargateImage(stack, "Web", directory=web, start_within=HALF_A_MINUTE, **BIG)
    FargateTask(stack, "Task", image=image.image, start_within=HALF_A_MINUTE)
    resources, builds, messages = _synthesized(stack)
    ((tag, build),) = builds.items()
    assert build["dockerOutputs"] == [
        "type=image,oci-mediatypes=true,compression=gzip,force-compression=true"
    ]
    ((index, custom),) = (
        (name, row) for name, row in resources.items() if row["Type"] == "Custom::CDKSociIndexBuild"
    )
    assert custom["Properties"]["inputImageTag"] == tag
    assert custom["Properties"]["outputImageTag"] == f"{tag}-soci-{image.node.addr[-8:]}"
    run = _image_of(resources)
    assert isinstance(run, dict)
    assert run["Fn::Join"][1][-1] == {"Fn::GetAtt": [index, "outputImageTag"]}
    assert messages == []
    (task,) = (row for row in resources.values() if row["Type"] == "AWS::ECS::TaskDefinition")
    size = task["Metadata"]["cdk-pull"]["fargate-size"]
    assert (size["decided"], size["why"]) == (
        "0.25 vCPU, 0.5 GB",
        "the smallest size's expected start, 18 s, is within 30 s",
    )


def test_two_images_share_one_builder(web: str) -> None:
    """Two indexes of one image have two tags, in a repository whose tags cannot move, and one CodeBuild project."""
    stack = stack_in()
    images = [FargateImage(stack, name, directory=web, form="soci", **BIG) for name in ("A", "B")]
    resources, builds, _ = _synthesized(stack)
    kinds = [row["Type"] for row in resources.values()]
    tags = {
        row["Properties"]["outputImageTag"]
        for row in resources.values()
        if row["Type"] == "Custom::CDKSociIndexBuild"
    }
    assert (len(builds), len(tags), kinds.count("AWS::CodeBuild::Project")) == (1, 2, 1)
    assert [each.form for each in images] == ["soci", "soci"]


def test_a_task_knows_the_size_of_its_image(web: str) -> None:
    """A FargateTask weighs its sizes by the image as it is built; without sizes on the image, it says that it cannot."""
    stack = stack_in()
    known = FargateImage(stack, "Known", directory=web, form="zstd", **BIG)
    unknown = FargateImage(stack, "Unknown", directory=web, form="zstd")
    for name, image in (("A", known), ("B", unknown)):
        FargateTask(stack, name, image=image.image, start_within=cdk.Duration.minutes(1))
    resources, _, _ = _synthesized(stack)
    asked = [
        row["Metadata"]["cdk-pull"]["fargate-size"]["asked"]
        for row in resources.values()
        if row["Type"] == "AWS::ECS::TaskDefinition"
    ]
    assert asked == [
        "start within 60 s (expected), images of 549 MB, 2.4 GB unpacked",
        "start within 60 s (expected), images of unknown size",
    ]


def test_the_decision_reaches_the_report(web: str) -> None:
    """`cdk-pull decisions` reads the form, the start before and after, and what it needs."""
    stack = stack_in()
    FargateImage(stack, "Web", directory=web, start_within=HALF_A_MINUTE, **BIG)
    app = stack.node.root
    assert isinstance(app, cdk.App)
    (recorded,) = read_decisions(Path(app.synth().directory))[0].decisions
    decision = recorded.decision
    assert (recorded.resource, decision.topic, decision.decided) == (
        "Web",
        "fargate-image",
        "gzip layers with a SOCI index",
    )
    assert decision.why == "the first of gzip, zstd, soci that starts within 30 s"
    assert (
        decision.details["start_seconds_before"]["expected"] > decision.details["start_seconds"]["expected"]
    )


def test_the_decision_says_what_would_make_the_image_smaller(tmp_path: Path) -> None:
    """The advice on the Dockerfile is in the decision; a file that cannot be read does not stop the synth."""
    (tmp_path / "Dockerfile").write_text("ARG V\nFROM python:${V}\nRUN pip install flask\n")
    (tmp_path / "Broken").write_text("FROM\n")
    stack = stack_in()
    for name, options in (("Web", {"build_args": {"V": "3.12"}}), ("Broken", {"file": "Broken"})):
        FargateImage(stack, name, directory=str(tmp_path), form="gzip", **options)
    app = stack.node.root
    assert isinstance(app, cdk.App)
    web, broken = (
        each.decision.details["dockerfile"]
        for each in read_decisions(Path(app.synth().directory))[0].decisions
    )
    assert web == [
        (
            "line 2: python:3.12 has a smaller alternative. Use python:3.12-slim, unless the image needs compilers and "
            "headers. Saves: 335 MB, as measured of 3.12-bookworm on amd64, 2026-09-19"
        ),
        (
            "line 2: python:3.12 has a smaller alternative. Use python:3.12-alpine, unless the image needs glibc, and with "
            "it most ready-made wheels: it has another C library. Saves: unknown: nobody has looked at both"
        ),
        (
            "line 3: pip's cache stays in the layer of pip install. Add --no-cache-dir. Saves: unknown without the sizes of "
            "the layers"
        ),
    ]
    assert broken == ["not evaluated: Dockerfile:1: FROM is malformed: ''; allowed: FROM image [AS name]"]


def test_what_is_passed_on_to_cdk(web: str) -> None:
    """The properties of DockerImageAsset are handed on, and the platform is arm64 where it is asked for."""
    stack = stack_in()
    FargateImage(
        stack,
        "Web",
        directory=web,
        form="gzip",
        platform=ecr_assets.Platform.LINUX_ARM64,
        build_args={"A": "b"},
        target="final",
        file="Dockerfile",
    )
    _, builds, _ = _synthesized(stack)
    (build,) = builds.values()
    assert {name: value for name, value in build.items() if name != "directory"} == {
        "dockerBuildArgs": {"A": "b"},
        "dockerBuildTarget": "final",
        "dockerFile": "Dockerfile",
        "platform": "linux/arm64",
    }


def test_tasks_that_cannot_use_the_image_stop_the_synth(web: str) -> None:
    """An index on EC2, a Windows task and another architecture are one error each when CDK validates."""
    stack = stack_in()
    image = FargateImage(stack, "Web", directory=web, form="soci", **BIG).image
    ecs.Ec2TaskDefinition(stack, "Ec2").add_container("app", image=image, memory_limit_mib=128)
    both = ecs.TaskDefinition(
        stack, "Both", compatibility=ecs.Compatibility.EC2_AND_FARGATE, cpu="256", memory_mib="512"
    )
    both.add_container("app", image=image)
    for name, platform in (
        (
            "Windows",
            ecs.RuntimePlatform(
                operating_system_family=ecs.OperatingSystemFamily.WINDOWS_SERVER_2022_CORE,
                cpu_architecture=ecs.CpuArchitecture.X86_64,
            ),
        ),
        ("Arm", ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64)),
    ):
        task = ecs.FargateTaskDefinition(
            stack, name, runtime_platform=platform, cpu=1024, memory_limit_mib=2048
        )
        task.add_container("app", image=image)
    with pytest.raises(RuntimeError) as raised:
        cdk.App.of(stack).synth()  # type: ignore[union-attr]
    lines = [line.strip() for line in str(raised.value).splitlines() if "Stack/" in line]
    assert [line[line.index("Stack/Web]") + 11 :] for line in lines] == [
        (
            "Stack/Ec2, container app: the image of Stack/Web has a SOCI index, which no ECS capacity on EC2 uses. "
            "Give the FargateImage form='zstd' or form='gzip'"
        ),
        (
            "Stack/Windows, container app: the image of Stack/Web is built for Linux, and the task runs Windows. "
            "Build it with ecr_assets.DockerImageAsset and build_args=ServerCore.pin(…).build_args"
        ),
        (
            "Stack/Arm, container app: the image of Stack/Web is built for x86_64, and the task runs arm64. "
            "Give one of them the other's platform"
        ),
    ]


def test_a_windows_task_refuses_it(web: str) -> None:
    """A WindowsFargateTask refuses the image at once, and says how to build one for it."""
    stack = stack_in()
    image = FargateImage(stack, "Web", directory=web, form="gzip").image
    with pytest.raises(UnsupportedError) as raised:
        WindowsFargateTask(
            stack, "Task", pin=ServerCore.pin("WINDOWS_SERVER_2022_CORE", on="2026-09-20"), image=image
        )
    assert str(raised.value) == (
        "Stack/Task: the FargateImage Stack/Web is built for Linux. Build the image with ecr_assets.DockerImageAsset and "
        "build_args=pin.build_args"
    )


def test_a_task_refuses_what_is_said_twice_or_wrongly(web: str) -> None:
    """Sizes on both the task and its image, and the construct in place of its image, are one line each."""
    stack = stack_in()
    image = FargateImage(stack, "Web", directory=web, form="gzip", **BIG)
    with pytest.raises(CdkPullError) as raised:
        FargateTask(stack, "Twice", image=image.image, **BIG)
    assert str(raised.value) == (
        "Stack/Twice and the FargateImage Stack/Web both give the images' sizes: leave them out of the task, and name the "
        "images of its other containers in sidecars= of the FargateImage"
    )
    with pytest.raises(CdkPullError) as raised:
        FargateTask(stack, "Construct", image=image)  # type: ignore[arg-type]
    assert str(raised.value).startswith("Stack/Construct: invalid image: <")
    assert str(raised.value).endswith("allowed: an ecs.ContainerImage. Of a FargateImage, pass its .image")


@pytest.mark.parametrize(
    ("options", "env", "messages"),
    [
        (
            {"start_within": HALF_A_MINUTE},
            IRELAND,
            [
                (
                    "the image is built as gzip, not weighed: the size of the image is not known: pass compressed= and "
                    "uncompressed= (such as '800MB' and '2.4GB'), or image_profile=look_up_image(self, 'the image as it was "
                    "pushed before') [ack: cdk-pull:fargateImageSizeUnknown]"
                )
            ],
        ),
        (
            {"start_within": cdk.Duration.seconds(20), "compressed": "200MB"},
            IRELAND,
            [
                (
                    "the image in gzip is expected to start in 31 s (20-66 s), later than the 20 s asked for (no form starts "
                    "within 20 s, and none gains more than the noise of 10 s). Others: zstd 30 s (20-62 s); no soci: AWS "
                    "recommends an index for images above 250 MB; this one has 200 MB. Ways out: a larger cpu, a smaller image "
                    "(`cdk-pull inspect --dockerfile`), or a later target [ack: cdk-pull:fargateImageTargetNotMet]"
                )
            ],
        ),
        (
            {"form": "soci", "compressed": "200MB"},
            IRELAND,
            [
                (
                    "the image gets an index as asked, although AWS recommends an index for images above 250 MB; this one has "
                    "200 MB [ack: cdk-pull:fargateImageIndexOfLittleUse]"
                )
            ],
        ),
        (
            {"form": "soci", "compressed": "800MB"},
            None,
            [
                (
                    "the image gets an index as asked, although the Region of the stack is not known, and an index can be built "
                    "in the partition aws alone [ack: cdk-pull:fargateImageIndexOfLittleUse]"
                )
            ],
        ),
        ({"form": "gzip"}, None, []),
    ],
)
def test_what_is_not_sure_is_a_warning(
    web: str, options: dict[str, Any], env: cdk.Environment | None, messages: list[str]
) -> None:
    """A missed target, an unknown size and an index of doubtful use are warnings that can be acknowledged."""
    stack = stack_in(env)
    FargateImage(stack, "Web", directory=web, **options)
    assert [text for level, text in _synthesized(stack)[2] if level == "warning"] == messages
