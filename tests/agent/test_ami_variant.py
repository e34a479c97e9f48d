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


def test_documented_families() -> None:
    """Each family that Amazon's guide names for a variant gets it."""
    gpu = "g3 g3s g4dn g5 g6 g6e g6f gr6 gr6f g7e p3 p3dn p4d p4de p5 p5e p5en p6-b200 p6-b300"
    assert {ami_variant(f"{family}.large") for family in gpu.split()} == {"gpu"}
    assert {
        ami_variant(f"{family}.large") for family in ["inf1", "inf2", "trn1", "trn1n", "trn2", "trn2u"]
    } == {"neuron"}


@pytest.mark.parametrize("instance_type", ["g4ad.xlarge", "g5g.xlarge", "f2.6xlarge", "vt1.3xlarge"])
def test_no_variant(instance_type: str) -> None:
    """What no ECS-optimized AMI drives is refused, with what to do."""
    with pytest.raises(
        UnsupportedError, match=r"pass machine_image= with an AMI that has the drivers and the ECS"
    ):
        ami_variant(instance_type)
