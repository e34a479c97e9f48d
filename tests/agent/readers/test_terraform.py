"""Templates of Terraform that are read before Terraform renders them."""

from __future__ import annotations

import pytest

from cdk_pull.agent.readers import linux
from tests.agent.linux_texts import B, F

TEMPLATE = f"""#!/bin/bash
echo 'ECS_CLUSTER='${{ecs_cluster}}
echo 'ECS_IMAGE_CLEANUP_INTERVAL=${{interval}}
{B}=${{behaviour}}' >> {F}
%{{ if reserved_memory != "" ~}}
echo ECS_RESERVED_MEMORY=${{reserved_memory}} >> {F}
%{{ endif ~}}
echo 'OPTIONS="$${{OPTIONS}} --storage-opt x"' >> /etc/sysconfig/docker
"""


def test_a_template() -> None:
    """What Terraform fills in is unknown, and its directives are no shell."""
    reading = linux.read(TEMPLATE)
    assert reading.warnings == ()
    assert reading.effective[B] is None
    assert [(each.variable, each.line, each.reason) for each in reading.unknown] == [
        (B, 4, "Terraform fills in ${behaviour}"),
        ("ECS_IMAGE_CLEANUP_INTERVAL", 3, "Terraform fills in ${interval}"),
        (
            None,
            5,
            '%{ if reserved_memory != "" ~} is Terraform\'s, which renders the template before it is user data',
        ),
    ]


@pytest.mark.parametrize(
    ("script", "behavior"),
    [
        (f"echo {B}=once >> {F}\necho $${{HOME}}", "once"),
        (f"echo {B}=${{mode}} >> {F}\necho $${{HOME}}", None),
        (f"M=once\necho {B}=$${{M}} >> {F}", "once"),
        (f"M=once\necho {B}=${{M}} >> {F}", "once"),
        (f"%{{ for x in xs ~}}\necho {B}=once >> {F}\n%{{ endfor ~}}", "once"),
        (f"%{{ if x ~}}\necho {B}=once >> {F}\n%{{ else ~}}\necho {B}=always >> {F}\n%{{ endif ~}}", None),
        (f"%{{ if x ~}}\necho {B}=always >> {F}\n%{{ endif ~}}\necho {B}=once >> {F}", "once"),
        (f"echo {B}=always >> {F}\n%{{if x}}echo {B}=once >> {F}%{{endif}}", None),
        (f"cat <<EOF >> {F}\n%{{ if x ~}}\n{B}=once\n%{{ endif ~}}\nEOF", None),
        (f"curl -w '%{{http_code}}' x\necho {B}=once >> {F}", "once"),
    ],
)
def test_what_is_a_template(script: str, behavior: str | None) -> None:
    """A text is a template only by Terraform's own marks."""
    assert linux.read(f"#!/bin/bash\n{script}\n").effective[B] == behavior
