"""Where the writer puts the settings in user data of Linux, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from cdk_pull.agent.readers import ecs_config, linux
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.writers import linux as linux_writer
from cdk_pull.errors import ConflictError, UnsupportedError
from tests.agent.linux_texts import HOSTILE, LINE, ONCE, SCRIPT_PART, B, F, executed, mime


@pytest.mark.parametrize(
    ("user_data", "result"),
    [
        ("", f"#!/bin/bash\n{LINE}\n"),
        ("#!/bin/bash", f"#!/bin/bash\n{LINE}\n"),
        ("#!/bin/bash\nexit 0", f"#!/bin/bash\n{LINE}\nexit 0"),
        ("#!/bin/bash -xe\r\nls\r\n", f"#!/bin/bash -xe\r\n{LINE}\r\nls\r\n"),
        ("\n# nothing yet\n", f"#!/bin/bash\n{LINE}\n\n# nothing yet\n"),
        (
            "## template: jinja\n#!/bin/bash\nls {{ x }}\n",
            f"## template: jinja\n#!/bin/bash\n{LINE}\nls {{{{ x }}}}\n",
        ),
        (
            f"#!/bin/bash\necho ECS_CLUSTER=x > {F}\nexec run",
            f"#!/bin/bash\necho ECS_CLUSTER=x > {F}\n{LINE}\nexec run",
        ),
        (
            f"#!/bin/bash -xe\nls > {F}\nexit",
            f"#!/bin/bash -xe\n{LINE}\nls > {F}\n{LINE}\nexit",
        ),
        (
            f"#!/bin/bash\nset -euo pipefail\nls > {F}\n",
            f"#!/bin/bash\n{LINE}\nset -euo pipefail\nls > {F}\n{LINE}\n",
        ),
        (f"#!/bin/bash\ncat <<E > {F}\nA=b\nE", f"#!/bin/bash\ncat <<E > {F}\nA=b\nE\n{LINE}\n"),
        (
            f"#!/bin/bash\n[ -f x ] && exit 0\nls > {F}; ls",
            (
                f"#!/bin/bash\nset_ecs_agent_settings() {{ {LINE}; }}\ntrap set_ecs_agent_settings EXIT\n"
                f"[ -f x ] && exit 0\nls > {F}; ls"
            ),
        ),
        ("#cloud-boothook\n#!/bin/sh\nls", f"#cloud-boothook\n#!/bin/sh\n{LINE}\nls"),
    ],
)
def test_adds_a_line(user_data: str, result: str) -> None:
    """The line goes where nothing of the script can keep it from working, and the script stays as it was."""
    assert linux_writer.add(user_data, ONCE) == result
    assert linux_writer.add(result, ONCE) == result


@pytest.mark.parametrize(
    "user_data",
    [
        "#cloud-config\n",
        "#cloud-config\n# a comment\npackages:\n  - jq # why\n",
        "#cloud-config\nruncmd:\n  - ls\n  - |\n    ls\n\n# end\npackages: [jq]\n",
        "#cloud-config\nruncmd: [ls, [a, b]]",
        "#cloud-config\nruncmd:\npackages: []\n",
        "#cloud-config\nruncmd: []",
        "#cloud-config\nruncmd:\n- echo ${Token[TOKEN.1]}\nfqdn: ${Token[TOKEN.2]}\n",
        f"#cloud-config\nruncmd:\n- echo A=b > {F}\n",
    ],
)
@pytest.mark.parametrize("asked", [ONCE, HOSTILE], ids=["once", "hostile"])
def test_adds_a_command_to_cloud_config(user_data: str, asked: AgentSettings) -> None:
    """A cloud-config gets one command more, by a real YAML parser, and all its lines stay."""
    result = linux_writer.add(user_data, asked)
    before: Any = yaml.safe_load(user_data) or {}
    after: Any = yaml.safe_load(result)
    added = [each for each in after.pop("runcmd") if each not in (before.get("runcmd") or [])]
    before.pop("runcmd", None)
    assert after == before
    assert len(added) == 1
    assert ecs_config.read(executed(added[0])).settings == asked.to_environment()
    assert set(user_data.splitlines()) - set(result.splitlines()) <= {"runcmd: [ls, [a, b]]", "runcmd: []"}
    assert linux_writer.add(result, asked) == result


@pytest.mark.parametrize(
    "body",
    [
        "#cloud-config\n",
        "#cloud-config\npackages: [jq]",
        "#cloud-config\nruncmd:\n- echo {{ ds.meta_data.region }}\n- [ls, '{{ v1.region }}']\n",
        "#cloud-config\nhostname: {{ v1.local_hostname }}\nruncmd: []\n",
        "#cloud-config\r\nfqdn: '{{ x }}.${Token[TOKEN.1]}'\r\n",
    ],
)
def test_a_cloud_config_that_is_a_template_keeps_its_first_line(body: str) -> None:
    """Under ``## template: jinja`` a cloud-config stays one: it gets a command, and every line of it stays."""
    text = f"## template: jinja\n{body}"
    result = linux_writer.add(text, ONCE)
    assert result.startswith("## template: jinja\n#cloud-config")
    assert set(text.split("\n")) - set(result.split("\n")) <= {"runcmd: []", ""}
    assert linux.read(result).settings == {B: "once"}
    assert linux_writer.add(result, ONCE) == result


