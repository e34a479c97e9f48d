"""What the reader makes of user data of Linux."""

from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.readers import linux
from cdk_pull.agent.writers import linux as linux_writer
from cdk_pull.errors import ConflictError, UnsupportedError
from tests.agent.linux_texts import ONCE, SCRIPT_PART, B, F, mime


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
        (f"#!/bin/bash\necho {B}=once", ["written-elsewhere"]),
        (f"#!/bin/bash\necho {B}=once >> /etc/environment", ["written-elsewhere"]),
        (f"#!/bin/bash\necho 'export {B}=once' > /etc/profile.d/ecs.sh", ["written-elsewhere"]),
        (f"#!/bin/bash\necho {B}=once >> /etc/ecs.config", ["written-elsewhere"]),
        (f"#!/bin/bash\necho {B}=once >> /etc/ecs/ecs.conf", ["written-elsewhere"]),
        (f"#!/bin/bash\necho '{B}: once' >> {F}", ["blanks"]),
        (f'#!/bin/bash\necho \'"{B}": "once"\' >> {F}', ["blanks"]),
        (f"#!/bin/bash\necho '\"{B}=once\"' >> {F}", ["quotes"]),
        (f"#!/bin/bash\necho '\"{B}\"=once' >> {F}", ["quotes"]),
        (f"#!/bin/bash\necho {B[:-2]}OUR=once >> {F}", ["letter-case"]),
        (f"#!/bin/bash\necho 'ECS_CLUSTER=x\\n{B}=once' >> {F}", ["glued-line"]),
        (f"#!/bin/bash\necho 'ECS_CLUSTER=x {B}=once' >> {F}", ["glued-line"]),
        (f"#!/bin/bash\nprintf 'A=b\\n\ufeff{B}=once\\n' >> {F}", ["byte-order-mark"]),
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
        ("#!/bin/bash\nservice ecs start", ["starts-agent"]),
        ("#!/bin/bash\nsleep 5 && systemctl restart ecs &", []),
        ("#!/bin/bash\n(sleep 5; systemctl restart ecs) &", []),
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
        (
            f"#!/bin/bash\npython3 -c \"open('{F}', 'a').write('A=b')\"",
            None,
            2,
            f"python3 changes {F} in its own way",
        ),
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
            "${Token[TOKEN.1]} is known only at deployment",
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
        result = linux_writer.add(user_data, ONCE)
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
