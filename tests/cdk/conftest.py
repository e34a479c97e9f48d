"""What the tests of the constructs run under: any aws-cdk-lib from the floor on (`make test-cdk`)."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from cdk_pull.cdk.installed import VALIDATIONS, is_older

OLD = is_older(version("aws-cdk-lib"), VALIDATIONS)
# Of PullChecks alone, which says itself which release it needs: tests/cdk/test_installed.py.
collect_ignore = ["checks/test_pull_checks.py", "checks/test_pull_checks_cli.py"] if OLD else []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what acknowledges a finding where CDK has no acknowledgements."""
    if OLD and item.get_closest_marker("validations"):
        pytest.skip(f"aws-cdk-lib has no acknowledgements before {VALIDATIONS}")
