"""Whether the installed CDK is one that the constructs work with."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from cdk_pull.errors import MissingDependencyError

__all__ = [
    "FLOOR",
    "INITIALIZATION_RATES",
    "LOG_ALARMS",
    "VALIDATIONS",
    "is_older",
    "require_cdk",
    "require_extra",
]

FLOOR: Final = "2.244.0"
"""The oldest aws-cdk-lib with which every construct works but those that ask for more; setup.py has it, too."""

VALIDATIONS: Final = "2.252.0"
"""The first aws-cdk-lib with ``Validations`` and acknowledgements, which ``PullChecks`` is built on."""

LOG_ALARMS: Final = "2.260.0"
"""The first aws-cdk-lib with ``aws_cloudwatch.CfnLogAlarm``, which the alarm of ``PullWatch`` on slow starts is; 2.259.0 has none."""

INITIALIZATION_RATES: Final = "2.265.0"
"""The first aws-cdk-lib whose block devices have ``volume_initialization_rate``, which ``BakedImages`` needs; 2.264.0 has none."""

_EXTRA: Final = 'pip install "cdk-pull[cdk]"'


def require_cdk(
    minimum: str = FLOOR, *, what: str = "A construct or mixin of cdk-pull", instead: str = ""
) -> None:
    """Raise where aws-cdk-lib is missing, or older than a release.

    Args:
        minimum: the oldest release that will do.
        what: what needs it, as the subject of the message.
        instead: what works without it, as a sentence.

    Raises:
        MissingDependencyError: with the release that is installed and the command that installs the right one.
    """
    try:
        installed = version("aws-cdk-lib")
    except PackageNotFoundError:
        raise MissingDependencyError(
            what, needs="aws-cdk-lib, constructs and jsii", found="aws-cdk-lib is not installed", run=_EXTRA
        ) from None
    if is_older(installed, minimum):
        raise MissingDependencyError(
            what,
            needs=f"aws-cdk-lib {minimum} or later",
            found=f"{installed} is installed",
            run=f'pip install --upgrade "aws-cdk-lib>={minimum},<3"',
            instead=instead,
        )


def require_extra(distribution: str, what: str, *, extra: str, instead: str = "") -> None:
    """Raise where a package of an extra is missing.

    Args:
        distribution: its name.
        what: what needs it, as the subject of the message.
        extra: of cdk-pull, that installs it.
        instead: what works without it, as a sentence.

    Raises:
        MissingDependencyError: with the command that installs it.
    """
    try:
        version(distribution)
    except PackageNotFoundError:
        raise MissingDependencyError(
            what,
            needs=distribution,
            found="it is not installed",
            run=f'pip install "cdk-pull[{extra}]"',
            instead=instead,
        ) from None


def is_older(release: str, minimum: str) -> bool:
    """Tell whether a release comes before another."""
    return _numbers(release) < _numbers(minimum)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", release)[:3]))
