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
    assert text.endswith("1 error in 1 resource, 2 rules not fully evaluated")


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
