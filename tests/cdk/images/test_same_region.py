from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

from cdk_pull.cdk.images.same_region import SameRegionImage, SameRegionImages
from cdk_pull.errors import ConflictError, InvalidValueError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "111122223333"
FRANKFURT = cdk.Environment(account=ACCOUNT, region="eu-central-1")
OREGON = cdk.Environment(account=ACCOUNT, region="us-west-2")
STRENGTH = "@aws-cdk/core:defaultCrossStackReferences"
WAYS_OUT = "Replicate the repository to the stack's Region, cache it by pull-through, or push to both; then name the image there"


def uri(region: str, rest: str = "app:1", account: str = ACCOUNT) -> str:
    """Return an ECR image URI."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{rest}"


def stack_in(env: cdk.Environment | None, app: cdk.App | None = None, name: str = "Stack") -> cdk.Stack:
    """Return a new stack."""
    return cdk.Stack(app or cdk.App(), name, env=env)


def run(stack: cdk.Stack, image: ecs.ContainerImage, container: str = "web") -> ecs.TaskDefinition:
    """Return a Fargate task definition with one container."""
    task = ecs.FargateTaskDefinition(stack, f"Task{container}")
    task.add_container(container, image=image)
    return task


def from_registry(image: str) -> ecs.ContainerImage:
    """Return an image by its name."""
    return ecs.ContainerImage.from_registry(image)


def errors(root: cdk.Stage | cdk.Stack) -> list[str]:
    """Return what stops the synth."""
    stage = root if isinstance(root, cdk.Stage) else cdk.Stage.of(root)
    assert stage is not None
    try:
        stage.synth(force=True)
    except RuntimeError as error:
        head, *lines = str(error).splitlines()
        assert head.startswith("ValidationFailedWithErrors")
        return [line.strip().partition("] ")[2] for line in lines]
    return []


def warnings(stack: cdk.Stack) -> list[str]:
    """Return our warnings on a stack that synthesizes."""
    stage = cdk.Stage.of(stack)
    assert stage is not None
    messages = stage.synth(force=True).get_stack_artifact(stack.artifact_id).messages
    return [str(message.entry.data) for message in messages if "[ack: cdk-pull:" in str(message.entry.data)]


def repository_in(app: cdk.App, stack: cdk.Stack, kind: str) -> ecr.IRepository:
    """Return a repository of us-west-2."""
    arn = f"arn:aws:ecr:us-west-2:{ACCOUNT}:repository/app"
    match kind:
        case "arn":
            return ecr.Repository.from_repository_arn(stack, "Repo", arn)
        case "attributes":
            return ecr.Repository.from_repository_attributes(
                stack, "Repo", repository_arn=arn, repository_name="app"
            )
        case "other stack, named":
            return ecr.Repository(stack_in(OREGON, app, "Other"), "Repo", repository_name="app")
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["arn", "attributes", "other stack, named"])
@pytest.mark.parametrize("way", ["image", "mixin"])
def test_repository_of_another_region(kind: str, way: str) -> None:
    """A repository of another Region stops the synth, however it came to the stack."""
    app = cdk.App()
    stack = stack_in(FRANKFURT, app)
    repository = repository_in(app, stack, kind)
    if way == "image":
        run(stack, SameRegionImage(repository, "1"))
        where = "Stack/Taskweb/web: "
    else:
        run(stack, ecs.ContainerImage.from_ecr_repository(repository, "1"))
        stack.with_(SameRegionImages())
        where = "Stack/Taskweb/Resource: "
    assert errors(stack) == [
        f"{where}container web: {uri('us-west-2')} is pulled from us-west-2 to eu-central-1. {WAYS_OUT}"
    ]


@pytest.mark.parametrize("strength", ["strong", "both", "weak"])
def test_cross_region_reference(strength: str) -> None:
    """A repository that CDK hands over from a stack of another Region is followed to it."""
    app = cdk.App(context={STRENGTH: strength})
    there = cdk.Stack(app, "There", env=OREGON, cross_region_references=True)
    here = cdk.Stack(app, "Here", env=FRANKFURT, cross_region_references=True)
    run(here, SameRegionImage(ecr.Repository(there, "Repo"), "1"))
    (error,) = errors(app)
    assert "is pulled from us-west-2 to eu-central-1" in error


def test_another_account() -> None:
    """Another account is no other Region."""
    stack = stack_in(FRANKFURT)
    run(stack, SameRegionImage(uri("eu-central-1", account="999988887777")))
    assert (errors(stack), warnings(stack)) == ([], [])


@pytest.mark.parametrize("env", [FRANKFURT, None, cdk.Environment(region="eu-central-1")])
def test_own_repository_and_asset(env: cdk.Environment | None, tmp_path: Path) -> None:
    """A stack's own repository and asset are in its Region by construction, wherever it is deployed."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    stack = stack_in(env)
    asset = ecr_assets.DockerImageAsset(stack, "Asset", directory=str(tmp_path))
    task = run(stack, SameRegionImage(ecr.Repository(stack, "Repo"), "1"), "own")
    task.add_container("digest", image=SameRegionImage(ecr.Repository(stack, "Other"), "sha256:" + "a" * 64))
    task.add_container("asset", image=SameRegionImage(asset))
    task.add_container(
        "named", image=SameRegionImage(ecr.Repository.from_repository_name(stack, "Name", "app"))
    )
    task.add_container("inline", image=SameRegionImage(ecs.ContainerImage.from_asset(str(tmp_path))))
    assert (errors(stack), warnings(stack)) == ([], [])


