"""What leads out of a cloud assembly, or never ends, is refused by whatever reads one."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.report.decisions import read_decisions
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.load import load
from cdk_pull.template.needed_images import needed_images
from tests.limits import count_opened, fails_where_it_hangs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST_OPENED = 64
SECRET = "of-another-folder"  # noqa: S105 - what no report may show
TEMPLATE = {
    "Resources": {
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Metadata": {"cdk-pull": {"fargate-size": {"decided": SECRET, "why": SECRET}}},
            "Properties": {"ContainerDefinitions": [{"Name": "c", "Image": f"nginx:{SECRET}"}]},
        }
    }
}


def _check(folder: Path) -> None:
    loaded = load([folder])
    if loaded.errors:
        raise TemplateError(loaded.errors[0])
    for assembly in loaded.assemblies:
        for template in assembly.templates:
            if template.facts.unread:
                raise TemplateError(template.facts.unread)


READERS: list[Callable[[Path], Any]] = [_check, read_decisions, needed_images]


def _stack(file: str, **more: Any) -> dict[str, Any]:
    return {"type": "aws:cloudformation:stack", "properties": {"templateFile": file}, **more}


def _stage(name: str) -> dict[str, Any]:
    return {"type": "cdk:cloud-assembly", "properties": {"directoryName": name}}


def _write(folder: Path, **files: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / f"{name}.json").write_text(json.dumps(document))


def _template_outside(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack("../outside/t.json")}})


def _template_absolute(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack(str(out.parent / "outside" / "t.json"))}})


def _template_linked(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack("t.json")}})
    (out / "t.json").symlink_to(out.parent / "outside" / "t.json")


def _template_in_linked_folder(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack("in/t.json")}})
    (out / "in").symlink_to(out.parent / "outside")


def _template_in_loop_of_links(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack("t.json")}})
    (out / "t.json").symlink_to(out / "u.json")
    (out / "u.json").symlink_to(out / "t.json")


def _stage_outside(out: Path) -> None:
    _write(out, manifest={"artifacts": {"P": _stage("../outside"), "S": _stack("t.json")}}, t=TEMPLATE)


def _stage_linked(out: Path) -> None:
    _write(out, manifest={"artifacts": {"P": _stage("in"), "S": _stack("t.json")}}, t=TEMPLATE)
    (out / "in").symlink_to(out.parent / "outside")


def _stage_of_itself(out: Path) -> None:
    _write(out, manifest={"artifacts": {"P": _stage("."), "S": _stack("t.json")}}, t=TEMPLATE)


def _stage_of_its_parent(out: Path) -> None:
    _write(out, manifest={"artifacts": {"P": _stage("in"), "S": _stack("t.json")}}, t=TEMPLATE)
    _write(out / "in", manifest={"artifacts": {"P": _stage(".."), "S": _stack("t.json")}}, t=TEMPLATE)


def _stage_twice_at_each_level(out: Path) -> None:
    folder = out
    for _ in range(30):
        _write(folder, manifest={"artifacts": {"P": _stage("in"), "Q": _stage("in"), "S": _stack("t.json")}})
        _write(folder, t=TEMPLATE)
        folder /= "in"
    _write(folder, manifest={"artifacts": {"S": _stack("t.json")}}, t=TEMPLATE)


def _manifest_linked(out: Path) -> None:
    out.mkdir()
    (out / "manifest.json").symlink_to(out.parent / "outside" / "manifest.json")


def _metadata_linked(out: Path) -> None:
    stack = _stack("t.json", additionalMetadataFile="m.json")
    _write(out, manifest={"artifacts": {"S": stack}}, t=TEMPLATE)
    (out / "m.json").symlink_to(out.parent / "outside" / "m.json")


def _metadata_outside(out: Path) -> None:
    stack = _stack("t.json", additionalMetadataFile="../outside/m.json")
    _write(out, manifest={"artifacts": {"S": stack}}, t=TEMPLATE)


def _nested_outside(out: Path) -> None:
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Metadata": {"aws:asset:path": "../outside/t.json"},
    }
    _write(out, manifest={"artifacts": {"S": _stack("t.json")}}, t={"Resources": {"N": nested}})


def _template_is_a_pipe(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack("t.json")}})
    os.mkfifo(out / "t.json")


def _template_is_a_device(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack("t.json")}})
    (out / "t.json").symlink_to("/dev/zero")


def _template_is_a_folder(out: Path) -> None:
    _write(out, manifest={"artifacts": {"S": _stack(".")}})


HOSTILE = [
    _template_outside,
    _template_absolute,
    _template_linked,
    _template_in_linked_folder,
    _template_in_loop_of_links,
    _stage_outside,
    _stage_linked,
    _stage_of_itself,
    _stage_of_its_parent,
    _stage_twice_at_each_level,
    _manifest_linked,
    _metadata_linked,
    _metadata_outside,
    _nested_outside,
    _template_is_a_pipe,
    _template_is_a_device,
    _template_is_a_folder,
]


@pytest.mark.parametrize("reader", READERS, ids=["check", "decisions", "lookup"])
@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__.strip("_"))
def test_refused_by_every_reader(
    build: Callable[[Path], None],
    reader: Callable[[Path], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Links, paths and stages that lead outside, or round and round, end in one line and show nothing."""
    acknowledged = {"type": "aws:cdk:acknowledged-rules", "data": {"cdk-pull::PULL302": SECRET}}
    _write(
        tmp_path / "outside",
        manifest={"artifacts": {"S": _stack("t.json")}},
        t=TEMPLATE,
        m={"/S/Task": [acknowledged]},
    )
    build(tmp_path / "cdk.out")
    if reader is needed_images and build in {_metadata_linked, _metadata_outside}:
        pytest.skip("what images an app needs does not depend on metadata")
    count_opened(monkeypatch, most=MOST_OPENED)
    with fails_where_it_hangs(), pytest.raises(TemplateError) as caught:
        reader(tmp_path / "cdk.out")
    assert SECRET not in str(caught.value)


