"""Why an image is not near, in one wording for the rules and the constructs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.template.partitions import partition_of

if TYPE_CHECKING:
    from cdk_pull.template.image_region import ImagePlace

__all__ = ["Far", "across_regions", "cannot_tell", "from_registry"]


class Far(NamedTuple):
    """Why an image is not near.

    Attributes:
        message: what is wrong.
        fix: what to do; empty where the rule says it.
        partition: whether it is in another partition, from which nothing can be pulled.
    """

    message: str
    fix: str = ""
    partition: bool = False


def across_regions(place: ImagePlace, region: str) -> Far:
    """Return what PULL301 says of an image of another Region than the stack's."""
    origin = place.region or ""
    theirs, ours = partition_of(origin).partition, partition_of(region).partition
    if theirs != ours:
        return Far(
            f"{place.image} is in {origin}, and {region} is in another partition: no role of {ours} may pull from {theirs}",
            f"Push the image to a repository in {region}: neither replication nor pull-through crosses partitions",
            partition=True,
        )
    return Far(f"{place.image} is pulled from {origin} to {region}")


def from_registry(image: object, registry: str) -> Far:
    """Return what PULL302 says of an image of a registry that is not private Amazon ECR."""
    return Far(f"{image} comes from {registry} at every pull")


def cannot_tell(place: ImagePlace) -> Far:
    """Return what PULL301 says of an image of which the template does not tell the Region."""
    return Far(
        f"cannot tell whether {place.image} is in the stack's Region: {place.reason}",
        "Give the stack a Region (env), pass --region, or name the image by ${AWS::Region}",
    )
