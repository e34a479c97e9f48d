"""What the tests of the constructs run under: any aws-cdk-lib from the floor on (`make test-cdk`)."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from cdk_pull.cdk.installed import VALIDATIONS, is_older

INSTALLED = version("aws-cdk-lib")
OLD = is_older(INSTALLED, VALIDATIONS)
# Of PullChecks alone, which says itself which release it needs: tests/cdk/test_installed.py.
collect_ignore = ["checks/test_pull_checks.py", "checks/test_pull_checks_cli.py"] if OLD else []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what a later aws-cdk-lib has brought: `needs_cdk(release, what)`."""
    marker = item.get_closest_marker("needs_cdk")
    if marker is not None and is_older(INSTALLED, marker.args[0]):
        pytest.skip(f"aws-cdk-lib has no {marker.args[1]} before {marker.args[0]}")
