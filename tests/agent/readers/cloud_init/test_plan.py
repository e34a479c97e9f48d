from __future__ import annotations

import pytest

from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.cloud_init.plan import plan
from cdk_pull.agent.readers.cloud_init.steps import Opaque, Stage

ARCHIVE = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="B"

--B
Content-Type: text/x-shellscript; charset="us-ascii"
Content-Disposition: attachment; filename="zz.sh"

#!/bin/bash
--B
Content-Type: text/cloud-config

#cloud-config
runcmd: [ls]
bootcmd: [ls]
write_files: [{path: /a}]
--B
Content-Type: text/cloud-boothook

#!/bin/bash
--B
Content-Type: text/x-shellscript-per-boot

#!/bin/bash
--B
Content-Type: text/plain

nothing
--B
Content-Type: text/x-shellscript

#!/bin/bash
--B--
"""


def test_order() -> None:
    """Boot hooks come first, then commands and files of the early stages, then scripts by their names."""
    steps, warnings = plan(ARCHIVE, Holes())
    assert [(step.stage, step.name) for step in steps] == [
        (Stage.BOOTHOOK, "part-003"),
        (Stage.BOOTCMD, "bootcmd"),
        (Stage.WRITE_FILES, "0000"),
        (Stage.SCRIPTS_PER_INSTANCE, "part-004"),
        (Stage.SCRIPTS, "part-006"),
        (Stage.SCRIPTS, "runcmd"),
        (Stage.SCRIPTS, "zz.sh"),
    ]
    assert warnings == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#include http://x", "what it includes is somewhere else"),
        ("#include-once http://x", "what it includes is somewhere else"),
        ("#part-handler\n", "a part handler may do anything"),
        ("#cloud-config-jsonp\n[]", "a JSON patch of another cloud-config is not computed"),
        ("## template: jinja\n#!/bin/sh\n{% if x %}", "the template's own statements are not computed"),
        ('{"ECSAgentConfiguration": {}}', "the agent reads JSON user data itself"),
        ("#!/usr/bin/perl\n# /etc/ecs/ecs.config", "#!/usr/bin/perl is not a shell"),
        ("${Token[A.1]}", "${Token[A.1]} is known only at deployment"),
    ],
)
def test_opaque(text: str, reason: str) -> None:
    """What may do anything is one step that says why nobody knows."""
    holes = Holes()
    steps, _ = plan(holes.hide_tokens(text), holes)
    assert steps == [Opaque(steps[0].stage, "part-001", reason, 1)]


def test_archive_of_cloud_configs() -> None:
    """The entries of a cloud-config archive are parts, too; a broken archive has none."""
    steps, _ = plan(
        "#cloud-config-archive\n- runcmd: [no]\n- 'runcmd: [a]'\n- {content: '#!/bin/sh', filename: x}\n- 5\n",
        Holes(),
    )
    assert [step.name for step in steps] == ["runcmd", "x"]
    assert plan("#cloud-config-archive\n[", Holes()) == ([], [])


def test_archive_runs_by_file_name() -> None:
    """The scripts of an archive run in the order of their names, which are numbered from 1 where none is given."""
    scripts = (
        "#cloud-config-archive\n- {content: '#!/bin/sh'}\n- {content: '#!/bin/sh', filename: part-0015}\n"
    )
    steps, _ = plan(scripts, Holes())
    assert [step.name for step in steps] == ["part-001", "part-0015"]
