from __future__ import annotations

import json
import subprocess
import sys
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
from cdk_pull.image.profile import ImageProfile
from cdk_pull.report.decisions import read_decisions
from cdk_pull.windows.pin import ServerCore

if TYPE_CHECKING:
    from cdk_pull.fargate.image_form import ImageForm

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
_BIG: dict[str, Any] = {"compressed": "800MB", "uncompressed": "2.4GB"}
_HALF_A_MINUTE = cdk.Duration.seconds(30)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a Dockerfile."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    (folder / "app").write_text("works")
    return str(folder)


def _stack(env: cdk.Environment | None = IRELAND, **options: Any) -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack", env=env, **options)


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
        stack = _stack()
        image = FargateImage(stack, "Web", directory=web, form=form, **_BIG)
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
    stack = _stack()
    image = FargateImage(stack, "Web", directory=web, start_within=_HALF_A_MINUTE, **_BIG)
    FargateTask(stack, "Task", image=image.image, start_within=_HALF_A_MINUTE)
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
    stack = _stack()
    images = [FargateImage(stack, name, directory=web, form="soci", **_BIG) for name in ("A", "B")]
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
    stack = _stack()
    known = FargateImage(stack, "Known", directory=web, form="zstd", **_BIG)
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
    stack = _stack()
    FargateImage(stack, "Web", directory=web, start_within=_HALF_A_MINUTE, **_BIG)
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


def test_what_is_passed_on_to_cdk(web: str) -> None:
    """The properties of DockerImageAsset are handed on, and the platform is arm64 where it is asked for."""
    stack = _stack()
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


