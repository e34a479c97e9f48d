"""User data that names a variable of the agent has its value, a finding, or an unknown with its reason; never neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.user_data import add_settings, read_user_data
from tests.agent.linux_texts import ONCE, B, F
from tests.agent.named_texts import FORMS, named_texts

if TYPE_CHECKING:
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import OperatingSystem

T: Final = "ECS_IMAGE_PULL_TIMEOUT"
SET: Final = f"[Environment]::SetEnvironmentVariable('{B}', 'once', 'Machine')"


def _is_said(reading: Reading, name: str) -> bool:
    """Return whether a reading says anything of a variable: its value, an unknown that has a reason, or a warning."""
    unknown = [each for each in reading.unknown if each.variable in {None, name} and each.reason]
    return name in reading.settings or bool(unknown) or bool(reading.warnings)


@pytest.mark.parametrize(
    ("os", "text", "line"),
    [
        ("linux", f"#!/bin/bash\necho {B}=once > $LOG\n", 2),
        ("linux", f"#!/bin/bash\necho {B}=once > /dev/null\n", 2),
        ("linux", f"#!/bin/bash\nls\necho {B}=once >> /tmp/ecs.config\n", 3),
        (
            "linux",
            f"#!/bin/bash\necho {B}=once >> /etc/ecs/agent.env\ndocker run --env-file=/etc/ecs/agent.env a\n",
            2,
        ),
        ("linux", f"#!/bin/bash\nf() {{\n  echo {B}=once >> {F}\n}}\n", 3),
        ("linux", f"#!/bin/bash\nif false; then echo {B}=once >> {F}; fi\n", 2),
        ("linux", f"#!/bin/bash\ncat <<'E' > /etc/cron.d/x\n* * * * * root echo {B}=once >> {F}\nE\n", 3),
        ("linux", f"#!/bin/bash\ngrep {B} {F}\n", 2),
        ("linux", f"#!/bin/bash\nlogger '{B} # not set'\n", 2),
        ("linux", f"#cloud-config\nhostname: {B}\n", 2),
        ("windows", f'<powershell>\nWrite-Host "{SET}"\n</powershell>', 2),
        ("windows", f"<powershell>\nfunction F {{ {SET} }}\n</powershell>", 2),
        ("windows", f"<powershell>\nif ($false) {{ {SET} }}\n</powershell>", 2),
        ("windows", f"<powershell>\n$s = {{ {SET} }}\n</powershell>", 2),
        ("windows", f"<script>\necho {B} once\n</script>", 2),
        ("windows", f"<powershell>\nRegister-ScheduledTask -Action 'setx {B} once /m'\n</powershell>", 2),
        ("bottlerocket", f"[settings.host-containers.admin]\nuser-data = '{B}=once'\n", 2),
    ],
)
def test_named_only(os: OperatingSystem, text: str, line: int) -> None:
    """A variable that is named where nothing that is followed sets it is unknown, and the default as far as one sees."""
    reading = read_user_data(text, os)
    assert reading.effective[B] == "default"
    assert [(each.variable, each.line, each.reason, each.named_only) for each in reading.unknown] == [
        (B, line, "the user data names it, and nothing that was evaluated sets it", True)
    ]


@pytest.mark.parametrize(
    ("os", "text"),
    [
        ("linux", f"#!/bin/bash\n# {B}=once\n"),
        ("linux", f"#!/bin/bash\n  # echo {B}=once >> {F}\n"),
        ("linux", f"#!/bin/bash\nls # {B}\n"),
        ("linux", f"#!/bin/bash\necho 'a' \"b\" # {B}\n"),
        ("linux", f"#!/bin/bash\necho MY_{B}=once\n"),
        ("linux", f"#cloud-config\n# {B}\nhostname: x\n"),
        ("windows", f"<powershell>\n# {SET}\n</powershell>"),
        ("windows", f"<powershell>\n<# {SET}\n{SET} #>\n</powershell>"),
        ("windows", f"<script>\nrem setx {B} once /m\n:: setx {B} once /m\n</script>"),
        (
            "windows",
            f"<powershell>\n[Environment]::SetEnvironmentVariable('{B}', $null, 'Machine')\n</powershell>",
        ),
        ("bottlerocket", f"# {B}\n[settings.ecs]\ncluster = 'x'\n"),
    ],
)
def test_comments(os: OperatingSystem, text: str) -> None:
    """What stands in a comment is not meant."""
    assert read_user_data(text, os).unknown == ()


def test_a_name_alone_keeps_nothing_from_being_added() -> None:
    """A variable that is named only can be set."""
    text = f"#!/bin/bash\nlogger {B}\n"
    assert read_user_data(add_settings(text, ONCE, "linux"), "linux").settings == {B: "once"}


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from([*FORMS]))
def test_never_neither(data: st.DataObject, os: OperatingSystem) -> None:
    """Whatever the text is made of, each variable that it names is spoken of."""
    forms, text = data.draw(named_texts(os))
    reading = read_user_data(text, os)
    for form, name in forms:
        assert "{n}" not in form or _is_said(reading, name), (name, reading)
