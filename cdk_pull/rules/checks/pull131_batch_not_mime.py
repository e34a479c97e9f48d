"""PULL131: user data that AWS Batch rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import begins_unknown
from cdk_pull.agent.readers.cloud_init.parts import is_mime
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.template.ecs.batch import merges_user_data
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["batch_not_mime"]

_LINUX = (
    "Write it as MIME multipart, with each script in a part of its own: MIME-Version: 1.0 and Content-Type: "
    'multipart/mixed; boundary="==B=="; in CDK ec2.MultipartUserData'
)
_BOTTLEROCKET = (
    "Use an ECS-optimized image of Amazon Linux, with MIME multipart user data; or leave the user data out, and with "
    "it the settings"
)


@rule(
    "PULL131",
    "User data that AWS Batch rejects",
    severity=Severity.ERROR,
    on="capacity",
    fix="Write the user data as MIME multipart; in CDK ec2.MultipartUserData",
    sources=(
        "AWS Batch User Guide, Amazon EC2 user data in launch templates",
        "https://github.com/aws/aws-cdk/issues/6427",
        "https://github.com/bottlerocket-os/bottlerocket/issues/4688",
    ),
)
def batch_not_mime(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """A managed compute environment of AWS Batch launches from a template whose user data is not MIME multipart.

    ## What it does
    Finds launch templates with user data that is not a MIME multipart archive, where a managed
    `AWS::Batch::ComputeEnvironment` on EC2 or Spot uses them, for all instance types or as an override. Environments
    on Amazon EKS and unmanaged ones are left alone.

    ## Why it matters
    AWS Batch adds user data of its own, with the name of its cluster, and can merge it with MIME multipart alone. With
    any other form the compute environment becomes INVALID with "Launch Template UserData is not MIME multipart format",
    and no job starts. Bottlerocket reads only TOML: it ignores the form that AWS Batch accepts.

    ## Example
    ```yaml
    UserData:
      Fn::Base64: |
        #!/bin/bash
        echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config
    ```

    ## Use instead
    ```yaml
    UserData:
      Fn::Base64: |
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary="==B=="

        --==B==
        Content-Type: text/x-shellscript; charset="us-ascii"

        #!/bin/bash
        echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config

        --==B==--
    ```
    or, in CDK, `ec2.MultipartUserData`; `ImagePullBehavior` on the launch template writes it so.

    ## Fix safety
    AWS Batch uses a new version of the launch template when the compute environment is updated.

    ## References
    - https://docs.aws.amazon.com/batch/latest/userguide/launch-templates.html
    - https://github.com/aws/aws-cdk/issues/6427
    - https://github.com/bottlerocket-os/bottlerocket/issues/4688
    """
    environment = next((each for each in capacity.batch if merges_user_data(each)), None)
    if environment is None:
        return
    text = capacity.user_data
    first = text.pieces[0] if isinstance(text, Unknown) and text.pieces else text
    known = "" if isinstance(first, Unknown) else first
    if not known.strip() or begins_unknown(known) or is_mime(str(text)):
        return
    bottlerocket = capacity.os == "bottlerocket"
    also = ", and Bottlerocket reads no MIME" if bottlerocket else ""
    yield Problem(
        message=f"AWS Batch accepts MIME multipart user data only{also}: {environment.logical_id} becomes INVALID, and no job "
        "starts",
        fix=_BOTTLEROCKET if bottlerocket else _LINUX,
        path=capacity.path,
        line_in_text=1,
        quote=known.strip().split("\n")[0],
    )
