"""What rules ask of services and capacities: the same for all that share them, and worked out once."""

from __future__ import annotations

import sys
from typing import Any

from cdk_pull.rules.engine.context import CheckContext
from cdk_pull.rules.engine.runner import check
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.assembly import from_document

USER_DATA = {"Fn::Base64": {"Fn::Sub": "#!/bin/bash\necho ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config"}}


def _document(services: int, capacities: int, image: str = "nginx") -> dict[str, Any]:
    tasks = {
        f"T{i}": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"ContainerDefinitions": [{"Name": "c", "Image": f"{image}:{i}"}]},
        }
        for i in range(services)
    }
    started = {
        f"S{i}": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": f"T{i}"},
                "LaunchType": "EC2",
            },
        }
        for i in range(services)
    }
    launched = {
        f"L{i}": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {"LaunchTemplateData": {"UserData": USER_DATA}},
        }
        for i in range(capacities)
    }
    return {"Resources": {"Cluster": {"Type": "AWS::ECS::Cluster"}, **tasks, **started, **launched}}


def test_capacities_share_their_services() -> None:
    """Capacities of one cluster share one placement, in the order of the services; the first service leads them."""
    context = CheckContext(from_document(_document(3, 4)), ImageFactsBook())
    placements = {id(context.placement(each)) for each in context.ecs.capacities}
    assert len(placements) == 1
    first = context.ecs.capacities[0]
    assert [each.resource.logical_id for each in context.services_on(first)] == ["S0", "S1", "S2"]
    assert [each.resource.logical_id for each in context.tasks_on(first)] == ["T0", "T1", "T2"]
    leader, *others = context.ecs.services
    assert len(context.led_by(leader)) == 4
    assert [context.led_by(each) for each in others] == [[], []]
    assert [len(each) for each in context.capacities_under(context.ecs.tasks[0])] == [4]


def test_nothing_is_placed() -> None:
    """A capacity without services has none, and a task without services is under none."""
    document = _document(0, 1)
    document["Resources"]["T"] = {"Type": "AWS::ECS::TaskDefinition"}
    context = CheckContext(from_document(document), ImageFactsBook())
    (capacity,) = context.ecs.capacities
    assert context.services_on(capacity) == []
    assert context.tasks_on(capacity) == []
    assert context.capacities_under(context.ecs.tasks[0]) == []


def test_once() -> None:
    """Work with one key is done once, whatever it comes to."""
    context = CheckContext(from_document(_document(0, 0)), ImageFactsBook())
    done: list[int] = []
    for _ in range(3):
        assert context.once("key", lambda: done.append(1)) is None
    assert done == [1]


def test_near_linear() -> None:
    """Four times the services and capacities take less than six times as many calls."""

    def calls(number: int) -> int:
        assembly = from_document(_document(number, number))
        counted = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event == "call"

        sys.setprofile(count)
        try:
            check([assembly])
        finally:
            sys.setprofile(None)
        return counted

    calls(10)
    assert calls(200) < 6 * calls(50)
