"""Reading template files within bounds, and pointing at lines."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.template.errors import MAX_DEPTH, TemplateError
from cdk_pull.template.source import Source, check_shape, read_source

YAML = """\
Parameters:
  Account: {Type: String, Default: 012345678901}
Resources:
  Td: &td
    Type: AWS::ECS::TaskDefinition
    Properties:
      Cpu: 256
      Name: !Ref AWS::StackName
      Arn: !GetAtt Repo.Outputs.Arn
      Odd: !If [A, 1.5, yes]
      UserData:
        Fn::Base64: !Sub |
          #!/bin/bash
          echo ${A}
  Two:
    <<: *td
    Date: 2012-10-17
  Three: *td
"""


def test_yaml_in_long_form() -> None:
    """Short-form tags become the functions they stand for; account numbers and dates stay text."""
    assert Source("t.yaml", YAML).document == {
        "Parameters": {"Account": {"Type": "String", "Default": "012345678901"}},
        "Resources": {
            "Td": (
                td := {
                    "Type": "AWS::ECS::TaskDefinition",
                    "Properties": {
                        "Cpu": 256,
                        "Name": {"Ref": "AWS::StackName"},
                        "Arn": {"Fn::GetAtt": ["Repo", "Outputs.Arn"]},
                        "Odd": {"Fn::If": ["A", 1.5, True]},
                        "UserData": {"Fn::Base64": {"Fn::Sub": "#!/bin/bash\necho ${A}\n"}},
                    },
                }
            ),
            "Two": {**td, "Date": "2012-10-17"},
            "Three": td,
        },
    }


@pytest.mark.parametrize(
    ("path", "inner", "line"),
    [
        (("Resources", "Td", "Properties", "Cpu"), 0, 7),
        (("Resources", "Td", "Properties", "Odd", "Fn::If", 1), 0, 10),
        (("Resources", "Td", "Properties", "Gone", "Deeper"), 0, 6),
        (("Resources", "Td"), 0, 4),
        (("Resources", "Three"), 0, 4),
        (("Resources", "Td", "Properties", "UserData"), 2, 14),
        (("Resources", "Two", "Date"), 0, 17),
        (("Gone",), 0, 1),
    ],
)
def test_lines_of_yaml(path: tuple[str | int, ...], inner: int, line: int) -> None:
    """A path leads to the line of its value, or of what is nearest above it."""
    assert Source("t.yaml", YAML).line_of(path, inner) == line


def test_lines_of_json() -> None:
    """In JSON the line is that of the key."""
    document = {
        "Resources": {"Td": {"Type": "T", "Properties": {"List": [{"Image": "a:b,c"}, {"Image": "{"}]}}}
    }
    source = Source("t.json", json.dumps(document, indent=1))
    assert source.line_of(("Resources", "Td", "Properties", "List", 1, "Image")) == 11
    assert source.line_of(("Resources", "Td", "Properties", "Gone")) == 5
    assert source.line_of(("Resources",)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t is empty, not an object; a template is an object with Resources"),
        ("[]", "t is a list, not an object; a template is an object with Resources"),
        ("text", "t is a text, not an object; a template is an object with Resources"),
        ('{"a": 1} x', "t is not JSON: Extra data: line 1 column 10 (char 9)"),
        ("a: [", "t is not YAML: did not find expected node content at line 2, column 1"),
        (
            "a: 1\n{% if b %}",
            (
                "t is not YAML: found character that cannot start any token at line 2, column 2; a {% … has to be filled in "
                "first"
            ),
        ),
        (
            "a: 1\n{{with .B}}",
            "t is not YAML: could not find expected ':' at line 3, column 1; a {{ … has to be filled in first",
        ),
        ("a: '{{resolve:ssm:b}}'\nc", "t is not YAML: could not find expected ':' at line 3, column 1"),
        ("a: &a [*a]", "t is cyclic: *a at line 1 contains itself"),
        ("a: *b", "t uses *b at line 1, which nothing defines"),
        ("a: 1\n---\nb: 1", "t holds 2 YAML documents; one is needed"),
        ("? a: b\n: c", "t has an object for a key at line 1"),
        ("Name: {{ name }}", "t has an object for a key at line 1; a {{ … }} has to be filled in first"),
        ("a: " + "[" * 100_000, f"t is nested more than {MAX_DEPTH} levels deep"),
        ("- " * 50_000, f"t is nested more than {MAX_DEPTH} levels deep"),
        ('{"a":' * 100_000, f"t is nested more than {MAX_DEPTH} levels deep"),
        ('{"a":' * 300 + "1" + "}" * 300, f"t is nested more than {MAX_DEPTH} levels deep"),
        ("é: 1\nb: \x00", "t is not YAML: control characters are not allowed at line 2"),
    ],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    """Each kind of bad text gives one line that says what is wrong and where."""
    with pytest.raises(TemplateError) as caught:
        Source("t", text)
    assert str(caught.value) == message


def test_aliases_that_multiply() -> None:
    """A short text whose aliases stand for more than memory holds is refused before they are written out."""
    levels = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    levels += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]
    with pytest.raises(TemplateError, match="holds more than 3000000 values"):
        Source("t", "\n".join(levels))


def test_an_object_that_contains_itself() -> None:
    """A cyclic document in memory is refused."""
    document: dict[str, Any] = {}
    document["Resources"] = document
    with pytest.raises(TemplateError, match=f"nested more than {MAX_DEPTH} levels deep"):
        check_shape(document, "memory")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff\xfeR", "is not UTF-8 text: byte 0 is 0xff"),
        ("R".encode("utf-16"), "is UTF-16, UTF-32 or no text at all; write it as UTF-8"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes | None, message: str) -> None:
    """A file that is missing or not text is named, with the cause."""
    file = tmp_path / "t.yaml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(TemplateError) as caught:
        read_source(file)
    assert str(caught.value) == f"{file} {message}"


def test_a_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    """A named pipe is refused; nobody waits for a writer."""
    pipe = tmp_path / "t.yaml"
    os.mkfifo(pipe)
    with pytest.raises(TemplateError) as caught:
        read_source(pipe)
    assert str(caught.value) == f"{pipe} cannot be read: is not a regular file"


def test_a_file_without_an_end() -> None:
    """A device is refused."""
    with pytest.raises(TemplateError, match="/dev/zero cannot be read: is not a regular file"):
        read_source(Path("/dev/zero"))


def test_a_file_of_gigabytes(tmp_path: Path) -> None:
    """Of a file no more is read than a template may have."""
    file = tmp_path / "t.yaml"
    with file.open("wb") as stream:
        stream.truncate(2 << 30)
    with pytest.raises(TemplateError, match=r"t\.yaml cannot be read: is too large"):
        read_source(file)


@pytest.mark.parametrize("text", ["A: 1\nB: 2\nA: 3\n", '{"A": 1, "B": 2,\n\n"A": 3}'])
def test_a_key_that_is_there_twice(text: str) -> None:
    """The last one counts, as it does to CloudFormation, and is the one pointed at; published templates have such."""
    source = Source("t", text)
    assert (source.document["A"], source.line_of(("A",))) == (3, 3)


def test_keys_replace_merged_ones() -> None:
    """A key beside ``<<`` is not there twice, whichever comes first."""
    text = "A: &a {X: 1, Y: 1}\nB: {<<: *a, X: 2}\nC: {Y: 2, <<: [*a, *a]}\n"
    document = Source("t", text).document
    assert (document["B"], document["C"]) == ({"X": 2, "Y": 1}, {"X": 1, "Y": 2})


def test_byte_order_mark(tmp_path: Path) -> None:
    """A byte-order mark at the beginning is no part of the template."""
    file = tmp_path / "t.json"
    file.write_bytes(b'\xef\xbb\xbf{"Resources": {}}')
    assert read_source(file).document == {"Resources": {}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(st.text(), JSON))
def test_json_round_trip(document: dict[str, Any]) -> None:
    """JSON comes back as it was written, and every member has a line."""
    source = Source("t", json.dumps(document, indent=1))
    assert source.document == document
    lines = [source.line_of((key,)) for key in document]
    assert lines == sorted(set(lines))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text leads to anything but a document or a TemplateError."""
    with contextlib.suppress(TemplateError):
        assert isinstance(Source("t", text).document, dict)