@pytest.mark.parametrize("env", [FRANKFURT, None])
@pytest.mark.parametrize("strength", ["strong", "both", "weak"])
def test_other_stack_of_the_region(strength: str, env: cdk.Environment | None) -> None:
    """A repository of another stack in the same Region, or in the same unknown one, is followed to it."""
    app = cdk.App(context={STRENGTH: strength})
    repository = ecr.Repository(stack_in(env, app, "Base"), "Repo")
    stack = stack_in(env, app)
    run(stack, SameRegionImage(repository, "1"))
    assert (errors(app), warnings(stack)) == ([], [])


@pytest.mark.parametrize("strength", ["strong", "both", "weak"])
def test_stacks_of_one_name_in_two_regions(strength: str) -> None:
    """Of two stacks that share a name, the one of the Region that is asked is followed."""
    app = cdk.App(context={STRENGTH: strength})
    for env in (OREGON, FRANKFURT):
        base = cdk.Stack(app, f"Base-{env.region}", env=env, stack_name="base")
        repository = ecr.Repository(base, "Repo")
        run(cdk.Stack(app, f"Api-{env.region}", env=env, stack_name="api"), SameRegionImage(repository, "1"))
    assert errors(app) == []


def test_nested_stacks() -> None:
    """A repository is followed into a nested stack and out of one."""
    stack = stack_in(None)
    nested = cdk.NestedStack(stack, "Nested")
    task = ecs.FargateTaskDefinition(nested, "Task")
    task.add_container("down", image=SameRegionImage(ecr.Repository(stack, "Repo"), "1"))
    run(stack, SameRegionImage(ecr.Repository(nested, "Repo"), "1"), "up")
    assert (errors(stack), warnings(stack)) == ([], [])


