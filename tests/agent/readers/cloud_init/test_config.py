from __future__ import annotations

import base64
import gzip
import json

import pytest

from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers import linux
from cdk_pull.agent.readers.cloud_init.config import load, steps
from cdk_pull.agent.readers.cloud_init.steps import Opaque, Script, Stage, Write
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.writers import linux as linux_writer
from cdk_pull.errors import UnsupportedError


def test_order_and_lines() -> None:
    """A cloud-config's commands and files become steps, each line with its place in the user data."""
    text = (
        "#cloud-config\nruncmd:\n- ls\n- [echo, it's]\n-\n- |\n  one\n  two\nbootcmd: [boot]\n"
        "write_files:\n- path: /a\n  content: |\n    x\n- path: /b\n  defer: true\n- x\n- content: y\n"
    )
    document = load(text, 10, spread=True)
    assert document is not None
    boot, run, first, second = steps([document], Holes())
    assert isinstance(boot, Script)
    assert isinstance(run, Script)
    assert (boot.stage, boot.text) == (Stage.BOOTCMD, "#!/bin/sh\nboot\n")
    assert (run.stage, run.text) == (Stage.SCRIPTS, "#!/bin/sh\nls\n'echo' 'it'\\''s'\none\ntwo\n\n")
    assert [run.lines(number) for number in (2, 3, 4, 5)] == [12, 13, 16, 17]
    assert first == Write(Stage.WRITE_FILES, "0000", "/a", "x\n", append=False, line=22, spread=True)
    assert isinstance(second, Write)
    assert (second.stage, second.path, second.content) == (Stage.WRITE_FILES_DEFERRED, "/b", "")


@pytest.mark.parametrize(
    ("encoding", "content", "written"),
    [
        ("", "text\n", "text\n"),
        ("text/plain", "text\n", "text\n"),
        ("b64", base64.b64encode(b"text\n").decode(), "text\n"),
        ("base64", base64.b64encode(b"text\n").decode(), "text\n"),
        ("gz+base64", base64.b64encode(gzip.compress(b"text\n", mtime=0)).decode(), "text\n"),
        ("gzip+b64", base64.b64encode(gzip.compress(b"text\n", mtime=0)).decode(), "text\n"),
        ("b64", "a", None),
        ("gzip", "text", None),
        ("gz+b64", base64.b64encode(b"text").decode(), None),
        ("b64", base64.b64encode(b"\xff").decode(), None),
    ],
)
def test_encodings(encoding: str, content: str, written: str | None) -> None:
    """Content is decoded as cloud-init does; what cannot be decoded is unknown."""
    entry = json.dumps({"path": "/a", "encoding": encoding, "content": content})
    document = load(f"write_files:\n- {entry}", 1, spread=True)
    assert document is not None
    (step,) = steps([document], Holes())
    assert isinstance(step, Write)
    assert step.content == written


def test_tokens_in_encoded_content() -> None:
    """An encoded content with a token in it is unknown."""
    holes = Holes()
    document = load(
        holes.hide_tokens("write_files:\n- path: /a\n  encoding: b64\n  content: ${Token[A.1]}\n"),
        1,
        spread=True,
    )
    assert document is not None
    (step,) = steps([document], holes)
    assert isinstance(step, Write)
    assert step.content is None


def test_later_parts_replace_earlier_ones() -> None:
    """Of two parts the later one's list counts, unless they ask for another way of merging."""
    one, other = (load(f"runcmd: [{name}]", 1, spread=True) for name in ("a", "b"))
    appending = load("merge_how: 'list(append)'\nruncmd: [c]", 1, spread=True)
    assert one is not None
    assert other is not None
    assert appending is not None
    (step,) = steps([one, other], Holes())
    assert isinstance(step, Script)
    assert step.text == "#!/bin/sh\nb\n"
    assert any(isinstance(each, Opaque) for each in steps([one, appending], Holes()))


@pytest.mark.parametrize(
    "text", ["", "- a", "[", "a: b: c", "? [a]\n: b", "a: 2001-99-99", "a: \x01", "{" * 5_000]
)
def test_no_mapping(text: str) -> None:
    """What is not a YAML mapping is none."""
    assert load(text, 1, spread=True) is None


def test_a_command_that_yaml_takes_for_a_mapping() -> None:
    """One command that is none to cloud-init keeps all of them from running, and nothing can be added there."""
    line = "echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config"
    text = f"#cloud-config\nruncmd:\n- {line}\n- echo colour: red\n"
    assert linux.read(text).effective["ECS_IMAGE_PULL_BEHAVIOR"] == "default"
    with pytest.raises(UnsupportedError, match="no place in this user data is sure to set"):
        linux_writer.add(text, AgentSettings(image_pull_behavior=PullBehavior.ONCE))
