"""Lets one resource wait for another, by whichever name CDK has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aws_cdk as cdk

__all__ = ["depend", "depend_on_stack"]


def depend(resource: cdk.CfnResource, on: cdk.CfnResource) -> None:
    """Create a resource after another one; for one of another stack, its stack is deployed after that stack."""
    # Newer releases of CDK have it under another name, and warn of the older one.
    add = getattr(resource, "add_resource_dependency", None) or resource.add_dependency
    add(on)


def depend_on_stack(stack: cdk.Stack, on: cdk.Stack) -> None:
    """Deploy a stack after another one."""
    add = getattr(stack, "add_stack_dependency", None) or stack.add_dependency
    add(on)
