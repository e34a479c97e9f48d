from __future__ import annotations

import subprocess
import sys
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr_assets as ecr_assets

from cdk_pull.cdk.images.fargate_image import FargateImage
from cdk_pull.errors import CdkPullError, UnsupportedError
from cdk_pull.image.profile import ImageProfile
from tests.cdk.images.fargate_images import BIG, HALF_A_MINUTE, IRELAND, stack_in, web_folder


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a Dockerfile."""
    return web_folder(tmp_path_factory.mktemp("web"))


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
            {"form": "soci", **BIG},
            cdk.Environment(account="111122223333", region="cn-north-1"),
            (
                "Stack/Web: form 'soci' in the partition aws-cn: cdklabs.deploy-time-build builds an index in the partition "
                "aws alone. Give form='zstd', or leave form= out"
            ),
        ),
        (
            {"form": "soci", **BIG},
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
        ({"hold": "low", "start_within": HALF_A_MINUTE}, IRELAND, "invalid hold: 'low'"),
        (
            {"uncompressed": "2GB"},
            IRELAND,
            "the images' compressed size is missing beside: 'uncompressed'; allowed: compressed='800MB' as well",
        ),
        ({"compressed": "2GB", "uncompressed": "1GB"}, IRELAND, "uncompressed size is smaller than"),
        ({"compressed": "many"}, IRELAND, "'many'"),
        (
            {**BIG, "image_profile": ImageProfile.of_size(compressed_bytes=1)},
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
                **BIG,
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
        FargateImage(stack_in(env), "Web", **{"directory": web, **options})
    assert text in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_keyword_is_refused_as_python_does(web: str) -> None:
    """A keyword that nothing takes is a TypeError with the nearest that there is."""
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'compresed'\. Did you mean compressed\?"
    ):
        FargateImage(stack_in(), "Web", directory=web, compresed="1GB")  # type: ignore[call-arg]


def test_an_image_outside_ecr_gets_no_index(web: str) -> None:
    """A synthesizer that pushes to another registry leaves Fargate no place to find an index."""

    class _Elsewhere(cdk.DefaultStackSynthesizer):
        def add_docker_image_asset(self, asset: object) -> Any:  # type: ignore[override]  # noqa: ARG002
            return cdk.DockerImageAssetLocation(image_uri="ghcr.io/shop/web:1", repository_name="shop/web")

    synthesizer = _Elsewhere()
    with pytest.raises(UnsupportedError) as raised:
        FargateImage(stack_in(synthesizer=synthesizer), "Web", directory=web, form="soci", **BIG)
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
