"""Reading files, folders and cloud assemblies, and what links their templates."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cdk_pull.template.assembly import from_document
from cdk_pull.template.context import Environment
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.load import load
from tests.limits import fails_where_it_hangs

HASH = "f" * 64
IMAGE = {"Fn::Join": ["", [{"Fn::ImportValue": "Api:Repo"}, ":v1"]]}


def _write(folder: Path, files: dict[str, Any]) -> Path:
    for name, document in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return folder


def _stack(template: str, environment: str, **more: object) -> dict[str, Any]:
    return {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "properties": {"templateFile": template, "stackName": template.partition(".")[0]},
        **more,
    }


@pytest.fixture
def cdk_out(tmp_path: Path) -> Path:
    """A cloud assembly of a stack, a stage with a stack that imports from it, and a nested stack."""
    env = "aws://111122223333/eu-west-1"
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {
            "TemplateURL": {"Fn::Sub": f"https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/b/{HASH}.json"},
            "Parameters": {"Image": IMAGE, "Repo": {"Ref": "Local"}},
        },
    }
    trace = ["...aws-cdk-lib...", "Api.__init__ (/app/api.py:12)", "<module> (/app/app.py:3)"]
    return _write(
        tmp_path / "cdk.out",
        {
            "manifest.json": {
                "version": "55.0.0",
                "artifacts": {
                    "Api": _stack("Api.template.json", env, displayName="Api"),
                    "assembly-Prod": {
                        "type": "cdk:cloud-assembly",
                        "properties": {"directoryName": "assembly-Prod"},
                    },
                    "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
                },
            },
            "Api.template.json": {
                "Resources": {
                    "Repo": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "api"}}
                },
                "Outputs": {
                    "Out": {
                        "Value": {"Fn::GetAtt": ["Repo", "RepositoryUri"]},
                        "Export": {"Name": "Api:Repo"},
                    }
                },
            },
            "assembly-Prod/manifest.json": {
                "artifacts": {
                    "ProdApi": _stack(
                        "ProdApi.template.json",
                        env,
                        displayName="Prod/Api",
                        additionalMetadataFile="ProdApi.metadata.json",
                    ),
                    "ProdApi.assets": {
                        "type": "cdk:asset-manifest",
                        "properties": {"file": "ProdApi.assets.json"},
                    },
                }
            },
            "assembly-Prod/ProdApi.assets.json": {
                "files": {HASH: {"source": {"path": "In.nested.template.json"}}, "odd": 1}
            },
            "assembly-Prod/ProdApi.metadata.json": {
                "/Prod/Api/In.NestedStack/In.NestedStackResource": [
                    {"type": "aws:cdk:logicalId", "data": "InStack"}
                ],
                "/Prod/Api/In/Td/Resource": [
                    {"type": "aws:cdk:logicalId", "data": "Td"},
                    {"type": "aws:cdk:creationStack", "data": trace},
                ],
                "/Prod/Api/In/Td": [
                    {"type": "aws:cdk:acknowledged-rules", "data": {"cdk-pull::PULL201": "known"}}
                ],
                "/Prod/Api/Td/Resource": [{"type": "aws:cdk:logicalId", "data": "Td"}],
            },
            "assembly-Prod/ProdApi.template.json": {
                "Resources": {
                    "Td": {"Type": "T", "Properties": {"Out": {"Fn::GetAtt": ["InStack", "Outputs.Image"]}}},
                    "Local": {"Type": "AWS::ECR::Repository"},
                    "InStack": nested,
                }
            },
            "assembly-Prod/In.nested.template.json": {
                "Parameters": {"Image": {"Type": "String"}, "Repo": {"Type": "String"}},
                "Resources": {
                    "Td": {"Type": "T", "Properties": {"Image": {"Ref": "Image"}, "Repo": {"Ref": "Repo"}}}
                },
                "Outputs": {"Image": {"Value": {"Ref": "Image"}}},
            },
        },
    )


URI = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1"


def test_cloud_assembly(cdk_out: Path) -> None:
    """Stacks, stages and nested stacks are read, and values flow through exports, parameters and outputs."""
    loaded = load([cdk_out])
    assert loaded.errors == []
    (assembly,) = loaded.assemblies
    assert [template.name for template in assembly.templates] == ["Api", "Prod/Api", "Prod/Api/In"]
    assert {template.context.environment for template in assembly.templates} == {
        Environment("111122223333", "eu-west-1")
    }
    _, parent, child = assembly.templates
    (inner,) = child.of_type("T")
    assert inner.values["Image"] == URI
    assert assembly.find(inner.values["Repo"]) is parent.resource("Local")
    assert parent.of_type("T")[0].values["Out"] == URI


def test_construct_facts(cdk_out: Path) -> None:
    """The same logical id in a stack and in its nested stack has two construct paths."""
    (assembly,) = load([cdk_out]).assemblies
    _, parent, child = assembly.templates
    assert [template.of_type("T")[0].construct_path for template in (parent, child)] == [
        "Prod/Api/Td/Resource",
        "Prod/Api/In/Td/Resource",
    ]
    assert child.facts.created == {"Td": ("/app/api.py", 12)}
    assert child.facts.acknowledged == {"Prod/Api/In/Td": {"cdk-pull::PULL201": "known"}}


def test_environment_can_be_overridden(cdk_out: Path) -> None:
    """A Region that is given goes before that of the assembly."""
    (assembly,) = load([cdk_out], region="us-east-1").assemblies
    assert assembly.templates[0].context.environment == Environment("111122223333", "us-east-1")


def test_cross_region_reference() -> None:
    """What a stack reads by CDK's cross-region reader is what another sends by its writer."""
    name = "/cdk/exports/B/AUri"
    document = {
        "Resources": {
            "Writer": {
                "Type": "Custom::CrossRegionExportWriter",
                "Properties": {"WriterProps": {"exports": {name: {"Fn::Sub": "uri-${AWS::Region}"}}}},
            },
            "Reader": {"Type": "Custom::CrossRegionExportReader"},
            "Td": {"Type": "T", "Properties": {"Image": {"Fn::GetAtt": ["Reader", name]}}},
        }
    }
    assembly = from_document(document, region="us-east-1")
    assert assembly.templates[0].of_type("T")[0].values == {"Image": "uri-us-east-1"}


