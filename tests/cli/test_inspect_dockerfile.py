from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from cdk_pull.cli import main

if TYPE_CHECKING:
    from pathlib import Path

_DOCKERFILE = """\
ARG VERSION
FROM python:${VERSION}
RUN pip install flask
CMD ["python"]
"""
_HISTORY = """\
{"Comment":"buildkit.dockerfile.v0","CreatedBy":"CMD [\\"python\\"]","ID":"<missing>","Size":"0B"}
{"CreatedBy":"RUN /bin/sh -c pip install flask # buildkit","ID":"<missing>","Size":"24.5MB"}
{"CreatedBy":"RUN # debian.sh --arch 'amd64' out/ 'bookworm'","ID":"<missing>","Size":"116857344"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a Dockerfile and what Docker says of its image."""
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    (tmp_path / "history.json").write_text(_HISTORY)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str, str]:
    """Run the command and return its exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as caught:
        main(["inspect", *map(str, arguments)])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


def test_a_dockerfile_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Dockerfile, or its folder, is advised on without a registry; what is not known is said."""
    monkeypatch.setenv("COLUMNS", "120")
    for path in (folder, folder / "Dockerfile"):
        assert run(capsys, "--dockerfile", path) == (
            0,
            (
                "What would make it smaller\n"
                "  line 3  pip's cache stays in the layer of pip install\n"
                "    RUN pip install flask\n"
                "    Add --no-cache-dir.\n"
                "    saves: unknown without the sizes of the layers\n"
                "not evaluated: line 2: the base image is a variable without a value: give it with --build-arg\n"
            ),
            "",
        )


def test_sizes_of_a_local_build(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `docker history` writes gives the sizes, from a file or from standard input."""
    monkeypatch.setattr("sys.stdin", StringIO(_HISTORY))
    for history in (folder / "history.json", "-"):
        status, out, err = run(
            capsys, "--dockerfile", folder, "--build-arg", "VERSION=3.12", "--history", history, "--json"
        )
        assert (status, err) == (0, "")
        answer = json.loads(out)
        assert [(each["line"], each["code"], each["saves"]) for each in answer["advice"]] == [
            (2, "base", "335 MB, as measured of 3.12-bookworm on amd64, 2026-09-19"),
            (3, "cache", "at most 24.5 MB unpacked, the layer's size"),
            (2, "base", "unknown: nobody has looked at both"),
        ]
        assert (answer["images"], answer["not_evaluated"]) == ([], [])


def test_a_history_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the Dockerfile, the history tells by its steps."""
    status, out, _ = run(capsys, "--history", folder / "history.json", "--json")
    (advice, *_) = json.loads(out)["advice"]
    assert (status, advice) == (
        0,
        {
            "code": "cache",
            "line": None,
            "step": "RUN pip install flask",
            "problem": "pip's cache stays in the layer of pip install",
            "fix": "Add --no-cache-dir",
            "saves": "at most 24.5 MB unpacked, the layer's size",
            "saves_bytes": 24_500_000,
        },
    )


def test_an_image_of_another_dockerfile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sizes of an image that was built by other instructions are not taken."""
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY a b\nRUN pip install flask\n")
    _, out, _ = run(capsys, "--dockerfile", folder, "--history", folder / "history.json")
    assert " ".join(out.split()).endswith(
        "not evaluated: the sizes of the layers: the image was not built by the instructions of this Dockerfile"
    )


def test_nothing_to_say(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A Dockerfile without a finding says so."""
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY --chown=1:1 app /app\n")
    assert run(capsys, "--dockerfile", folder) == (0, "Nothing found that would make it smaller\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'IMAGE...', or --dockerfile PATH."),
        (["--dockerfile", "{}/none"], "Dockerfile cannot be read (No such file or directory): "),
        (
            ["--dockerfile", "/dev/null"],
            "Dockerfile is not a regular file: '/dev/null'; allowed: a regular file",
        ),
        (["--dockerfile", "{}/history.json"], "{}/history.json:1: unknown instruction: "),
        (["--dockerfile", "{}", "--target", "x"], "Dockerfile has no stage of this name: 'x'; allowed: 0"),
        (["--dockerfile", "{}", "--build-arg", "x"], "invalid --build-arg: 'x'; allowed: NAME=VALUE"),
        (["--dockerfile", "{}", "--build-arg", "=x"], "invalid --build-arg: '=x'; allowed: NAME=VALUE"),
        (
            ["--target", "x"],
            "--target and --build-arg are of a Dockerfile: give --dockerfile PATH beside them",
        ),
        (
            ["a", "b", "--dockerfile", "{}"],
            "--dockerfile is given with 2 images: name the one that it builds",
        ),
        (
            ["a", "--history", "-"],
            "--history and the image a both give the sizes of the layers: keep one of them",
        ),
        (["--history", "{}/none"], "history cannot be read (No such file or directory): "),
        (
            ["--history", "{}/Dockerfile"],
            (
                "line 1 of the history is not what docker history writes: 'ARG VERSION'; allowed: docker history --no-trunc "
                "--format json IMAGE"
            ),
        ),
    ],
    ids=range(12),
)
def test_bad_input_is_refused_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Each wrong input is one error on standard error, with status 2."""
    status, out, err = run(capsys, *(each.format(folder) for each in arguments))
    assert (status, out) == (2, "")
    assert err.startswith(f"cdk-pull: {message.format(folder)}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{}",
        '{"CreatedBy": 1, "Size": "1B"}',
        '{"CreatedBy": "RUN a", "Size": "much"}',
        "[" * 9999,
        '{"CreatedBy":"a"}',
    ],
)
def test_a_history_of_another_form(folder: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    """A line that Docker would not write is refused, whatever it is."""
    (folder / "history.json").write_text(line)
    status, _, err = run(capsys, "--history", folder / "history.json")
    assert (status, err.count("\n")) == (2, 1)
