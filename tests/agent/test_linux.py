from __future__ import annotations

import base64
import gzip
import os
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent import ecs_config, linux
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.variables import variables
from cdk_pull.errors import ConflictError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

B = "ECS_IMAGE_PULL_BEHAVIOR"
F = "/etc/ecs/ecs.config"
ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
HOSTILE = AgentSettings(
    exclude_untracked_image=(
        "a'b\"c",
        "$(touch${IFS}x)`y`$HOME",
        "%s%d\\n\\\\",
        "é\u2018!#*?[a]~;&|<>(){}",
        "-n",
    ),
    image_pull_timeout=timedelta(minutes=90),
    pull_dependent_containers_upfront=True,
)
LINE = f"mkdir -p /etc/ecs && printf '%s\\n' '' {B}=once >> {F}"


def executed(script: str) -> str:
    """Return the ecs.config that a script leaves behind, run by a real bash in a folder of its own."""
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "user-data"
        moved = script.replace("\r\n", "\n").replace("/etc/ecs", f"{root}/etc/ecs")
        path.write_text(moved, encoding="utf-8", newline="")
        subprocess.run(
            ["bash", str(path)],
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/root"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=20,
        )
        config = Path(root) / "etc/ecs/ecs.config"
        return (
            config.read_text(encoding="utf-8", errors="replace").replace(root, "") if config.exists() else ""
        )


def mime(*parts: str) -> str:
    """Return a MIME archive of parts that have their own headers."""
    return "".join(
        [
            'Content-Type: multipart/mixed; boundary="+B=="\nMIME-Version: 1.0\n\n',
            *(f"--+B==\n{part}\n" for part in parts),
            "--+B==--\n",
        ]
    )


SCRIPT_PART = f'Content-Type: text/x-shellscript; charset="utf-8"\n\n#!/bin/bash\necho {B}=once >> {F}\n'


