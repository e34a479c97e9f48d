"""The rules: each is one module of this package, found by its name."""

from __future__ import annotations

import re
from functools import cache, cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.docstrings import docstring_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.rules.engine.finding import Confidence
from cdk_pull.rules.fixes.declaration import MIXIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem, Severity
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.rules.fixes.declaration import Autofix

__all__ = [
    "CRASHED",
    "Rule",
    "Subject",
    "all_rules",
    "chosen_rules",
    "documented_rules",
    "find_rule",
    "plain_id",
    "rule",
]

Subject = Literal["capacity", "task", "service", "repository", "cache", "annotated", "stack"]
"""What a rule looks at: one call of its check for each in an assembly."""

CRASHED: Final = "PULL000"
"""The rule under which an exception inside another rule is reported."""

_LISTED: Final = "those that `cdk-pull rules` lists"
_ID: Final = lazy_pattern(r"PULL[0-9]{3}")
_MODULE: Final = lazy_pattern(r"pull[0-9]{3}_[a-z0-9_]+")

_S = TypeVar("_S")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: ``PULL`` and three digits; it never changes its meaning.
        title: what is wrong, in a few words.
        severity: of its findings, unless one says otherwise.
        confidence: how sure they are, unless one says otherwise.
        on: what it looks at.
        check: yields the problems of one subject, and what it could not judge.
        fix: what to do, where a problem does not say it more exactly.
        mixin: the name in ``cdk_pull`` of what fixes it; empty where only a person can.
        autofix: what the mixin PullFixes does; None where it does nothing.
        sources: where the facts behind it come from.
    """

    id: str
    title: str
    severity: Severity
    on: Subject
    check: Callable[[Any, CheckContext], Iterable[Problem | NotEvaluated]]
    fix: str
    mixin: str
    autofix: Autofix | None
    sources: tuple[str, ...]
    confidence: Confidence = Confidence.HIGH

    @cached_property
    def page(self) -> str:
        """Its documentation, in Markdown: the docstring of its check."""
        return docstring_of(self.check)

    @property
    def section_titles(self) -> tuple[str, ...]:
        """The titles of its page's sections."""
        return tuple(re.findall(r"^## (.+)$", self.page, re.MULTILINE))


def rule(
    rule_id: str,
    title: str,
    *,
    severity: Severity,
    on: Subject,
    fix: str,
    sources: tuple[str, ...],
    mixin: str = "",
    autofix: Autofix | None = None,
    confidence: Confidence = Confidence.HIGH,
) -> Callable[[Callable[[_S, CheckContext], Iterable[Problem | NotEvaluated]]], Rule]:
    """Make a rule of a check function, whose docstring is the rule's page.

    Args:
        rule_id: ``PULL`` and three digits.
        title: what is wrong, in a few words.
        severity: of its findings, unless a problem says otherwise.
        on: what the function is called with.
        fix: what to do, in one line.
        sources: where the facts come from.
        mixin: the name in ``cdk_pull`` of what fixes it; PullFixes where only ``autofix`` is given.
        autofix: what the mixin PullFixes does.
        confidence: how sure its findings are, unless a problem says otherwise.
    """

    def decorate(check: Callable[[_S, CheckContext], Iterable[Problem | NotEvaluated]]) -> Rule:
        return Rule(
            id=rule_id,
            title=title,
            severity=severity,
            on=on,
            check=check,
            fix=fix,
            mixin=mixin or (MIXIN if autofix else ""),
            autofix=autofix,
            sources=sources,
            confidence=confidence,
        )

    return decorate


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by id.

    Raises:
        InvalidValueError: for a rule whose id or module name is not in order, or an id that is taken.
    """
    package = import_module("cdk_pull.rules.checks")
    found: dict[str, Rule] = {}
    for module in iter_modules(package.__path__):
        if not _MODULE.fullmatch(module.name):
            continue
        members = vars(import_module(f"{package.__name__}.{module.name}")).values()
        declared = next(member for member in members if isinstance(member, Rule))
        _require_order(declared, module.name)
        if declared.id in found:
            raise InvalidValueError("two rules have one id", declared.id, allowed="one module an id")
        found[declared.id] = declared
    return tuple(found[key] for key in sorted(found))


def _require_order(declared: Rule, module: str) -> None:
    if not _ID.fullmatch(declared.id) or not module.startswith(f"{declared.id.lower()}_"):
        raise InvalidValueError(
            "a rule's module is not named after its id", module, allowed=f"{declared.id.lower()}_…"
        )


def documented_rules() -> tuple[Rule, ...]:
    """Return every rule, and the one under which the failure of another is reported, by id."""
    crashed: Rule = import_module("cdk_pull.rules.engine.crashed").rule_failed
    return (crashed, *all_rules())


def plain_id(text: str) -> str:
    """Return a rule's id, or its beginning, as the rules write it: in upper case, without ``cdk-pull::``."""
    return text.strip().upper().removeprefix("CDK-PULL::")


@cache
def _by_id() -> dict[str, Rule]:
    return {each.id: each for each in documented_rules()}


def find_rule(rule_id: str) -> Rule:
    """Return a rule by its id, in upper or lower case, with or without ``cdk-pull::`` before it.

    Raises:
        InvalidValueError: for an id that no rule has.
    """
    found = _by_id().get(plain_id(rule_id))
    if found is None:
        near = did_you_mean(plain_id(rule_id), _by_id())
        raise InvalidValueError("no rule has this id", rule_id, allowed=_LISTED, fix=near)
    return found


def chosen_rules(select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Rule, ...]:
    """Return the rules that ids, or their beginnings, select and do not ignore; all where nothing is selected.

    Raises:
        InvalidValueError: for what is no list, and for an id that no rule has or begins with.
    """
    selected, ignored = _beginnings("select", select), _beginnings("ignore", ignore)
    return tuple(
        each
        for each in all_rules()
        if (not selected or each.id.startswith(selected)) and not (ignored and each.id.startswith(ignored))
    )


def _beginnings(name: str, ids: Sequence[str]) -> tuple[str, ...]:
    if isinstance(ids, str):
        raise InvalidValueError(f"{name} is not a list of rule ids", ids, allowed=f'["{ids}"]')
    found = tuple(map(plain_id, ids))
    for text, beginning in zip(ids, found, strict=True):
        if not beginning or not any(each.id.startswith(beginning) for each in all_rules()):
            raise InvalidValueError("no rule has this id", text, allowed=_LISTED)
    return found
