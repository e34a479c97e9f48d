from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent import cfn
from cdk_pull.agent.readers.cloud_init.parts import is_mime
from cdk_pull.agent.readers.reading import LIMIT_BYTES
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.errors import ConflictError, UnsupportedError

B = "ECS_IMAGE_PULL_BEHAVIOR"
F = "/etc/ecs/ecs.config"
ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
LINE = f"mkdir -p /etc/ecs && printf '%s\\n' '' {B}=once >> {F}\n"
CLUSTER = {"Ref": "Cluster"}


def join(*parts: object, by: str = "") -> dict[str, Any]:
    """Return Fn::Base64 of Fn::Join."""
    return {"Fn::Base64": {"Fn::Join": [by, list(parts)]}}


def sub(text: str, **named: object) -> dict[str, Any]:
    """Return Fn::Base64 of Fn::Sub in its short or long form."""
    return {"Fn::Base64": {"Fn::Sub": [text, named] if named else text}}


@pytest.mark.parametrize(
    ("value", "text", "pieces"),
    [
        (None, "", []),
        ({"Fn::Base64": ""}, "", []),
        ({"Fn::Base64": "#!/bin/bash\n"}, "#!/bin/bash\n", []),
        (base64.b64encode(b"#!/bin/bash\n").decode(), "#!/bin/bash\n", []),
        (join("a ", CLUSTER, " b"), "a ${Token[PIECE.0]} b", [CLUSTER]),
        (join("a", CLUSTER, CLUSTER, by="\n"), "a\n${Token[PIECE.0]}\n${Token[PIECE.0]}", [CLUSTER]),
        (join("a", {"Fn::Join": ["-", ["b", CLUSTER]]}), "ab-${Token[PIECE.0]}", [CLUSTER]),
        (join("a", {"Fn::Sub": "${B}"}), "a${Token[PIECE.0]}", [{"Ref": "B"}]),
        (
            join("a", {"Fn::Join": [",", {"Ref": "List"}]}),
            "a${Token[PIECE.0]}",
            [{"Fn::Join": [",", {"Ref": "List"}]}],
        ),
        (sub("${AWS::Region}"), "${Token[PIECE.0]}", [{"Ref": "AWS::Region"}]),
        (sub("${A.B.C}"), "${Token[PIECE.0]}", [{"Fn::GetAtt": ["A", "B.C"]}]),
        (sub("$$ ${!HOME} $X ${!x.y}"), "$$ ${HOME} $X ${x.y}", []),
        (sub("${A} ${B}", A=CLUSTER, B="lit ${C}"), "${Token[PIECE.0]} lit ${C}", [CLUSTER]),
        (join("${Token[PIECE.0]} ", CLUSTER), "${Token[PIECE.0]} ${Token[PIECE.0]}", [CLUSTER]),
    ],
)
def test_to_text(value: object, text: str, pieces: list[object]) -> None:
    """Every form of user data opens into its text, with a placeholder for each different piece."""
    marked = cfn.to_text(value)
    shown = [
        part if isinstance(part, str) else f"${{Token[PIECE.{marked.pieces.index(part)}]}}"
        for part in marked.parts()
    ]
    assert "".join(shown) == text
    assert list(marked.pieces) == pieces


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"Ref": "UserData"},
            (
                'the text of this user data is not in the template: {"Ref": "UserData"}; write it as Fn::Base64 of a string, '
                "a Fn::Join or a Fn::Sub, or set the agent's variables where the text comes from"
            ),
        ),
        (
            {"Fn::Base64": {"Fn::GetAtt": ["A", "B"]}},
            (
                'the text of this user data is not in the template: {"Fn::GetAtt": ["A", "B"]}; write it as Fn::Base64 of a '
                "string, a Fn::Join or a Fn::Sub, or set the agent's variables where the text comes from"
            ),
        ),
        (
            "H4sI-not-base64",
            "user data that is not base64 of text; write it as Fn::Base64 of the text, which CloudFormation encodes",
        ),
        (
            base64.b64encode(b"\x1f\x8b\xff").decode(),
            "user data that is not base64 of text; write it as Fn::Base64 of the text, which CloudFormation encodes",
        ),
    ],
)
def test_cannot_be_opened(value: object, message: str) -> None:
    """User data that is somewhere else cannot be written, and is unknown to the reader, for the same reason."""
    with pytest.raises(UnsupportedError) as error:
        cfn.apply_to_value(value, ONCE, "linux")
    assert str(error.value) == message
    reading = cfn.read_value(value, "linux")
    assert set(reading.effective.values()) == {None}
    assert [(each.variable, each.reason) for each in reading.unknown] == [(None, message)]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, {"Fn::Base64": f"#!/bin/bash\n{LINE}"}),
        ({"Fn::Base64": "#!/bin/bash\nls"}, {"Fn::Base64": f"#!/bin/bash\n{LINE}ls"}),
        (
            join("#!/bin/bash\necho ECS_CLUSTER=", CLUSTER, f" >> {F}"),
            join(f"#!/bin/bash\n{LINE}echo ECS_CLUSTER=", CLUSTER, f" >> {F}"),
        ),
        (
            sub("#!/bin/bash\necho ${!HOME} ${AWS::Region}"),
            join(f"#!/bin/bash\n{LINE}echo ${{HOME}} ", {"Ref": "AWS::Region"}),
        ),
        (
            {"Fn::If": ["Big", {"Fn::Base64": "#!/bin/bash"}, {"Fn::Base64": "#!/bin/sh\nls"}]},
            {
                "Fn::If": [
                    "Big",
                    {"Fn::Base64": f"#!/bin/bash\n{LINE}"},
                    {"Fn::Base64": f"#!/bin/sh\n{LINE}ls"},
                ]
            },
        ),
        (
            {"Fn::Base64": {"Fn::If": ["Big", "#!/bin/bash", "#!/bin/sh\nls"]}},
            {
                "Fn::If": [
                    "Big",
                    {"Fn::Base64": f"#!/bin/bash\n{LINE}"},
                    {"Fn::Base64": f"#!/bin/sh\n{LINE}ls"},
                ]
            },
        ),
        (
            {"Fn::If": ["Big", {"Ref": "AWS::NoValue"}, {"Fn::Base64": "#!/bin/bash"}]},
            {"Fn::If": ["Big", *[{"Fn::Base64": f"#!/bin/bash\n{LINE}"}] * 2]},
        ),
    ],
)
def test_apply_to_value(value: object, written: object) -> None:
    """The settings go into the value, the pieces stay, and a second time nothing changes."""
    assert cfn.apply_to_value(value, ONCE, "linux") == written
    assert cfn.apply_to_value(written, ONCE, "linux") == written
    assert cfn.read_value(written).effective[B] == "once"


