from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.fixes.apply import Fixed, fix_user_data
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.user_data import read_user_data

if TYPE_CHECKING:
    from cdk_pull.agent.variables import OperatingSystem

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
SAFE: Final = dict.fromkeys(WarningCode, False)
ALL: Final = dict.fromkeys(WarningCode, True)
START: Final = f"#!/bin/bash\necho ECS_CLUSTER=${{Token[Cluster.1]}} >> {F}\n"
MACHINE: Final = '[Environment]::SetEnvironmentVariable("{}", "{}", "Machine")'
AGENT: Final = "Initialize-ECSAgent -Cluster ${Token[Cluster.1]} -EnableTaskIAMRole"
TOML: Final = '[settings.ecs]\ncluster = "${Token[Cluster.1]}"\n'

ADMIN: Final = "[settings.host-containers.admin]\nenabled = true\n"


def _codes(text: str, os: OperatingSystem) -> list[str]:
    return [each.code for each in read_user_data(text, os).warnings]


LINUX_SAFE: dict[str, tuple[str, str]] = {
    "quotes": (f"echo '{B}=\"once\"' >> {F}", f"echo '{B}=once' >> {F}"),
    "escaped quotes": (f'echo {B}=\\"once\\" >> {F}', f"echo {B}=once >> {F}"),
    "capitals": (f"echo {B}=Once >> {F}", f"echo {B}=once >> {F}"),
    "underscore": (f"echo {B}=prefer_cached >> {F}", f"echo {B}=prefer-cached >> {F}"),
    "comment": (f"echo '{B}=once # fast' >> {F}", f"echo '{B}=once' >> {F}"),
    "blank before the value": (f"echo '{B}= once' >> {F}", f"echo '{B}=once' >> {F}"),
    "blanks around the =": (f"echo '{B} = once' >> {F}", f"echo '{B}=once' >> {F}"),
    "export": (f"echo 'export {B}=once' >> {F}", f"echo '{B}=once' >> {F}"),
    "name in small letters": (f"echo {B.lower()}=once >> {F}", f"echo {B}=once >> {F}"),
    "export and quotes": (f"echo 'export {B}=\"once\"' >> {F}", f"echo '{B}=once' >> {F}"),
    "here-document": (
        f"cat <<'EOF' >> {F}\n{B}=\"always\"\nECS_WARM_POOLS_CHECK=yes\nEOF",
        f"cat <<'EOF' >> {F}\n{B}=always\nECS_WARM_POOLS_CHECK=true\nEOF",
    ),
    "days": (
        f"echo ECS_IMAGE_MINIMUM_CLEANUP_AGE=2d >> {F}",
        f"echo ECS_IMAGE_MINIMUM_CLEANUP_AGE=48h >> {F}",
    ),
    "list": (
        f"echo 'ECS_EXCLUDE_UNTRACKED_IMAGE=a, b,' >> {F}",
        f"echo 'ECS_EXCLUDE_UNTRACKED_IMAGE=a,b' >> {F}",
    ),
    "glued by printf": (
        f"printf 'ECS_LOGLEVEL=info' >> {F}\necho {B}=once >> {F}",
        f"printf 'ECS_LOGLEVEL=info\\n' >> {F}\necho {B}=once >> {F}",
    ),
    "glued by echo -n": (
        f"echo -n ECS_LOGLEVEL=info >> {F}\necho {B}=once >> {F}",
        f"echo ECS_LOGLEVEL=info >> {F}\necho {B}=once >> {F}",
    ),
    "glued by something else": (
        f"printf %s ECS_LOGLEVEL=info >> {F}\necho {B}=once >> {F}",
        f"printf %s ECS_LOGLEVEL=info >> {F}\necho >> {F}\necho {B}=once >> {F}",
    ),
    "no echo": (f"{B}=once >> {F}", f"echo {B}=once >> {F}"),
    "no echo, in capitals": (f"{B}=ONCE >> {F}", f"echo {B}=once >> {F}"),
    "a variable of the script": (f"export {B}=once", f'export {B}=once\necho "{B}=${B}" >> {F}'),
    "truncated": (f"echo {B}=once > {F}", f"echo {B}=once >> {F}"),
    "truncated by tee": (f"echo {B}=once | sudo tee {F}", f"echo {B}=once | sudo tee -a {F}"),
    "truncated by a here-document": (
        f"cat > {F} <<EOF\n{B}=once\nEOF",
        f"cat >> {F} <<EOF\n{B}=once\nEOF",
    ),
    "after the end": (f"exit 0\necho {B}=once >> {F}", "exit 0"),
    "waiting": ("systemctl enable --now ecs", "systemctl --no-block enable --now ecs"),
    "the minimum that the agent takes": (
        f"echo ECS_MANIFEST_PULL_TIMEOUT=5s >> {F}",
        f"echo ECS_MANIFEST_PULL_TIMEOUT=30s >> {F}",
    ),
}


