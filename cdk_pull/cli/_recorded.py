"""How the commands that read recorded task starts ask for them."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from cdk_pull.cli._look_up import require_network
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.fargate.estimate.pulls import Pull

__all__ = ["RecordedStarts", "recorded_options"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_DAYS: Final = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedStarts:
    """Where a PullWatch keeps task starts, and how to read them, as typed.

    Attributes:
        days: how far back to read.
        profile: the AWS profile; None for the environment's.
        role_arn: a role to assume first; None for none.
        region: of the log group; None for the AWS profile's.
    """

    days: float = _DAYS
    profile: str | None = None
    role_arn: str | None = None
    region: str | None = None

    def read(self, log_group: str) -> list[Pull]:
        """Return the starts in a log group.

        Raises:
            InvalidValueError: if ``days`` is out of bounds.
            AwsError: if CloudWatch Logs does not give them.
            UnsupportedError: where what asks AWS is not installed.
        """
        require_network()
        from cdk_pull.watch.records import read_log_group  # noqa: PLC0415 - needs the extra that was asked for above

        return read_log_group(
            log_group,
            days=self.days,
            region=self.region,
            profile=self.profile,
            role_arn=self.role_arn,
        )


def recorded_options(command: _Command) -> Callable[..., Any]:
    """Add the options of every command that reads a log group; the command gets them as ``recorded``."""

    @click.option(
        "--days", type=float, default=_DAYS, show_default=True, help="Read the log group so many days back."
    )
    @click.option("--profile", help="AWS profile to read the log group with.")
    @click.option(
        "--role-arn", help="Role to assume before reading the log group, such as one of another account."
    )
    @click.option("--region", help="Region of the log group or the cluster.  [default: the AWS profile's]")
    @wraps(command)
    def with_recorded(
        *, days: float, profile: str | None, role_arn: str | None, region: str | None, **options: Any
    ) -> Any:
        recorded = RecordedStarts(days=days, profile=profile, role_arn=role_arn, region=region)
        return command(recorded=recorded, **options)

    return with_recorded