@pytest.mark.parametrize(
    ("value", "os"),
    [
        ({"Fn::Base64": "<powershell>Initialize-ECSAgent</powershell>"}, "windows"),
        (join('[settings.ecs]\ncluster = "', CLUSTER, '"\n'), "bottlerocket"),
        ({"Fn::Base64": "#cloud-config\n"}, "linux"),
    ],
)
def test_every_operating_system(value: object, os: Any) -> None:
    """The value is written and read by the operating system's own rules, which the text tells, too."""
    reading = cfn.read_value(cfn.apply_to_value(value, ONCE, os))
    assert (reading.os, reading.effective[B]) == (os, "once")


def archive(script: object) -> dict[str, Any]:
    """Return what ec2.MultipartUserData becomes with one part."""
    head = 'Content-Type: multipart/mixed; boundary="+A=="\nMIME-Version: 1.0\n\n--+A==\nContent-Type: text/x-shellscript\n'
    return join(f"{head}Content-Transfer-Encoding: base64\n\n", {"Fn::Base64": script}, "\n--+A==--\n")


def test_a_part_in_base64() -> None:
    """A part that CloudFormation encodes is read, kept as it is, and not overruled."""
    script = {
        "Fn::Join": [
            "",
            ["#!/bin/bash\necho ECS_CLUSTER=", CLUSTER, f" >> {F}\necho ECS_WARM_POOLS_CHECK=true >> {F}"],
        ]
    }
    written = cfn.apply_to_value(archive(script), ONCE, "linux")
    assert json.dumps({"Fn::Base64": script}) in json.dumps(written)
    reading = cfn.read_value(written)
    assert dict(reading.settings) == {B: "once", "ECS_WARM_POOLS_CHECK": "true"}
    assert reading.unknown == ()
    with pytest.raises(ConflictError, match=f"sets {B} to 'always'"):
        cfn.apply_to_value(archive(f"#!/bin/bash\necho {B}=always >> {F}"), ONCE, "linux")
    present = archive(f"#!/bin/bash\necho {B}=once >> {F}")
    assert cfn.apply_to_value(present, ONCE, "linux") is present