def test_stages_within_stages(tmp_path: Path) -> None:
    """Every reader sees the same stacks, each stage before the stages within it."""
    out = tmp_path / "cdk.out"
    names = {"displayName": "Root"}, {"displayName": "In/S"}, {"displayName": "In/Deep/S"}
    _write(out, manifest={"artifacts": {"P": _stage("in"), "S": _stack("t.json", **names[0])}}, t=TEMPLATE)
    _write(out / "in", manifest={"artifacts": {"P": _stage("deep"), "S": _stack("t.json", **names[1])}})
    _write(out / "in", t=TEMPLATE)
    _write(out / "in" / "deep", manifest={"artifacts": {"S": _stack("t.json", **names[2])}}, t=TEMPLATE)
    (assembly,) = load([out]).assemblies
    seen = [template.name for template in assembly.templates]
    assert seen == ["Root", "In/S", "In/Deep/S"]
    assert [stack.stack for stack in read_decisions(out)] == seen


def test_a_linked_assembly(tmp_path: Path) -> None:
    """A cdk.out that is itself a link is read: what matters is what lies in it."""
    _write(tmp_path / "real", manifest={"artifacts": {"S": _stack("t.json")}}, t=TEMPLATE)
    (tmp_path / "cdk.out").symlink_to(tmp_path / "real")
    for reader in READERS:
        reader(tmp_path / "cdk.out")


@pytest.mark.parametrize(
    "said",
    [
        {"decided": "a"},
        {"decided": "a", "why": 1},
        {"decided": None, "why": "b"},
        {"why": "b"},
        "decided",
        ["decided", "why"],
        3,
        None,
        {},
        {"decided": "a", "why": "b", "cost": []},
        {"decided": "a", "why": "b", "confidence": 0},
    ],
)
def test_metadata_of_somebody_else(said: Any, tmp_path: Path) -> None:
    """Metadata in another form than a decision's loses no decision, and is named."""
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {}}
    good = {"decided": "1 vCPU", "why": "it starts in time", "cost": "", "confidence": ""}
    resources = {
        "Own": {**task, "Metadata": {"cdk-pull": {"fargate-size": said}}},
        "Ours": {**task, "Metadata": {"cdk-pull": {"fargate-size": good}}},
    }
    _write(tmp_path, manifest={"artifacts": {"S": _stack("t.json")}}, t={"Resources": resources})
    (stack,) = read_decisions(tmp_path)
    assert [(each.resource, each.decision.decided) for each in stack.decisions] == [("Ours", "1 vCPU")]
    assert stack.ignored == ("Own",)


def _with_assets(folder: Path, document: object) -> None:
    artifacts = {
        "S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.template.json"}},
        "S.assets": {"type": "cdk:asset-manifest", "properties": {"file": "S.assets.json"}},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (folder / "S.template.json").write_text(json.dumps(TEMPLATE))
    (folder / "S.assets.json").write_text(json.dumps(document))


def test_platforms_of_image_assets(tmp_path: Path) -> None:
    """The platform of each image asset is known by its tag; that of what a command builds is not."""
    images = {
        "a": {
            "source": {"directory": "x", "platform": "linux/arm64"},
            "destinations": {"d": {"imageTag": "a"}},
        },
        "b": {"source": {"directory": "x"}, "destinations": {"d": {"imageTag": "b"}, "e": {}}},
        "c": {"source": {"executable": ["bazel"]}, "destinations": {"d": {"imageTag": "c"}}},
        "d": "not an asset",
        "e": {"source": {"directory": "x", "platform": 3}, "destinations": {"d": {"imageTag": "e"}}},
    }
    _with_assets(tmp_path, {"dockerImages": images})
    (assembly,) = load([tmp_path]).assemblies
    assert assembly.image_platforms == {"a": "linux/arm64", "b": ""}


def test_asset_manifest_that_is_none(tmp_path: Path) -> None:
    """An asset manifest that cannot be read is told by what asks for it, and by the rule in its place."""
    _with_assets(tmp_path, ["not an object"])
    loaded = load([tmp_path])
    with pytest.raises(TemplateError, match="is not a JSON object"):
        _ = loaded.assemblies[0].image_platforms
    result = check(loaded.assemblies, Options(select=("PULL210",)))
    assert [str(gap.missing.one) for gap in result.not_evaluated] == ["asset manifest that cannot be read"]
