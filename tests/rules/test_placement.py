"""Which tasks the rules see on which capacity."""

from __future__ import annotations

from typing import Any

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import Assembly, from_document
from cdk_pull.template.context import Context, Environment
from cdk_pull.template.model import Template

ONCE = "#!/bin/bash\necho ECS_CLUSTER=web >> /etc/ecs/ecs.config\necho ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config\n"
LAUNCH = {
    "Type": "AWS::EC2::LaunchTemplate",
    "Properties": {"LaunchTemplateData": {"UserData": {"Fn::Base64": ONCE}}},
}
SERVICE = {
    "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "a", "Image": "a:latest"}]}},
    "Service": {
        "Type": "AWS::ECS::Service",
        "Properties": {"Cluster": "web", "LaunchType": "EC2", "TaskDefinition": {"Ref": "Task"}},
    },
}  # fmt: skip


def _template(name: str, region: str, resources: dict[str, Any]) -> Template:
    document = {"Resources": resources}
    return Template(name, name, document, Context(Environment("111122223333", region), document, home=name))


def test_a_floating_tag_is_found_once() -> None:
    """However many capacities a task may be placed on, its image is one finding."""
    assembly = from_document({"Resources": {"One": LAUNCH, "Two": LAUNCH, **SERVICE}})
    found = check([assembly], Options(select=("PULL103",))).findings
    assert [(each.logical_id, each.property_path) for each in found] == [
        ("Task", "Properties.ContainerDefinitions.0.Image")
    ]


def test_a_name_means_another_cluster_in_another_region() -> None:
    """A service is on the capacity of its own Region's cluster, not on that of a namesake elsewhere."""
    for region, count in (("eu-west-1", 1), ("us-east-1", 0)):
        stacks = [
            _template("Capacity", "eu-west-1", {"Launch": LAUNCH}),
            _template("Service", region, SERVICE),
        ]
        assert len(check([Assembly("out", stacks)], Options(select=("PULL103",))).findings) == count
