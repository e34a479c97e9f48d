"""What a fix writes into a task definition."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.fargate.sizes import FargateSize
from cdk_pull.rules.fixes.task_patches import size_patches
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView

REF = {"Ref": "Size"}


@pytest.mark.parametrize(
    ("stated", "patched"),
    [
        ({}, True),
        ({"Cpu": "256", "Memory": "512"}, True),
        ({"Cpu": 256}, True),
        ({"Cpu": REF, "Memory": "512"}, False),
        ({"Cpu": "256", "Memory": REF}, False),
    ],
)
def test_a_size(stated: dict[str, Any], *, patched: bool) -> None:
    """CPU and memory are written where both stand as they are or not at all: half a size fits nothing."""
    resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [], **stated}}
    (task,) = EcsView(from_document({"Resources": {"Task": resource}})).tasks
    found = [(each.path, each.value) for each in size_patches(task, FargateSize(1024, 2048))]
    assert found == ([(("Cpu",), "1024"), (("Memory",), "2048")] if patched else [])
    assert [*size_patches(task, None)] == []
