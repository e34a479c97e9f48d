from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.instance import detect


@pytest.mark.parametrize(
    ("user_data", "os"),
    [
        ("", None),
        ("hello", None),
        ("[other]\nx = 1", None),
        ("#!/bin/bash\n", "linux"),
        ("\n  #!/bin/bash\n", "linux"),
        ("#cloud-config\n", "linux"),
        ("#cloud-boothook\n", "linux"),
        ("#include http://x", "linux"),
        ("## template: jinja\n#cloud-config", "linux"),
        ('Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n', "linux"),
        ("echo A=b >> /etc/ecs/ecs.config", "linux"),
        ("#!/bin/bash\ncat <<EOF > x\n<powershell>\n[settings.ecs]\nEOF", "linux"),
        ("<powershell>\nls\n</powershell>", "windows"),
        ("<PowerShell>", "windows"),
        ("<script>dir</script>", "windows"),
        ("Initialize-ECSAgent -Cluster x", "windows"),
        ('[Environment]::SetEnvironmentVariable("A", "b", "Machine")', "windows"),
        ("version: 1.1\ntasks:\n- task: executeScript\n", "windows"),
        ("[settings.ecs]\ncluster = 'x'", "bottlerocket"),
        ("[settings]\n", "bottlerocket"),
        ("settings.ecs.cluster = 'x'", "bottlerocket"),
        ("# ours\n\n[settings.kernel]\nlockdown = ${Token[TOKEN.1]}", "bottlerocket"),
        ("[settings.ecs]\necho ECS_CLUSTER=x >> /etc/ecs/ecs.config", "bottlerocket"),
    ],
)
def test_detect(user_data: str, os: str | None) -> None:
    """The text alone tells the operating system, or nothing does."""
    assert detect(user_data) == os


@given(st.text())
def test_any_text(user_data: str) -> None:
    """No text makes it fail."""
    assert detect(user_data) in {None, "linux", "windows", "bottlerocket"}
