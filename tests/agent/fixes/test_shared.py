"""An edit touches nothing but what it fixes: other commands, blocks and here-documents stay whole."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.fixes.apply import Fixed, fix_user_data
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.user_data import read_user_data

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
CRON: Final = "echo '0 3 * * * root docker image prune -af' > /etc/cron.d/prune"
SAFE: Final = dict.fromkeys(WarningCode, False)
ALL: Final = dict.fromkeys(WarningCode, True)


@pytest.mark.parametrize(
    "lines",
    [
        # Another command on the line would go with it.
        f"echo {B}=once >> {F}\nyum update -y && {CRON}",
        f"echo {B}=once >> {F}\ntouch /a; {CRON}",
        f"touch /a; echo {B}=once >> {F}\necho {B}=always >> {F}",
        # A shell takes no empty block.
        f"echo {B}=once >> {F}\nif [ -f /x ]; then\n  {CRON}\nfi",
        # The line begins a here-document, a function or a group, which would take in what follows its new place.
        f"exit 0\ncat <<EOF >> {F}\n{B}=once\nEOF",
        f"exit 0\ncat <<'EOF' >> {F}\n{B}=once\nEOF",
        f"exit 0\nsetup() {{\necho {B}=once >> {F}\n}}\nsetup",
        f"exit 0\necho {B}=once \\\n  >> {F}",
        # In its block it runs under a condition, and elsewhere always.
        f"exit 0\nif [ -f /x ]; then\n  echo {B}=once >> {F}\nfi",
    ],
)
def test_a_line_that_is_more_than_a_setting_stays(lines: str) -> None:
    """Where the line cannot move or go without something else, the warning about it stays for a person."""
    text = f"#!/bin/bash\n{lines}\n"
    assert read_user_data(text, "linux").warnings
    assert fix_user_data(text, "linux", ALL) == Fixed(text)


def test_what_one_edit_makes_possible_is_done() -> None:
    """A warning that could not be fixed at first is tried again after each edit, so that a second run does nothing."""
    text = f"#!/bin/bash\nexport {B}=once\necho ECS_CLUSTER=prod > {F}\n"
    fixed = fix_user_data(text, "linux", ALL).text
    assert fixed == (f'#!/bin/bash\nexport {B}=once\necho "{B}=${B}" >> {F}\necho ECS_CLUSTER=prod >> {F}\n')
    assert fix_user_data(fixed, "linux", ALL) == Fixed(fixed)


def test_only_the_line_that_the_warning_is_about_is_left_out() -> None:
    """A cron job that removes images goes; what the script itself runs at boot, before there are images, stays."""
    start = f"#!/bin/bash\necho {B}=once >> {F}\ndocker system prune -af\n"
    cron = "echo '0 3 * * * root docker image prune -af' > /etc/cron.d/prune\n"
    fixed = fix_user_data(start + cron, "linux", ALL)
    assert fixed.text == start
    assert [str(each) for each in fixed.changes] == [f"it is left out ({cron.strip()})"]


def test_every_line_has_its_own_fix() -> None:
    """Of several jobs that remove images, each has its warning, and each goes by itself."""
    start = f"#!/bin/bash\necho {B}=once >> {F}\ncat <<'EOF' > /etc/cron.d/clean\n# ours\n"
    jobs = "1 * * * * root docker image prune -af\n2 * * * * root docker system prune -f\n"
    fixed = fix_user_data(f"{start}{jobs}EOF\n", "linux", ALL)
    assert (fixed.text, len(fixed.changes)) == (f"{start}EOF\n", 2)
    only = {WarningCode.DANGLING_BESIDE_ONCE: True}
    assert (
        fix_user_data(f"{start}{jobs}EOF\n", "linux", only).text
        == f"{start}{jobs.partition(chr(10))[0]}\nEOF\n"
    )


def test_the_command_that_waits_is_the_one_that_is_changed() -> None:
    """Of two commands on a line, the one that starts the agent does not wait any more."""
    text = "#!/bin/bash\nsystemctl restart docker && systemctl restart ecs\n"
    after = "#!/bin/bash\nsystemctl restart docker && systemctl --no-block restart ecs\n"
    assert fix_user_data(text, "linux", SAFE).text == after


COMMANDS: Final = (
    f"echo {B}=once >> {F}",
    f"echo {B}=Once >> {F}",
    f"echo '{B}=\"once\"' > {F}",
    f"export {B}=once",
    f"{B}=once >> {F}",
    f"touch /a; echo {B}=always >> {F}; touch /b",
    f"cat <<EOF >> {F}\n{B}=Once\nECS_DISABLE_IMAGE_CLEANUP=true\nEOF",
    f"echo {B}=prefer-cached | tee {F}",
    f"printf 'ECS_LOGLEVEL=info' >> {F}",
    "yum update -y && docker image prune -af; touch /c",
    "systemctl restart docker && systemctl restart ecs",
    "docker system prune -af",
    "exit 0",
)
KEPT: Final = ("touch /a", "touch /b", "touch /c", "yum update", "restart docker", "exit 0", "cat <<")
BLOCKS: Final = (
    "if [ -f /x ]; then\n{}\nfi",
    "for i in 1 2; do\n{}\ndone",
    "setup() {{\n{}\n}}\nsetup",
    "(\n{}\n)",
)


@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from(("{}", *BLOCKS)), st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=3)
        ),
        min_size=1,
        max_size=4,
    ),
    unsafe=st.booleans(),
)
def test_a_script_stays_a_script(parts: list[tuple[str, list[str]]], unsafe: bool) -> None:  # noqa: FBT001 - hypothesis gives it by position
    """After fixing, every other command is there as often as before, a shell takes the script, and it stays as it is."""
    text = "#!/bin/bash\n" + "".join(f"{block.format(chr(10).join(lines))}\n" for block, lines in parts)
    codes = ALL if unsafe else SAFE
    fixed = fix_user_data(text, "linux", codes)
    assert [fixed.text.count(each) for each in KEPT] == [text.count(each) for each in KEPT]
    assert fix_user_data(fixed.text, "linux", codes) == Fixed(fixed.text)
    if fixed.changes and (bash := shutil.which("bash")):
        checked = subprocess.run([bash, "-n"], input=fixed.text, text=True, capture_output=True, check=False)
        assert checked.stderr == ""
