from __future__ import annotations

import base64
import gzip
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.cloud_init.parts import is_shell, kind_of, parts, unix_lines


def test_lines_of_equal_parts() -> None:
    """Each of two equal parts has its own line."""
    part = "--B\nContent-Type: text/x-shellscript\n\n#!/bin/bash\n"
    text = f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n{part}{part}--B--\n'
    assert [each.line for each in parts(text, Holes())] == [7, 11]


def test_one_part() -> None:
    """Text that is no archive is one part, of the kind that its beginning tells."""
    (part,) = parts("#cloud-config\n", Holes())
    assert (part.kind, part.text, part.line, part.spread) == ("text/cloud-config", "#cloud-config\n", 1, True)


def test_archive_by_the_standard_library() -> None:
    """An archive that Python's own email package wrote is taken apart, its encoded parts decoded."""
    archive = MIMEMultipart()
    archive.attach(MIMEText("#!/bin/bash\nls é\n", "x-shellscript", "utf-8"))
    named = MIMEText("#cloud-config\n", "cloud-config")
    named.add_header("Content-Disposition", "attachment", filename="first.cfg")
    archive.attach(named)
    archive.attach(MIMEText("#!/bin/sh\n", "plain"))
    archive.attach(MIMEApplication(gzip.compress(b"#!/bin/bash\nzip\n"), "x-gzip"))
    archive.attach(MIMEApplication(b"not gzip", "x-gzip"))
    text = archive.as_string()
    found = list(parts(text, Holes()))
    assert [(each.kind, each.name, each.text) for each in found] == [
        ("text/x-shellscript", "part-001", "#!/bin/bash\nls é\n"),
        ("text/cloud-config", "first.cfg", "#cloud-config\n"),
        ("text/x-shellscript", "part-003", "#!/bin/sh\n"),
        ("text/x-shellscript", "part-004", "#!/bin/bash\nzip\n"),
        ("application/x-gzip", "part-005", None),
    ]
    assert [text.split("\n")[each.line - 1] for each in found[:3]] == [
        base64.encodebytes("#!/bin/bash\nls é\n".encode()).decode().strip(),
        "#cloud-config",
        "#!/bin/sh",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ""),
        ("ls", ""),
        ("  \n#!/bin/sh", "text/x-shellscript"),
        ("#CLOUD-CONFIG", "text/cloud-config"),
        ("#cloud-config-archive\n", "text/cloud-config-archive"),
        ("#cloud-config-jsonp\n", "text/cloud-config-jsonp"),
        ("#include-once\n", "text/x-include-once-url"),
        ("#part-handler", "text/part-handler"),
        ("## template: jinja\n#!/bin/sh", "text/jinja2"),
    ],
)
def test_kind_of(text: str, kind: str) -> None:
    """The beginning of a text tells its kind, as cloud-init looks for it."""
    assert kind_of(text) == kind


def test_unix_lines() -> None:
    """Carriage returns go where the first line ends in one, and stay where it does not."""
    assert unix_lines("#!/bin/sh\r\nls\r\n") == "#!/bin/sh\nls\n"
    assert unix_lines("#!/bin/sh\nls\r\n") == "#!/bin/sh\nls\r\n"


@pytest.mark.parametrize(
    ("script", "shell"),
    [
        ("ls", True),
        ("#!/bin/bash -xe\n", True),
        ("#! /usr/bin/env sh\n", True),
        ("#!/bin/dash", True),
        ("#cloud-boothook\n#!/bin/sh\n", True),
        ("#!/usr/bin/python3\n", False),
        ("#!/usr/bin/env perl\nsh", False),
        ("#cloud-boothook\n#!/usr/bin/python3\n", False),
    ],
)
def test_is_shell(script: str, shell: bool) -> None:  # noqa: FBT001 - a case's value
    """The interpreter after #! tells whether a script is one for a shell."""
    assert is_shell(script) is shell
