"""Reader and writer against a real bash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.readers import ecs_config, linux
from cdk_pull.agent.variables import variables
from cdk_pull.agent.writers import linux as linux_writer
from cdk_pull.errors import UnsupportedError
from tests.agent.linux_texts import HOSTILE, ONCE, B, F, executed

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.settings import AgentSettings


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
        result = linux_writer.add(user_data, asked)
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
