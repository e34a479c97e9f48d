"""Which AMI drives an instance type."""

from __future__ import annotations

import pytest

from cdk_pull.agent.ami_variant import ami_variant
from cdk_pull.errors import UnsupportedError


@pytest.mark.parametrize(
    ("instance_type", "variant"),
    [
        ("g4dn.xlarge", "gpu"),
        ("G6.xlarge", "gpu"),
        ("gr6.4xlarge", "gpu"),
        ("p6-b200.48xlarge", "gpu"),
        ("p9.large", "gpu"),
        ("trn1.2xlarge", "neuron"),
        ("inf9.large", "neuron"),
        ("m7i.large", "standard"),
        ("c8g.large", "standard"),
        ("t4g.nano", "standard"),
        ("${Token[TOKEN.1]}", "standard"),
    ],
)
def test_variant(instance_type: str, variant: str) -> None:
    """The family tells, also one that is newer than the data."""
    assert ami_variant(instance_type) == variant


@pytest.mark.parametrize("instance_type", ["g4ad.xlarge", "g5g.xlarge", "f2.6xlarge", "vt1.3xlarge"])
def test_no_variant(instance_type: str) -> None:
    """What no ECS-optimized AMI drives is refused, with what to do."""
    with pytest.raises(
        UnsupportedError, match=r"pass machine_image= with an AMI that has the drivers and the ECS"
    ):
        ami_variant(instance_type)
