"""Which variant of the ECS-optimized Amazon Linux 2023 AMI drives the accelerators of an instance type."""

from __future__ import annotations

from typing import Final, Literal

from cdk_pull.data import facts_of
from cdk_pull.errors import UnsupportedError
from cdk_pull.patterns import lazy_pattern

__all__ = ["AmiVariant", "ami_variant"]

AmiVariant = Literal["standard", "gpu", "neuron"]

# G and P have GPUs, Inf and Trn have Neuron cores, except the families of the data.
_GPU: Final = lazy_pattern(r"(?:g|gr|p)\d")
_NEURON: Final = lazy_pattern(r"(?:inf|trn)\d")


def ami_variant(instance_type: str) -> AmiVariant:
    """Return the variant for an instance type, such as ``g5.xlarge``.

    Source: data/ecs_ami_variants.json. For a type that is a token the variant is ``standard``.

    Raises:
        UnsupportedError: for accelerators that no ECS-optimized AMI drives.
    """
    family = instance_type.partition(".")[0].lower()
    none = facts_of("ecs_ami_variants")["none"]
    if family in none:
        raise UnsupportedError(
            f"no ECS-optimized AMI drives the {none[family]} of {instance_type}: pass machine_image= with an AMI that "
            "has the drivers and the ECS agent"
        )
    if _GPU.match(family):
        return "gpu"
    return "neuron" if _NEURON.match(family) else "standard"
