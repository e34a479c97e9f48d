"""How much ephemeral storage a task needs for its images.

Fargate keeps the compressed and the uncompressed image on the task's ephemeral storage, beside what the containers
write. Source: data/fargate_start_facts.json.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.start import uncompressed_bytes
from cdk_pull.fargate.estimate.start_model import start_facts
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from cdk_pull.fargate.sizes import Os
    from cdk_pull.image.profile import ImageProfile

__all__ = ["INCLUDED_GIB", "MAXIMUM_GIB", "MINIMUM_GIB", "needed_gib"]

INCLUDED_GIB: Final = start_facts().included_gib
"""What every task has without asking."""
MINIMUM_GIB: Final = start_facts().minimum_gib
"""The least that a task can ask for."""
MAXIMUM_GIB: Final = start_facts().maximum_gib
"""The most that a task can ask for."""

_GIB = 2**30


def needed_gib(profile: ImageProfile, *, working_bytes: int = 0, os: Os = "linux") -> int:
    """Return the ephemeral storage that a task needs, at least the 20 GiB that every task has.

    Args:
        profile: every image of the task, as one; unknown uncompressed sizes are estimated.
        working_bytes: what the containers write outside their volumes.
        os: Windows tasks cannot ask for more than is included.

    Raises:
        InvalidValueError: when the task needs more than Fargate gives on this operating system.
    """
    unpacked = sum(uncompressed_bytes(layer) for layer in profile.layers)
    total = profile.compressed_bytes + unpacked + working_bytes
    gib = max(INCLUDED_GIB, math.ceil(total / _GIB))
    largest = INCLUDED_GIB if os == "windows" else MAXIMUM_GIB
    if gib > largest:
        raise InvalidValueError(
            f"the images and their working data do not fit a {os.capitalize()} task's ephemeral storage",
            f"{format_bytes(profile.compressed_bytes)} compressed, {format_bytes(unpacked)} uncompressed and "
            f"{format_bytes(working_bytes)} working data",
            allowed=f"{largest} GiB in all",
            fix="Make the image smaller, keep the working data on EFS or S3, or run the task on EC2 capacity",
        )
    return gib
