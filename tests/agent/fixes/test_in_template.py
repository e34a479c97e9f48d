"""User data as CloudFormation holds it is fixed in its form: joined, behind a condition, or in encoded parts."""

from __future__ import annotations

from typing import Any, Final

from cdk_pull.agent.fixes.in_template import fix_value
from cdk_pull.agent.readers.codes import WarningCode

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
SAFE: Final = dict.fromkeys(WarningCode, False)
CLUSTER: Final = {"Ref": "Cluster"}


def _joined(*parts: Any) -> dict[str, Any]:
    return {"Fn::Base64": {"Fn::Join": ["", list(parts)]}}


def _script(value: str) -> dict[str, Any]:
    return _joined("#!/bin/bash\necho ECS_CLUSTER=", CLUSTER, f" >> {F}\necho {B}={value} >> {F}\n")


def _archive(value: str, plain: str = "") -> dict[str, Any]:
    """Return what an ``ec2.MultipartUserData`` comes to, with a part more that is not encoded."""
    start = 'Content-Type: multipart/mixed; boundary="+"\nMIME-Version: 1.0\n\n--+\nContent-Type: text/x-shellscript\n'
    more = f"--+\nContent-Type: text/x-shellscript\n\n#!/bin/bash\n{plain}\n" if plain else ""
    return _joined(f"{start}Content-Transfer-Encoding: base64\n\n", _script(value), f"\n{more}--+--\n")


def test_each_branch_of_a_condition() -> None:
    """Only the branch with the fault changes."""
    value = {"Fn::If": ["Prod", _script("Once"), _script("always")]}
    after, changes = fix_value(value, "linux", SAFE)
    assert after == {"Fn::If": ["Prod", _script("once"), _script("always")]}
    assert [each.what for each in changes] == ["the value is once"]


def test_the_encoded_part_of_an_archive() -> None:
    """A part that CloudFormation encodes is fixed inside of its Fn::Base64, and one that stands there as it is, too."""
    assert fix_value(_archive("Once"), "linux", SAFE)[0] == _archive("once")
    after, changes = fix_value(_archive("Once", "systemctl start ecs"), "linux", SAFE)
    assert after == _archive("once", "systemctl --no-block start ecs")
    assert sorted(each.code for each in changes) == [WarningCode.LETTER_CASE, WarningCode.STARTS_AGENT]
    assert fix_value(after, "linux", SAFE) == (after, ())


def test_an_archive_without_faults_stays() -> None:
    """Nothing changes where there is nothing to fix."""
    assert fix_value(_archive("once"), "linux", SAFE) == (_archive("once"), ())


def test_text_that_is_not_in_the_template_stays() -> None:
    """What a parameter brings cannot be fixed."""
    assert fix_value({"Ref": "UserData"}, "linux", SAFE) == ({"Ref": "UserData"}, ())
