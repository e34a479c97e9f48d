"""``assert_pulls_well`` for every kind of template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.template.errors import TemplateError
from cdk_pull.testing import assert_pulls_well

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Td": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "RequiresCompatibilities": ["FARGATE"],
                "Cpu": "256",
                "Memory": "8192",
                "ContainerDefinitions": [{"Name": "c", "Image": "nginx:1.27"}],
            },
        }
    }
}


class _Template:
    """As ``aws_cdk.assertions.Template`` has it."""

    def __init__(self, document: dict[str, Any] = TEMPLATE) -> None:
        self._document = document

    def to_json(self) -> dict[str, Any]:
        return self._document


@pytest.mark.parametrize("kind", ["mapping", "template", "path", "text"])
def test_a_readable_failure(kind: str, tmp_path: Path) -> None:
    """The failure shows each finding that counts, its place and its fix."""
    file = tmp_path / "t.json"
    file.write_text(json.dumps(TEMPLATE))
    template = {"mapping": TEMPLATE, "template": _Template(), "path": file, "text": str(file)}[kind]
    with pytest.raises(AssertionError) as caught:
        assert_pulls_well(template)  # type: ignore[arg-type]
    text = str(caught.value)
    assert text.startswith("images are not pulled well\n\nTd (AWS::ECS::TaskDefinition)")
    assert "error PULL201  cpu and memory are not a Fargate task size on Linux: '256/8192'" in text
    assert 'fix   Set Cpu: "1024" and Memory: "8192"' in text
    assert "PULL302" not in text
    assert text.endswith("1 error in 1 resource, 3 rules not fully evaluated")


def test_what_passes() -> None:
    """Nothing at the threshold, nothing raised; the threshold and the rules can be chosen."""
    assert_pulls_well(TEMPLATE, ignore=["PULL2"])
    with pytest.raises(AssertionError, match="PULL302"):
        assert_pulls_well(TEMPLATE, ignore=["PULL2"], fail_on="info")


def test_a_stack_without_resources() -> None:
    """What aws_cdk.assertions gives of an empty stack has nothing that could pull badly."""
    assert_pulls_well(_Template({"Parameters": {"BootstrapVersion": {"Type": "String"}}}))


def test_image_facts() -> None:
    """What is given of an image is used."""
    images = {"nginx:1.27": {"compressed": "9GB", "uncompressed": "21GB"}}
    with pytest.raises(AssertionError, match="PULL204"):
        assert_pulls_well(TEMPLATE, select=["PULL204"], images=images)


def test_what_is_no_template(tmp_path: Path) -> None:
    """What cannot be checked is an error of its own, or is shown in the failure where something else is wrong."""
    with pytest.raises(TemplateError, match="template has no Resources object"):
        assert_pulls_well({})
    with pytest.raises(TemplateError, match=r"gone.json cannot be read: No such file or directory"):
        assert_pulls_well(tmp_path / "gone.json")
    (tmp_path / "a.json").write_text(json.dumps(TEMPLATE))
    (tmp_path / "b.json").write_text('{"Resources": {"A": "AWS::')
    with pytest.raises(AssertionError, match=r"PULL201(.|\n)*cannot check: .*b.json is not JSON"):
        assert_pulls_well(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fail_on": "never"}, "fail_on is not a severity: 'never'; allowed: error, warning, info"),
        ({"select": "PULL2"}, "select is not a list of rule ids: 'PULL2'"),
        ({"ignore": ["nope"]}, "no rule has this id: 'nope'"),
        ({"images": 5}, "images is not an object: 5"),
        ({"images": {"a": 5}}, "facts of image a are malformed: 5"),
        ({"region": ""}, "Region is malformed: ''"),
        ({"account": 111122223333}, "account is malformed: 111122223333"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    """An option that is none is an error, and not a test that passes."""
    with pytest.raises(InvalidValueError) as caught:
        assert_pulls_well(TEMPLATE, **options)
    assert str(caught.value).startswith(message)


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Any:
    cdk = pytest.importorskip("aws_cdk")
    from aws_cdk import aws_ecs as ecs  # noqa: PLC0415

    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    for parent, name, image in (
        (app, "Good", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0"),
        (app, "Bad", "nginx:1.27"),
        (cdk.Stage(app, "Prod"), "Bad", "nginx:1.27"),
    ):
        env = cdk.Environment(account="111122223333", region="eu-west-1")
        stack = cdk.Stack(parent, name, env=env)
        inner = cdk.NestedStack(stack, "Inner") if name == "Bad" else stack
        task = ecs.FargateTaskDefinition(
            inner, "Task", cpu=256, memory_limit_mib=8192 if name == "Bad" else 512
        )
        task.add_container("web", image=ecs.ContainerImage.from_registry(image))
        if name == "Good":
            task.obtain_execution_role()
    return app


def test_an_app_a_stage_and_a_stack(app: Any) -> None:
    """Each is synthesized and checked, a stack with its nested stacks and without those beside it."""
    find = app.node.find_child
    options: dict[str, Any] = {"select": ["PULL201"]}
    assert_pulls_well(find("Good"), **options)
    for construct, count in (
        (app, 2),
        (find("Prod"), 1),
        (find("Bad"), 1),
        (find("Prod").node.find_child("Bad"), 1),
        (find("Bad").node.find_child("Inner"), 1),
    ):
        with pytest.raises(AssertionError) as caught:
            assert_pulls_well(construct, **options)
        assert str(caught.value).count("error PULL201") == count
    with pytest.raises(
        InvalidValueError, match="allowed: an app, a stage, a stack, a template, or the path of one"
    ):
        assert_pulls_well(find("Bad").node.find_child("Inner").node.find_child("Task"), **options)


def test_what_same_region_images_allows_is_not_found(app: Any) -> None:
    """PULL302 says nothing of an image that the app allows to come from elsewhere; without the mixin it does."""
    import aws_cdk as cdk  # noqa: PLC0415

    import cdk_pull as pull  # noqa: PLC0415

    with pytest.raises(AssertionError, match="PULL302"):
        assert_pulls_well(app, select=["PULL302"], fail_on="info")
    other = cdk.App(outdir=f"{app.outdir}/other")
    from aws_cdk import aws_ecs as ecs  # noqa: PLC0415

    stack = cdk.Stack(other, "S", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("web", image=ecs.ContainerImage.from_registry("nginx:1.27"))
    cdk.Mixins.of(other).apply(pull.SameRegionImages(allow=["docker.io/library/nginx"]))
    assert_pulls_well(other, select=["PULL30"], fail_on="info", ignore=["PULL306"])
    assert_pulls_well(stack, select=["PULL001"], fail_on="info")
