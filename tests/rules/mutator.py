"""Templates that nobody would write, each from a number: what the rules are fuzzed with."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cdk_pull.template.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["mutant", "mutated_assembly", "mutated_text"]

_FIXTURES = [
    read_source(path).document for path in sorted((Path(__file__).parent / "fixtures").glob("*/*.yaml"))
]


def _nested(levels: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = {"Ref": "Open"}
    for _ in range(levels):
        value = wrap(value)
    return value


def _task(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}


_CYCLES: dict[str, Any] = {
    "Conditions": {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Or": [{"Condition": "A"}, {"Condition": "C"}]}},
    "Outputs": {"O": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.O"]}, "Export": {"Name": {"Fn::ImportValue": "x"}}}},
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": {"Ref": "Cluster"}}},
        "Repo": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": {"Fn::GetAtt": ["Repo", "Arn"]}}},
        "Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"P": {"Fn::GetAtt": ["Inner", "Outputs.O"]}}}},
        "Task": _task(ContainerDefinitions=[{"Image": {"Fn::If": ["A", {"Fn::GetAtt": ["Repo", "RepositoryUri"]}, {"Ref": "Task"}]}}]),
        "Service": {"Type": "AWS::ECS::Service", "Condition": "A", "Properties": {"TaskDefinition": {"Ref": "Service"}, "Cluster": {"Ref": "Cluster"}}},
    },
}  # fmt: skip
_LOOPS: dict[str, Any] = {
    "Transform": ["AWS::LanguageExtensions"],
    "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a,b"}, "Open": {"Type": "String"}},
    "Resources": {
        "Fn::ForEach::Outer": [
            "I",
            {"Ref": "Names"},
            {"Fn::ForEach::Inner": ["J", [{"Ref": "I"}, {"Ref": "Open"}], {"Task&{I}${J}": _task(ContainerDefinitions=[{"Image": {"Fn::Sub": "x:${I}"}}])}]},
        ]
    },
}  # fmt: skip
_DEEP: dict[str, Any] = {
    "Parameters": {"Open": {"Type": "String"}, "List": {"Type": "List<String>", "Default": "a,b,,c"}},
    "Mappings": {"M": {"a": {"b": ["x", "y"]}}},
    "Resources": {
        "Task": _task(
            Cpu=_nested(30, lambda value: {"Fn::If": ["C", value, "256"]}),
            Memory={"Fn::Select": ["1", {"Fn::Split": [",", {"Fn::Join": [",", {"Ref": "List"}]}]}]},
            ContainerDefinitions=[{"Image": _nested(9, lambda value: {"Fn::Join": ["", ["a", value, {"Fn::Sub": ["${X}", {"X": value}]}]]})}],
        ),
        "Launch": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {"LaunchTemplateData": {"UserData": {"Fn::Base64": {"Fn::Join": ["\n", ["#!/bin/bash", "cat >> /etc/ecs/ecs.config <<EOF", {"Ref": "Open"}, "ECS_IMAGE_PULL_BEHAVIOR=once", "EOF"]]}}}},
        },
    },
}  # fmt: skip
_HASH = "f" * 64
_ENVIRONMENT = "aws://111122223333/eu-west-1"
_ASSEMBLY: dict[str, Any] = {
    "manifest.json": {
        "version": "55.0.0",
        "artifacts": {
            "S": {
                "type": "aws:cloudformation:stack", "environment": _ENVIRONMENT, "displayName": "S",
                "properties": {"templateFile": "S.template.json", "stackName": "S"}, "additionalMetadataFile": "S.metadata.json",
            },
            "S.assets": {"type": "cdk:asset-manifest", "properties": {"file": "S.assets.json"}},
            "assembly-Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}},
        },
    },
    "S.metadata.json": {
        "/S/In.NestedStack/In.NestedStackResource": [{"type": "aws:cdk:logicalId", "data": "In"}],
        "/S/Td/Resource": [
            {"type": "aws:cdk:logicalId", "data": "Td"},
            {"type": "aws:cdk:creationStack", "data": ["main (/app/app.py:3)"]},
            {"type": "aws:cdk:acknowledged-rules", "data": {"cdk-pull::PULL302": "known"}},
        ],
    },
    "S.assets.json": {"version": "55.0.0", "files": {_HASH: {"source": {"path": "Inner.nested.template.json", "packaging": "file"}}}, "dockerImages": {}},
    "tree.json": {"version": "tree-0.1", "tree": {"id": "App", "path": "", "children": {"S": {"id": "S", "path": "S"}}}},
    "S.template.json": {
        "Resources": {
            "Hashed": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"Images": {"Fn::Join": [",", [{"Ref": "Td"}, "nginx"]]}}, "TemplateURL": {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, f".amazonaws.com/assets/{_HASH}.json"]]}}},
            "Td": _task(Cpu="300", ContainerDefinitions=[{"Image": {"Fn::GetAtt": ["In", "Outputs.Image"]}}, {"Image": "nginx"}]),
            "In": {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "In.nested.template.json"}, "Properties": {"Parameters": {"Image": "redis"}}},
        },
    },
    "In.nested.template.json": {
        "Parameters": {"Image": {"Type": "String"}},
        "Resources": {"Td": _task(ContainerDefinitions=[{"Image": {"Ref": "Image"}}])},
        "Outputs": {"Image": {"Value": {"Ref": "Image"}, "Export": {"Name": "Image"}}},
    },
    "Inner.nested.template.json": {
        "Parameters": {"Images": {"Type": "CommaDelimitedList"}},
        "Resources": {"Td": _task(Memory="2048", ContainerDefinitions=[{"Image": {"Fn::Select": [1, {"Ref": "Images"}]}}])},
    },
    "assembly-Prod/manifest.json": {
        "artifacts": {"P": {"type": "aws:cloudformation:stack", "environment": _ENVIRONMENT, "properties": {"templateFile": "P.template.json"}}},
    },
    "assembly-Prod/P.template.json": {
        "Resources": {"Td": _task(ContainerDefinitions=[{"Image": {"Fn::ImportValue": "Image"}}])},
    },
}  # fmt: skip
_DOCUMENTS: list[Any] = [*_FIXTURES, _CYCLES, _LOOPS, _DEEP]

TEXTS = [
    "", "\ud800", "\x00\n\x1b[31m", "]]>\x85\u2028😀", "${A}", "${", "&{I}", "Td", "²", "١٢٣", "0x1F", "1e999", "-0", "NaN",
    "a" * 20_000, "1" * 5000, "9" * 400 + "GB", "a_" * 60, "_" * 300, "${AWS::Region}" * 500, ":@/" * 50, "a/b@sha256:" + "f" * 64, "{{resolve:ssm:x:1}}", "#!/bin/sh\n" * 99,
]  # fmt: skip
_VALUES: list[Any] = [
    *TEXTS, None, True, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 10**30, 10**400, -(10**400), -(2**63), [], {}, [[]], [None], {"": {}},
    _nested(90, lambda value: [value]), _nested(90, lambda value: {"a": value}), list(range(3000)),
]  # fmt: skip
_FUNCTIONS: list[Callable[[Any], Any]] = [
    lambda value: {"Ref": value},
    lambda value: {"Condition": value},
    lambda value: {"Fn::Base64": value},
    lambda value: {"Fn::Cidr": value},
    lambda value: {"Fn::FindInMap": ["M", value, "b"]},
    lambda value: {"Fn::ForEach::L": ["X", [value], {"${X}": value}]},
    lambda value: {"Fn::GetAtt": ["Repo", value]},
    lambda value: {"Fn::GetStackOutput": {"StackName": value, "OutputName": value}},
    lambda value: {"Fn::If": ["C", value, {"Ref": "AWS::NoValue"}]},
    lambda value: {"Fn::ImportValue": value},
    lambda value: {"Fn::Join": ["", [value, {"Ref": "Open"}]]},
    lambda value: {"Fn::Length": value},
    lambda value: {"Fn::Select": [0, value]},
    lambda value: {"Fn::Split": [":", value]},
    lambda value: {"Fn::Sub": value},
    lambda value: {"Fn::Sub": ["${A}${B}", {"A": value}]},
    lambda value: {"Fn::ToJsonString": value},
    lambda value: {"Fn::Transform": {"Name": "M", "Parameters": value}},
    lambda value: [value],
    lambda value: [value] * 3,
]
_KEYS = [
    "Type", "Fn::If", "Ref", "cdk-pull", "Metadata", "Condition", "Properties", "Image", "", "Fn::ForEach::X", "Transform",
    "AWS::CloudFormation::Init", "aws:cdk:path", "UserData", "suppress", "images", "behavior", "\ud800", "a.b\nc",
]  # fmt: skip
CUTS = [
    "$(", "`", '"', "'", "\n", "<<EOF", "\\", "${", "}", "é", "\u2028", "\r", "\t", "|", "&", ";", "[", "@", "#", "=", ">",
]  # fmt: skip

# Lines of user data, each of which means something somewhere.
LINES = [
    "#!/bin/bash", "#!/bin/sh -eu", "#cloud-config", "<powershell>", "</powershell>", "<script>", "<persist>true</persist>", "[settings.ecs]",
    '[settings."ecs"]', "[settings.host-containers.admin]", 'image-pull-behavior = "once"', "image-pull-behaviour = 'Once'", "enable-spot = true",
    "echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config", "echo ECS_IMAGE_PULL_BEHAVIOR=always > /etc/ecs/ecs.config", "cat <<'EOF' > /etc/ecs/ecs.config",
    "cat <<-EOF | tee -a /etc/ecs/ecs.config", "EOF", "ECS_IMAGE_CLEANUP_INTERVAL=1m", "ECS_NUM_IMAGES_DELETE_PER_CYCLE=-1", "export ECS_CLUSTER=a",
    "systemctl enable --now ecs", "docker system prune -af", "exit 0", "if [ -f /a ]; then", "fi", "for i in 1 2; do", "done", "f() {", "}", "case $1 in a) ;; esac",
    "sed -i 's/a/b/' /etc/ecs/ecs.config", "printf '%s\\n' ECS_CLUSTER=a \\", ". /etc/ecs/ecs.config", "[Environment]::SetEnvironmentVariable('ECS_IMAGE_PULL_BEHAVIOR', 'once', 'Machine')",
    "Initialize-ECSAgent -Cluster a -EnableTaskIAMRole", "$env:ECS_CLUSTER = 'a'", "try {", "} catch {", "@'", "'@", "write_files:", "- path: /etc/ecs/ecs.config", "  content: |",
    "    ECS_IMAGE_PULL_BEHAVIOR=once", "runcmd:", "- [sh, -c, echo ECS_CLUSTER=a >> /etc/ecs/ecs.config]", "  permissions: 0644", "## template: jinja",
    'Content-Type: multipart/mixed; boundary="B"', "MIME-Version: 1.0", "--B", "--B--", "Content-Type: text/x-shellscript", "Content-Transfer-Encoding: base64", "IyEvYmluL2Jhc2gK", "#include", "#part-handler",
]  # fmt: skip

_Place = tuple[Any, Any]


def _places(document: Any) -> list[_Place]:
    """Return every place of a document, as its container and its key or index; of what stands twice, once."""
    found: list[_Place] = []
    seen: set[int] = set()
    stack = [document]
    while stack:
        node = stack.pop()
        if not isinstance(node, dict | list) or id(node) in seen:
            continue
        seen.add(id(node))
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))[:50]
        found += [(node, key) for key in keys]
        stack += [node[key] for key in keys]
    return found


def mutate_lines(text: str, rng: random.Random) -> str:
    """Return a user data with lines added, left out, doubled, joined or in another order."""
    lines = text.split("\n")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(lines) + 1)
        match rng.randrange(6):
            case 0 | 1:
                lines.insert(at, rng.choice(LINES))
            case 2:
                lines[at : at + rng.randint(1, 3)] = []
            case 3:
                lines[at:at] = lines[at - 2 : at]
            case 4:
                lines[at : at + 2] = [
                    rng.choice(["", " ", " && ", "; ", "\\", "\r\n", " | "]).join(lines[at : at + 2])
                ]
            case _:
                rng.shuffle(lines)
    return "\n".join(lines)


def mutate(document: Any, rng: random.Random) -> None:
    places = _places(document)
    if not places:
        return
    # User data is what most of the reading is about, and one place among hundreds.
    texts = [place for place in places if isinstance(text := place[0][place[1]], str) and "\n" in text]
    if texts and rng.random() < 0.3:
        node, key = rng.choice(texts)
        node[key] = mutate_lines(node[key], rng)
        return
    node, key = rng.choice(places)
    value = node[key]
    match rng.randrange(10):
        case 0 | 1:
            node[key] = copy.deepcopy(rng.choice(_VALUES))
        case 2 if isinstance(node, dict):
            node[rng.choice(_KEYS)] = node.pop(key)
        case 3 | 4:
            node[key] = rng.choice(_FUNCTIONS)(value)
        case 5 | 6 if isinstance(value, str) and value:
            at = rng.randrange(len(value))
            node[key] = value[:at] + rng.choice(CUTS) + value[at + rng.randrange(3) :]
        case 7:
            other, there = rng.choice(places)
            node[key] = copy.deepcopy(other[there])
        case 8:
            donor, there = rng.choice(_places(rng.choice(_DOCUMENTS)))
            node[key] = copy.deepcopy(donor[there])
        case _:
            del node[key]


def mutant(seed: int) -> Any:
    """Return the mutated document of a number."""
    rng = random.Random(seed)  # noqa: S311 - repeatable mutations, not secrets
    document = copy.deepcopy(rng.choice(_DOCUMENTS))
    for _ in range(rng.randint(1, 6)):
        mutate(document, rng)
    return document


def mutated_assembly(seed: int) -> dict[str, Any]:
    """Return the mutated files of a cloud assembly, by their paths; some are not there."""
    rng = random.Random(seed)  # noqa: S311 - as above
    files = copy.deepcopy(_ASSEMBLY)
    for _ in range(rng.randint(1, 5)):
        mutate(files[rng.choice(list(files))], rng)
    return {name: document for name, document in files.items() if rng.random() > 0.02}


def mutated_text(seed: int) -> bytes:
    """Return the text of a mutated document as JSON or YAML, itself cut into."""
    rng = random.Random(seed)  # noqa: S311 - as above
    document = mutant(seed)
    text = json.dumps(document, indent=rng.choice([None, 1]))
    if rng.random() < 0.6:
        # YAML's writer takes no half of a surrogate pair.
        whole = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        text = yaml.dump(
            json.loads(whole), Dumper=yaml.CSafeDumper, default_flow_style=rng.choice([None, True])
        )
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        cut = rng.choice(
            [
                b"*a",
                b"&a ",
                b"!Sub ",
                b"!",
                b"\t",
                b"- ",
                b": ",
                b"{",
                b"]",
                b"\xff",
                b"\x00",
                b"---\n",
                b"|\n",
                b"#",
                b"<<: ",
            ]
        )
        data[at : at + rng.randrange(4)] = cut
    return bytes(data)
