"""What a reader gets of each decision: one line, and the totals of an app."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.fargate.prices import dollars
from cdk_pull.records import dataclass, field, replace
from cdk_pull.shapes import as_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_pull.report.decisions import RecordedDecision, StackDecisions

__all__ = ["DecisionLine", "Totals", "as_text", "line_of", "place_of", "totals_of"]

_SIZE: Final = "fargate-size"
_IMAGE: Final = "fargate-image"
_BEHAVIOR: Final = "image-pull-behavior"
_REGION: Final = "region"
_STORAGE: Final = "ephemeral-storage"
_ARROW: Final = " → "


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionLine:
    """One decision in a line.

    Attributes:
        resource: the construct's path below its stack.
        topic: what the decision is about.
        what: the outcome, from what it was to what it is where it changed.
        start: seconds with their interval; empty where the decision is not about a start.
        month: dollars per month, and what that adds; empty where that is not known or not the point.
        better: a way that stands above what was decided; empty for none.
        missed: whether a target is missed.
        general: whether it only states that something is as it should be.
        phases: name and expected seconds of the phases of the start.
        reasons: everything else that was recorded, a sentence each.
    """

    resource: str
    topic: str
    what: str
    start: str = ""
    month: str = ""
    better: str = ""
    missed: bool = False
    general: bool = False
    phases: tuple[tuple[str, float], ...] = ()
    reasons: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """What an app's decisions come to.

    Attributes:
        stacks: of the app.
        decisions: that change something or ask for attention.
        general: that only state that something is as it should be.
        fargate: task definitions whose size was decided with a known price.
        usd_per_month: one task of each.
        usd_per_month_before: the same at the sizes that were given.
        missed: targets that are missed.
        better: decisions for which there is a better way.
    """

    stacks: int
    decisions: int
    general: int
    fargate: int
    usd_per_month: float
    usd_per_month_before: float
    missed: int
    better: int

    def __str__(self) -> str:
        parts = [f"{_count(self.decisions, 'decision')} in {_count(self.stacks, 'stack')}"]
        if self.fargate:
            money = f"{_count(self.fargate, 'Fargate task')} at {dollars(self.usd_per_month)} a month"
            more = self.usd_per_month - self.usd_per_month_before
            if more:
                money += f", {dollars(abs(more))} {'more' if more > 0 else 'less'} than as given"
            parts.append(money)
        parts += [f"{_count(self.missed, 'target')} missed"] if self.missed else []
        parts += [f"{_count(self.better, 'better way')}"] if self.better else []
        return "; ".join(parts)


def line_of(recorded: RecordedDecision) -> DecisionLine:
    """Return a decision as a line."""
    decision, details = recorded.decision, recorded.decision.details
    decided = as_text(decision.decided)
    diff = details.get("diff")
    said = (decision.why, decision.confidence, decision.cost, *as_list(diff))
    reasons = tuple(as_text(part) for part in said if part)
    # The L1 within an L2 is always called so, which tells a reader nothing.
    line = DecisionLine(
        resource=recorded.resource.removesuffix("/Resource"),
        topic=decision.topic,
        what=decided,
        reasons=reasons,
    )
    if decision.topic == _SIZE:
        return _size_line(line, details)
    if decision.topic == _IMAGE:
        return replace(
            line,
            start=_start(details.get("start_seconds")),
            missed=details.get("target_met") is False,
            reasons=(
                *line.reasons,
                *(f"Dockerfile: {as_text(each)}" for each in details.get("dockerfile") or ()),
            ),
        )
    if decision.topic == _STORAGE:
        return replace(line, what=f"{decided} of ephemeral storage")
    if decision.topic == _BEHAVIOR:
        usd = details.get("usd_per_month")
        month = f"{dollars(usd)} an instance" if isinstance(usd, int | float) else ""
        return replace(line, month=month)
    if decision.topic == _REGION:
        images = details.get("images")
        same = isinstance(images, dict) and set(map(str, images.values())) <= {"same", "allowed"}
        what = (
            f"{_count(len(images), 'image')} in the Region or allowed from elsewhere"
            if isinstance(images, dict) and same
            else decided
        )
        return replace(line, what=what, general=same)
    return line


def totals_of(stacks: Iterable[StackDecisions]) -> Totals:
    """Return what an app's decisions come to."""
    listed = list(stacks)
    recorded = [each for stack in listed for each in stack.decisions]
    lines = [line_of(each) for each in recorded]
    priced = [
        (details["usd_per_month"], details["usd_per_month_before"])
        for each in recorded
        if isinstance((details := each.decision.details).get("usd_per_month"), int | float)
        and isinstance(details.get("usd_per_month_before"), int | float)
    ]
    return Totals(
        stacks=len(listed),
        decisions=sum(not line.general for line in lines),
        general=sum(line.general for line in lines),
        fargate=len(priced),
        usd_per_month=sum(now for now, _ in priced),
        usd_per_month_before=sum(before for _, before in priced),
        missed=sum(line.missed for line in lines),
        better=sum(bool(line.better) for line in lines),
    )


def place_of(environment: str) -> str:
    """Return where a stack goes in words: CDK writes ``unknown-account`` for a stack that may go to any."""
    parts = environment.removeprefix("aws://").split("/")
    known = [part for part in parts if not part.startswith("unknown-")]
    return " ".join(known) if any(known) else "any account and Region"


def as_text(value: object) -> str:
    """Return a field as text: what held a token when it was recorded is an intrinsic function by now."""
    return value if isinstance(value, str) else json.dumps(value)


def _size_line(line: DecisionLine, details: Mapping[str, Any]) -> DecisionLine:
    before = details.get("from")
    what = f"{before}{_ARROW}{line.what}" if isinstance(before, str) and before != line.what else line.what
    start = details.get("start_seconds")
    usd, usd_before = details.get("usd_per_month"), details.get("usd_per_month_before")
    month = dollars(usd) if isinstance(usd, int | float) else "unknown" if start else ""
    if isinstance(usd, int | float) and isinstance(usd_before, int | float) and usd != usd_before:
        month += f" ({'+' if usd > usd_before else '-'}{dollars(abs(usd - usd_before))})"
    ways = tuple(as_text(each) for each in details.get("ways") or ())
    return replace(
        line,
        what=what,
        start=_start(start),
        month=month,
        better=as_text(details.get("better") or ""),
        missed=details.get("target_met") is False,
        phases=tuple((str(name), float(value)) for name, value in (details.get("phases") or {}).items()),
        reasons=(*line.reasons, *(f"way: {way}" for way in ways)),
    )


def _start(seconds: object) -> str:
    if not isinstance(seconds, dict):
        return ""
    return f"{seconds['expected']:.0f} s ({seconds['low']:.0f}-{seconds['high']:.0f} s)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
