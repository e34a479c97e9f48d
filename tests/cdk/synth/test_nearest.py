"""Several applications of one mixin: the nearest counts, the decision names both, and two at one distance are an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.report.decisions import read_decisions
from tests.cdk.ec2.ec2_apps import behaviors, join, new_cluster, new_group, new_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

    from cdk_pull.report.decisions import RecordedDecision

DOCKER_HUB: Final = "docker.io/library/redis:7"
MINUTE: Final = cdk.Duration.minutes(1)
SIZES: Final[Any] = {"compressed": "800MB", "uncompressed": "2.4GB"}


def app_in(folder: Path) -> cdk.App:
    """Return an app that makes launch templates."""
    context = {"@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig": True}
    return cdk.App(outdir=str(folder), context=context, analytics_reporting=False)


def decisions(app: cdk.App) -> dict[str, RecordedDecision]:
    """Return the decisions by stack, one each."""
    found = {each.stack: each.decisions for each in read_decisions(Path(app.synth().directory))}
    return {stack: one for stack, several in found.items() for one in several}


def task(scope: Construct, image: str = DOCKER_HUB, memory: int = 512) -> ecs.FargateTaskDefinition:
    """Return a task definition with one container."""
    made = ecs.FargateTaskDefinition(scope, "Task", cpu=256, memory_limit_mib=memory)
    made.add_container("app", image=ecs.ContainerImage.from_registry(image))
    return made


def sizes(stack: cdk.Stack) -> tuple[str, str]:
    """Return CPU and memory of the stack's only task definition."""
    (found,) = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    return found["Properties"]["Cpu"], found["Properties"]["Memory"]


@pytest.mark.parametrize("first", ["near", "far"])
def test_pull_behavior(tmp_path: Path, first: str) -> None:
    """A stack, a cluster and a group each make an exception from the app, whichever was applied first."""
    app = app_in(tmp_path)
    stacks = {name: new_stack(app, name) for name in ("Plain", "Stack", "Cluster", "Group")}
    groups, clusters = {}, {}
    for name, stack in stacks.items():
        groups[name], clusters[name] = new_group(stack), new_cluster(stack)
        join(clusters[name], groups[name])
    applications: list[Callable[[], object]] = [
        lambda: cdk.Mixins.of(app).apply(pull.ImagePullBehavior.always()),
        lambda: cdk.Mixins.of(stacks["Stack"]).apply(pull.ImagePullBehavior.once()),
        lambda: cdk.Mixins.of(stacks["Cluster"]).apply(pull.ImagePullBehavior.default()),
        lambda: cdk.Mixins.of(clusters["Cluster"]).apply(pull.ImagePullBehavior.once()),
        lambda: cdk.Mixins.of(clusters["Group"]).apply(pull.ImagePullBehavior.default()),
        lambda: groups["Group"].with_(pull.ImagePullBehavior.once()),
    ]
    for apply in applications if first == "far" else reversed(applications):
        apply()
    found = decisions(app)
    assert {name: each.decision.decided for name, each in found.items()} == {
        "Plain": "always",
        "Stack": "once",
        "Cluster": "once",
        "Group": "once",
    }
    assert {name: each.resource for name, each in found.items()} == dict.fromkeys(
        stacks, "Group/LaunchTemplate/Resource"
    )
    for name in ("Stack", "Cluster", "Group"):
        why = found[name].decision.why
        assert "requested in tests/cdk/synth/test_nearest.py:" in why
        assert (
            "in place of ECS_IMAGE_PULL_BEHAVIOR=always, which ImagePullBehavior on the app (tests/cdk" in why
        )
    assert "ImagePullBehavior on Cluster (" in found["Cluster"].decision.why
    assert "ImagePullBehavior on Group/Cluster (" in found["Group"].decision.why
    assert behaviors(stacks["Group"]) == {"Group": "once"}


def test_settings_that_the_nearer_leaves_open_stay() -> None:
    """The nearer application sets its variables; what has no effect beside them gives way as a whole."""
    stack = new_stack()
    join(new_cluster(stack), new_group(stack))
    join(new_cluster(stack, "Other"), cached := new_group(stack, "Cached"))
    wide = pull.ImagePullBehavior.once(
        image_pull_timeout=cdk.Duration.hours(1), num_images_delete_per_cycle=7
    )
    cdk.Mixins.of(stack).apply(wide)
    cached.with_(pull.ImagePullBehavior.prefer_cached())
    cdk.Mixins.of(stack.node.root).apply(
        pull.ImagePullBehavior(pull.AgentSettings(manifest_pull_timeout=cdk.Duration.minutes(2)))
    )
    assert behaviors(stack) == {"Group": "once", "Cached": "prefer-cached"}
    text = str(Template.from_stack(stack).to_json())
    assert text.count("ECS_NUM_IMAGES_DELETE_PER_CYCLE=7") == 1
    assert text.count("ECS_MANIFEST_PULL_TIMEOUT=2m0s") == 2