@pytest.mark.parametrize(
    "body",
    [
        "#cloud-config\n{% if x %}\nruncmd: [ls]\n{% endif %}\n",
        "#cloud-config\n{# a comment #}\nruncmd: [ls]\n",
    ],
)
def test_a_template_with_statements_is_refused(body: str) -> None:
    """What a template's statements leave of a cloud-config is not known, so nothing is put into it."""
    with pytest.raises(UnsupportedError, match="no place in this user data is sure to set"):
        linux_writer.add(f"## template: jinja\n{body}", ONCE)


@pytest.mark.parametrize(
    "text", ["ls\n", "\n\nyum update -y\n", "# ours\nservice docker start", "## template: jinja\nls"]
)
def test_commands_that_do_not_run_do_not_begin_to(text: str) -> None:
    """Text that cloud-init runs none of is not given a first line by which all of it would run."""
    with pytest.raises(UnsupportedError) as error:
        linux_writer.add(text, ONCE)
    assert str(error.value) == (
        "the user data does not begin with #!, so cloud-init runs none of it, and would run all of it with the settings "
        "in it: begin it with #!/bin/bash if it is to run, or remove it"
    )


@pytest.mark.parametrize(
    ("user_data", "named"),
    [
        (mime(SCRIPT_PART.replace(B, "ECS_X")), False),
        (mime(SCRIPT_PART.replace(B, "ECS_X")).replace("\n", "\r\n"), False),
        (mime(f"Content-Type: text/cloud-config\n\n#cloud-config\nruncmd: ['ls > {F}']\n"), True),
        (
            mime("Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n${Token[TOKEN.1]}"),
            False,
        ),
        (mime(SCRIPT_PART.replace(B, "ECS_X")).removesuffix("--+B==--\n"), False),
    ],
)
@pytest.mark.parametrize("asked", [ONCE, HOSTILE], ids=["once", "hostile"])
def test_adds_a_part_to_an_archive(user_data: str, *, named: bool, asked: AgentSettings) -> None:
    """An archive gets one part more, which runs last, and the other parts stay byte for byte."""
    result = linux_writer.add(user_data, asked)
    assert result.startswith(user_data.rpartition("--+B==--")[0] or user_data)
    assert ("zz-ecs-agent-settings.sh" in result) is named
    reading = linux.read(result)
    assert {name: reading.settings[name] for name in asked.to_environment()} == asked.to_environment()
    assert linux_writer.add(result, asked) == result


