"""Which findings PullFixes fixes, and what it leaves behind for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass
from cdk_pull.rules.engine.registry import all_rules, chosen_rules, plain_id

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cdk_pull.agent.readers.codes import WarningCode
    from cdk_pull.rules.engine.registry import Rule

__all__ = ["SelectedFixes", "fix_decision"]


@dataclass(frozen=True)
class SelectedFixes:
    """The rules to fix, each with whether also by what is not safe.

    Attributes:
        rules: by id, in order.
    """

    rules: tuple[tuple[Rule, bool], ...] = ()

    @classmethod
    def of(cls, select: Sequence[str], ignore: Sequence[str], unsafe: Sequence[str]) -> SelectedFixes:
        """Return the rules that are asked for.

        Raises:
            InvalidValueError: for what is no list, for an id that no rule has or begins with, and for one in
                ``unsafe`` that no rule with an unsafe fix has or begins with.
        """
        selected = {each.id for each in chosen_rules(select)}
        if isinstance(unsafe, str):
            raise InvalidValueError("unsafe is not a list of rule ids", unsafe, allowed=f'["{unsafe}"]')
        optional = [each.id for each in all_rules() if each.autofix and each.autofix.unsafe]
        by_name: set[str] = set()
        for wanted in unsafe:
            named = [each for each in optional if plain_id(wanted) and each.startswith(plain_id(wanted))]
            if not named:
                raise InvalidValueError("no rule with an unsafe fix has this id", wanted, allowed=optional)
            by_name.update(named)
        return cls(
            tuple(
                (each, each.id in by_name)
                for each in chosen_rules(ignore=ignore)
                if each.autofix is not None
                and (each.id in by_name or (each.autofix.safe and each.id in selected))
            )
        )

    def merged(self, other: SelectedFixes) -> SelectedFixes:
        """Return the rules of both."""
        unsafe = {rule.id: also for rule, also in self.rules}
        rules = {rule.id: rule for rule, _ in (*self.rules, *other.rules)}
        for rule, also in other.rules:
            unsafe[rule.id] = unsafe.get(rule.id, False) or also
        return SelectedFixes(tuple((rules[key], unsafe[key]) for key in sorted(rules)))

    def without(self, ids: Collection[str]) -> SelectedFixes:
        """Return these but for some rules."""
        return SelectedFixes(tuple((rule, also) for rule, also in self.rules if rule.id not in ids))

    @property
    def codes(self) -> dict[WarningCode, bool]:
        """The warnings on user data to fix, and for each whether also by an edit that is not safe."""
        return {code: also for rule, also in self.rules if rule.autofix for code in rule.autofix.codes}

    @property
    def properties(self) -> tuple[Rule, ...]:
        """The rules that are fixed by properties."""
        return tuple(rule for rule, _ in self.rules if rule.autofix and not rule.autofix.codes)

    def rule_of(self, code: WarningCode) -> Rule:
        """Return the rule that a warning on user data belongs to."""
        return next(rule for rule, _ in self.rules if rule.autofix and code in rule.autofix.codes)


def fix_decision(rule: Rule, decided: str, why: str, diff: Sequence[str] = ()) -> Decision:
    """Return what was fixed for a rule, as the report prints it.

    Args:
        rule: the rule.
        decided: what was changed, and what that takes the place of.
        why: the finding.
        diff: the lines that were changed, each with ``-`` or ``+`` before it.
    """
    changes = rule.autofix.changes.value if rule.autofix else ""
    return Decision(
        topic="fix",
        decided=f"{rule.id}: {decided}",
        why=why,
        cost=f"changes {changes}",
        details={"rule": rule.id, "diff": list(diff)},
    )
