"""The constructs and mixins: the only package that imports aws_cdk.

Importing it without a usable CDK raises a :class:`~cdk_pull.errors.MissingDependencyError` that names the command to run.
"""

from __future__ import annotations

from cdk_pull.cdk.installed import require_cdk

__all__: list[str] = []

require_cdk()
