from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.dockerfile.advice import advise
from cdk_pull.image.dockerfile.build import build_of_dockerfile
from cdk_pull.image.dockerfile.parse import MAX_CHARACTERS, Instruction, parse_dockerfile


def _only(text: str) -> list[tuple[str, str, int]]:
    (stage,) = parse_dockerfile(dedent(text)).stages
    return [(each.keyword, each.value, each.line) for each in stage.instructions]


@pytest.mark.parametrize(
    ("text", "instructions"),
    [
        ("FROM a\nrun  b \n", [("RUN", "b", 2)]),
        ("\ufeffFROM a\r\nRUN b\r\n", [("RUN", "b", 2)]),
        ("FROM a\nRUN b \\\n  c\\\n  d\nUSER e", [("RUN", "b   c  d", 2), ("USER", "e", 5)]),
        ("FROM a\nRUN b \\ \n# not this\n\n  c\n", [("RUN", "b   c", 2)]),
        ("FROM a\nRUN b # this is the shell's\n", [("RUN", "b # this is the shell's", 2)]),
        ("# escape=`\nFROM a\nRUN b `\n  c:\\d\n", [("RUN", "b   c:\\d", 3)]),
        ("# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN b `\n c\n", [("RUN", "b  c", 4)]),
        ("# a comment ends the directives\n# escape=`\nFROM a\nRUN b \\\n c\n", [("RUN", "b  c", 4)]),
        ("\n# escape=`\nFROM a\nRUN b \\\n c\n", [("RUN", "b  c", 4)]),
        ("FROM a\nONBUILD RUN b\n", [("ONBUILD", "RUN b", 2)]),
        ("FROM a\nRUN b \\", [("RUN", "b", 2)]),
        ("FROM a\nCMD\n", [("CMD", "", 2)]),
    ],
)
def test_lines_are_joined_as_buildkit_joins_them(text: str, instructions: list[tuple[str, str, int]]) -> None:
    """Continued lines, comments within them, directives, a byte order mark and Windows line ends read as in BuildKit."""
    assert _only(text) == instructions


def test_flags_and_here_documents() -> None:
    """Flags are taken off the value, each here-document is read to its end, and the next instruction follows."""
    (stage,) = parse_dockerfile(
        dedent(
            """\
            FROM --platform=linux/arm64 a
            RUN --mount=type=cache,target=/root/.cache --network="none" pip install x
            RUN <<EOF
            apt-get update
            # kept
            EOF
            COPY --chown=1:1 <<-"ONE" <<TWO /folder/
            \tone
            ONE
            two
            TWO
            RUN python <<E && true
            print()
            E
            USER b
            """
        ).replace("FROM --platform=linux/arm64 a", "FROM a")
    ).stages
    assert stage.instructions == (
        Instruction(
            keyword="RUN",
            value="pip install x",
            line=2,
            flags=(("mount", "type=cache,target=/root/.cache"), ("network", "none")),
        ),
        Instruction(keyword="RUN", value="<<EOF", line=3, heredocs=("apt-get update\n# kept",)),
        Instruction(
            keyword="COPY",
            value='<<-"ONE" <<TWO /folder/',
            line=7,
            flags=(("chown", "1:1"),),
            heredocs=("one", "two"),
        ),
        Instruction(keyword="RUN", value="python <<E && true", line=12, heredocs=("print()",)),
        Instruction(keyword="USER", value="b", line=15),
    )
    assert [each.script for each in stage.instructions[1:4:2]] == [
        "apt-get update\n# kept",
        "python <<E && true\nprint()",
    ]


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ("FROM node:22", "node:22"),
        ("FROM --platform=$BUILDPLATFORM node:22 as x", "node:22"),
        ("ARG V=22\nFROM node:$V", "node:22"),
        ("ARG V\nFROM node:${V:-20}", "node:20"),
        ("ARG V=22\nFROM node:${V:-20}", "node:22"),
        ("ARG V=\nFROM node:${V:-20}", "node:20"),
        ("ARG V=22\nFROM node:22${V:+-slim}", "node:22-slim"),
        ("ARG V\nFROM node:22${V:+-slim}", "node:22"),
        ("ARG V\nFROM node:$V", ""),
        ("FROM node:$V", ""),
        ('ARG A=node B="22"\nARG BASE=$A:$B\nFROM $BASE', "node:22"),
        ("ARG GIVEN=no\nFROM node:$GIVEN", "node:yes"),
        ("ARG V=22\nFROM node:${V#2}", ""),
    ],
)
def test_the_base_of_a_stage(head: str, base: str) -> None:
    """The variables of a FROM are those before it, by their defaults or by what the build is given; else it is unknown."""
    assert parse_dockerfile(head, build_args={"GIVEN": "yes"}).stages[0].base == base