@pytest.mark.parametrize("name", LINUX_SAFE)
def test_safe_edits_of_a_script(name: str) -> None:
    """What was meant is written as the agent takes it, and the rest of the script stays byte for byte."""
    before, after = LINUX_SAFE[name]
    start = START
    if name == "after the end":
        start = START.replace("\n", f"\necho {B}=once >> {F}\n", 1)
    fixed = fix_user_data(f"{START}{before}\nls\n", "linux", SAFE)
    assert fixed.text == f"{start}{after}\nls\n"
    assert _codes(fixed.text, "linux") == []
    assert fix_user_data(fixed.text, "linux", ALL) == Fixed(fixed.text)


def test_carriage_returns_stay() -> None:
    """A line that is put into a text with carriage returns ends in one, too."""
    text = f"{START}export {B}=once\nls\n".replace("\n", "\r\n")
    after = f'{START}export {B}=once\necho "{B}=${B}" >> {F}\nls\n'.replace("\n", "\r\n")
    assert fix_user_data(text, "linux", SAFE).text == after


@pytest.mark.parametrize(
    "line",
    [
        f"echo {B}=never >> {F}",
        f"echo ECS_IMAGE_CLEANUP_INTERVAL=30 >> {F}",
        f"echo ECS_IMAGE_PULL_TIMEOUT=-5m >> {F}",
        # Which of the two wins is for a person to say.
        f"echo {B}=always >> {F}\nexport {B}=once",
        f"echo {B}=always >> {F}\necho 'export {B}=once' >> {F}",
        f"echo {B}=always >> {F}\nexit 0\necho {B}=once >> {F}",
        # It would stop tasks once it has an effect.
        f'echo {B}=\\"once\\" >> {F}\necho docker image prune -af > /etc/cron.daily/prune',
        f"cp /tmp/mine {F}",
    ],
)
def test_what_is_not_certain_stays(line: str) -> None:
    """A value that nobody can guess, and one whose edit would do harm, is left to a person."""
    text = f"{START}{line}\n"
    assert _codes(text, "linux")
    assert fix_user_data(text, "linux", SAFE) == Fixed(text)


LINUX_UNSAFE: dict[str, tuple[str, str]] = {
    "two values": (f"echo {B}=once >> {F}\necho {B}=always >> {F}", f"echo {B}=always >> {F}"),
    "no effect": (
        f"echo {B}=prefer-cached >> {F}\necho ECS_IMAGE_CLEANUP_INTERVAL=30m >> {F}",
        f"echo {B}=prefer-cached >> {F}",
    ),
    "no effect, on a line with others": (
        f"printf '%s\\n' {B}=prefer-cached ECS_IMAGE_CLEANUP_INTERVAL=30m >> {F}",
        f"printf '%s\\n' {B}=prefer-cached >> {F}",
    ),
    "below the minimum": (
        f"echo ECS_IMAGE_CLEANUP_INTERVAL=5m >> {F}",
        f"echo ECS_IMAGE_CLEANUP_INTERVAL=10m >> {F}",
    ),
    "zero": (
        f"echo ECS_IMAGE_MINIMUM_CLEANUP_AGE=0s >> {F}",
        f"echo ECS_IMAGE_MINIMUM_CLEANUP_AGE=1s >> {F}",
    ),
    "prune": (
        f"echo {B}=once >> {F}\necho docker image prune -af > /etc/cron.daily/prune",
        f"echo {B}=once >> {F}",
    ),
}


