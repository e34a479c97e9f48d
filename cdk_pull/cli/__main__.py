"""``python -m cdk_pull.cli`` is ``cdk-pull``."""

from cdk_pull.cli import main

main()