def test_folder_of_templates(tmp_path: Path) -> None:
    """A folder without a manifest is searched for templates; other YAML is passed by, a broken template named."""
    _write(
        tmp_path,
        {
            "a.yaml": "Resources:\n  A: {Type: AWS::ECS::Cluster}\n",
            "deep/b.json": {"Resources": {"B": {"Type": "AWS::ECS::Cluster"}}},
            "values.yaml": "image: nginx\n",
            "appspec.yaml": "Resources:\n  # CodeDeploy's\n  - Site: {Type: AWS::ECS::Service}\n",
            "appspec.json": {"Resources": [{"Site": {"Type": "AWS::ECS::Service"}}]},
            "specification.json": {"AWS::ECS::Cluster": "Resources of this type"},
            "broken.yaml": "Resources: {AWS::",
            "node_modules/c.yaml": "Resources:\n  A: {Type: AWS::ECS::Cluster}\n",
        },
    )
    loaded = load([tmp_path])
    assert [Path(assembly.name).name for assembly in loaded.assemblies] == ["a.yaml", "b.json"]
    (error,) = loaded.errors
    assert error.startswith(f"{tmp_path / 'broken.yaml'} is not YAML: ")


def test_folder_of_apps(tmp_path: Path) -> None:
    """A cloud assembly below a folder is read as such, with its Regions, and not as so many templates."""
    template = {"Resources": {"A": {"Type": "AWS::ECS::Cluster"}}}
    stack = _stack("A.template.json", "aws://111122223333/eu-west-1")
    files = {"manifest.json": {"artifacts": {"A": stack}}, "A.template.json": template, "cdk.out": "{}"}
    _write(tmp_path / "app" / "cdk.out", files)
    _write(tmp_path, {"site/manifest.json": {"name": "site"}, "site/t.json": template})
    loaded = load([tmp_path])
    found = [(each.name, each.templates[0].context.environment.region) for each in loaded.assemblies]
    assert found == [(f"{tmp_path}/app/cdk.out", "eu-west-1"), (f"{tmp_path}/site/t.json", None)]


