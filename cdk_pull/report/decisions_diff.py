"""What changed between the decisions of two cloud assemblies, such as those of a pull request's base and head."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.fargate.prices import dollars
from cdk_pull.records import dataclass
from cdk_pull.report.decision_lines import as_text, line_of, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_pull.report.decisions import RecordedDecision, StackDecisions

__all__ = ["DecisionChange", "DecisionDiff", "compare_decisions"]

_ARROW: Final = " → "
_MARKDOWN: Final = r"([\\`*_\[\]<>|#~&$@])"
# A difference below a cent is one of rounding.
_CENT: Final = 0.005


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionChange:
    """A decision that is new, gone or another one.

    Attributes:
        kind: which of these.
        resource: the stack and the construct's path in it.
        topic: what the decision is about.
        what: the outcome, from what it was to what it is.
        start: the expected seconds of the start, in the same way; empty where that is not known.
        month: the dollars per month, and what that adds or saves; empty where that is not known or the same.
        missed: whether a target is missed that was met before, or is new.
    """

    kind: Literal["new", "gone", "changed"]
    resource: str
    topic: str
    what: str
    start: str = ""
    month: str = ""
    missed: bool = False

    def __str__(self) -> str:
        facts = [self.what]
        facts += [f"start {self.start}"] if self.start else []
        facts += [f"{self.month} a month"] if self.month else []
        facts += ["target missed"] if self.missed else []
        return f"{self.kind}: {self.resource}: {', '.join(facts)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionDiff:
    """The decisions of two assemblies, compared.

    Attributes:
        changes: in the order of the new assembly, what is gone last.
        usd_per_month: what one task of each costs now, where its size was decided.
        usd_per_month_before: what it did.
    """

    changes: tuple[DecisionChange, ...]
    usd_per_month: float
    usd_per_month_before: float

    @property
    def headline(self) -> str:
        """What it comes to, in one line."""
        if not self.changes:
            return "No decision changed"
        kinds = [each.kind for each in self.changes]
        parts = [
            f"{kinds.count(kind)} {'decisions' if kinds.count(kind) > 1 else 'decision'} {kind}"
            for kind in ("changed", "new", "gone")
            if kind in kinds
        ]
        starts = [each.start for each in self.changes if _ARROW in each.start]
        parts += [f"start {starts[0]}"] if len(starts) == 1 else []
        more = self.usd_per_month - self.usd_per_month_before
        parts += [f"{_signed(more)} a month"] if abs(more) >= _CENT else []
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison in JSON's types."""
        return {
            "headline": self.headline,
            "usd_per_month": self.usd_per_month,
            "usd_per_month_before": self.usd_per_month_before,
            "changes": [
                {
                    "kind": each.kind,
                    "resource": each.resource,
                    "topic": each.topic,
                    "what": each.what,
                    "start": each.start,
                    "month": each.month,
                    "missed": each.missed,
                }
                for each in self.changes
            ],
        }

    def to_markdown(self) -> str:
        """Return the comparison as Markdown, with a table where anything changed."""
        lines = [f"**{_escaped(self.headline)}**"]
        if self.changes:
            lines += ["", "| | resource | decision | start | a month |", "|---|---|---|---|---|"]
        for each in self.changes:
            what = f"{each.what} (target missed)" if each.missed else each.what
            cells = (each.kind, each.resource, what, each.start, each.month)
            lines.append(f"| {' | '.join(map(_escaped, cells))} |")
        return "\n".join(lines)


def compare_decisions(before: Sequence[StackDecisions], after: Sequence[StackDecisions]) -> DecisionDiff:
    """Return what changed between the decisions of two assemblies.

    A decision is the same one if its stack, its construct, its topic and its rule are. One that only gives other reasons
    has not changed.

    Args:
        before: of the old assembly.
        after: of the new one.
    """
    old, new = (_by_place(each) for each in (before, after))
    changes: list[DecisionChange] = []
    for key in (*new, *(each for each in old if each not in new)):
        for was, now in zip_longest(old.get(key, []), new.get(key, [])):
            changes += _change(key[0], was, now)
    return DecisionDiff(
        changes=tuple(changes),
        usd_per_month=totals_of(after).usd_per_month,
        usd_per_month_before=totals_of(before).usd_per_month,
    )


def _by_place(stacks: Sequence[StackDecisions]) -> dict[tuple[str, ...], list[RecordedDecision]]:
    found: dict[tuple[str, ...], list[RecordedDecision]] = {}
    for stack in stacks:
        for each in stack.decisions:
            resource = each.resource.removesuffix("/Resource")
            place = stack.stack if resource == stack.stack else f"{stack.stack}/{resource}"
            rule = str(each.decision.details.get("rule", ""))
            found.setdefault((place, each.decision.topic, rule), []).append(each)
    return found


def _change(
    place: str, was: RecordedDecision | None, now: RecordedDecision | None
) -> Iterator[DecisionChange]:
    here = now or was
    if here is None:
        return
    kind: Literal["new", "gone", "changed"] = "gone" if now is None else "new" if was is None else "changed"
    what, start, month = (
        _from_to(one(was) if was else "", one(now) if now else "") for one in (_what, _seconds, _month)
    )
    usd, usd_before = (_usd(each) for each in (now, was))
    if usd is not None and usd_before is not None and abs(usd - usd_before) >= _CENT:
        month = f"{month} ({_signed(usd - usd_before)})"
    missed = now is not None and line_of(now).missed and not (was and line_of(was).missed)
    if kind != "changed" or missed or any(_ARROW in each for each in (what, start, month)):
        yield DecisionChange(
            kind=kind,
            resource=place,
            topic=here.decision.topic,
            what=what,
            start=f"{start} s" if start else "",
            month=month if kind != "changed" or _ARROW in month else "",
            missed=missed,
        )


def _from_to(before: str, after: str) -> str:
    return after if before == after else _ARROW.join(each for each in (before, after) if each)


def _what(recorded: RecordedDecision) -> str:
    return as_text(recorded.decision.decided)


def _seconds(recorded: RecordedDecision) -> str:
    seconds = recorded.decision.details.get("start_seconds")
    expected = seconds.get("expected") if isinstance(seconds, dict) else None
    return f"{expected:.0f}" if isinstance(expected, int | float) else ""


def _month(recorded: RecordedDecision) -> str:
    usd = _usd(recorded)
    return "" if usd is None else dollars(usd)


def _usd(recorded: RecordedDecision | None) -> float | None:
    usd = recorded.decision.details.get("usd_per_month") if recorded else None
    return usd if isinstance(usd, int | float) else None


def _signed(amount: float) -> str:
    return f"{'+' if amount > 0 else '-'}{dollars(abs(amount))}"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line of a table."""
    return re.sub(_MARKDOWN, r"\\\1", " ".join(text.split()))
