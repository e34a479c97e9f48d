"""What the choice of a task size is for: a start, a price, or neither; and how often the task runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from cdk_pull.fargate.estimate.start import StartEstimate

__all__ = ["DAYS_PER_MONTH", "Goal", "Hold", "Usage"]

DAYS_PER_MONTH: Final = 730 / 24
"""The days of a month of 730 hours."""

_LEAST_BILLED: Final = 60.0
"""Seconds that Fargate bills a task for at least."""
_HOUR: Final = 3600.0


Hold: TypeAlias = Literal["expected", "high"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """How often a task starts, and how long it runs: what a batch job costs, and what the starts of a service do.

    Attributes:
        starts_per_day: of the task; of all copies of a service together.
        runs_for_seconds: from started to stopped, on any size; None for a service that runs all month.

    Raises:
        InvalidValueError: for a number or a length that is not above 0.
    """

    starts_per_day: float
    runs_for_seconds: float | None = None

    def __post_init__(self) -> None:
        for what, value in (
            ("starts_per_day must be above 0", self.starts_per_day),
            ("runs_for must be above 0 seconds", self.runs_for_seconds),
        ):
            if value is not None and not (isinstance(value, int | float) and 0 < value < float("inf")):
                raise InvalidValueError(what, value, allowed="a number above 0")

    def __str__(self) -> str:
        runs = "" if self.runs_for_seconds is None else f" of {self.runs_for_seconds:g} s"
        return (
            f"{self.starts_per_day:g} runs a day{runs}" if runs else f"{self.starts_per_day:g} starts a day"
        )

    def runs_usd(self, usd_per_hour: float, start: StartEstimate) -> float:
        """Return US dollars per month of all runs: each is billed from the start of its pull, for a minute at least."""
        seconds = max(_LEAST_BILLED, _billed_start(start) + (self.runs_for_seconds or 0.0))
        return self.starts_per_day * DAYS_PER_MONTH * usd_per_hour * seconds / _HOUR

    def starts_usd(self, usd_per_hour: float, start: StartEstimate) -> float:
        """Return US dollars per month of what is billed before the containers run."""
        return self.starts_per_day * DAYS_PER_MONTH * usd_per_hour * _billed_start(start) / _HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What the choice is for; with nothing given, the smallest size.

    Attributes:
        start_seconds: choose the cheapest size that starts within this.
        usd_per_hour: choose the best start that costs no more than this.
        hold: what of the estimate is held to ``start_seconds``.
        usage: how often the task starts and how long it runs; None for one that runs all month.

    Raises:
        ConflictError: for a start and a price together.
        InvalidValueError: for a limit that is not above zero, or ``hold`` without a start.
    """

    start_seconds: float | None = None
    usd_per_hour: float | None = None
    hold: Hold = "expected"
    usage: Usage | None = None

    def __post_init__(self) -> None:
        if self.start_seconds is not None and self.usd_per_hour is not None:
            raise ConflictError(
                f"a start within {self.start_seconds:g} s and a price of at most ${self.usd_per_hour:g} per hour are "
                "both given, and each alone decides the size: keep one of them"
            )
        for what, value in (
            ("the target must be above 0 seconds", self.start_seconds),
            ("the price limit must be above 0 US dollars per hour", self.usd_per_hour),
        ):
            if value is None:
                continue
            if not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise InvalidValueError(what, value, allowed="a number above 0")
        if self.hold not in get_args(Hold):
            raise InvalidValueError("invalid hold", self.hold, allowed=get_args(Hold))
        if self.hold != "expected" and self.start_seconds is None:
            raise InvalidValueError(
                "hold needs a start to hold to it", self.hold, allowed="hold together with a start"
            )

    @property
    def is_given(self) -> bool:
        """Whether a start or a price is asked for."""
        return self.start_seconds is not None or self.usd_per_hour is not None

    def seconds(self, start: StartEstimate) -> float:
        """Return what of an estimate is held to the target."""
        return start.total.expected if self.hold == "expected" else start.total.high


def _billed_start(start: StartEstimate) -> float:
    # Fargate bills from the start of the pull.
    return start.pull.expected + start.phases[-1].seconds.expected