@pytest.mark.parametrize(
    ("options", "env", "text"),
    [
        (
            {"directory": "nowhere"},
            IRELAND,
            "Stack/Web: directory does not exist: 'nowhere'; allowed: a folder with a Dockerfile. Paths are relative to",
        ),
        (
            {"directory": cdk.Fn.import_value("x")},
            IRELAND,
            "Stack/Web: directory is a token: '${Token[",
        ),
        (
            {"file": "Containerfile"},
            IRELAND,
            "Stack/Web: directory has no Containerfile: '",
        ),
        ({"form": "estargz"}, IRELAND, "invalid form of an image: 'estargz'; allowed: gzip, zstd, soci"),
        ({"form": "ZSTD"}, IRELAND, "invalid form of an image: 'ZSTD'; allowed: gzip, zstd, soci"),
        (
            {"outputs": ["type=image,compression=zstd"], "form": "soci"},
            IRELAND,
            (
                "Stack/Web: FargateImage sets the outputs of the build itself: leave outputs= out, and give form= where it "
                "is not to be chosen"
            ),
        ),
        (
            {"platform": ecr_assets.Platform.custom("windows/amd64")},
            IRELAND,
            (
                "Stack/Web: platform windows/amd64: Windows layers are neither compressed with zstd nor indexed. Build with "
                "ecr_assets.DockerImageAsset on a pinned base, build_args=ServerCore.pin(…).build_args"
            ),
        ),
        (
            {"platform": ecr_assets.Platform.custom("linux/s390x")},
            IRELAND,
            "Stack/Web: Fargate does not run the platform: 'linux/s390x'; allowed: linux/amd64, linux/arm64",
        ),
        (
            {"platform": ecr_assets.Platform.custom("amd64")},
            IRELAND,
            (
                "platform of the image is not valid: 'amd64'; allowed: 'linux/amd64', 'linux/arm64', 'windows/amd64' or, "
                "with a build, 'windows(10.0.20348)/amd64'"
            ),
        ),
        (
            {"form": "soci", **_BIG},
            cdk.Environment(account="111122223333", region="cn-north-1"),
            (
                "Stack/Web: form 'soci' in the partition aws-cn: cdklabs.deploy-time-build builds an index in the partition "
                "aws alone. Give form='zstd', or leave form= out"
            ),
        ),
        (
            {"form": "soci", **_BIG},
            cdk.Environment(account="111122223333", region="us-gov-west-1"),
            (
                "Stack/Web: form 'soci' in the partition aws-us-gov: cdklabs.deploy-time-build builds an index in the "
                "partition aws alone. Give form='zstd', or leave form= out"
            ),
        ),
        (
            {"cpu": 300},
            IRELAND,
            "cpu is not one of a Fargate task: 300; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384, 32768",
        ),
        ({"cpu": "two"}, IRELAND, "cpu is not in a form that ECS accepts: 'two'"),
        ({"start_within": 30}, IRELAND, "start_within"),
        ({"start_within": cdk.Duration.seconds(0)}, IRELAND, "the target must be above 0 seconds: 0.0"),
        (
            {"hold": "high"},
            IRELAND,
            "hold needs a start to hold to it: 'high'; allowed: hold together with a start",
        ),
        ({"hold": "low", "start_within": _HALF_A_MINUTE}, IRELAND, "invalid hold: 'low'"),
        (
            {"uncompressed": "2GB"},
            IRELAND,
            "the images' compressed size is missing beside: 'uncompressed'; allowed: compressed='800MB' as well",
        ),
        ({"compressed": "2GB", "uncompressed": "1GB"}, IRELAND, "uncompressed size is smaller than"),
        ({"compressed": "many"}, IRELAND, "'many'"),
        (
            {**_BIG, "image_profile": ImageProfile.of_size(compressed_bytes=1)},
            IRELAND,
            "image_profile and compressed, uncompressed both give the images' sizes: keep one of them",
        ),
        ({"compression": "brotli", "compressed": "1GB"}, IRELAND, "compression is not one of image layers"),
        (
            {
                "sidecars": [
                    ImageProfile.of_size(compressed_bytes=1),
                    ImageProfile(layers=(), architecture="arm64"),
                ],
                **_BIG,
            },
            IRELAND,
            "the images of a task are not for one platform: ['linux/amd64', 'linux/arm64']; allowed: one platform",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(
    web: str, options: dict[str, Any], env: cdk.Environment, text: str
) -> None:
    """Each wrong value is one error that says what is wrong, what is allowed and what to do."""
    with pytest.raises(CdkPullError) as raised:
        FargateImage(_stack(env), "Web", **{"directory": web, **options})
    assert text in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_keyword_is_refused_as_python_does(web: str) -> None:
    """A keyword that nothing takes is a TypeError with the nearest that there is."""
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'compresed'\. Did you mean compressed\?"
    ):
        FargateImage(_stack(), "Web", directory=web, compresed="1GB")  # type: ignore[call-arg]


def test_an_image_outside_ecr_gets_no_index(web: str) -> None:
    """A synthesizer that pushes to another registry leaves Fargate no place to find an index."""

    class _Elsewhere(cdk.DefaultStackSynthesizer):
        def add_docker_image_asset(self, asset: object) -> Any:  # type: ignore[override]  # noqa: ARG002
            return cdk.DockerImageAssetLocation(image_uri="ghcr.io/shop/web:1", repository_name="shop/web")

    synthesizer = _Elsewhere()
    with pytest.raises(UnsupportedError) as raised:
        FargateImage(_stack(synthesizer=synthesizer), "Web", directory=web, form="soci", **_BIG)
    assert str(raised.value) == (
        "Stack/Web: Fargate uses a SOCI index from private Amazon ECR alone, and the stack's synthesizer pushes to ghcr.io: "
        "give form='zstd' or form='gzip'"
    )


def test_without_the_extra_one_line_says_what_to_install(web: str) -> None:
    """Where cdklabs.deploy-time-build is missing, an index names the extra; the other forms need nothing."""
    code = f"""
import importlib.metadata as metadata
true = metadata.version
def version(name):
    if name.startswith("cdklabs"):
        raise metadata.PackageNotFoundError(name)
    return true(name)
metadata.version = version
import aws_cdk as cdk
from cdk_pull import FargateImage
stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="eu-west-1"))
FargateImage(stack, "Zstd", directory={web!r}, form="zstd")
try:
    FargateImage(stack, "Web", directory={web!r}, form="soci")
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.splitlines() == [
        (
            "Stack/Web: an image with a SOCI index requires cdklabs.deploy-time-build: it is not installed. "
            "Run: pip install \"cdk-pull[soci]\". Without it, give form='zstd' or form='gzip'"
        )
    ]


def test_tasks_that_cannot_use_the_image_stop_the_synth(web: str) -> None:
    """An index on EC2, a Windows task and another architecture are one error each when CDK validates."""
    stack = _stack()
    image = FargateImage(stack, "Web", directory=web, form="soci", **_BIG).image
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
    stack = _stack()
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
    stack = _stack()
    image = FargateImage(stack, "Web", directory=web, form="gzip", **_BIG)
    with pytest.raises(CdkPullError) as raised:
        FargateTask(stack, "Twice", image=image.image, **_BIG)
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
            {"start_within": _HALF_A_MINUTE},
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
                    "recommends an index for images above 250 MB; this one has 200 MB. Ways out: a larger cpu, a smaller image, "
                    "or a later target [ack: cdk-pull:fargateImageTargetNotMet]"
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
    stack = _stack(env)
    FargateImage(stack, "Web", directory=web, **options)
    assert [text for level, text in _synthesized(stack)[2] if level == "warning"] == messages