@pytest.mark.parametrize("first", ["near", "far"])
def test_task_size(tmp_path: Path, first: str) -> None:
    """A stack, a task and a FargateTask make an exception from the app, whichever was applied first."""
    app = app_in(tmp_path)
    stacks = {name: new_stack(app, name) for name in ("Plain", "Stack", "Task", "Own", "Off")}
    tasks = {name: task(stack) for name, stack in stacks.items() if name != "Own"}
    image = ecs.ContainerImage.from_registry(DOCKER_HUB)
    pull.FargateTask(
        stacks["Own"],
        "Task",
        image=image,
        cpu=256,
        memory_limit_mib=512,
        start_within=cdk.Duration.minutes(9),
        **SIZES,
    )
    late = pull.FargateTaskSize.start_within(cdk.Duration.minutes(9), **SIZES)
    applications: list[Callable[[], object]] = [
        lambda: cdk.Mixins.of(app).apply(pull.FargateTaskSize.start_within(MINUTE, **SIZES)),
        lambda: cdk.Mixins.of(stacks["Stack"]).apply(late),
        lambda: tasks["Task"].with_(pull.FargateTaskSize.start_within(cdk.Duration.minutes(9), **SIZES)),
        lambda: tasks["Off"].with_(pull.FargateTaskSize.checked()),
    ]
    for apply in applications if first == "far" else reversed(applications):
        apply()
    found = decisions(app)
    small = ("256", "512")
    assert {name: sizes(stack) == small for name, stack in stacks.items()} == {
        "Plain": False,
        "Stack": True,
        "Task": True,
        "Own": True,
        "Off": True,
    }
    assert set(found) == {"Plain", "Stack", "Task", "Own"}
    for name in ("Stack", "Task", "Own"):
        assert (
            "; in place of 'start within 60 s (expected), images of 800 MB, 2.4 GB unpacked', which FargateTaskSize on "
            "the app (tests/cdk/synth/test_nearest.py:"
        ) in found[name].decision.why
    assert "in place of" not in found["Plain"].decision.why


def test_same_region_images(tmp_path: Path) -> None:
    """A stack allows what the app does not, and only there; the decision of each task definition names both."""
    app = app_in(tmp_path)
    plain, allowing = new_stack(app, "Plain"), new_stack(app, "Allowing")
    task(plain, "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1")
    task(allowing)
    cdk.Mixins.of(app).apply(pull.SameRegionImages())
    cdk.Mixins.of(allowing).apply(pull.SameRegionImages(allow=["docker.io/library/redis"]))
    found = decisions(app)
    assert found["Allowing"].decision.decided == (
        "images in us-east-1: docker.io/library/redis:7 allowed from elsewhere"
    )
    assert found["Allowing"].resource == "Task/Resource"
    assert "; in place of what SameRegionImages on the app (tests/cdk/synth" in found["Allowing"].decision.why
    task(stack := new_stack(name="S"))
    cdk.Mixins.of(stack).apply(pull.SameRegionImages(allow=["docker.io/library/redis"]))
    stack.node.find_child("Task").with_(pull.SameRegionImages())
    with pytest.raises(RuntimeError, match=r"docker\.io/library/redis:7 comes from docker\.io at every pull"):
        Template.from_stack(stack)


def test_fixes(tmp_path: Path) -> None:
    """A stack where a rule is ignored keeps what the app-wide fixes would change."""
    app = app_in(tmp_path)
    plain, ignoring = new_stack(app, "Plain"), new_stack(app, "Ignoring")
    for stack in (plain, ignoring):
        task(stack, memory=8192)
    cdk.Mixins.of(app).apply(pull.PullFixes())
    cdk.Mixins.of(ignoring).apply(pull.PullFixes(ignore=["PULL201"]))
    found = decisions(app)
    assert (sizes(plain), sizes(ignoring)) == (("1024", "8192"), ("256", "8192"))
    assert found["Plain"].decision.decided == "PULL201: Cpu is 1024 in place of 256"


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (
            pull.ImagePullBehavior.once,
            pull.ImagePullBehavior.always,
            "two values for the same capacity: ECS_IMAGE_PULL_BEHAVIOR: 'once' (tests/cdk/synth/test_nearest.py",
        ),
        (
            pull.SameRegionImages,
            lambda: pull.SameRegionImages(allow=["docker.io/library/redis"]),
            "two different requests at the same distance: SameRegionImages on S (tests/cdk/synth/test_nearest.py",
        ),
        (
            pull.PullFixes,
            lambda: pull.PullFixes(ignore=["PULL201"]),
            "two different requests at the same distance: PullFixes on S (tests/cdk/synth/test_nearest.py",
        ),
        (
            lambda: pull.FargateTaskSize.start_within(MINUTE, **SIZES),
            lambda: pull.FargateTaskSize.within_price(1, **SIZES),
            "two different requests at the same distance: FargateTaskSize on S (tests/cdk/synth/test_nearest.py",
        ),
    ],
)
def test_two_at_one_distance_are_an_error(one: Any, other: Any, message: str) -> None:
    """The error names the resource and both call sites; the same request twice is one."""
    stack = new_stack(name="S")
    join(new_cluster(stack), new_group(stack))
    task(stack)
    cdk.Mixins.of(stack).apply(one())
    cdk.Mixins.of(stack).apply(other())
    with pytest.raises(RuntimeError) as error:
        Template.from_stack(stack)
    assert message in str(error.value)
    assert str(error.value).count("test_nearest.py:") == 2 * str(error.value).count("[cdk-pull] S/")


def test_the_same_request_twice_is_one(tmp_path: Path) -> None:
    """A check beside a size, and the same size again, are no conflict."""
    app = app_in(tmp_path)
    stack = new_stack(app, "S")
    task(stack)
    for each in (
        pull.FargateTaskSize.start_within(MINUTE, **SIZES),
        pull.FargateTaskSize.checked(),
        pull.FargateTaskSize.start_within(MINUTE, **SIZES),
    ):
        cdk.Mixins.of(stack).apply(each)
    assert "in place of" not in decisions(app)["S"].decision.why