@pytest.mark.parametrize(
    "user_data",
    [
        f"#!/bin/bash\necho {B}=once >> {F}",
        f'#!/bin/bash\necho "{B}=once" >> "{F}"\n',
        f"#!/bin/sh\necho '{B}=once'>>{F}",
        f"#!/bin/bash\necho -e 'ECS_CLUSTER=x\\n{B}=once' >> {F}",
        f"#!/bin/bash\necho -n {B}=once >> {F}",
        f"#!/bin/bash\nprintf '{B}=once\\n' >> {F}",
        f"#!/bin/bash\nprintf '%s=%s\\n' {B} once ECS_CLUSTER x >> {F}",
        f"#!/bin/bash\ncat <<EOF >> {F}\nECS_CLUSTER=$X\n{B}=once\nEOF",
        f"#!/bin/bash\ncat >> {F} <<'EOF'\n{B}=once\nEOF\n",
        f"#!/bin/bash\ncat <<-EOF >> {F}\n\t{B}=once\n\tEOF\n",
        f"#!/bin/bash\ncat <<EOF | sudo tee -a {F} > /dev/null\n{B}=once\nEOF\n",
        f"#!/bin/bash\necho {B}=once | tee {F}",
        f"#!/bin/bash\ntee -a {F} <<< {B}=once",
        f"#!/bin/bash\n{{\n  echo ECS_CLUSTER=x\n  echo {B}=once\n}} >> {F}",
        f"#!/bin/bash\n(echo {B}=once) >> {F}",
        f"#!/bin/bash\nsudo bash -c 'echo {B}=once >> {F}'",
        f"#!/bin/bash\nsudo su - <<EOF\necho {B}=once >> {F}\nEOF",
        f"#!/bin/bash\ncloud-init-per instance x cat <<'EOF' > {F}\n{B}=once\nEOF",
        f"#!/bin/bash\nMODE=once\necho {B}=$MODE >> {F}",
        f"#!/bin/bash\necho {B}=${{MODE:-once}} >> {F}",
        f"#!/bin/bash\nMODE=$(echo once)\necho {B}=${{MODE}} >> {F}",
        f"#!/bin/bash\nFILE={F}\necho {B}=once >> $FILE",
        f"#!/bin/bash\ncd /etc/ecs\necho {B}=once >> ecs.config",
        f"#!/bin/bash\nset_it() {{ echo $1=$2 >> {F}; }}\nset_it {B} once",
        f"#!/bin/bash\nfor each in ECS_A=b {B}=once; do echo $each >> {F}; done",
        f"#!/bin/bash\nif [ -f /x ]; then\necho {B}=once >> {F}\nelse\necho {B}=once >> {F}\nfi",
        f"#!/bin/bash\ncase once in o*) echo {B}=once >> {F};; *) echo {B}=always >> {F};; esac",
        f"#!/bin/bash\nyum install -y jq && echo {B}=once >> {F} || exit 1",
        f"#!/bin/bash\n[ -d /mnt ] || exit 1\necho {B}=once >> {F}",
        f"#!/bin/bash\ngrep -q ^{B}= {F} || echo {B}=once >> {F}",
        f"#!/bin/bash\necho {B}=once > /tmp/c\ncp /tmp/c {F}",
        f"#!/bin/bash\necho {B}=once > /tmp/c\ncat /tmp/c >> {F}",
        f"#!/bin/bash\ntrap 'echo {B}=once >> {F}' EXIT\nexit 0",
        f"#!/bin/bash\nexec > >(tee /var/log/x|logger -t y) 2>&1\necho {B}=once >> {F}",
        f"#!/bin/bash\r\necho {B}=once >> {F}\r\n",
        f"#!/bin/bash\n${{Token[TOKEN.1]}}\necho {B}=once >> {F}\necho ECS_CLUSTER=${{Token[TOKEN.2]}} >> {F}",
        f"#!/bin/bash\nECS_CLUSTER=x >> {F}\necho {B}=once >> {F}",
        f"#!/bin/bash\necho '{B}=always' # >> {F}\necho {B}=once >> {F}",
        f"#cloud-boothook\n#!/bin/bash\necho {B}=once >> {F}",
        f"## template: jinja\n#!/bin/bash\necho ECS_CLUSTER={{{{ x }}}} >> {F}\necho {B}=once >> {F}",
        f"#cloud-config\nruncmd:\n- echo {B}=once >> {F}\n",
        f'#cloud-config\nruncmd: [[sh, -c, "echo {B}=once >> {F}"]]\n',
        f"#cloud-config\nbootcmd:\n- echo {B}=once | tee -a {F}\n",
        f"#cloud-config\nwrite_files:\n- path: {F}\n  content: |\n    ECS_CLUSTER=x\n    {B}=once\n",
        f"#cloud-config\nwrite_files:\n- path: {F}\n  append: true\n  content: {B}=once\nruncmd: [ls]",
        f"#cloud-config\nwrite_files:\n- {{path: {F}, encoding: b64, content: {base64.b64encode(f'{B}=once'.encode()).decode()}}}",
        (
            f"#cloud-config\nwrite_files:\n- path: {F}\n  encoding: gz+b64\n  content: "
            f"{base64.b64encode(gzip.compress(f'{B}=once'.encode(), mtime=0)).decode()}"
        ),
        f"#cloud-config-archive\n- type: text/x-shellscript\n  content: |\n    #!/bin/bash\n    echo {B}=once >> {F}\n",
        mime(SCRIPT_PART),
        mime("Content-Type: text/cloud-config\n\n#cloud-config\npackages: [jq]\n", SCRIPT_PART),
        mime(
            "Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(f"#!/bin/bash\necho {B}=once >> {F}".encode()).decode()
        ),
        mime(
            f"Content-Type: text/cloud-boothook\n\n#!/bin/bash\necho {B}=always > {F}\n", SCRIPT_PART
        ).replace(f"{B}=always", "A=b"),
    ],
)
def test_reads_once(user_data: str) -> None:
    """However a user data writes the setting, it is read."""
    reading = linux.read(user_data)
    assert reading.effective[B] == "once"
    assert dict(reading.settings) == {B: "once"}
    assert reading.unknown == ()


