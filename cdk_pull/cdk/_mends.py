"""Which findings PullFixes mends, and what it leaves behind for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError
from cdk_pull.report.decision import Decision
from cdk_pull.rules.mend import MIXIN
from cdk_pull.rules.registry import all_rules, chosen_rules, plain_id

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cdk_pull.agent.codes import WarningCode
    from cdk_pull.rules.registry import Rule

__all__ = ["Mends", "fix_decision"]


@dataclass(frozen=True)
class Mends:
    """The rules to mend, each with whether also by what is not safe.

    Attributes:
        rules: by id, in order.
    """

    rules: tuple[tuple[Rule, bool], ...] = ()

    @classmethod
    def of(cls, select: Sequence[str], ignore: Sequence[str], unsafe: Sequence[str]) -> Mends:
        """Return the rules that are asked for.

        Raises:
            InvalidValueError: for what is no list, for an id that no rule has or begins with, and for one in
                ``unsafe`` that has nothing to opt in to.
        """
        selected = {each.id for each in chosen_rules(select)}
        if isinstance(unsafe, str):
            raise InvalidValueError("unsafe is not a list of rule ids", unsafe, allowed=f'["{unsafe}"]')
        optional = [each.id for each in all_rules() if each.mend and each.mend.unsafe]
        for wanted in unsafe:
            if plain_id(wanted) not in optional:
                raise InvalidValueError(
                    f"no unsafe fix of {MIXIN} has this rule id", wanted, allowed=optional
                )
        by_name = {plain_id(wanted) for wanted in unsafe}
        return cls(
            tuple(
                (each, each.id in by_name)
                for each in chosen_rules(ignore=ignore)
                if each.mend is not None and (each.id in by_name or (each.mend.safe and each.id in selected))
            )
        )

    def merged(self, other: Mends) -> Mends:
        """Return the rules of both."""
        unsafe = {rule.id: also for rule, also in self.rules}
        rules = {rule.id: rule for rule, _ in (*self.rules, *other.rules)}
        for rule, also in other.rules:
            unsafe[rule.id] = unsafe.get(rule.id, False) or also
        return Mends(tuple((rules[key], unsafe[key]) for key in sorted(rules)))

    def without(self, ids: Collection[str]) -> Mends:
        """Return these but for some rules."""
        return Mends(tuple((rule, also) for rule, also in self.rules if rule.id not in ids))

    @property
    def codes(self) -> dict[WarningCode, bool]:
        """The warnings on user data to mend, and for each whether also by an edit that is not safe."""
        return {code: also for rule, also in self.rules if rule.mend for code in rule.mend.codes}

    @property
    def properties(self) -> tuple[Rule, ...]:
        """The rules that are mended by properties."""
        return tuple(rule for rule, _ in self.rules if rule.mend and not rule.mend.codes)

    def rule_of(self, code: WarningCode) -> Rule:
        """Return the rule that a warning on user data belongs to."""
        return next(rule for rule, _ in self.rules if rule.mend and code in rule.mend.codes)


def fix_decision(rule: Rule, decided: str, why: str) -> Decision:
    """Return what was mended for a rule, as the report prints it."""
    changes = rule.mend.changes.value if rule.mend else ""
    return Decision(
        topic="fix",
        decided=f"{rule.id}: {decided}",
        why=why,
        cost=f"changes {changes}",
        details={"rule": rule.id},
    )