def test_a_condition_inside_base64_that_has_the_settings_stays() -> None:
    """A condition whose two texts set the value already is not rewritten."""
    text = f"#!/bin/bash\necho {B}=once >> {F}"
    value = {"Fn::Base64": {"Fn::If": ["C", text, f"{text}\nls"]}}
    assert cfn.apply_to_value(value, ONCE, "linux") is value


def test_branches_that_differ() -> None:
    """Two branches that set different values are unknown; two that agree are read."""
    one = {"Fn::Base64": f"#!/bin/bash\necho {B}=once >> {F}"}
    assert cfn.read_value({"Fn::If": ["C", one, one]}).effective[B] == "once"
    reading = cfn.read_value({"Fn::If": ["C", one, {"Fn::Base64": "#!/bin/bash\n"}]})
    assert reading.effective[B] is None
    assert [each.reason for each in reading.unknown] == ["it depends on the condition C"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"Fn::Base64": "#!/bin/bash\nls"},
        sub("#!/bin/bash\necho ${AWS::Region}"),
        {"Fn::Base64": "#cloud-config\npackages: [jq] # \u00e9"},
        {"Fn::If": ["C", {"Fn::Base64": "#!/bin/bash\nls"}, {"Ref": "AWS::NoValue"}]},
        {"Fn::Base64": "#!/bin/bash\n# --==cdk-pull==\n"},
        archive("#!/bin/bash\nls\n"),
    ],
)
def test_what_aws_batch_accepts(value: object) -> None:
    """Any user data of Linux becomes a MIME archive with its text as a part, into which the settings go."""
    archived = cfn.archived_value(value, "linux")
    assert cfn.archived_value(archived, "linux") == archived
    before, after = ((cfn.branches(each) or (None, each))[1:] for each in (value, archived))
    for one, other in zip(before, after, strict=True):
        assert is_mime(cfn.to_text(other).text)
        assert cfn.to_text(one).text in cfn.to_text(other).text
    written = cfn.apply_to_value(archived, ONCE, "linux")
    reading = cfn.read_value(written, "linux")
    assert (dict(reading.settings), reading.unknown, reading.warnings) == ({B: "once"}, (), ())


@pytest.mark.parametrize("os", ["windows", "bottlerocket"])
def test_what_aws_batch_cannot_launch(os: Any) -> None:
    """Where nothing reads MIME, the error says what to use."""
    with pytest.raises(UnsupportedError, match="AWS Batch accepts MIME multipart user data only, which"):
        cfn.archived_value(None, os)


def test_text_that_is_no_part() -> None:
    """Commands without a first line are no part that cloud-init runs."""
    with pytest.raises(UnsupportedError, match="has to begin with #!, #cloud-config"):
        cfn.archived_value({"Fn::Base64": "ls\n"}, "linux")


def test_unknown_operating_system() -> None:
    """A text that does not tell its operating system is unknown."""
    reading = cfn.read_value({"Fn::Base64": "hello"})
    assert [each.reason for each in reading.unknown] == ["the text does not tell its operating system"]


def test_size_bytes() -> None:
    """The size is that of the text in UTF-8; a placeholder counts as nothing, the least it can be."""
    assert cfn.size_bytes("é${Token[PIECE.0]}a") == 3
    assert LIMIT_BYTES == cfn.LIMIT_BYTES == 16_384


pieces = st.text(max_size=20) | st.builds(
    lambda name: {"Ref": name}, st.sampled_from(["A", "B", "AWS::Region"])
)


def _again(value: object) -> Any:
    marked = cfn.to_text(value)
    return cfn.from_text(marked.text, marked)


@given(st.lists(pieces, max_size=8))
def test_round_trip(parts: list[Any]) -> None:
    """Opening and closing keeps the meaning, and the result is minimal and the same each time."""
    value = _again(join(*parts))
    assert _again(value) == value
    body = value["Fn::Base64"] if isinstance(value, dict) else None
    merged = body["Fn::Join"][1] if isinstance(body, dict) and "Fn::Join" in body else [body]
    assert not any(isinstance(one, str) and isinstance(other, str) for one, other in pairwise(merged))
    shown = ["".join(part) if isinstance(part, str) else f"\0{part}" for part in parts if part != ""]
    assert "".join(part if isinstance(part, str) else f"\0{part}" for part in merged) == "".join(shown)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Fn::Base64", "Fn::Join", "Fn::Sub", "Fn::If", "Ref", "x"]),
                inner,
                max_size=2,
            )
        ),
        max_leaves=12,
    )
)
def test_any_value(value: object) -> None:
    """No value makes the reader fail."""
    assert B in cfn.read_value(value).effective