@pytest.mark.parametrize(
    ("user_data", "codes"),
    [
        ("", []),
        ("#!/bin/bash\n", []),
        (f"#!/bin/bash\n# echo {B}=once >> {F}", []),
        (f"#!/bin/bash\necho {B}=once", []),
        (f"#!/bin/bash\necho {B}=once >> /tmp/ecs.config", []),
        (f"#!/bin/bash\n{B}=once >> {F}", ["writes-nothing"]),
        (f"#!/bin/bash\nexport {B}=once >> {F}\nls", ["writes-nothing"]),
        (f"#!/bin/bash\nexport {B}=once", ["shell-variable"]),
        (f"#!/bin/bash\necho {B}=once >> {F}\necho ECS_CLUSTER=x > {F}", ["truncates-earlier-lines"]),
        (f"#!/bin/bash\necho {B}=once >> {F}\nrm -f {F}", ["truncates-earlier-lines"]),
        (f"#!/bin/bash\nexit 0\necho {B}=once >> {F}", ["unreachable"]),
        (f"#!/bin/bash\nexec /opt/run\necho {B}=once >> {F}", ["unreachable"]),
        (f"#!/bin/bash\necho '{B}=\"once\"' >> {F}", ["quotes"]),
        (f"#!/bin/bash\necho export {B}=once >> {F}", ["export"]),
        (f"#!/bin/bash\nprintf ECS_CLUSTER=x >> {F}\necho {B}=once >> {F}", ["glued-line"]),
        ("#!/bin/bash\nsystemctl restart ecs", ["starts-agent"]),
        ("#!/bin/bash\nsystemctl enable --now --no-block ecs", []),
        ("#cloud-config\n- a", ["not-run"]),
        ("#cloud-config\n[", ["not-run"]),
        ("#!/bin/bash\n" + "# filler\n" * 2000, ["too-large"]),
    ],
)
def test_reads_default(user_data: str, codes: list[str]) -> None:
    """What has no effect leaves the agent's default, with a warning where it was meant to have one."""
    reading = linux.read(user_data)
    assert reading.effective[B] == "default"
    assert reading.unknown == ()
    assert [each.code for each in reading.warnings] == codes


@pytest.mark.parametrize(
    ("user_data", "variable", "line", "reason"),
    [
        (f"#!/bin/bash\necho {B}=$MODE >> {F}", B, 2, "$MODE is not set in the user data"),
        (f"#!/bin/bash\n\necho {B}=$(curl x) >> {F}", B, 3, "the output of curl is not known"),
        (f"#!/bin/bash\necho {B}=${{X%y}} >> {F}", B, 2, "${X%y} is not computed"),
        (
            f"#!/bin/bash\necho {B}=${{Token[TOKEN.9]}} >> {F}",
            B,
            2,
            "${Token[TOKEN.9]} is known only at deployment",
        ),
        (
            f"#!/bin/bash\nif [ -f /x ]; then\n  echo {B}=once >> {F}\nfi",
            B,
            3,
            "it depends on a condition in the script",
        ),
        (
            f"#!/bin/bash\nwhile read x; do echo {B}=once >> {F}; done < y",
            B,
            2,
            "it depends on a condition in the script",
        ),
        (f"#!/bin/bash\naws s3 cp s3://b/c {F}", None, 2, f"aws changes {F} in its own way"),
        (f"#!/bin/bash\nsed -i s/a/b/ {F}", None, 2, f"sed changes {F} in its own way"),
        (f"#!/bin/bash\ncat /opt/x >> {F}", None, 2, "the content of /opt/x is not known"),
        (f"#!/bin/bash\necho $EXTRA >> {F}", None, 2, "$EXTRA is not set in the user data"),
        ("#include https://example.com/x", None, 1, "what it includes is somewhere else"),
        ('{"ECSAgentConfiguration": {}}', None, 1, "the agent reads JSON user data itself"),
        (f"#!/usr/bin/python3\nopen('{F}')", None, 1, "#!/usr/bin/python3 is not a shell"),
        (
            f"#cloud-config\nwrite_files:\n- path: {F}\n  source: {{uri: 'https://x'}}\n",
            None,
            3,
            "what is written to it is not in the user data",
        ),
        (
            mime("Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n${Token[TOKEN.1]}"),
            None,
            8,
            "the part part-001 cannot be decoded",
        ),
    ],
)
def test_unknown(user_data: str, variable: str | None, line: int, reason: str) -> None:
    """What the text does not tell is unknown, with its line and the reason."""
    reading = linux.read(user_data)
    assert reading.effective[B] is None
    assert [(each.variable, each.line, each.reason) for each in reading.unknown] == [(variable, line, reason)]


