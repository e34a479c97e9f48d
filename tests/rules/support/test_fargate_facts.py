"""Which SOCI indexes are for an image."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cdk_pull.rules.engine.context import CheckContext, SociIndex
from cdk_pull.rules.support.fargate_facts import soci_indexes
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView

HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


def _index(repository: str, tag: str | None, result: str | None = None) -> SociIndex:
    return SociIndex(repository=repository, version=2, tag=tag, result=result)


@pytest.mark.parametrize(
    ("index", "tag", "found"),
    [
        (_index("web", "1"), "1", True),
        (_index("web", "1"), "2", False),
        (_index("web", None), "2", True),
        (_index("web", "1", "1-soci"), "1-soci", True),
        (_index("web", "1", "1-soci"), "1", True),
        (_index("api", "1"), "1", False),
        (_index("web", "1"), {"Ref": "Tag"}, True),
    ],
)
def test_indexes_of_an_image(index: SociIndex, tag: Any, *, found: bool) -> None:
    """An index is for an image of its repository under its tag, or the tag of its result; an unknown tag may be it."""
    image = {"Fn::Join": [":", [f"{HOST}/web", tag]]} if isinstance(tag, dict) else f"{HOST}/web:{tag}"
    properties = {"ContainerDefinitions": [{"Name": "a", "Image": image}]}
    document = {
        "Parameters": {"Tag": {"Type": "String"}},
        "Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}},
    }
    (task,) = EcsView(from_document(document)).tasks
    context = cast("CheckContext", SimpleNamespace(soci_indexes=[index]))
    (container,) = task.containers
    assert container.image is not None
    assert soci_indexes(container.image, context) == ([index] if found else [])
