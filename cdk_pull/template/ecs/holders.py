"""The resources that hold what instances are launched with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cdk_pull.template.model import PathStep

__all__ = ["HOLDERS", "SPOT_FLEET"]

HOLDERS: Final[dict[str, tuple[PathStep, ...]]] = {
    "AWS::AutoScaling::LaunchConfiguration": ("Properties",),
    "AWS::EC2::LaunchTemplate": ("Properties", "LaunchTemplateData"),
    "AWS::EC2::Instance": ("Properties",),
}
"""The resources that launch instances, and where their settings stand."""

SPOT_FLEET: Final = "AWS::EC2::SpotFleet"
"""A resource that has the settings of several launches in a list; its launch templates are resources of their own."""