def test_folder_that_cannot_be_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be looked into is named; the others are read."""
    template = {"Resources": {"A": {"Type": "AWS::ECS::Cluster"}}}
    _write(tmp_path, {"open/t.json": template, "locked/t.json": template})
    scandir = os.scandir

    def guarded(path: str) -> Any:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    loaded = load([tmp_path])
    assert [assembly.name for assembly in loaded.assemblies] == [f"{tmp_path}/open/t.json"]
    assert loaded.errors == [f"{tmp_path}/locked cannot be read: Permission denied"]


def test_names_as_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template has one name, and its findings one fingerprint, whichever way its path is written."""
    _write(tmp_path, {"a/t.json": {"Resources": {"A": {"Type": "AWS::ECS::Cluster"}}}})
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / "a", tmp_path / "a" / "t.json", "a/t.json"):
        assert [assembly.name for assembly in load([path]).assemblies] == ["a/t.json"]
    assert len(load(["a/t.json", tmp_path / "a" / "t.json", "./a/t.json"]).assemblies) == 1


def test_nested_stacks_of_one_file(tmp_path: Path) -> None:
    """A file that several nested stacks share is read once."""
    nested = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "n.json"}}
    files = {
        "manifest.json": {"artifacts": {"A": _stack("A.json", "")}},
        "A.json": {"Resources": {"One": nested, "Two": nested}},
        "n.json": {"Resources": {}},
    }
    (assembly,) = load([_write(tmp_path, files)]).assemblies
    _, one, two = assembly.templates
    assert one.source is two.source
    assert one.key != two.key


@pytest.mark.parametrize("ending", ["json", "yaml", "yml", "template"])
def test_a_nested_stack_of_an_asset(tmp_path: Path, ending: str) -> None:
    """A template that somebody wrote, nested by the URL of its asset, is followed in each of its forms."""
    url = f"https://s3.eu-west-1.amazonaws.com/assets/{HASH}.{ending}"
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "A.assets.json"}}
    files = {
        "manifest.json": {"artifacts": {"A": _stack("A.json", ""), "A.assets": assets}},
        "A.json": {"Resources": {"In": nested}},
        "A.assets.json": {"files": {HASH: {"source": {"path": f"asset.{HASH}.{ending}"}}}},
        f"asset.{HASH}.{ending}": '{"Resources": {"B": {"Type": "T"}}}',
    }
    (assembly,) = load([_write(tmp_path, files)]).assemblies
    assert [list(template.context.resources) for template in assembly.templates] == [["In"], ["B"]]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "{0} holds neither a manifest.json of CDK nor a CloudFormation template"),
        ({"manifest.json": "nonsense"}, "{0}/manifest.json is not JSON"),
        ({"manifest.json": []}, "{0}/manifest.json is not a JSON object"),
        ({"manifest.json": {}}, "{0} holds no stack; run cdk synth first"),
        (
            {"manifest.json": {"artifacts": {"A": _stack("../x.json", "")}}},
            "{0}/manifest.json names '../x.json', which is not a file of the assembly; run cdk synth again",
        ),
        (
            {"manifest.json": {"artifacts": {"A": _stack("x\0", "")}}},
            "{0}/manifest.json names 'x\\x00', which is not a file of the assembly; run cdk synth again",
        ),
        (
            {"manifest.json": {"artifacts": {"A": _stack("\ud800", "")}}},
            "{0}/manifest.json names '\\ud800', which is not a file of the assembly; run cdk synth again",
        ),
        (
            {"manifest.json": {"artifacts": {"A": _stack("x\ny", "")}}},
            "{0}/x y cannot be read: No such file or directory",
        ),
        (
            {"manifest.json": {"artifacts": {"A": _stack("x.json", "")}}},
            "{0}/x.json cannot be read: No such file or directory",
        ),
    ],
)
def test_folders_that_cannot_be_checked(tmp_path: Path, files: dict[str, Any], message: str) -> None:
    """A folder that holds nothing to check, or a broken assembly, is one clear error."""
    folder = _write(tmp_path / "x", files)
    folder.mkdir(exist_ok=True)
    assert load([folder]).errors == [message.format(folder)]


