"""The base of Windows images, by looked-up facts."""

from __future__ import annotations

from datetime import date

import pytest

from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile, Layer
from cdk_pull.image.reference import ImageReference
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.assembly import from_document
from cdk_pull.windows.catalogue import packaged_catalogue

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/site:1"

LAST_MONTH = (
    "10.0.20348.5499 of 2026-08-11, which the hosts drop from 2026-10-13 on; "
    "each start then downloads up to 2.18 GB more"
)


def _findings(profile: ImageProfile, day: str) -> list[str]:
    """Return what the rules on servercore say of a task with a looked-up image of the user's own."""
    key = context_key(ImageReference.parse(IMAGE), Platform.parse("windows(10.0.20348)/amd64"))
    facts = ImageFacts(reference=IMAGE, digest="sha256:1", profile=profile)
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "RuntimePlatform": {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
        "ContainerDefinitions": [{"Name": "site", "Image": IMAGE}],
    }
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}
    book = ImageFactsBook.of_context({key: to_context(facts, date(2026, 9, 20))})
    options = Options(select=("PULL4",), facts=book, today=date.fromisoformat(day))
    result = check([from_document({"Resources": {"Td": task}})], options)
    return [f"{finding.rule} {finding.severity.value}: {finding.message}" for finding in result.findings]


def _image(*layers: Layer, os_version: str) -> ImageProfile:
    return ImageProfile(layers=layers, os="windows", os_version=os_version)


@pytest.mark.parametrize(
    ("day", "said"), [("2026-09-07", []), ("2026-09-20", [f"PULL402 info: {IMAGE} is on {LAST_MONTH}"])]
)
@pytest.mark.parametrize("os_version", ["10.0.20348.5499", ""])
def test_a_base_known_by_its_layers(day: str, said: list[str], os_version: str) -> None:
    """An image of one's own is judged by its base's layers, whatever its name, with the bytes that a miss costs."""
    august = packaged_catalogue().find("10.0.20348.5499")
    assert august is not None
    layers = [
        Layer(digest=digest, compressed_bytes=size or 0)
        for digest, size in zip(august.layer_digests, august.layer_bytes, strict=True)
    ]
    assert _findings(_image(*layers, os_version=os_version), day) == said


def test_nanoserver_is_not_taken_for_servercore() -> None:
    """A small first layer under a build of the catalogue is nanoserver's, which no host has."""
    nano = Layer(digest="sha256:" + "1" * 64, compressed_bytes=120_000_000)
    assert _findings(_image(nano, os_version="10.0.20348.5499"), "2026-09-20") == [
        f"PULL401 info: {IMAGE} is not a servercore image that Fargate caches, so the hosts may not have its layers"
    ]
