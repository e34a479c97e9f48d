"""What the policies that AWS manages allow of what the start of a container needs.

Source: data/aws_managed_policies.json.
"""

from __future__ import annotations

from functools import cache

from cdk_pull.data import facts_of
from cdk_pull.iam.policy import Policy, Statement
from cdk_pull.iam.text import Part

__all__ = ["aws_managed_policy"]


@cache
def aws_managed_policy(name: str) -> Policy:
    """Return a policy that AWS manages.

    Args:
        name: with its path, such as ``service-role/AmazonECSTaskExecutionRolePolicy``.
    """
    facts = facts_of("aws_managed_policies")
    said = facts["policies"].get(name)
    if said is None and name not in facts["without"]:
        return Policy(name=name, unclear=f"what the AWS managed policy {name} allows is not known here")
    statements = []
    for index, (key, allow) in enumerate((("allows", True), ("denies", False), ("some", True))):
        actions = tuple((action.lower(),) for action in (said or {}).get(key, ()))
        if actions:
            # Which resources, and under which conditions, is not told apart: the part that nobody knows.
            where = (("*",),) if key != "some" else ((Part(f"some of {name}"),),)
            statements.append(Statement(allow=allow, actions=actions, resources=where, index=index))
    return Policy(name=name, statements=tuple(statements))