def test_an_image_is_made_of_the_stages_that_it_builds_on() -> None:
    """A stage's base may be an earlier stage by its name in any case; a later one of that name is somebody's image."""
    dockerfile = parse_dockerfile(
        "FROM a AS Build\nRUN 1\nFROM build AS test\nRUN 2\nFROM final\nRUN 3\nFROM b AS final\nRUN 4\n"
    )

    def lines(target: str | None) -> list[int]:
        return [stage.line for stage in dockerfile.lineage(target)]

    assert [lines(target) for target in ("build", "TEST", "0", "2", None)] == [[1], [1, 3], [1], [5], [7]]
    for target in ("nope", "4", "-1", "²"):
        with pytest.raises(InvalidValueError) as raised:
            dockerfile.lineage(target)
        assert str(raised.value) == (
            f"Dockerfile has no stage of this name: {target!r}; allowed: Build, test, 2, final"
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "web/Dockerfile has no FROM: 'web/Dockerfile'; allowed: a Dockerfile, which has one"),
        ("ARG A\n", "web/Dockerfile has no FROM"),
        ("RUN a\nFROM b", "web/Dockerfile:1: an instruction before the first FROM: 'RUN'; allowed: ARG"),
        ("FROM a\n\nRUM b", "web/Dockerfile:3: unknown instruction: 'RUM'; allowed: ADD, ARG, CMD"),
        ("FROM a b", "web/Dockerfile:1: FROM is malformed: 'a b'; allowed: FROM image [AS name]"),
        ("FROM", "web/Dockerfile:1: FROM is malformed: ''"),
        (
            "FROM a\nRUN <<EOF\nx\n",
            "web/Dockerfile:2: a here-document without its end: 'EOF'; allowed: a line EOF",
        ),
        ("\0\0ELF", "web/Dockerfile:1: unknown instruction: '\\x00\\x00ELF'"),
        (
            "FROM a\n" + "RUN b\n" * 5001,
            "web/Dockerfile has too many instructions: 5000; allowed: at most 5000",
        ),
        (
            "#" * (MAX_CHARACTERS + 1),
            "web/Dockerfile is too large: '1048577 characters'; allowed: at most 1048576 characters",
        ),
    ],
    ids=range(10),
)
def test_what_buildkit_refuses_is_refused_in_one_line(text: str, message: str) -> None:
    """An error names the file, the line, what is wrong and what is allowed."""
    with pytest.raises(InvalidValueError) as raised:
        parse_dockerfile(text, name="web/Dockerfile")
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


_WORDS = st.sampled_from(
    ["FROM", "a", "AS", "RUN", "ARG", "X=$X$X", "COPY", ". .", "<<E", "E", "\\", "`", "# escape=`", "$X", "${", "&&",
     "apt-get update", "apt-get install gcc", "rm -rf", "/var/lib/apt/lists", '"', "'", "[", "…", "ENV", "\n", "\n", " "]
)  # fmt: skip


@given(st.lists(_WORDS | st.text(max_size=5), max_size=60).map("".join))
def test_whatever_the_text_is_it_is_read_or_refused(text: str) -> None:
    """Any text is either a Dockerfile that can be advised on or one error in one line."""
    for each in (text, f"FROM node:22\n{text}"):
        try:
            dockerfile = parse_dockerfile(each)
        except InvalidValueError as error:
            assert str(error).isprintable()  # noqa: PT017 - hypothesis gives both
            continue
        assert all(str(advice).isprintable() for advice in advise(build_of_dockerfile(dockerfile)))
