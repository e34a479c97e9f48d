"""Image facts: files and metadata."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.image.reference import ImageReference
from cdk_pull.rules.engine.context import CheckContext
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.support.image_facts import ImageFactsBook, profile_from_json
from cdk_pull.template.assembly import from_document

if TYPE_CHECKING:
    from pathlib import Path


def _book(tmp_path: Path, document: object) -> ImageFactsBook:
    file = tmp_path / "facts.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return ImageFactsBook.read(file)


def test_names_are_normalised(tmp_path: Path) -> None:
    """A file may name an image as a Dockerfile does, and a template may name it otherwise."""
    book = _book(tmp_path, {"images": {"nginx:1.27": {"compressed": "70MB", "uncompressed": "190MB"}}})
    resource = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "ContainerDefinitions": [{"Image": "docker.io/library/nginx:1.27"}, {"Image": "nginx:1"}]
        },
    }
    assembly = from_document({"Resources": {"Td": resource}})
    (task,) = CheckContext(assembly, book).ecs.tasks
    assert [book.profile(image, task) for image in task.images] == [
        ImageProfile.of_size(compressed_bytes=70_000_000, uncompressed_bytes=190_000_000),
        None,
    ]


def test_metadata_goes_before_the_file(tmp_path: Path) -> None:
    """What a task definition says of its own image counts; what is malformed there does not."""
    book = _book(tmp_path, {"images": {"a:1": {"compressed_bytes": 1}}})
    for facts, expected in (({"compressed": "2B"}, 2), ({"compressed": "much"}, 1), (None, 1)):
        resource = {
            "Type": "AWS::ECS::TaskDefinition",
            "Metadata": {"cdk-pull": {"images": {"a:1": facts}}},
            "Properties": {"ContainerDefinitions": [{"Image": "a:1"}]},
        }
        (task,) = CheckContext(from_document({"Resources": {"Td": resource}}), book).ecs.tasks
        profile = book.profile(task.images[0], task)
        assert profile is not None
        assert profile.compressed_bytes == expected


def test_all_that_can_be_said() -> None:
    """Sizes, compression and the Windows version."""
    said = {"compressed": "1GB", "compression": "zstd", "os_version": "10.0.20348.1906"}
    profile = profile_from_json(said, "x")
    assert (profile.compressed_bytes, profile.os, profile.os_version) == (10**9, "windows", "10.0.20348.1906")
    assert profile.layers[0].compression is Compression.ZSTD


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "facts file is not JSON"),
        ([], "facts file is not a JSON object"),
        ({"images": 1}, "images is not an object: 1"),
        ({"cdk-pull:image:x": {}}, "context key of an image is malformed"),
        ({"images": {"a": 1}}, "facts of image a are malformed: 1; allowed: "),
        ({"images": {"a": {"compressed": "big"}}}, "facts of image a are malformed"),
        (
            {"images": {"a": {"compressed": "1B", "platforms": "linux/amd64"}}},
            "platforms of image a are malformed: 'linux/amd64'; allowed: ['linux/amd64', 'linux/arm64']",
        ),
        (
            {"images": {"a": {"compressed": "1B", "platforms": ["vax"]}}},
            "platform of the image is not valid: 'vax'",
        ),
        ({"images": {"a": {"compressed": "1B", "size": 1}}}, "facts of image a are malformed"),
        ({"images": {"a": {"compressed": -1}}}, "facts of image a are malformed"),
        ({"images": {"a": {"compressed_bytes": 10**400}}}, "facts of image a are malformed"),
        ({"images": {"a": {"compressed": "1B", "uncompressed": True}}}, "facts of image a are malformed"),
        ({"images": {"a": {"compressed": "1B", "compression": "lzma"}}}, "facts of image a are malformed"),
    ],
)
def test_facts_in_another_form(tmp_path: Path, document: Any, message: str) -> None:
    """A facts file in another form is an error that shows the form."""
    with pytest.raises(InvalidValueError) as caught:
        _book(tmp_path, document)
    assert str(caught.value).startswith(message)


def test_context(tmp_path: Path) -> None:
    """What cdk-pull lookup wrote into cdk.context.json is found, for the architecture of the task."""
    reference = ImageReference.parse("web:1")
    context = {"other": 1}
    for architecture, size in (("amd64", 1), ("arm64", 2)):
        platform = Platform.of("linux", architecture)
        layers = (Layer(compressed_bytes=size),)
        facts = ImageFacts(
            reference=str(reference),
            digest="sha256:" + "a" * 64,
            profile=ImageProfile(layers=layers, architecture=architecture),
        )
        context[context_key(reference, platform)] = to_context(facts, date(2026, 9, 20))  # type: ignore[assignment]
    book = _book(tmp_path, context)
    for stated, size in (("ARM64", 2), ("X86_64", 1)):
        resource = {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "RuntimePlatform": {"CpuArchitecture": stated},
                "ContainerDefinitions": [{"Image": "web:1"}],
            },
        }
        (task,) = CheckContext(from_document({"Resources": {"Td": resource}}), book).ecs.tasks
        profile = book.profile(task.images[0], task)
        assert profile is not None
        assert profile.compressed_bytes == size


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("docker.io/library/nginx:1.27", "nginx:1.27"),
        ("web:1", {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/web:1"}),
        ("team/web:1", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:1"),
        ("web:1", {"Fn::Sub": "${Repo.RepositoryUri}:1"}),
    ],
)
def test_an_image_goes_by_any_of_its_names(name: str, image: object) -> None:
    """Metadata and file may name it in short, and in private ECR without its registry."""
    document = {
        "Resources": {
            "Repo": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "web"}},
            "Td": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {"ContainerDefinitions": [{"Image": image}]},
            },
        }
    }
    book = ImageFactsBook.of_context({"images": {name: {"compressed": "7B"}}})
    (task,) = CheckContext(from_document(document), book).ecs.tasks
    profile = book.profile(task.images[0], task)
    assert profile is not None
    assert profile.compressed_bytes == 7


def _of_context(*looked_up: tuple[str, tuple[str, ...], date]) -> ImageFactsBook:
    """Return the facts of look-ups of one image: the platform, those of its index, and the day."""
    reference = ImageReference.parse("web:1")
    context = {}
    for platform, listed, day in looked_up:
        parsed = Platform.parse(platform)
        facts = ImageFacts(
            reference=str(reference),
            digest="sha256:" + "a" * 64,
            profile=ImageProfile(
                layers=(Layer(compressed_bytes=1),), architecture=parsed.architecture, digest="sha256:b"
            ),
            platforms=tuple(map(Platform.parse, listed)),
        )
        context[context_key(reference, parsed)] = to_context(facts, day)
    return ImageFactsBook.of_context(context)


@pytest.mark.parametrize(
    ("looked_up", "expected"),
    [
        ((), None),
        # As an earlier version wrote it: only the platform of the look-up is known.
        ((("linux/amd64", (), date(2026, 9, 1)),), None),
        ((("linux/arm64", (), date(2026, 9, 1)),), ""),
        (
            (("linux/amd64", ("linux/amd64",), date(2026, 9, 1)),),
            "the image of the container is built for linux/amd64",
        ),
        ((("linux/amd64", ("linux/amd64", "linux/arm64"), date(2026, 9, 1)),), ""),
        # The newest look-up counts.
        (
            (
                ("linux/amd64", ("linux/amd64",), date(2026, 9, 1)),
                ("linux/arm64", ("linux/arm64",), date(2026, 9, 2)),
            ),
            "",
        ),
        (
            (
                ("linux/amd64", ("linux/amd64",), date(2026, 9, 2)),
                ("linux/arm64", ("linux/arm64",), date(2026, 9, 1)),
            ),
            "the image of the container is built for linux/amd64",
        ),
    ],
)
def test_platforms_of_the_context(
    looked_up: tuple[tuple[str, tuple[str, ...], date], ...], expected: str | None
) -> None:
    """PULL211 goes by the newest list of platforms, and is not evaluated (None) where nothing tells."""
    resource = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "RuntimePlatform": {"CpuArchitecture": "ARM64"},
            "ContainerDefinitions": [{"Image": "web:1"}],
        },
    }
    assembly = from_document({"Resources": {"Td": resource}})
    result = check([assembly], Options(select=["PULL211"], facts=_of_context(*looked_up)))
    messages = [each.message for each in result.findings]
    if expected is None:
        assert (messages, len(result.not_evaluated)) == ([], 1)
    elif not expected:
        assert (messages, result.not_evaluated) == ([], ())
    else:
        assert messages == [f"{expected}, and the task runs on linux/arm64"]