@pytest.mark.parametrize("name", LINUX_UNSAFE)
def test_unsafe_edits_of_a_script(name: str) -> None:
    """What a person has to weigh is done only when it is asked for."""
    before, after = LINUX_UNSAFE[name]
    text = f"{START}{before}\n"
    assert fix_user_data(text, "linux", SAFE) == Fixed(text)
    fixed = fix_user_data(text, "linux", ALL)
    assert fixed.text == f"{START}{after}\n"
    assert _codes(fixed.text, "linux") == []
    assert fix_user_data(fixed.text, "linux", ALL) == Fixed(fixed.text)


def test_what_only_the_ami_wrote_is_kept_when_asked_for() -> None:
    """A first line that truncates the file appends only by the unsafe edit."""
    text = f"#!/bin/bash\necho {B}=once > {F}\n"
    assert fix_user_data(text, "linux", SAFE) == Fixed(text)
    assert fix_user_data(text, "linux", ALL).text == f"#!/bin/bash\necho {B}=once >> {F}\n"


def test_a_script_without_a_beginning_runs_when_asked_for() -> None:
    """The whole script would run for the first time, so that its shebang is an unsafe edit."""
    text = f"echo {B}=once >> {F}\n"
    assert fix_user_data(text, "linux", SAFE) == Fixed(text)
    assert fix_user_data(text, "linux", ALL).text == f"#!/bin/bash\n{text}"


WINDOWS_SAFE: dict[str, tuple[str, str]] = {
    "capitals": (f"{MACHINE.format(B, 'Once')}\n{AGENT}", f"{MACHINE.format(B, 'once')}\n{AGENT}"),
    "late": (f"{AGENT}\n{MACHINE.format(B, 'once')}", f"{MACHINE.format(B, 'once')}\n{AGENT}"),
    "process": (f'$env:{B} = "once"\n{AGENT}', f"{MACHINE.format(B, 'once')}\n{AGENT}"),
    "process and late": (f'{AGENT}\n$env:{B} = "once"', f"{MACHINE.format(B, 'once')}\n{AGENT}"),
    "scope of the process": (
        f'[Environment]::SetEnvironmentVariable("{B}", "once", "Process")\n{AGENT}',
        f"{MACHINE.format(B, 'once')}\n{AGENT}",
    ),
    "no scope": (
        f'[Environment]::SetEnvironmentVariable("{B}", "once")\n{AGENT}',
        f"{MACHINE.format(B, 'once')}\n{AGENT}",
    ),
    "setx": (f"setx {B} once\n{AGENT}", f"setx /m {B} once\n{AGENT}"),
    "Set-Item": (f'Set-Item Env:{B} "once"\n{AGENT}', f"{MACHINE.format(B, 'once')}\n{AGENT}"),
    "after the end": (
        f"{AGENT}\nexit 0\n{MACHINE.format(B, 'once')}",
        f"{MACHINE.format(B, 'once')}\n{AGENT}\nexit 0",
    ),
}


@pytest.mark.parametrize("name", WINDOWS_SAFE)
def test_safe_edits_of_powershell(name: str) -> None:
    """The variable is set for the machine, before the agent starts, to the value that was meant."""
    before, after = WINDOWS_SAFE[name]
    fixed = fix_user_data(f"<powershell>\n{before}\n</powershell>", "windows", SAFE)
    assert fixed.text == f"<powershell>\n{after}\n</powershell>"
    assert _codes(fixed.text, "windows") == []
    assert fix_user_data(fixed.text, "windows", ALL) == Fixed(fixed.text)


def test_batch_sets_the_machine() -> None:
    """A variable of a batch file becomes one of the machine."""
    text = f"<script>\nset {B}=once\n</script>\n<powershell>\n{AGENT}\n</powershell>"
    assert fix_user_data(text, "windows", SAFE).text == text.replace(f"set {B}=once", f'setx {B} "once" /m')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{MACHINE.format(B, 'once')}\n", f"<powershell>\n{MACHINE.format(B, 'once')}\n</powershell>"),
        (
            f"<powershell>\r\n{MACHINE.format(B, 'once')}",
            f"<powershell>\r\n{MACHINE.format(B, 'once')}\r\n</powershell>",
        ),
    ],
)
def test_tags_are_put_when_asked_for(before: str, after: str) -> None:
    """The whole script would run for the first time, so that its tags are an unsafe edit."""
    assert fix_user_data(before, "windows", SAFE) == Fixed(before)
    assert fix_user_data(before, "windows", ALL).text == after