def test_a_stack_without_resources(tmp_path: Path) -> None:
    """CDK writes no Resources for an empty stack: the other stacks of the assembly are read."""
    folder = _write(
        tmp_path,
        {
            "manifest.json": {"artifacts": {name: _stack(f"{name}.json", "") for name in ("Empty", "Full")}},
            "Empty.json": {"Parameters": {}},
            "Full.json": {"Resources": {"A": {"Type": "AWS::ECS::Cluster"}}},
        },
    )
    loaded = load([folder])
    assert loaded.errors == []
    (assembly,) = loaded.assemblies
    assert [len(template.context.resources) for template in assembly.templates] == [0, 1]


def test_a_stage_that_contains_itself(tmp_path: Path) -> None:
    """A manifest whose stage is its own folder ends in an error."""
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}}
    folder = _write(tmp_path, {"manifest.json": {"artifacts": {"A": stage}}})
    assert load([folder]).errors == [
        f"{folder} is a stage that contains itself, or is named twice; run cdk synth again"
    ]


@pytest.mark.parametrize("document", [{}, {"Resources": []}, {"Resources": None}])
def test_documents_that_are_no_template(document: dict[str, Any]) -> None:
    """A document without resources is refused by name."""
    with pytest.raises(TemplateError) as caught:
        from_document(document, name="mine")
    assert str(caught.value) == "mine has no Resources object, so it is not a CloudFormation template"


def test_resources_that_do_not_exist() -> None:
    """A resource whose condition is false is left out; one whose condition is open stays; oddities are passed by."""
    document = {
        "Parameters": {"P": {"Type": "String"}},
        "Conditions": {
            "Never": {"Fn::Equals": ["a", "b"]},
            "Perhaps": {"Fn::Equals": [{"Ref": "P"}, "b"]},
        },
        "Resources": {
            "A": {"Type": "T", "Condition": "Never"},
            "B": {"Type": "T", "Condition": "Perhaps"},
            "C": {"Type": ["T"]},
            "Fn::ForEach::X": ["Id", ["a"], {}],
        },
    }
    (template,) = from_document(document).templates
    assert [resource.logical_id for resource in template.of_type("T")] == ["B"]


@pytest.mark.parametrize(
    "text",
    [
        "AWS:: \n" + "# Resources:\n" * 18_000 + "- x\n",
        "AWS:: " + "Resources" * 26_000,
        "AWS:: " + ("Resources" + " " * 100) * 2_000,
        "AWS:: Resources:\n" + "#\n" * 120_000 + "- x",
        "AWS::\nResources:\n- " * 12_000,
    ],
    ids=["comments", "names", "blanks", "before a list", "lists"],
)
def test_looking_for_templates_is_linear(tmp_path: Path, text: str) -> None:
    """A file of a folder is told from a template in a moment, whatever it repeats."""
    (tmp_path / "a.yaml").write_text(text)
    with fails_where_it_hangs():
        loaded = load([tmp_path])
    assert loaded.errors == [f"{tmp_path} holds neither a manifest.json of CDK nor a CloudFormation template"]
