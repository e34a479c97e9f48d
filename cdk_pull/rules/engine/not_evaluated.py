"""What a rule could not judge: said beside the findings, so that silence means that nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.template.model import PathStep, Resource

__all__ = ["Gap", "GapSummary", "Missing", "NotEvaluated", "summarize"]

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Missing:
    """A kind of thing that a rule needs and does not have; declare one as a constant beside the rules that use it.

    Attributes:
        one: how a summary calls one of them, such as ``image of unknown size`` or ``imported role``.
        many: how it calls several.
        advice: what the user does about it, such as ``run `cdk-pull lookup```; empty where nothing can be done.
    """

    one: str
    many: str
    advice: str = ""

    def counted(self, number: int) -> str:
        """Return a number of them in words."""
        return f"{number} {self.one if number == 1 else self.many}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotEvaluated:
    """What a rule's check yields where it cannot judge its subject.

    Attributes:
        missing: the kind of thing that is not known.
        name: which one it is; the summary counts each name once.
        reason: why it is not known, in one line.
        path: where that stands, below the resource.
        resource: another resource than the one that was checked.
    """

    missing: Missing
    name: str
    reason: str = ""
    path: tuple[PathStep, ...] = ()
    resource: Resource | None = None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What one rule could not judge, and where.

    Attributes:
        rule: the rule's id.
        missing: the kind of thing that is not known.
        name: which one it is.
        reason: why it is not known; empty where the kind says it all.
        stack: the name of the stack or template.
        logical_id: of the resource that the rule looked at.
        construct_path: of its construct; empty where there is none.
        property_path: of the value that is not known.
        file: of the template; empty for a template in memory.
    """

    rule: str
    missing: Missing
    name: str
    reason: str
    stack: str
    logical_id: str
    construct_path: str = ""
    property_path: str = ""
    file: str = ""


@dataclass(kw_only=True)
class GapSummary:
    """What was not evaluated for one reason, or for several about which there is the same to do.

    Attributes:
        advice: what the user does about it; empty where nothing can be done.
        names: by kind, the things that are not known, in order.
        rules: the ids of the rules that were not evaluated.
        gaps: all of it, one by one.
    """

    advice: str
    names: dict[Missing, dict[str, None]] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def things(self) -> str:
        """What is not known, counted: ``2 imported roles, 1 subnet of another stack``."""
        return ", ".join(missing.counted(len(names)) for missing, names in self.names.items())

    def __str__(self) -> str:
        if not self.advice:
            return f"{self.things}: not judged"
        rules = f"{len(self.rules)} rule{'' if len(self.rules) == 1 else 's'}"
        return f"{self.things}: {rules} not evaluated; {self.advice}"

    @property
    def named(self) -> str:
        """The first of the things by name."""
        names = list(dict.fromkeys(name for each in self.names.values() for name in each))
        more = len(names) - _MOST_NAMES
        return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")

    def to_json(self) -> dict[str, Any]:
        """Return the summary and what it sums up in JSON's types."""
        return {
            "message": str(self),
            "advice": self.advice,
            "rules": sorted(self.rules),
            "missing": [
                {"what": missing.one, "count": len(names), "names": list(names)}
                for missing, names in self.names.items()
            ],
            "places": [
                {
                    "rule": gap.rule,
                    "name": gap.name,
                    "reason": gap.reason or gap.missing.one,
                    "stack": gap.stack,
                    "logical_id": gap.logical_id,
                    "construct_path": gap.construct_path,
                    "property_path": gap.property_path,
                    "file": gap.file,
                }
                for gap in self.gaps
            ],
        }


def summarize(gaps: Iterable[Gap]) -> list[GapSummary]:
    """Return what was not evaluated, one entry for each thing to do about it; those with advice come first."""
    found: dict[str, GapSummary] = {}
    for gap in gaps:
        summary = found.setdefault(gap.missing.advice, GapSummary(advice=gap.missing.advice))
        summary.names.setdefault(gap.missing, {})[gap.name] = None
        summary.rules.add(gap.rule)
        summary.gaps.append(gap)
    return sorted(found.values(), key=lambda each: not each.advice)