def test_a_variable_that_is_written() -> None:
    """A variable of the script with an agent's name is in order where it is written to the file."""
    reading = linux.read(f"#!/bin/bash\n{B}=once\necho {B}=${B} >> {F}")
    assert (reading.effective[B], reading.warnings) == ("once", ())


def test_files_that_append() -> None:
    """A file that cloud-init appends to keeps what was in it."""
    entry = f"- path: {F}\n  append: true\n  content: |\n    "
    reading = linux.read(f"#cloud-config\nwrite_files:\n{entry}{B}=once\n{entry}ECS_WARM_POOLS_CHECK=true\n")
    assert dict(reading.settings) == {B: "once", "ECS_WARM_POOLS_CHECK": "true"}
    assert reading.warnings == ()


def test_unknown_then_known() -> None:
    """A line after something unknown is known, and what is not set after it is not."""
    reading = linux.read(f"#!/bin/bash\naws s3 cp s3://b/c {F}\necho {B}=once >> {F}\n")
    assert reading.effective[B] == "once"
    assert reading.effective["ECS_WARM_POOLS_CHECK"] is None


def test_without_shebang() -> None:
    """Text that cloud-init would not run is read as if it did, and the warning says so."""
    reading = linux.read(f"\n#!/bin/bash\necho {B}=once >> {F}")
    assert reading.effective[B] == "once"
    assert [(each.code, each.line) for each in reading.warnings] == [("no-shebang", 1)]


def test_lines_of_warnings() -> None:
    """A warning has the line of the user data, in here-documents, blocks and parts of archives, too."""
    script = f'#!/bin/bash\ncat <<EOF >> {F}\nECS_CLUSTER=x\n{B}="once"\nEOF\n'
    config = f'#cloud-config\nruncmd:\n- ls\n- |\n  ls\n  echo "{B}=ONCE" >> {F}\n'
    archive = mime(
        "Content-Type: text/cloud-config\n\n#cloud-config\nx: y\n",
        f"Content-Type: text/x-shellscript\n\n{script}",
    )
    assert [each.line for each in linux.read(script).warnings] == [4]
    assert [each.line for each in linux.read(config).warnings] == [6]
    (found,) = linux.read(archive).warnings
    assert archive.split("\n")[found.line - 1] == f'{B}="once"'


