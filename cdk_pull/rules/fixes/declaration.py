"""What the mixin PullFixes does for a rule."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from cdk_pull.agent.readers.codes import WarningCode
    from cdk_pull.template.model import PathStep

__all__ = ["FIXED_USER_DATA", "MIXIN", "Autofix", "Changes", "Patch"]

MIXIN = "PullFixes"
"""The mixin in ``cdk_pull`` that applies them."""

FIXED_USER_DATA = frozenset({"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"})
"""Where it fixes user data; that of a single instance has run already when it changes."""


class Changes(StrEnum):
    """What changes in the deployed stack."""

    USER_DATA = "user data, which reaches new instances only"
    TASK_SIZE = "the task size: a new revision with a new price"
    STORAGE = "the ephemeral storage: a new revision; storage above 20 GiB costs extra"
    IMAGE = "the image URI: a new revision"
    ENVIRONMENT = "the environment of containers: a new revision"


@dataclass(frozen=True, slots=True)
class Patch:
    """Another value for a property.

    Attributes:
        path: where it stands below ``Properties``.
        value: what CloudFormation gets there.
    """

    path: tuple[PathStep, ...]
    value: Any

    @property
    def name(self) -> str:
        """The property, as a message names it."""
        return ".".join(map(str, self.path))

    def what(self, before: Any) -> str:
        """Return what it does, in a few words; empty where it changes nothing.

        Args:
            before: what CloudFormation got there before; None for nothing.
        """
        if before is None:
            return f"{self.name} is {_shown(self.value)}"
        if str(before) == str(self.value):
            return ""
        return f"{self.name} is {_shown(self.value)} in place of {_shown(before)}"

    def diff(self, before: Any) -> tuple[str, ...]:
        """Return the property before and after, with ``-`` and ``+`` before it."""
        if str(before) == str(self.value):
            return ()
        removed = () if before is None else (f"-{self.name}: {_shown(before)}",)
        return (*removed, f"+{self.name}: {_shown(self.value)}")


def _shown(value: Any) -> str:
    match value:
        case {"Fn::Sub": str() as text}:
            return text
        case str() | int() | float():
            return str(value)
    return json.dumps(value, default=str)


@dataclass(frozen=True, kw_only=True, slots=True)
class Autofix:
    """How the findings of a rule are fixed.

    Attributes:
        changes: what that changes in the deployed stack.
        safe: what ``PullFixes()`` does: no more than the app evidently asks for; empty where that is nothing.
        unsafe: what ``PullFixes(unsafe=[…])`` does, because a person has to weigh it; empty where that is nothing.
        codes: the warnings on user data that it fixes; without any, the patches of the problems are applied.
    """

    changes: Changes
    safe: str = ""
    unsafe: str = ""
    codes: frozenset[WarningCode] = frozenset()

    def hint(self, rule_id: str, autofix: Literal["safe", "unsafe", ""] | None = None) -> str:
        """Return what to apply in CDK, in a few words; empty where nothing fixes it.

        Args:
            rule_id: the rule.
            autofix: whether one finding is fixed, where that is known.
        """
        named = f'{MIXIN}(unsafe=["{rule_id}"])'
        if autofix is not None:
            return {"safe": f"{MIXIN}() does it", "unsafe": f"{named} does it", "": ""}[autofix]
        if not self.unsafe:
            return f"{MIXIN}() does it where it is certain what was meant"
        return (
            f"{MIXIN}() does it where that is safe, {named} elsewhere, too"
            if self.safe
            else f"{named} does it"
        )

    def page(self, rule_id: str) -> str:
        """Return what the rule's page says of it, in Markdown."""
        ways = ((f"{MIXIN}()", self.safe), (f'{MIXIN}(unsafe=["{rule_id}"])', self.unsafe))
        said = " ".join(f"`{way}` {what}." for way, what in ways if what)
        options = (["--fix"] if self.safe else []) + (
            [f"--fix --unsafe-fixes {rule_id}"] if self.unsafe else []
        )
        commands = " or ".join(f"`cdk-pull check {each}`" for each in options)
        return f"{said} In a template file, {commands} does the same. This changes {self.changes}."
