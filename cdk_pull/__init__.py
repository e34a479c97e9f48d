"""Fast, near and cached container image pulls on Amazon ECS, for AWS CDK.

Importing this package starts no Node process: a name that needs ``aws_cdk`` is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_pull.agent.settings import AgentSettings, PullBehavior
    from cdk_pull.cdk.checks.pull_checks import PullChecks
    from cdk_pull.cdk.checks.pull_fixes import PullFixes
    from cdk_pull.cdk.ec2.baked_images import BakedImages
    from cdk_pull.cdk.ec2.cached_image_capacity_provider import CachedImageCapacityProvider
    from cdk_pull.cdk.ec2.docker_settings import DockerSettings
    from cdk_pull.cdk.ec2.image_pull_behavior import ImagePullBehavior
    from cdk_pull.cdk.ec2.managed_instances import ManagedInstancesCache
    from cdk_pull.cdk.ec2.pre_pulled_images import PrePulledImages
    from cdk_pull.cdk.ec2.warm_pool import WarmPool
    from cdk_pull.cdk.fargate.task import FargateTask
    from cdk_pull.cdk.fargate.task_size import FargateTaskSize
    from cdk_pull.cdk.fargate.task_size_injector import FargateTaskSizeInjector
    from cdk_pull.cdk.fargate.windows_task import WindowsFargateTask
    from cdk_pull.cdk.images.cache_rules import PullThroughCacheRules
    from cdk_pull.cdk.images.fargate_image import FargateImage
    from cdk_pull.cdk.images.image_lookup import look_up_image
    from cdk_pull.cdk.images.image_repository import ImageRepository
    from cdk_pull.cdk.images.pull_endpoints import PullEndpoints
    from cdk_pull.cdk.images.pull_through_cache import PullThroughCache
    from cdk_pull.cdk.images.same_region import SameRegionImage, SameRegionImages
    from cdk_pull.cdk.watch.pull_watch import PullWatch
    from cdk_pull.errors import (
        CdkPullError,
        ConflictError,
        InvalidValueError,
        MissingDependencyError,
        UnsupportedError,
    )
    from cdk_pull.fargate.prices import PriceBook, Rate
    from cdk_pull.image.profile import Compression, ImageProfile, Layer
    from cdk_pull.testing import assert_pulls_well
    from cdk_pull.windows.pin import ServerCore

# Where each public name lives. Keep it sorted, and the imports above in step: a test compares the two.
_HOMES = {
    "AgentSettings": "cdk_pull.agent.settings",
    "BakedImages": "cdk_pull.cdk.ec2.baked_images",
    "CachedImageCapacityProvider": "cdk_pull.cdk.ec2.cached_image_capacity_provider",
    "CdkPullError": "cdk_pull.errors",
    "Compression": "cdk_pull.image.profile",
    "ConflictError": "cdk_pull.errors",
    "DockerSettings": "cdk_pull.cdk.ec2.docker_settings",
    "FargateImage": "cdk_pull.cdk.images.fargate_image",
    "FargateTask": "cdk_pull.cdk.fargate.task",
    "FargateTaskSize": "cdk_pull.cdk.fargate.task_size",
    "FargateTaskSizeInjector": "cdk_pull.cdk.fargate.task_size_injector",
    "ImageProfile": "cdk_pull.image.profile",
    "ImagePullBehavior": "cdk_pull.cdk.ec2.image_pull_behavior",
    "ImageRepository": "cdk_pull.cdk.images.image_repository",
    "InvalidValueError": "cdk_pull.errors",
    "Layer": "cdk_pull.image.profile",
    "ManagedInstancesCache": "cdk_pull.cdk.ec2.managed_instances",
    "MissingDependencyError": "cdk_pull.errors",
    "PrePulledImages": "cdk_pull.cdk.ec2.pre_pulled_images",
    "PriceBook": "cdk_pull.fargate.prices",
    "PullBehavior": "cdk_pull.agent.settings",
    "PullChecks": "cdk_pull.cdk.checks.pull_checks",
    "PullEndpoints": "cdk_pull.cdk.images.pull_endpoints",
    "PullFixes": "cdk_pull.cdk.checks.pull_fixes",
    "PullThroughCache": "cdk_pull.cdk.images.pull_through_cache",
    "PullThroughCacheRules": "cdk_pull.cdk.images.cache_rules",
    "PullWatch": "cdk_pull.cdk.watch.pull_watch",
    "Rate": "cdk_pull.fargate.prices",
    "SameRegionImage": "cdk_pull.cdk.images.same_region",
    "SameRegionImages": "cdk_pull.cdk.images.same_region",
    "ServerCore": "cdk_pull.windows.pin",
    "UnsupportedError": "cdk_pull.errors",
    "WarmPool": "cdk_pull.cdk.ec2.warm_pool",
    "WindowsFargateTask": "cdk_pull.cdk.fargate.windows_task",
    "assert_pulls_well": "cdk_pull.testing",
    "look_up_image": "cdk_pull.cdk.images.image_lookup",
}

__all__ = [
    "AgentSettings",
    "BakedImages",
    "CachedImageCapacityProvider",
    "CdkPullError",
    "Compression",
    "ConflictError",
    "DockerSettings",
    "FargateImage",
    "FargateTask",
    "FargateTaskSize",
    "FargateTaskSizeInjector",
    "ImageProfile",
    "ImagePullBehavior",
    "ImageRepository",
    "InvalidValueError",
    "Layer",
    "ManagedInstancesCache",
    "MissingDependencyError",
    "PrePulledImages",
    "PriceBook",
    "PullBehavior",
    "PullChecks",
    "PullEndpoints",
    "PullFixes",
    "PullThroughCache",
    "PullThroughCacheRules",
    "PullWatch",
    "Rate",
    "SameRegionImage",
    "SameRegionImages",
    "ServerCore",
    "UnsupportedError",
    "WarmPool",
    "WindowsFargateTask",
    "assert_pulls_well",
    "look_up_image",
]


# Hidden from type checkers, which then know every name that there is not.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
