"""What the choice of a task size is for: a start, a price, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from cdk_pull.errors import ConflictError, InvalidValueError

if TYPE_CHECKING:
    from cdk_pull.fargate.estimate.start import StartEstimate

__all__ = ["Goal", "Hold"]

Hold: TypeAlias = Literal["expected", "high"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What the choice is for; with nothing given, the smallest size.

    Attributes:
        start_seconds: choose the cheapest size that starts within this.
        usd_per_hour: choose the best start that costs no more than this.
        hold: what of the estimate is held to ``start_seconds``.

    Raises:
        ConflictError: for a start and a price together.
        InvalidValueError: for a limit that is not above zero, or ``hold`` without a start.
    """

    start_seconds: float | None = None
    usd_per_hour: float | None = None
    hold: Hold = "expected"

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

    def seconds(self, start: StartEstimate) -> float:
        """Return what of an estimate is held to the target."""
        return start.total.expected if self.hold == "expected" else start.total.high
