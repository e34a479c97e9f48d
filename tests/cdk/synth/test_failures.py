"""An exception inside of a mixin comes out as one line that names the construct and what to do."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

import cdk_pull as pull
from tests.cdk.ec2.ec2_apps import join, new_cluster, new_group, new_stack
from tests.cdk.synth.test_nearest import SIZES, task

LINE = "{}: {} failed with ZeroDivisionError: oh; apply {} elsewhere, so that this construct is not below it, and report the error"


@pytest.mark.parametrize(
    ("mixin", "broken", "path"),
    [
        (pull.SameRegionImages, "images.region_check._places", "S/Task/Resource"),
        (
            lambda: pull.FargateTaskSize.within_price(1, **SIZES),
            "fargate.stage_task_sizes.size_task",
            "S/Task/Resource",
        ),
        (pull.PullFixes, "checks.stage_fixes.fix_tasks", "the app"),
        (pull.ImagePullBehavior.once, "ec2.user_data.operating_system", "S/Group/LaunchTemplate/Resource"),
    ],
)
def test_an_exception_names_the_construct(
    monkeypatch: pytest.MonkeyPatch, mixin: Any, broken: str, path: str
) -> None:
    """A fault of ours stops the synth with the construct's path, the mixin and a way to go on."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    stack = new_stack(name="S")
    task(stack)
    join(new_cluster(stack), new_group(stack))
    made = mixin()
    cdk.Mixins.of(stack).apply(made)
    monkeypatch.setattr(f"cdk_pull.cdk.{broken}", fail)
    with pytest.raises(RuntimeError) as error:
        Template.from_stack(stack)
    assert f"[cdk-pull] {LINE.format(path, made.name, made.name)}" in str(error.value)


def test_an_exception_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is where the mixin is applied to one thing."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    stack = new_stack(name="S")
    made = pull.FargateTaskSize.within_price(1, **SIZES)
    monkeypatch.setattr("cdk_pull.cdk.fargate.stage_task_sizes.size_task", fail)
    with pytest.raises(RuntimeError) as error:
        task(stack).with_(made)
    assert str(error.value) == LINE.format("S/Task", made.name, made.name)
