"""The Image Builder component that pulls images into an AMI of Amazon Linux with the ECS agent.

In a build a pull that fails has to fail the build: an AMI without its images would be slow without a word. The agent's
state of the build instance is removed, as the Amazon ECS Developer Guide asks for an AMI made from a container instance.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.pre_pull import PrePull
from cdk_pull.data import facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bake_component"]

_PULL: Final = """\
set -eu
systemctl start docker
export DOCKER_CONFIG=/run/cdk-pull
mkdir -p "$DOCKER_CONFIG"
command -v docker-credential-ecr-login >/dev/null || dnf install -y -q amazon-ecr-credential-helper || \
yum install -y -q amazon-ecr-credential-helper
echo '{"credsStore": "ecr-login"}' > "$DOCKER_CONFIG/config.json"
for image in IMAGES; do
case ${image%%/*} in *.dkr[.-]ecr[.-]*) docker pull -q "$image";; *) DOCKER_CONFIG=/run/public docker pull -q "$image";; esac
done
rm -rf "$DOCKER_CONFIG"
systemctl stop ecs || :
rm -rf /var/lib/ecs/data/*
"""
_CHECK: Final = 'set -eu\nsystemctl start docker\nfor image in IMAGES; do docker image inspect "$image" >/dev/null; done\n'


def bake_component(images: Sequence[str]) -> str:
    """Return the document of the component: JSON, which is YAML too.

    Args:
        images: exactly as the task definitions name them, with CDK's tokens.

    Raises:
        InvalidValueError: if there is no image, or one holds what no image name can.
    """
    PrePull(images=tuple(images), within_seconds=facts_of("ec2_pre_pull")["within_seconds"]["default"])
    names = " ".join(f"'{image}'" for image in dict.fromkeys(images))
    phases = [
        {
            "name": phase,
            "steps": [
                {
                    "name": step,
                    "action": "ExecuteBash",
                    "inputs": {"commands": [commands.replace("IMAGES", names)]},
                }
            ],
        }
        for phase, step, commands in (("build", "Pull", _PULL), ("validate", "Check", _CHECK))
    ]
    return json.dumps(
        {
            "name": "PullImages",
            "description": "Pulls container images into the AMI",
            "schemaVersion": 1.0,
            "phases": phases,
        },
        ensure_ascii=False,
        indent=1,
    )
