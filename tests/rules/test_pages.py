"""The pages of the rules are true: their examples are run, and their Python is code of this package."""

from __future__ import annotations

import ast
import copy
import inspect
import re
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull
from cdk_pull.rules.engine.registry import all_rules, documented_rules, find_rule
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document
from scripts.rule_fixtures import FIXTURES, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS: Final = ("Example", "Use instead")
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Their examples are one line of a stack of several resources; the fixtures have the whole of it.
NOT_RUN: Final = {
    "PULL102": "a pull behavior and the images of a service",
    "PULL114": "a volume and the images of a service",
    "PULL116": "two services on one capacity provider",
    "PULL119": "a script of 20 KB",
    "PULL121": "a cluster and a service",
    "PULL131": "a Batch compute environment",
    "PULL206": "the other form is a command that builds an image",
    "PULL208": "the other form is a mixin",
    "PULL303": "a VPC",
    "PULL304": "a repository and a task that runs its image",
    "PULL305": "a repository, a task and its capacity",
    "PULL306": "a role and a task",
    "PULL309": "a pull-through cache rule",
    "PULL401": "the other form is a Dockerfile",
}
IMAGES: Final = {
    "linux": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "windows": "/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-ECS_Optimized/image_id",
    "bottlerocket": "/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id",
}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    assert isinstance(node, yaml.ScalarNode)
    value = loader.construct_scalar(node)
    if suffix == "GetAtt":
        return {"Fn::GetAtt": value.split(".")}
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def _blocks(rule_id: str, section: str) -> list[tuple[str, str]]:
    page = find_rule(rule_id).page
    return BLOCK.findall(page.partition(f"## {section}\n")[2].partition("\n## ")[0])


def _launch(language: str, text: str, rule_id: str) -> dict[str, Any]:
    """Return a launch template of ECS capacity with a piece of user data from a page."""
    system = {"sh": "linux", "powershell": "windows", "toml": "bottlerocket"}[language]
    if language == "sh" and rule_id != "PULL117" and not text.startswith("#!"):
        cluster = "" if "ECS_CLUSTER=" in text else "echo ECS_CLUSTER=web >> /etc/ecs/ecs.config\n"
        text = f"#!/bin/bash\n{cluster}{text}"
    if language == "powershell":
        text = f"<powershell>\n{text}</powershell>\n"
    image = f"{{{{resolve:ssm:{IMAGES[system]}}}}}"
    data = {"ImageId": image, "UserData": {"Fn::Base64": text}}
    return {
        "Resources": {"L": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}}}
    }