@pytest.mark.parametrize(
    ("user_data", "asked", "error", "message"),
    [
        (
            f"#!/bin/bash\necho {B}=always >> {F}",
            ONCE,
            ConflictError,
            f"the user data sets {B} to 'always' on line 2, and 'once' is asked for; remove one of the two",
        ),
        (
            f"#!/bin/bash\necho {B}=$X >> {F}",
            ONCE,
            ConflictError,
            (
                f"the user data sets {B} on line 2 to a value that cannot be known ($X is not set in the user data), and "
                "'once' is asked for; remove one of the two"
            ),
        ),
        (
            "#!/bin/bash\necho docker system prune -af > /etc/cron.daily/prune",
            ONCE,
            ConflictError,
            (
                "line 2 of the user data: docker system prune -af removes images that once counts as pulled: the next "
                "task of one stops with CannotPullImageManifestError"
            ),
        ),
        (
            f"#!/bin/bash\necho ECS_IMAGE_CLEANUP_INTERVAL=1h >> {F}",
            AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED),
            ConflictError,
            (
                "line 2 of the user data: ECS_IMAGE_CLEANUP_INTERVAL has no effect: prefer-cached switches image cleanup "
                "off; remove one of the two"
            ),
        ),
        (
            "#!/usr/bin/env python3\n",
            ONCE,
            UnsupportedError,
            (
                "a script for #!/usr/bin/env python3 cannot be added to; put it into an ec2.MultipartUserData, where it "
                "gets a part of its own"
            ),
        ),
        (
            "${Token[TOKEN.1]}\nls",
            ONCE,
            UnsupportedError,
            (
                "user data that begins with a token cannot be added to, because nobody knows what it is; begin it with "
                "#!/bin/bash, or put it into an ec2.MultipartUserData"
            ),
        ),
        (
            "#include https://example.com",
            ONCE,
            UnsupportedError,
            (
                "user data of the kind text/x-include-url cannot be added to; put it into an ec2.MultipartUserData, where "
                "it gets a part of its own"
            ),
        ),
        (
            f"#!/bin/bash\n[ -f x ] && exec run\necho A=b > {F}; exec run",
            ONCE,
            UnsupportedError,
            (
                f"no place in this user data is sure to set {B} (line 3: this overwrites whatever the AMI has in {F}); "
                "set them in the user data itself, where it ends"
            ),
        ),
        (
            "#cloud-config\n- a\n",
            ONCE,
            UnsupportedError,
            (
                f"no place in this user data is sure to set {B} (line 1: cloud-init ignores it: this is not a "
                "YAML mapping); set them in the user data itself, where it ends"
            ),
        ),
    ],
)
def test_refuses(user_data: str, asked: AgentSettings, error: type[Exception], message: str) -> None:
    """What would lose a setting, or overrule the user's own, is an error that names the line and says why."""
    with pytest.raises(error) as raised:
        linux_writer.add(user_data, asked)
    assert str(raised.value) == message


@pytest.mark.parametrize("present", ["30m", "1800s", "30m0s", ".5h"])
def test_leaves_an_equal_value_alone(present: str) -> None:
    """A value that the agent takes for the same is not written again."""
    user_data = f"#!/bin/bash\necho ECS_IMAGE_CLEANUP_INTERVAL={present} >> {F}"
    assert (
        linux_writer.add(user_data, AgentSettings(image_cleanup_interval=timedelta(minutes=30))) == user_data
    )


def test_spoilt_before() -> None:
    """What the user's own settings spoil already does not stand in the way of another setting."""
    user_data = f"#!/bin/bash\necho {B}=once >> {F}\necho docker image prune -f > /etc/cron.daily/prune\n"
    result = linux_writer.add(user_data, AgentSettings(warm_pools_check=True))
    assert dict(linux.read(result).settings) == {B: "once", "ECS_WARM_POOLS_CHECK": "true"}


def test_nonsense_is_not_false() -> None:
    """A value that the agent cannot read is not the same as the default that it uses for it."""
    with pytest.raises(
        ConflictError, match="sets ECS_DISABLE_IMAGE_CLEANUP to 'yes' on line 2, and 'false' is asked"
    ):
        linux_writer.add(
            f"#!/bin/bash\necho ECS_DISABLE_IMAGE_CLEANUP=yes >> {F}",
            AgentSettings(disable_image_cleanup=False),
        )


def test_fixes_a_quoted_value() -> None:
    """A value that the agent ignores only for its form does not stand in the way of the same value well formed."""
    result = linux_writer.add(f"#!/bin/bash\necho '{B}=\"once\"' >> {F}\n", ONCE)
    assert linux.read(result).effective[B] == "once"
    assert linux.read(result).warnings == ()


@pytest.mark.parametrize("end", ["", "\n", "\nls\n", "\nls"])
@pytest.mark.parametrize("start", [f"cat <<EOF > {F}", f"cat <<EOF >> {F}", f"ls\ncat <<EOF > {F}"])
def test_a_here_document_without_an_end(start: str, end: str) -> None:
    """A here-document that goes on to the end of the script is written around."""
    result = linux_writer.add(f"#!/bin/bash\n{start}\nECS_CLUSTER=x\n  EOF{end}", ONCE)
    assert f"{B}=once" in executed(result).split("\n")
