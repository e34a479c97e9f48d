"""The rules: each is one module of ``checks``; a table says what each looks at, so that only what is needed is imported."""

from __future__ import annotations

import re
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from cdk_pull.data import facts_of
from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.errors import InvalidValueError
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
    "chosen_subjects",
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
        from cdk_pull.docstrings import docstring_of  # noqa: PLC0415 - slow to import, and few runs show a page

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
def _subjects() -> dict[str, Subject]:
    """Return what each rule looks at, by the name of its module and in the order of the ids."""
    found: dict[str, Subject] = facts_of("rules")["subjects"]
    return found


@cache
def _load(module: str) -> Rule:
    members = vars(import_module(f"cdk_pull.rules.checks.{module}")).values()
    return next(member for member in members if isinstance(member, Rule))


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by id."""
    return tuple(map(_load, _subjects()))


def documented_rules() -> tuple[Rule, ...]:
    """Return every rule, and the one under which the failure of another is reported, by id."""
    crashed: Rule = import_module("cdk_pull.rules.engine.crashed").rule_failed
    return (crashed, *all_rules())


def plain_id(text: str) -> str:
    """Return a rule's id, or its beginning, as the rules write it: in upper case, without ``cdk-pull::``."""
    return text.strip().upper().removeprefix("CDK-PULL::")


def find_rule(rule_id: str) -> Rule:
    """Return a rule by its id, in upper or lower case, with or without ``cdk-pull::`` before it.

    Raises:
        InvalidValueError: for an id that no rule has.
    """
    wanted = plain_id(rule_id)
    if wanted == CRASHED:
        return documented_rules()[0]
    modules = {_id(module): module for module in _subjects()}
    if wanted not in modules:
        near = did_you_mean(wanted, [CRASHED, *modules])
        raise InvalidValueError("no rule has this id", rule_id, allowed=_LISTED, fix=near)
    return _load(modules[wanted])


def chosen_rules(
    select: Sequence[str] = (), ignore: Sequence[str] = (), on: Subject | None = None
) -> tuple[Rule, ...]:
    """Return the rules that ids, or their beginnings, select and do not ignore; all where nothing is selected.

    Args:
        select: ids, or beginnings of ids.
        ignore: the same.
        on: what the rules look at; anything when None.

    Raises:
        InvalidValueError: for what is no list, and for an id that no rule has or begins with.
    """
    chosen = _chosen(select, ignore)
    return tuple(_load(module) for module, subject in chosen.items() if on in (None, subject))


def chosen_subjects(select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Subject, ...]:
    """Return what the rules look at that :func:`chosen_rules` returns, without importing one.

    Raises:
        InvalidValueError: as there.
    """
    return tuple(dict.fromkeys(_chosen(select, ignore).values()))


def _chosen(select: Sequence[str], ignore: Sequence[str]) -> dict[str, Subject]:
    selected, ignored = _beginnings("select", select), _beginnings("ignore", ignore)
    return {
        module: subject
        for module, subject in _subjects().items()
        if (not selected or _id(module).startswith(selected)) and not _id(module).startswith(ignored)
    }


def _id(module: str) -> str:
    return module.partition("_")[0].upper()


def _beginnings(name: str, ids: Sequence[str]) -> tuple[str, ...]:
    if isinstance(ids, str):
        raise InvalidValueError(f"{name} is not a list of rule ids", ids, allowed=f'["{ids}"]')
    found = tuple(map(plain_id, ids))
    for text, beginning in zip(ids, found, strict=True):
        if not beginning or not any(_id(module).startswith(beginning) for module in _subjects()):
            raise InvalidValueError("no rule has this id", text, allowed=_LISTED)
    return found