def _task(windows: bool) -> dict[str, Any]:  # noqa: FBT001 - one of two
    size = {"Cpu": "1024", "Memory": "2048"} if windows else {"Cpu": "256", "Memory": "512"}
    system = {"RuntimePlatform": {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}} if windows else {}
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "NetworkMode": "awsvpc",
        **size,
        **system,
        "ContainerDefinitions": [{"Name": "web", "Image": "web:1"}],
    }
    return {"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}}


def _merged(document: dict[str, Any], text: str) -> dict[str, Any]:
    """Return a template with a piece of YAML from a page in it, at the level at which its keys belong."""
    document = copy.deepcopy(document)
    fragment: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    task = document["Resources"]["Task"]
    for key, value in fragment.items():
        if isinstance(value, dict) and "Type" in value:
            document["Resources"][key] = value
        elif key == "CustomRoleArn":
            document["Resources"]["Template"]["Properties"][key] = value
        elif key in {"Metadata", "Properties"}:
            task.setdefault(key, {}).update(value)
        elif key == "Image":
            task["Properties"]["ContainerDefinitions"] = [{"Name": "web", "Image": value}]
        else:
            task["Properties"][key] = value
    images = task.get("Metadata", {}).get("cdk-pull", {}).get("images", {})
    containers = task["Properties"]["ContainerDefinitions"]
    for number, container in enumerate(containers):
        container.setdefault("Name", f"c{number}")
        container.setdefault("Image", next(iter(images), "web:1"))
    if images and len(containers) == 1:
        containers[0]["Image"] = next(iter(images))
    return document


def _documents(rule_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the template of each example of a page that can be run, with the section that it stands in."""
    document = _task(windows=rule_id.startswith("PULL4"))
    if rule_id == "PULL203":
        facts = {"images": {"web:1": {"compressed": "1.2GB", "uncompressed": "3GB"}}}
        document["Resources"]["Task"]["Metadata"] = {"cdk-pull": facts}
    for section in SECTIONS:
        for language, text in _blocks(rule_id, section):
            if language in {"sh", "powershell", "toml"}:
                yield section, _launch(language, text, rule_id)
            elif language == "yaml":
                document = _merged(document, text)
                yield section, document


RUN: Final = [rule.id for rule in all_rules() if rule.id not in NOT_RUN]


@pytest.mark.parametrize("rule_id", RUN)
def test_the_examples_of_a_page_are_right(rule_id: str) -> None:
    """What a page shows as an example is found by its rule, and what it shows instead is not."""
    cases = list(_documents(rule_id))
    options = Options(select=(rule_id,), today=date(2023, 11, 20))
    found = [
        (
            section,
            bool(
                check([from_document(document, account="111122223333", region="eu-west-1")], options).findings
            ),
        )
        for section, document in cases
    ]
    assert found == [(section, section == "Example") for section, _ in cases]
    assert any(section == "Example" for section, _ in cases) or not any(
        language != "python" for section in SECTIONS for language, _ in _blocks(rule_id, section)
    )


NAMES: Final = {
    "cdk": cdk, "ec2": ec2, "ecr": ecr, "ecs": ecs, "pull": pull,
    **{name: getattr(pull, name) for name in pull.__all__},
    "ContainerImage": ecs.ContainerImage,
}  # fmt: skip
EXPRESSION: Final = re.compile(
    r"(?<![\w.$])(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
)


def _wrong(code: str) -> list[str]:
    """Return what a piece of Python names that there is not: an attribute, or a keyword argument."""
    wrong = []
    for node in ast.walk(ast.parse(code.replace("…", "None"))):
        if isinstance(node, ast.Attribute) and (owner := _value(node.value)) is not None:
            if not hasattr(owner, node.attr):
                wrong.append(ast.unparse(node))
        elif isinstance(node, ast.Call) and callable(function := _value(node.func)):
            # jsii's classes are called by way of their metaclass.
            called = vars(function).get("__init__", function) if isinstance(function, type) else function
            parameters = inspect.signature(called).parameters
            if not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
                wrong += [
                    f"{ast.unparse(node.func)}({each.arg}=)"
                    for each in node.keywords
                    if each.arg not in parameters
                ]
    return wrong


def _value(node: ast.expr) -> Any:
    """Return what a dotted name of Python stands for; None where that is a variable of the reader's."""
    if isinstance(node, ast.Name):
        return NAMES.get(node.id)
    if isinstance(node, ast.Attribute) and (owner := _value(node.value)) is not None:
        return getattr(owner, node.attr, None)
    return None


@pytest.mark.parametrize("rule", documented_rules(), ids=lambda rule: rule.id)
def test_the_python_of_a_page_exists(rule: Any) -> None:
    """Each Python example, and each call in a rule's fix, names what there is, with arguments that there are."""
    blocks = [
        text for section in SECTIONS for language, text in _blocks(rule.id, section) if language == "python"
    ]
    fixes = [rule.fix, *(line for path in (FIXTURES / rule.id).glob("fail*.yaml") for line in stated(path))]
    calls = {match[0] for text in fixes for match in EXPRESSION.finditer(text) if _is_python(match[0])}
    assert {code: wrong for code in (*blocks, *sorted(calls)) if (wrong := _wrong(code))} == {}


def _is_python(text: str) -> bool:
    try:
        ast.parse(text.replace("…", "None"))
    except SyntaxError:
        return False
    return text.partition("(")[0].partition(".")[0] in NAMES


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("pull.ImagePullBehavior.once()", []),
        ("pull.ImagePullBehavior.twice()", ["pull.ImagePullBehavior.twice"]),
        ('pull.PullFixes(safe=["PULL101"])', ["pull.PullFixes(safe=)"]),
        ("cdk.Mixin.of(app)", ["cdk.Mixin.of"]),
        ("anything.at_all(x=1)", []),
    ],
)
def test_what_does_not_exist_is_found(code: str, wrong: list[str]) -> None:
    """A misspelled name or keyword argument is found; a variable of the reader's is left alone."""
    assert _wrong(code) == wrong
