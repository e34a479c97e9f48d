"""PULL119: user data that EC2 refuses for its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.readers.reading import LIMIT_BYTES, size_bytes
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.template.values import pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["user_data_too_large"]


@rule(
    "PULL119",
    "User data over 16 KB",
    severity=Severity.ERROR,
    on="capacity",
    fix="Move commands into the AMI, or fetch a script from S3 in the user data",
    sources=("Amazon EC2 User Guide, user data limits",),
)
def user_data_too_large(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The user data exceeds the limit of EC2.

    ## What it does
    Counts the bytes of the user data before base64 encoding. A value that is known only at deployment counts as one
    byte.

    ## Why it matters
    The limit is 16 KB before base64 encoding. The deployment fails, or every launch from the template does.

    ## Example
    User data with an installation script of 20 KB in it.

    ## Use instead
    ```sh
    #!/bin/bash
    aws s3 cp s3://bucket/setup.sh /tmp/setup.sh && bash /tmp/setup.sh
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group.

    ## References
    - https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
    """
    pieces = pieces_of(capacity.user_data)
    size = sum(size_bytes(piece) if isinstance(piece, str) else 1 for piece in pieces)
    if size > LIMIT_BYTES:
        yield Problem(
            message=f"the user data has {size} bytes and exceeds the EC2 limit of {LIMIT_BYTES} bytes before base64",
            path=capacity.path,
        )
