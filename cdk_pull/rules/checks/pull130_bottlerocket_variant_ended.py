"""PULL130: a variant of Bottlerocket that gets no updates any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.data import facts_of
from cdk_pull.patterns import lazy_pattern
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["bottlerocket_variant_ended"]

_VARIANT: Final = lazy_pattern(r"/bottlerocket/(aws-ecs-[0-9]+(?:-nvidia)?)/")


@rule(
    "PULL130",
    "A Bottlerocket variant without updates",
    severity=Severity.WARNING,
    on="capacity",
    fix="Use /aws/service/bottlerocket/aws-ecs-2/…; in CDK ecs.BottleRocketImage(variant=ecs.BottlerocketEcsVariant.AWS_ECS_2)",
    sources=(
        "https://github.com/bottlerocket-os/bottlerocket/issues/4492",
        "data/bottlerocket_variants.json",
    ),
)
def bottlerocket_variant_ended(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The capacity launches a variant of Bottlerocket that is not updated any more.

    ## What it does
    Finds capacity whose image is `aws-ecs-1` or `aws-ecs-1-nvidia`, by its SSM parameter. `ecs.BottleRocketImage()`
    of CDK takes `aws-ecs-1` where no variant is given.

    ## Why it matters
    `aws-ecs-1` was updated until July 2025. Since then its agent, Docker and kernel stay as they are: fixes of pulls
    and of security do not reach the instances, and `latest` in the parameter's name promises the opposite.

    ## Example
    ```python
    machine_image=ecs.BottleRocketImage()
    ```

    ## Use instead
    ```python
    machine_image=ecs.BottleRocketImage(variant=ecs.BottlerocketEcsVariant.AWS_ECS_2)
    ```

    ## Fix safety
    Another image reaches new instances only. aws-ecs-2 has another kernel and Docker than aws-ecs-1: try it on one
    group first.

    ## References
    - https://github.com/bottlerocket-os/bottlerocket/issues/4492
    """
    found = _VARIANT.search(capacity.ami)
    variant = found[1] if found is not None else ""
    ended = facts_of("bottlerocket_variants")["ended"].get(variant)
    if ended is not None:
        instead = facts_of("bottlerocket_variants")["instead"][variant]
        name = instead.upper().replace("-", "_")
        yield Problem(
            message=f"Bottlerocket variant {variant} has received no updates since {ended}",
            fix=f"Use {instead}; in CDK ecs.BottleRocketImage(variant=ecs.BottlerocketEcsVariant.{name})",
            path=(*capacity.base, "ImageId"),
        )