def test_asset_of_another_region(tmp_path: Path) -> None:
    """An asset is published to the Region of its own stack, not of the stack that uses it."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    app = cdk.App()
    asset = ecr_assets.DockerImageAsset(stack_in(OREGON, app, "Other"), "Asset", directory=str(tmp_path))
    stack = stack_in(FRANKFURT, app)
    run(stack, SameRegionImage(asset))
    (error,) = errors(app)
    assert "is pulled from us-west-2 to eu-central-1" in error


def test_unknown_is_a_warning() -> None:
    """An image that only the deployment knows is a warning with the reason and the fix."""
    stack = stack_in(FRANKFURT)
    parameter = cdk.CfnParameter(stack, "Image")
    arn = cdk.Fn.import_value("repo-arn")
    imported = ecr.Repository.from_repository_attributes(
        stack, "In", repository_arn=arn, repository_name="app"
    )
    task = run(stack, SameRegionImage(parameter.value_as_string), "parameter")
    task.add_container("imported", image=SameRegionImage(imported, "1"))
    assert errors(stack) == []
    fix = (
        "Give the repository as a construct of this app or by an ARN with its Region, or acknowledge this warning "
        "where the value is sure to be in the Region [ack: cdk-pull:imageRegionUnknown]"
    )
    first, second = warnings(stack)
    reason = "parameter Image has no default"
    assert (
        first
        == f"container parameter: cannot tell whether ${{Image}} is in the stack's Region: {reason}. {fix}"
    )
    reason = "no stack here exports repo-arn"
    image = "${?}.dkr.ecr.${?}.amazonaws.com/app:1"
    assert (
        second == f"container imported: cannot tell whether {image} is in the stack's Region: {reason}. {fix}"
    )


def test_container_definitions_made_at_deployment() -> None:
    """Container definitions that a condition chooses are a warning."""
    stack = stack_in(FRANKFURT)
    size = cdk.CfnParameter(stack, "Size").value_as_string
    condition = cdk.CfnCondition(stack, "Big", expression=cdk.Fn.condition_equals(size, "big"))
    containers = cdk.Fn.condition_if(condition.logical_id, [{"Name": "a", "Image": "nginx"}], [])
    ecs.CfnTaskDefinition(stack, "Task", container_definitions=containers)
    stack.with_(SameRegionImages())
    assert errors(stack) == []
    (warning,) = warnings(stack)
    assert (
        "cannot tell whether the image is in the stack's Region: the container definition is made at"
        in warning
    )


@pytest.mark.parametrize(("region", "count"), [("eu-central-1", 0), ("us-west-2", 1)])
def test_condition_that_the_stack_decides(region: str, count: int) -> None:
    """An image that a condition on the stack's own Region chooses is judged as the one chosen."""
    stack = stack_in(FRANKFURT)
    here = cdk.CfnCondition(stack, "Here", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-central-1"))
    chosen = cdk.Fn.condition_if(here.logical_id, uri(region), uri("ap-south-1"))
    run(stack, SameRegionImage(cdk.Token.as_string(chosen)))
    assert len(errors(stack)) == count
    assert count or warnings(stack) == []


def test_agnostic_stack_with_a_literal_region() -> None:
    """A literal Region in a stack that can go anywhere is a warning that asks for the stack's environment."""
    stack = stack_in(None)
    run(stack, SameRegionImage(uri("eu-central-1")))
    assert errors(stack) == []
    (warning,) = warnings(stack)
    assert "the image is in eu-central-1 and the stack can be deployed to any Region" in warning
    assert "Give the stack its Region: env=cdk.Environment(account=…, region='eu-central-1')" in warning


def test_public_registry_and_allow_list() -> None:
    """A public registry is an error that names the allow list, unless it is on it."""
    stack = stack_in(FRANKFURT)
    task = run(stack, from_registry("nginx:1.27"))
    task.add_container("datadog", image=from_registry("public.ecr.aws/datadog/agent:7"))
    task.add_container("elsewhere", image=from_registry(uri("us-west-2", "base:1")))
    allow = ["public.ecr.aws/datadog/*", uri("us-west-2", "base")]
    cdk.Mixins.of(stack).apply(SameRegionImages(allow=allow))
    (error,) = errors(stack)
    assert error == (
        "Stack/Taskweb/Resource: container web: docker.io/library/nginx:1.27 comes from docker.io at every pull. Add an "
        "AWS::ECR::PullThroughCacheRule, and use its prefix in the image name; in CDK, apply PullThroughCache(). Or allow it "
        "by name: allow=['docker.io/library/nginx']"
    )


def test_malformed_image() -> None:
    """An image that no registry would serve is an error with the reason."""
    stack = stack_in(FRANKFURT)
    run(stack, from_registry("Nginx"))
    stack.with_(SameRegionImages())
    (error,) = errors(stack)
    assert (
        "container web: image Nginx cannot be read: Nginx has upper-case letters in the name of its repository. Write nginx"
        in error
    )


def ec2_task(stack: cdk.Stack) -> None:
    """Add a task definition for EC2."""
    task = ecs.Ec2TaskDefinition(stack, "Task")
    task.add_container("web", image=from_registry("nginx"), memory_limit_mib=64)


def external_task(stack: cdk.Stack) -> None:
    """Add a task definition for external instances."""
    task = ecs.ExternalTaskDefinition(stack, "Task")
    task.add_container("web", image=from_registry("nginx"), memory_limit_mib=64)


def l1_task(stack: cdk.Stack) -> None:
    """Add an L1 task definition."""
    container = ecs.CfnTaskDefinition.ContainerDefinitionProperty(name="web", image="nginx")
    ecs.CfnTaskDefinition(stack, "Task", container_definitions=[container])


def sidecar(stack: cdk.Stack) -> None:
    """Add a sidecar beside an image of the Region."""
    task = run(stack, from_registry(uri("eu-central-1")), "own")
    task.add_container("web", image=from_registry("nginx"), essential=False)


def nested(stack: cdk.Stack) -> None:
    """Add a task definition in a nested stack."""
    ec2_task(cdk.NestedStack(stack, "Nested"))


@pytest.mark.parametrize("add", [ec2_task, external_task, l1_task, sidecar, nested])
@pytest.mark.parametrize("way", ["stack", "app", "aspect", "task"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_every_way_of_attaching(add: object, way: str, order: str) -> None:
    """Every container is looked at once, whatever the mixin is applied to and when."""
    assert callable(add)
    app = cdk.App()
    stack = stack_in(FRANKFURT, app)

    def apply() -> None:
        mixin = SameRegionImages()
        match way:
            case "stack":
                stack.with_(mixin)
            case "app":
                cdk.Mixins.of(app).apply(mixin)
            case "aspect":
                cdk.Aspects.of(app).add(cdk.Shims.as_aspect(mixin))
            case "task":
                for construct in app.node.find_all():
                    if isinstance(construct, ecs.CfnTaskDefinition):
                        construct.with_(mixin)

    if order == "before" and way != "task":
        apply()
    add(stack)
    if order == "after" or way == "task":
        apply()
    (error,) = errors(app)
    assert "container web: docker.io/library/nginx comes from docker.io at every pull" in error


def test_service() -> None:
    """Applied to a service, it looks at the service's task definition."""
    stack = stack_in(FRANKFURT)
    task = run(stack, from_registry("nginx"))
    assert isinstance(task, ecs.FargateTaskDefinition)
    cluster = ecs.Cluster(stack, "Cluster", vpc=ec2.Vpc(stack, "Vpc"))
    ecs.FargateService(stack, "Service", cluster=cluster, task_definition=task).with_(SameRegionImages())
    assert len(errors(stack)) == 1


def test_cluster() -> None:
    """A cluster holds no task definitions, so applying to it is an error that says where to apply."""
    stack = stack_in(FRANKFURT)
    cluster = ecs.Cluster(stack, "Cluster")
    with pytest.raises(
        Exception,
        match=r"^Stack/Cluster: SameRegionImages cannot be applied to it: .* to the stack or the app$",
    ):
        cluster.with_(SameRegionImages())
    with pytest.raises(UnsupportedError):
        SameRegionImages().apply_to(cluster)


@pytest.mark.parametrize("made", ["before", "after"])
def test_stages(made: str) -> None:
    """A stage is looked at whether it is made before the mixin is applied to the app or after."""
    app = cdk.App()

    def stage() -> None:
        prod = cdk.Stage(app, "Prod", env=FRANKFURT)
        run(cdk.Stack(prod, "Stack"), from_registry("nginx"))

    if made == "before":
        stage()
    cdk.Mixins.of(app).apply(SameRegionImages())
    if made == "after":
        stage()
    (error,) = errors(app)
    assert error.startswith("Prod/Stack/Taskweb/Resource: container web: docker.io/library/nginx")


def test_stage_warning_reaches_the_assembly() -> None:
    """A warning on a stage's image is written with the stage."""
    app = cdk.App()
    prod = cdk.Stage(app, "Prod", env=FRANKFURT)
    stack = cdk.Stack(prod, "Stack")
    run(stack, from_registry(cdk.CfnParameter(stack, "Image").value_as_string))
    cdk.Mixins.of(app).apply(SameRegionImages())
    assert len(warnings(stack)) == 1
    assert errors(app) == []
    definition = stack.node.find_child("Taskweb").node.default_child
    assert definition is not None
    assert [entry.type for entry in definition.node.metadata].count("cdk-pull:decision") == 1


def test_template_is_not_changed_and_decision_is_recorded() -> None:
    """The mixin leaves the template as it is and its decision in the assembly's metadata."""

    def template(*, held: bool) -> tuple[str, list[object]]:
        stack = stack_in(FRANKFURT)
        task = run(stack, from_registry(uri("eu-central-1")))
        task.add_container("datadog", image=from_registry("public.ecr.aws/datadog/agent:7"))
        if held:
            stack.with_(SameRegionImages(allow=["public.ecr.aws/datadog/*"]))
        text = json.dumps(Template.from_stack(stack).to_json())
        assert task.node.default_child is not None
        metadata = task.node.default_child.node.metadata
        entries = [entry for entry in metadata if entry.type == "cdk-pull:decision"]
        return text, [entry.data["decided"] for entry in entries]

    before, after = template(held=False), template(held=True)
    assert before[0] == after[0]
    assert before[1] == []
    assert after[1] == [
        f"images in eu-central-1: {uri('eu-central-1')} in the Region; public.ecr.aws/datadog/agent:7 allowed from elsewhere"
    ]


def test_image_is_as_the_plain_one() -> None:
    """An image held to the Region gives the template of the plain image, permissions included."""

    def template(*, held: bool) -> object:
        stack = stack_in(FRANKFURT)
        repository = ecr.Repository(stack, "Repo")
        run(
            stack,
            SameRegionImage(repository, "1")
            if held
            else ecs.ContainerImage.from_ecr_repository(repository, "1"),
        )
        return Template.from_stack(stack).to_json()

    assert template(held=True) == template(held=False)


def test_bad_arguments() -> None:
    """A tag beside an image that has its own, and a pattern without registry, are errors."""
    with pytest.raises(
        ConflictError, match="'2' goes with a repository only; this image already has its own: nginx:1"
    ):
        SameRegionImage("nginx:1", "2")
    with pytest.raises(InvalidValueError, match="does not begin with a registry: 'nginx'"):
        SameRegionImages(allow=["nginx"])