@pytest.mark.parametrize(
    ("user_data", "result"),
    [
        ("", f"#!/bin/bash\n{LINE}\n"),
        ("#!/bin/bash", f"#!/bin/bash\n{LINE}\n"),
        ("#!/bin/bash\nexit 0", f"#!/bin/bash\n{LINE}\nexit 0"),
        ("#!/bin/bash -xe\r\nls\r\n", f"#!/bin/bash -xe\r\n{LINE}\r\nls\r\n"),
        ("ls\n", f"#!/bin/bash\n{LINE}\nls\n"),
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
    assert linux.add(user_data, ONCE) == result
    assert linux.add(result, ONCE) == result


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
    result = linux.add(user_data, asked)
    before: Any = yaml.safe_load(user_data) or {}
    after: Any = yaml.safe_load(result)
    added = [each for each in after.pop("runcmd") if each not in (before.get("runcmd") or [])]
    before.pop("runcmd", None)
    assert after == before
    assert len(added) == 1
    assert ecs_config.read(executed(added[0])).settings == asked.to_environment()
    assert set(user_data.splitlines()) - set(result.splitlines()) <= {"runcmd: [ls, [a, b]]", "runcmd: []"}
    assert linux.add(result, asked) == result


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
    result = linux.add(user_data, asked)
    assert result.startswith(user_data.rpartition("--+B==--")[0] or user_data)
    assert ("zz-ecs-agent-settings.sh" in result) is named
    reading = linux.read(result)
    assert {name: reading.settings[name] for name in asked.to_environment()} == asked.to_environment()
    assert linux.add(result, asked) == result


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
            "#!/bin/bash\ndocker system prune -af",
            ONCE,
            ConflictError,
            (
                "line 2 of the user data: docker prune beside once: a task whose image was pruned stops with "
                "CannotPullImageManifestError; leave removal to the agent's own clean-up"
            ),
        ),
        (
            f"#!/bin/bash\necho ECS_IMAGE_CLEANUP_INTERVAL=1h >> {F}",
            AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED),
            ConflictError,
            (
                "line 2 of the user data: ECS_IMAGE_CLEANUP_INTERVAL has no effect: prefer-cached switches image clean-up "
                "off; leave one of the two out"
            ),
        ),
        (
            "#!/usr/bin/env python3\n",
            ONCE,
            UnsupportedError,
            (
                "a script for #!/usr/bin/env python3 cannot be added to; put it into an ec2.MultipartUserData, where the "
                "settings get a part of their own"
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
                "the settings get a part of their own"
            ),
        ),
        (
            f"#!/bin/bash\n[ -f x ] && exec run\necho A=b > {F}; exec run",
            ONCE,
            UnsupportedError,
            (
                f"no place in this user data is sure to set {B} (line 3: this removes what the AMI has in {F}: append "
                "with >>); set them in the user data itself, where it ends"
            ),
        ),
        (
            "#cloud-config\n- a\n",
            ONCE,
            UnsupportedError,
            (
                f"no place in this user data is sure to set {B} (line 1: cloud-init takes nothing of it: this is not a "
                "YAML mapping); set them in the user data itself, where it ends"
            ),
        ),
    ],
)
def test_refuses(user_data: str, asked: AgentSettings, error: type[Exception], message: str) -> None:
    """What would lose a setting, or overrule the user's own, is an error that names the line and says why."""
    with pytest.raises(error) as raised:
        linux.add(user_data, asked)
    assert str(raised.value) == message


@pytest.mark.parametrize("present", ["30m", "1800s", "30m0s", ".5h"])
def test_leaves_an_equal_value_alone(present: str) -> None:
    """A value that the agent takes for the same is not written again."""
    user_data = f"#!/bin/bash\necho ECS_IMAGE_CLEANUP_INTERVAL={present} >> {F}"
    assert linux.add(user_data, AgentSettings(image_cleanup_interval=timedelta(minutes=30))) == user_data


def test_spoilt_before() -> None:
    """What the user's own settings spoil already does not stand in the way of another setting."""
    user_data = f"#!/bin/bash\necho {B}=once >> {F}\ndocker image prune -f\n"
    result = linux.add(user_data, AgentSettings(warm_pools_check=True))
    assert dict(linux.read(result).settings) == {B: "once", "ECS_WARM_POOLS_CHECK": "true"}


def test_nonsense_is_not_false() -> None:
    """A value that the agent cannot read is not the same as the default that it uses for it."""
    with pytest.raises(
        ConflictError, match="sets ECS_DISABLE_IMAGE_CLEANUP to 'yes' on line 2, and 'false' is asked"
    ):
        linux.add(
            f"#!/bin/bash\necho ECS_DISABLE_IMAGE_CLEANUP=yes >> {F}",
            AgentSettings(disable_image_cleanup=False),
        )


def test_mends_a_quoted_value() -> None:
    """A value that the agent ignores only for its form does not stand in the way of the same value well formed."""
    result = linux.add(f"#!/bin/bash\necho '{B}=\"once\"' >> {F}\n", ONCE)
    assert linux.read(result).effective[B] == "once"
    assert linux.read(result).warnings == ()


