"""What bash refuses, held against bash itself."""

from __future__ import annotations

import os
import subprocess
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.readers import ecs_config, linux
from cdk_pull.agent.script.bash.syntax import Document, Form, Refusal, examine
from cdk_pull.agent.variables import variables
from tests.agent.linux_texts import executed

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
ONCE: Final = f"echo {B}=once >> {F}"
# What scripts are made of, and what is left of it when a part is forgotten.
PIECES: Final = [
    *("echo a", "echo 'b'", 'echo "c $X"', "x=1", "a=(1 2)", "ls > f", "ls >", "ls; ls", "# c'", "echo a#b"),
    *("if true; then", "if ls; then ls; fi", "elif false; then", "then", "else", "fi", "fi | cat"),
    *(
        "while true; do",
        "until ls; do",
        "for i in a b; do",
        "for ((i=0;i<3;i++)); do",
        "do",
        "done",
        "done < f",
    ),
    *("case $x in", "a) ls;;", "*) ls", "(b|c) ls;;", "esac", ";;", "select x in a; do"),
    *(
        "{",
        "}",
        "} >> f",
        "{ ls; }",
        "(",
        ")",
        "( ls )",
        "f() {",
        "function g {",
        "echo $(ls)",
        "echo $(",
        "`ls`",
    ),
    *("cat <<EOF", "cat <<-'X'", "EOF", "X", "[[ -f x ]]", "[[ -f x && -n y ]]", "((i++))", "echo $((1+2))"),
    *("&& ls", "ls &&", "|| true", "| cat", "ls |", "&", ";", "! ls", "time ls", "2>&1", "exec 3>&1", "\\"),
    *('echo "', "echo '", "echo ${X:-a}", "echo ${X", "echo <(ls)", "echo 'x\ny'"),
]
lines = st.lists(
    st.sampled_from(PIECES)
    | st.builds(
        "{}{}{}".format, st.sampled_from(PIECES), st.sampled_from(["; ", " "]), st.sampled_from(PIECES)
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=200, deadline=None)
@given(lines.filter(lambda lines: not any(" a=(1 2)" in line for line in lines)))
def test_refuses_what_bash_refuses(lines: list[str]) -> None:
    """Bash and the reader refuse the same scripts."""
    script = "\n".join(lines) + "\n"
    ran = subprocess.run(
        ["bash", "-n"],
        input=script,
        text=True,
        capture_output=True,
        check=False,
        timeout=20,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    assert (examine(script).refusal is not None) == (ran.returncode != 0), ran.stderr


@pytest.mark.parametrize(
    "broken",
    [
        f"if true; then\n{ONCE}",
        f"if true; then\n{ONCE}\nelse\nls",
        f"if true\n{ONCE}\nfi",
        f"while false; do\nls\n{ONCE}",
        f"for i in 1 2; do\n{ONCE}",
        f"for i in 1 2\n{ONCE}\ndone",
        f"case x in\nx) {ONCE}\n",
        f"case x in\nx) {ONCE};;\n",
        f"f() {{\n{ONCE}\nf",
        f"{{ {ONCE}",
        f"( {ONCE}",
        f"echo $( {ONCE}",
        f"echo 'open\n{ONCE}",
        f'echo "open\n{ONCE}',
        f"echo `open\n{ONCE}",
        f"fi\n{ONCE}",
        f"ls; fi\n{ONCE}",
        f"done\n{ONCE}",
        f"}}\n{ONCE}",
        f")\n{ONCE}",
        f"then\n{ONCE}",
        f"ls >\n{ONCE}",
        f"| cat\n{ONCE}",
        f"&& {ONCE}",
        "ls &&\n\n",
        f"if true; then fi\n{ONCE}",
        f"while true; do done\n{ONCE}",
        f"ls ;; \n{ONCE}",
        f"[[ -f x ; {ONCE}",
        f"for in a b; do {ONCE}; done; for",
        f"esac; {ONCE}",
        f"ls; {ONCE}; if",
    ],
)
def test_runs_what_bash_runs(broken: str) -> None:
    """What stands before a command that bash refuses takes effect, and nothing from there on."""
    script = f"#!/bin/bash\nmkdir -p /etc/ecs\necho ECS_WARM_POOLS_CHECK=true >> {F}\n{broken}\n"
    reading = linux.read(script)
    written = ecs_config.read(executed(script)).settings
    assert {name: reading.settings.get(name) for name in variables()} == {
        name: written.get(name) for name in variables()
    }
    assert ("syntax-error", B) in [
        (each.code, each.variable) for each in reading.warnings
    ] or ONCE not in broken


def test_names_what_does_not_end() -> None:
    """The warning stands where what does not end begins, and says from where on nothing runs."""
    reading = linux.read(f"#!/bin/bash\nls\nls; if true; then\n  {ONCE}\n")
    assert [(each.line, each.message) for each in reading.warnings] == [
        (3, f"{B} has no effect: this if does not end, and bash runs nothing from line 3 on")
    ]
    reading = linux.read(f"#!/bin/bash\nls\nfi\n{ONCE}\n")
    assert [(each.line, each.message) for each in reading.warnings] == [
        (3, f"{B} has no effect: bash rejects fi here, and bash runs nothing from line 3 on")
    ]


@pytest.mark.parametrize(
    "script",
    [
        f"{ONCE}\nif true; then\nls",
        f"{ONCE}\n${{Token[A.1]}}\nif true; then\n${{Token[A.2]}}",
        f"if true; then\n${{Token[A.1]}}\n{ONCE}",
    ],
)
def test_nothing_lost(script: str) -> None:
    """A refusal after the settings is none of their faults; unknown lines may end what is open."""
    reading = linux.read(f"#!/bin/bash\n{script}\n")
    assert [each.code for each in reading.warnings] == []


@pytest.mark.parametrize(
    "text",
    [
        "(" * 16_000,
        "echo " + "$(" * 8_000,
        "if true; then\n" * 1_100,
        "'" * 16_001,
        'x="' + "${X:-" * 3_000,
        "a; " * 5_000,
        "cat <<E\n" * 2_000,
        "a=( " * 4_000,
        "((\n" * 5_000,
        "\\" * 16_000,
        "case x in\n" * 1_600,
    ],
)
def test_bounded(text: str) -> None:
    """Any text is examined in bounded time and depth."""
    examine(text)


@pytest.mark.parametrize(
    ("script", "form"),
    [
        ("cat <<E\na\n E\nls\n", Form(None, (Document(0, "E"),))),
        ("ls\ncat <<E > f\nE \nls", Form(None, (Document(1, "E"),))),
        ("cat <<-E\n\ta\n\tE\nls\n", Form(None, ())),
        ("cat <<E\na\nE\nls\n", Form(None, ())),
        ("cat <<A <<'B'\nA\nb\nB\n", Form(None, ())),
        ("ls\n\nif a; then\n", Form(Refusal(2, 2, "this if does not end"), ())),
        ("", Form(None, ())),
    ],
)
def test_form(script: str, form: Form) -> None:
    """A here-document ends at the word alone on a line, and else at the end of the script."""
    assert examine(script) == form


@pytest.mark.parametrize(
    ("script", "warnings"),
    [
        # Typographic quotes, as AWS's page on Outposts has them.
        (f"cat << \u2018EOF\u2019 >> {F}\nECS_CLUSTER=edge\nEOF\n{ONCE}", [("typographic-quotes", 2)]),
        (f"cat <<\u201cEOF\u201d >> {F}\nECS_CLUSTER=edge\nEOF\n{ONCE}", [("typographic-quotes", 2)]),
        (f"cat >> {F} <<\u2018EOF\u2019\nECS_CLUSTER=edge\nEOF\nls\n{ONCE}", [("typographic-quotes", 2)]),
        (f"cat << \u2018EOF\u2019 >> {F}\n{B}=once\n\u2018EOF\u2019\nls", []),
        (f"cat << \u2018EOF\u2019 >> {F}\n{B}=once\nEOF\n", []),
        # Another word at the end, or none.
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\nEOT\n{ONCE}", [("here-document", 4)]),
        (f"cat <<EOT >> {F}\nECS_CLUSTER=a\nEOF\n{ONCE}", [("here-document", 4)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\nEND\n{ONCE}", [("here-document", 4)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\n  EOF\n{ONCE}", [("here-document", 4)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\n\tEOF\n{ONCE}", [("here-document", 4)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\nEOF \n{ONCE}", [("here-document", 4)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\n{ONCE}", [("here-document", 2)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\nEOF;\n{ONCE}", [("here-document", 2)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\n{B}=once", []),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\n{B}=once\n  EOF", []),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\nEOF\n{ONCE}", []),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=a\nEOT\n{B}=once\nEOF\n", []),
        (f"cat <<EOF > /opt/x\nsome\nEOT\nls\nEOF\n{ONCE}", []),
        (f"cat <<-EOF >> {F}\n\tECS_CLUSTER=a\n\tEOF\n{ONCE}", []),
        # Quotes that are a part of the name or the value.
        (f"echo \u201c{B}=once\u201d >> {F}", [("quotes", 2)]),
        (f"echo {B}=\u201conce\u201d >> {F}", [("quotes", 2)]),
        (f"echo {B}=\u2018once\u2019 >> {F}", [("quotes", 2)]),
        (f"cat <<EOF >> {F}\n{B}=\u201conce\u201d\nEOF", [("quotes", 3)]),
        (f'cat <<EOF >> {F}\nECS_CLUSTER="web"\n{B}=once\nEOF', [("quoted-cluster", 3)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER='web'\nEOF\n{ONCE}", [("quoted-cluster", 3)]),
        (f"cat <<EOF >> {F}\nECS_CLUSTER=\u201cweb\u201d\nEOF\n{ONCE}", [("quoted-cluster", 3)]),
        (f"echo 'ECS_CLUSTER=\"web\"' >> {F}\n{ONCE}", [("quoted-cluster", 2)]),
        (f'echo "ECS_CLUSTER=\\"web\\"" >> {F}\n{ONCE}', [("quoted-cluster", 2)]),
        (f'cat <<EOF >> {F}\nECS_CLUSTER="$CLUSTER"\nEOF\n{ONCE}', [("quoted-cluster", 3)]),
        (f'echo ECS_CLUSTER="web" >> {F}\n{ONCE}', []),
        (f"echo ECS_CLUSTER='web' >> {F}\n{ONCE}", []),
        (f'ECS_CLUSTER="web"\necho ECS_CLUSTER=$ECS_CLUSTER >> {F}\n{ONCE}', []),
        (f'cat <<EOF > /opt/x.env\nECS_CLUSTER="web"\nEOF\n{ONCE}', []),
    ],
)
def test_quotes_and_ends(script: str, warnings: list[tuple[str, int]]) -> None:
    """A here-document that swallows the rest, and quotes that the agent keeps, are found on their line."""
    found = linux.read(f"#!/bin/bash\n{script}\n").warnings
    assert [(str(each.code), each.line) for each in found if each.code != "two-values"] == warnings
