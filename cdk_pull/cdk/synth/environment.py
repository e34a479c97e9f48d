"""Where a stack is deployed, as far as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.cdk.fargate.apply_size import is_token
from cdk_pull.template.context import Environment

if TYPE_CHECKING:
    import aws_cdk as cdk

__all__ = ["environment_of", "top_level"]


def environment_of(stack: cdk.Stack) -> Environment:
    """Return a stack's account and Region, each None where the deployment gives it."""
    account, region = stack.account, stack.region
    return Environment(None if is_token(account) else account, None if is_token(region) else region)


def top_level(stack: cdk.Stack) -> cdk.Stack:
    """Return the stack that is deployed for a nested one; any other stack itself."""
    while (parent := stack.nested_stack_parent) is not None:
        stack = parent
    return stack