# What users' scripts consist of, each piece sound by itself.
PIECES = [
    f"echo ECS_CLUSTER=c >> {F}",
    f"echo ECS_CLUSTER=c > {F}",
    f"printf 'ECS_CLUSTER=c' >> {F}",
    f"cat <<EOF >> {F}\nECS_CLUSTER=c\n  ECS_A=$HOME\nEOF",
    f"cat <<'EOF' > {F}\nECS_CLUSTER=$c\nEOF",
    f"{{ echo ECS_A=b; echo ECS_C=d; }} >> {F}",
    f"echo ECS_A=b | tee -a {F} > /dev/null",
    "set -euo pipefail",
    "X=$(cat <<EOF\nabc\nEOF\n)",
    "f() {\n  echo hi\n}\nf",
    "false",
    "exit 0",
    "exit 3",
    "if true; then\n  exit 0\nfi",
    "exec true",
    "cd /tmp",
    "for i in 1 2; do echo $i; done",
    "# a comment with ' and \" and `",
    "echo 'two\nlines'",
    f"rm -f {F}",
    "case $# in 0) true;; *) exit 1;; esac",
    "trap 'echo bye' EXIT",
    f"{B}=always >> {F}",
    "echo open; cat <<EOF\nnever closed",
]


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=5),
    st.sampled_from(["\n", ""]),
    st.sampled_from([ONCE, HOSTILE]),
)
def test_a_real_bash_writes_what_was_asked(pieces: list[str], end: str, asked: AgentSettings) -> None:
    """Whatever the script does, its ecs.config has the settings when a real bash has run it."""
    user_data = "\n".join(["#!/bin/bash", *pieces]) + end
    try:
        result = linux.add(user_data, asked)
    except UnsupportedError:
        assert any("exec" in piece or "trap" in piece or "exit" in piece for piece in pieces)
        return
    found = ecs_config.read(executed(result)).settings
    assert {name: found.get(name) for name in asked.to_environment()} == asked.to_environment()


VALUES = [
    "once",
    "always",
    "true",
    "1h",
    '\\"q\\"',
    "a b",
    "$V",
    "x\\\\ny",
    "%s",
    "$(echo u)",
    "${W:-d}",
    "é",
    "once # c",
]
NAMES = [B, "ECS_WARM_POOLS_CHECK", "ECS_IMAGE_CLEANUP_INTERVAL", "ECS_CLUSTER"]
assignments = st.builds("{}={}".format, st.sampled_from(NAMES), st.sampled_from(VALUES))
redirections = st.sampled_from([f">> {F}", f">> '{F}'", f"> {F}"])


def _statement(template: str) -> Callable[[str, str, str], str]:
    return lambda one, other, to: template.format(one=one, other=other, to=to, F=F)


statements = st.builds(
    lambda make, one, other, to: make(one, other, to),
    st.sampled_from(
        [
            _statement(each)
            for each in (
                'echo "{one}" {to}',
                "echo '{one}' {to}",
                'echo -n "{one}" {to}',
                'echo -e "{one}" {to}',
                "printf '%s\\n' \"{one}\" '{other}' {to}",
                "cat <<EOF {to}\n{one}\n  {other}\nEOF",
                "cat {to} <<'EOF'\n{one}\n{other}\nEOF",
                "cat <<-EOF {to}\n\t{one}\n\tEOF",
                'echo "{one}" | tee -a {F} > /dev/null',
                'V="{one}"',
                '{{ echo "{one}"; echo "{other}"; }} {to}',
                'if true; then\necho "{one}" {to}\nelse\necho "{other}" {to}\nfi',
                'for i in "{one}" x; do echo "$i" >> {F}; done',
                'f() {{ echo "$1" >> {F}; }}\nf "{one}"',
                'true && echo "{one}" {to}',
                'false || echo "{one}" {to}',
                '(V=z; echo "{one}") {to}',
                "ECS_WARM_POOLS_CHECK=true {to}",
                'X=$(cat <<EOF\n{one}\nEOF\n)\necho "$X" >> {F}',
                'cd /etc/ecs\necho "{one}" >> ecs.config\ncd /',
                '[ "$V" = once ] && echo "{one}" {to}',
                'echo "{one}" > /etc/ecs/other\ncat /etc/ecs/other >> {F}',
                "trap 'echo ECS_CLUSTER=t >> {F}' EXIT",
                "exit 0",
            )
        ]
    ),
    assignments,
    assignments,
    redirections,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(statements, min_size=1, max_size=6))
