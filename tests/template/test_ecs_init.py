"""What cfn-init does, followed in the place of its call."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.init import INIT, program

B = "ECS_IMAGE_PULL_BEHAVIOR"
F = "/etc/ecs/ecs.config"
CALL = "/opt/aws/bin/cfn-init -v --stack s --resource Launch"
FOLLOWED = CALL.replace("cfn-init", "cfn-init-followed")


def _program(
    user_data: str, document: Any, logical_id: str = "Launch"
) -> tuple[str, list[tuple[str, int]]] | None:
    """Return the script, and for each line the last step of its path and its number there."""
    resource = {"Type": "AWS::EC2::LaunchTemplate", "Metadata": {INIT: document}}
    template = from_document({"Resources": {logical_id: resource}}, region="eu-west-1").templates[0]
    holder = template.resource(logical_id)
    assert holder is not None
    found = program(user_data, [holder])
    if found is None:
        return None
    return str(found.text), [
        (str(place.path[-1]) if place.path else "", place.line) for place in found.places
    ]


def test_files_and_commands() -> None:
    """Files come first, then commands by name, before the line that calls cfn-init; each line keeps its place."""
    config = {
        "commands": {
            "02": {"command": f"echo {B}=once >> {F}", "test": "true"},
            "01": {"command": ["echo", "it's"]},
        },
        "files": {
            F: {"content": {"Fn::Sub": "ECS_CLUSTER=${AWS::StackName}\n"}},
            "/b": {"source": "https://example.com"},
        },
    }
    expected = (
        f"#!/bin/bash\nls\ncat > {F} <<'CFN_INIT_EOF'\nECS_CLUSTER=${{AWS::StackName}}\nCFN_INIT_EOF\n"
        "cp /cfn-init/source /b\n(\necho 'it'\"'\"'s'\n)\nif [ -e /cfn-init/test ]; then (\n"
        f"echo {B}=once >> {F}\n); fi\n{FOLLOWED} \\\n  --region r\nls\n"
    )
    assert _program(f"#!/bin/bash\nls\n{CALL} \\\n  --region r\nls\n", {"config": config}) == (
        expected,
        [
            *(("", 1), ("", 2), (F, 0), ("content", 1), (F, 0), ("/b", 0)),
            *(("01", 0), ("command", 1), ("01", 0), ("02", 0), ("command", 1), ("02", 0)),
            *(("", 3), ("", 4), ("", 5), ("", 6)),
        ],
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "a c"),
        (" -c one", "b"),
        (" --configsets one,two", "b a"),
        (" --configsets two,default", "a c"),
        (" \\\n  -v \\\n  --configsets one", "b"),
        (" -c none", ""),
    ],
)
def test_config_sets(options: str, expected: str) -> None:
    """The config sets that are called say which configs are applied, and in which order."""
    document: dict[str, Any] = {
        name: {"commands": {name: {"command": f"run {name}"}}} for name in ("a", "b", "c")
    }
    document["configSets"] = {"default": [{"ConfigSet": "two"}, "c"], "one": "b", "two": ["a"]}
    found = _program(f"#!/bin/bash\n{CALL}{options}\n", document)
    assert found is not None
    assert " ".join(line[4:] for line in found[0].split("\n") if line.startswith("run ")) == expected


@pytest.mark.parametrize(
    "user_data",
    [
        "#!/bin/bash\nls\n",
        f"#!/bin/bash\n# {CALL}\n",
        f"<powershell>\n{CALL}\n</powershell>",
        f"#cloud-config\n- {CALL}",
    ],
)
def test_not_followed(user_data: str) -> None:
    """Without a call in a script there is nothing to follow."""
    assert _program(user_data, {"config": {}}) is None


def test_metadata_of_another_resource() -> None:
    """A call that names a resource without metadata is not followed."""
    assert _program(f"#!/bin/bash\n{CALL}\n", {"config": {}}, "Other") is None
    assert _program("#!/bin/bash\ncfn-init -s s -r Other\n", {"config": "x"}, "Other") is not None