def test_a_value_that_is_computed_in_between_stays_late() -> None:
    """A line that needs what comes after the agent's start is not moved."""
    text = f'<powershell>\n{AGENT}\n$x = "once"\n{MACHINE.format(B, "$x")}\n</powershell>'
    assert fix_user_data(text, "windows", SAFE) == Fixed(text)


TOML_SAFE: dict[str, tuple[str, str]] = {
    "two headers": (
        f'{TOML}[settings.host-containers.admin]\nenabled = true\n\n[ settings.ecs ]\nimage-pull-behavior = "once"\n',
        f'{TOML}image-pull-behavior = "once"\n[settings.host-containers.admin]\nenabled = true\n',
    ),
    "another table": (
        f'{TOML}{ADMIN}image-pull-behavior = "once"\n',
        f'[settings.ecs]\nimage-pull-behavior = "once"\n{TOML.partition(chr(10))[2]}{ADMIN}',
    ),
    "no table": (
        f'image-pull-behavior = "once"\n{TOML}',
        TOML.replace("\n", '\nimage-pull-behavior = "once"\n', 1),
    ),
    "no table at all": (
        'image-pull-behavior = "once"\n',
        '[settings.ecs]\nimage-pull-behavior = "once"\n',
    ),
    "a table without settings": (
        '[ecs]\nimage-pull-behavior = "once"\n',
        '[settings.ecs]\nimage-pull-behavior = "once"\n',
    ),
    "another spelling": (f'{TOML}image-pull-behaviour = "once"\n', f'{TOML}image-pull-behavior = "once"\n'),
    "capitals in the key": (f'{TOML}Image_Pull_Behavior = "once"\n', f'{TOML}image-pull-behavior = "once"\n'),
    "a variable of the agent": (f'{TOML}{B} = "once"\n', f'{TOML}image-pull-behavior = "once"\n'),
    "capitals": (
        f'{TOML}image-pull-behavior = "Once" # fast\n',
        f'{TOML}image-pull-behavior = "once" # fast\n',
    ),
    "two headers around a list": (
        f'{TOML}[[settings.dns]]\nkey = 1\n[settings.ecs]\nimage-pull-behavior = "once"\n',
        f'{TOML}image-pull-behavior = "once"\n[[settings.dns]]\nkey = 1\n',
    ),
    "another order": (f'{TOML}image-cleanup-wait = "1m2h"\n', f'{TOML}image-cleanup-wait = "2h1m0s"\n'),
    "a number as text": (
        f'{TOML}image-cleanup-delete-per-cycle = "7"\n',
        f"{TOML}image-cleanup-delete-per-cycle = 7\n",
    ),
    "a boolean as text": (
        f'{TOML}image-cleanup-enabled = "yes"\n',
        f"{TOML}image-cleanup-enabled = true\n",
    ),
}


@pytest.mark.parametrize("name", TOML_SAFE)
def test_safe_edits_of_toml(name: str) -> None:
    """Bottlerocket takes the document, with the key and the value that were meant."""
    before, after = TOML_SAFE[name]
    fixed = fix_user_data(before, "bottlerocket", SAFE)
    assert fixed.text == after
    assert _codes(fixed.text, "bottlerocket") == []
    assert fix_user_data(fixed.text, "bottlerocket", ALL) == Fixed(fixed.text)


TOML_UNSAFE: dict[str, tuple[str, str]] = {
    "a key that there is not": (f'{TOML}image-pull-timeout = "1h"\n', TOML),
    "shell": (
        f"{TOML}echo {B}=once >> {F}\nsudo iptables --insert FORWARD 1\n",
        TOML.replace("\n", '\nimage-pull-behavior = "once"\n', 1),
    ),
    "shell and two headers": (
        f"{TOML}[settings.ecs]\nimage-cleanup-enabled = false\necho {B}=once >> {F}\n",
        TOML.replace("\n", '\nimage-pull-behavior = "once"\n', 1) + "image-cleanup-enabled = false\n",
    ),
    "a script in place of TOML": (
        f"{START}echo ECS_DISABLE_IMAGE_CLEANUP=true >> {F}\nsudo service iptables save",
        '[settings.ecs]\ncluster = "${Token[Cluster.1]}"\nimage-cleanup-enabled = false\n',
    ),
    "no effect": (
        f'{TOML}image-pull-behavior = "prefer-cached"\nimage-cleanup-wait = "30m"\n',
        f'{TOML}image-pull-behavior = "prefer-cached"\n',
    ),
    "below the minimum": (f'{TOML}image-cleanup-wait = "5m"\n', f'{TOML}image-cleanup-wait = "10m"\n'),
}