def test_reads_what_a_real_bash_does(script: list[str]) -> None:
    """Every setting that the reader knows is what a real bash has written when it has run the script."""
    user_data = "\n".join(["#!/bin/bash", "mkdir -p /etc/ecs", *script])
    reading = linux.read(user_data)
    written = ecs_config.read(executed(user_data)).settings
    hidden = {each.variable for each in reading.unknown}
    for name in variables():
        if name not in hidden and (None not in hidden or name in reading.settings):
            assert reading.settings.get(name, "") == written.get(name, "")


FRAGMENTS = [
    *(
        "#!/bin/bash\n",
        "echo ",
        f"{B}=once",
        " >> ",
        F,
        "\n",
        "; ",
        "if ",
        "then ",
        "fi\n",
        "[ -f x ]",
        " && ",
        " || ",
    ),
    *(
        "$(",
        "`",
        ")",
        "'",
        '"',
        "<<EOF\n",
        "EOF\n",
        "{ ",
        "}",
        "(",
        "for i in ",
        "do ",
        "done\n",
        "case ",
        "esac",
    ),
    *(
        "$X",
        "${X:-",
        "${Token[A.1]}",
        "\\",
        "#",
        "exit 0\n",
        "exec ",
        "trap ",
        "cat ",
        "tee -a ",
        "| ",
        "f() {",
    ),
    *(
        "#cloud-config\n",
        "runcmd:\n",
        "- ",
        "write_files:\n",
        "  content: |\n",
        "## template: jinja\n",
        "{{ x }}",
    ),
    *(
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n',
        "--B\n",
        "--B--\n",
        "\x00",
        "\ufdd0",
    ),
    *(
        "\ufdd01\ufdd1",
        "\ufeff",
        "é",
        "\t",
        "\r\n",
        "\ud800",
        "eval ",
        "bash -c ",
        "((",
        "))",
        "<(",
        "[[ ",
        "]] ",
    ),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join) | st.text(max_size=200))
def test_any_text(user_data: str) -> None:
    """No text makes the reader fail, and what the writer returns holds the setting."""
    assert set(linux.read(user_data).effective) == set(linux.read("").effective)
    try:
        result = linux.add(user_data, ONCE)
    except (ConflictError, UnsupportedError):
        return
    assert linux.read(result).effective[B] == "once"


@pytest.mark.parametrize(
    "user_data",
    [
        "#!/bin/bash\n" + "(" * 16_000,
        "#!/bin/bash\necho " + "$(" * 8_000,
        "#!/bin/bash\necho " + "${X:-" * 3_000,
        "#!/bin/bash\nX=aaaaaaaaaa\n" + "X=$X$X\n" * 60 + f"echo $X >> {F}",
        "#!/bin/bash\necho a > /f\n" + "cat /f /f > /g\ncp /g /f\n" * 60 + f"cat /f >> {F}",
        "#!/bin/bash\n" + f"if [ -f x ]; then echo A=$RANDOM >> {F}; fi\n" * 300,
        f"#!/bin/bash\nf() {{ [ -f x ] && f; echo A >> {F}; f; f; }}\nf",
        f'#!/bin/bash\nX=\'eval "$X"\'\neval "$X" >> {F}',
        "#cloud-config\n" + "[" * 8_000,
        "#!/bin/bash\n" + "a" * 100_000,
    ],
    ids=range(10),
)
def test_bounded(user_data: str) -> None:
    """Text made to grow, branch or nest without end is read in bounded time and memory."""
    linux.read(user_data)
