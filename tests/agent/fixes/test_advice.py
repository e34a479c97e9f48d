"""What a finding says to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_pull.agent.fixes.advice import advise
from cdk_pull.agent.user_data import read_user_data

if TYPE_CHECKING:
    from cdk_pull.agent.variables import OperatingSystem

B = "ECS_IMAGE_PULL_BEHAVIOR"
F = "/etc/ecs/ecs.config"
HEAD = f"#!/bin/bash\necho ECS_CLUSTER=web >> {F}\n"
TOML_ALONE = "Write TOML alone: one header for each table, one line for each key in the form key = value, texts in double quotes"
SET = "[Environment]::SetEnvironmentVariable"


def _advice(text: str, os: OperatingSystem) -> list[tuple[str, str]]:
    return [(each.text, each.autofix) for each in advise(text, os, read_user_data(text, os))]


def test_a_long_text() -> None:
    """Of a long text a few warnings are tried to be fixed, and the others get the line as it would be anywhere."""
    text = "#!/bin/bash\n" + f'echo "{B} =once" >> {F}\n' * 250
    told = _advice(text, "linux")
    assert told[0] == (f'echo "{B}=once" >> {F}', "safe")
    assert told[-1] == (f"echo {B}=once >> {F}", "")


@pytest.mark.parametrize(
    ("line", "told", "autofix"),
    [
        (f"echo {B}=Once >> {F}", f"echo {B}=once >> {F}", "safe"),
        (f"echo '{B}: once' >> {F}", f"echo '{B}=once' >> {F}", "safe"),
        (f"echo {B[:-2]}OUR=once >> {F}", f"echo {B}=once >> {F}", "safe"),
        (f"printf '{B}=%s\\n' Once >> {F}", f"printf '{B}=%s\\n' once >> {F}", "safe"),
        (f"cat <<E >> {F}\nexport {B}=once\nE", f"{B}=once", "safe"),
        (f"echo 'A=b\\n{B}=once' >> {F}", f"echo -e 'A=b\\n{B}=once' >> {F}", "safe"),
        (f"echo A=b {B}=once >> {F}", f"echo {B}=once >> {F}", ""),
        (f"f() {{ echo $1=$2 >> {F}; }}; f {B} Once", f"f() {{ echo $1=$2 >> {F}; }}; f {B} once", "safe"),
        (f"for i in {B}=Once; do\necho $i >> {F}\ndone", f"echo {B}=once >> {F}", ""),
        (f"export {B}=once", f'After it: echo "{B}=${B}" >> {F}', "safe"),
        (f"echo {B}=once", f"echo {B}=once >> {F}", "safe"),
        (f"echo {B}=once >> /etc/environment", f"echo {B}=once >> {F}", "safe"),
        (f"echo 'export {B}=once' > /etc/profile.d/x.sh", f"echo {B}=once >> {F}", ""),
        (f"echo {B}=once > {F}", f"echo {B}=once >> {F}", "safe"),
        (
            f"exit 0\necho {B}=once >> {F}",
            f"Before echo ECS_CLUSTER=web >> {F}: echo {B}=once >> {F}",
            "safe",
        ),
        (
            f"cat <<E > /a\n  E\necho {B}=once >> {F}",
            "End the here-document: write its word alone on a line, without blanks",
            "unsafe",
        ),
        ("service ecs start", "systemctl --no-block start ecs", "safe"),
        (
            f"echo {B}=never >> {F}",
            f"Write one of default, always, once, prefer-cached, such as echo {B}=once >> {F}",
            "",
        ),
        (
            f"echo ECS_IMAGE_CLEANUP_INTERVAL=30 >> {F}",
            f"Write a duration with a unit of at least 10m, such as echo ECS_IMAGE_CLEANUP_INTERVAL=30m >> {F}",
            "",
        ),
        (
            f"echo ECS_IMAGE_CLEANUP_INTERVAL=5m >> {F}",
            f"echo ECS_IMAGE_CLEANUP_INTERVAL=10m >> {F}",
            "unsafe",
        ),
        (
            f"echo {B}=once >> {F}\necho {B}=always >> {F}",
            f"Remove echo {B}=once >> {F}",
            "unsafe",
        ),
        (
            f"echo {B}=once >> {F}\necho docker system prune > /etc/cron.daily/a",
            (
                "Remove it: the agent removes unused images itself (ECS_IMAGE_CLEANUP_INTERVAL, "
                "ECS_IMAGE_MINIMUM_CLEANUP_AGE)"
            ),
            "unsafe",
        ),
    ],
)
def test_linux(line: str, told: str, autofix: str) -> None:
    """The advice is the line as it should be, or what to do with it, and who does it."""
    assert _advice(f"{HEAD}{line}\n", "linux") == [(told, autofix)]


def test_what_never_runs() -> None:
    """What is for another system, or no YAML that cloud-init takes, is written anew."""
    not_run = (
        "Begin with #!/bin/bash, or with #cloud-config and write YAML in which each command stands in quotes"
    )
    assert _advice("#cloud-config\n[", "linux") == [(not_run, "")]
    assert _advice("<powershell>\n</powershell>", "linux") == [(not_run, "")]
    powershell = "Write PowerShell between <powershell> and </powershell>"
    assert _advice(f"{HEAD}echo {B}=once >> {F}\n", "windows") == [(powershell, "")]


def test_no_shebang() -> None:
    """What the whole text lacks is said as such."""
    assert _advice(f"echo {B}=once >> {F}\n", "linux") == [("Begin with #!/bin/bash", "unsafe")]


@pytest.mark.parametrize(
    ("line", "told", "autofix"),
    [
        (f'{SET}("{B}", "Once", "Machine")', f'{SET}("{B}", "once", "Machine")', "safe"),
        (f'$v = "Once"\n{SET}("{B}", $v, "Machine")', f'{SET}("{B}", "once", "Machine")', ""),
        (f'$env:{B} = "once"', f'{SET}("{B}", "once", "Machine")', "safe"),
        (f'Add-Content ecs.config "{B}=always"', f'{SET}("{B}", "always", "Machine")', ""),
        (
            f'Initialize-ECSAgent\n{SET}("{B}", "once", "Machine")',
            f'Before Initialize-ECSAgent: {SET}("{B}", "once", "Machine")',
            "safe",
        ),
    ],
)
def test_windows(line: str, told: str, autofix: str) -> None:
    """On Windows it is a line of PowerShell."""
    text = f"<powershell>\n{line}\n</powershell>\n"
    assert _advice(text, "windows") == [(told, autofix)]
    assert _advice(f'{SET}("A", "b")', "windows") == [
        ("Write PowerShell between <powershell> and </powershell>", "unsafe")
    ]


def test_as_cdk_writes_it() -> None:
    """A tag at the end of the line, and an empty line before a header, are none of what to write."""
    text = f'<powershell>Initialize-ECSAgent\n{SET}("{B}", "once", "Machine")</powershell>'
    assert _advice(text, "windows") == [
        (f'Before Initialize-ECSAgent: {SET}("{B}", "once", "Machine")', "safe")
    ]
    text = '\n[settings.ecs]\ncluster = "a"\n\n[settings.ecs]\nimage-pull-behavior = "once"\n'
    assert _advice(text, "bottlerocket") == [("Remove it", "safe")]


@pytest.mark.parametrize(
    ("text", "told", "autofix"),
    [
        ('[settings.ecs]\nimage-pull-behavior = "Once"', 'image-pull-behavior = "once"', "safe"),
        ("[settings.ecs]\nimage-pull-behavior: once", 'image-pull-behavior = "once"', "safe"),
        ('[settings.ecs]\nimage-pull-behaviour = "once"', 'image-pull-behavior = "once"', "safe"),
        (
            '[settings.ecs]\nimage-cleanup-wait = "5m"',
            'image-cleanup-wait = "10m"',
            "unsafe",
        ),
        (
            "[settings.ecs]\nimage-cleanup-wait = 30",
            'Write a duration with a unit of at least 10m, such as image-cleanup-wait = "30m"',
            "",
        ),
        (
            'image-pull-behavior = "once"\n[settings.ecs]\ncluster = "a"',
            'Under [settings.ecs]: image-pull-behavior = "once"',
            "safe",
        ),
        (
            '[ecs]\nimage-pull-behavior = "once"',
            "Write [settings.ecs] in place of [ecs]",
            "safe",
        ),
        (
            "[settings.ecs]\nshould-wait = true",
            "Under [settings.autoscaling]: should-wait = true",
            "safe",
        ),
        (
            f"#!/bin/bash\necho ECS_CLUSTER=a >> {F}\necho {B}=once >> {F}",
            'In place of the shell: [settings.ecs], cluster = "a", image-pull-behavior = "once"',
            "unsafe",
        ),
        (
            '[settings.docker]\na = "b"',
            "Leave the table out, or write the name of the one that was meant",
            "",
        ),
        (
            '[settings.ecs]\ncluster = "a"\ncluster = "b"',
            TOML_ALONE,
            "",
        ),
    ],
)
def test_bottlerocket(text: str, told: str, autofix: str) -> None:
    """On Bottlerocket it is a line of TOML, and its table."""
    assert _advice(f"{text}\n", "bottlerocket") == [(told, autofix)]


@pytest.mark.parametrize("end", ["\r", "\r\r\r", "\N{LINE SEPARATOR}"])
def test_lines_that_only_some_readers_end(end: str) -> None:
    """What differs by how its lines end alone gets an answer, too."""
    for _, fixes in _advice(f"[settings.ecs]\n{end}", "bottlerocket"):
        assert fixes in {"", "safe", "unsafe"}