@pytest.mark.parametrize("name", TOML_UNSAFE)
def test_unsafe_edits_of_toml(name: str) -> None:
    """What Bottlerocket cannot have is left out only when that is asked for."""
    before, after = TOML_UNSAFE[name]
    assert fix_user_data(before, "bottlerocket", SAFE) == Fixed(before)
    fixed = fix_user_data(before, "bottlerocket", ALL)
    assert fixed.text == after
    assert _codes(fixed.text, "bottlerocket") == []
    assert fix_user_data(fixed.text, "bottlerocket", ALL) == Fixed(fixed.text)


@pytest.mark.parametrize(
    "text",
    [
        f'{TOML}image-pull-behavior = "never"\n',
        f'{TOML}image-pull-behavior = "always"\n[settings.x]\nimage-pull-behavior = "once"\n',
        f'{TOML}image-pull-behavior = "always"\nimage-pull-behaviour = "once"\n',
        f'{TOML}[settings.ecs]\ncluster = "other"\n',
        "[settings.ecs\n",
        # One header alone would not make it TOML.
        f"{TOML}[settings.ecs]\necho {B}=once >> {F}\n",
    ],
)
def test_a_document_that_nobody_can_guess_stays(text: str) -> None:
    """Two values for one key, or what is no TOML in another way, is left to a person."""
    assert _codes(text, "bottlerocket")
    assert fix_user_data(text, "bottlerocket", SAFE) == Fixed(text)


def test_each_change_says_what_it_did() -> None:
    """A change names its warning, the line as it was, and what became of it."""
    [change] = fix_user_data(f"{START}echo {B}=ONCE >> {F}\n", "linux", SAFE).changes
    assert (change.code, str(change)) == (
        WarningCode.LETTER_CASE,
        f"the value is once (echo {B}=ONCE >> {F})",
    )


def test_only_the_warnings_asked_for_are_fixed() -> None:
    """Another fault of the same text stays as it is."""
    text = f"{START}echo {B}=ONCE >> {F}\nsystemctl start ecs\n"
    fixed = fix_user_data(text, "linux", {WarningCode.STARTS_AGENT: False})
    assert fixed.text == text.replace("systemctl", "systemctl --no-block")


_LINES = st.sampled_from(
    [
        *(each for pair in (*LINUX_SAFE.values(), *LINUX_UNSAFE.values()) for each in pair),
        *(each for pair in WINDOWS_SAFE.values() for each in pair),
        *(each for pair in (*TOML_SAFE.values(), *TOML_UNSAFE.values()) for each in pair),
        START,
        "if true; then",
        "fi",
        "'",
        "<powershell>",
        "</powershell>",
    ]
)


@given(st.lists(_LINES, max_size=6), st.sampled_from(["linux", "windows", "bottlerocket"]), st.booleans())
def test_fixing_never_makes_it_worse(lines: list[str], os: OperatingSystem, unsafe: bool) -> None:  # noqa: FBT001 - hypothesis gives it by position
    """Whatever stands together: the second time nothing changes, and a safe edit loses no piece of the deployment's."""
    text = "\n".join(lines)
    fixed = fix_user_data(text, os, ALL if unsafe else SAFE)
    assert fix_user_data(fixed.text, os, ALL if unsafe else SAFE) == Fixed(fixed.text)
    assert bool(fixed.changes) == (fixed.text != text)
    if not unsafe:
        assert fixed.text.count("${Token[Cluster.1]}") == text.count("${Token[Cluster.1]}")
        before, after = read_user_data(text, os), read_user_data(fixed.text, os)
        warned = {each.variable for each in before.warnings}
        kept = {name: value for name, value in before.settings.items() if name not in warned}
        assert kept.items() <= after.settings.items()
