"""What an evaluation may look at: the template's own sections, its environment, and what is linked to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from cdk_pull.template.partitions import partition_of
from cdk_pull.template.values import NO_VALUE, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Context", "Environment", "Guard", "Links", "section"]

# An account is digits, a Region letters, digits and hyphens: what neither can hold, a text may be split at.
_NEVER: Final = {
    "AWS::AccountId": ":/.-@, ",
    "AWS::Partition": ":/.@, ",
    "AWS::Region": ":/.@, ",
    "AWS::URLSuffix": ":/@, ",
}
_REASONS: Final = {
    "AWS::AccountId": "the stack's account is not known: give it in the stack's environment, or with --account",
    "AWS::Region": "the stack's Region is not known: give it in the stack's environment, or with --region",
    "AWS::Partition": "the stack's Region is not known: give it in the stack's environment, or with --region",
    "AWS::URLSuffix": "the stack's Region is not known: give it in the stack's environment, or with --region",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a stack is deployed; None where the template leaves it open."""

    account: str | None = None
    region: str | None = None


class Links(Protocol):
    """What a template can see of the templates around it."""

    def exported(self, name: str, environment: Environment) -> Any:
        """Return the value that a stack of this environment exports under a name."""

    def nested_output(self, home: str, logical_id: str, output: str) -> Any:
        """Return an output of the nested stack that a resource of the template ``home`` stands for."""

    def sent_across_regions(self, name: str) -> Any:
        """Return the value that a stack of another Region hands over, as CDK's cross-region references do."""

    def stack_output(self, stack_name: str, output: str, region: str | None) -> Any:
        """Return an output of the stack of this name in a Region, or in any when the Region is None."""


class Guard:
    """Bounds the work of one evaluation: its depth, and what it is already in the midst of."""

    __slots__ = ("active", "depth")

    def __init__(self) -> None:
        self.active: set[tuple[str, ...]] = set()
        self.depth = 0

    def once(self, step: tuple[str, ...], work: Callable[[], Any]) -> Any:
        """Return what ``work`` returns, or an unknown when this step is already under way."""
        if step in self.active:
            return Unknown(reason=f"{step[-1]} refers to itself")
        self.active.add(step)
        try:
            return work()
        finally:
            self.active.discard(step)


@dataclass(slots=True)
class Context:
    """What :func:`cdk_pull.template.intrinsics.evaluate` may look at.

    Attributes:
        environment: the stack's account and Region.
        document: the template; an empty one knows pseudo-parameters alone.
        stack_name: what ``AWS::StackName`` gives, or None.
        home: the template's key, which an unknown carries so that its symbol can be found again.
        arguments: evaluated values for the template's parameters, which go before their defaults.
        links: the templates around this one, or None.
        guard: shared by all templates that are linked to one another.
        conditions: those already decided.
        references: what ``Ref`` of a resource comes to, where that is unknown.
        resources: the template's section.
        parameters: the template's section.
    """

    environment: Environment = field(default_factory=Environment)
    document: Mapping[str, Any] = field(default_factory=dict)
    stack_name: str | None = None
    home: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    links: Links | None = None
    guard: Guard = field(default_factory=Guard)
    conditions: dict[str, Any] = field(default_factory=dict, init=False)
    references: dict[str, Any] = field(default_factory=dict, init=False)
    resources: dict[str, Any] = field(init=False)
    parameters: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        # Asked for at every Ref, so that looking the sections up each time would show.
        self.resources = section(self.document, "Resources")
        self.parameters = section(self.document, "Parameters")

    def pseudo(self, name: str) -> Any:
        """Return the value of a pseudo-parameter."""
        if name == "AWS::NoValue":
            return NO_VALUE
        region = self.environment.region
        value: str | None = None
        if name == "AWS::Region":
            value = region
        elif name == "AWS::AccountId":
            value = self.environment.account
        elif name == "AWS::StackName":
            value = self.stack_name
        elif region and name == "AWS::Partition":
            value = partition_of(region).partition
        elif region and name == "AWS::URLSuffix":
            value = partition_of(region).url_suffix
        if value is not None:
            return value
        return Unknown(
            reason=_REASONS.get(name, f"{name} is known at deployment only"),
            symbol=name,
            home=self.home,
            never=_NEVER.get(name, ""),
            origin={"Ref": name},
        )

    def parameter(self, name: str) -> Any:
        """Return the value of a parameter that the template declares: as given, or by its default."""
        if name in self.arguments:
            return self.arguments[name]
        declaration = self.parameters.get(name)
        kind, default = "", None
        if isinstance(declaration, dict):
            kind, default = str(declaration.get("Type", "")), declaration.get("Default")
        if default is None or isinstance(default, dict):
            reason = f"parameter {name} has no default"
        elif kind.startswith("AWS::SSM::Parameter::"):
            reason = f"parameter {name} is read from SSM parameter {default} at deployment"
        elif kind.startswith("List<") or kind == "CommaDelimitedList":
            items = default if isinstance(default, list) else str(default).split(",")
            return [str(item).strip() for item in items]
        else:
            return default
        return Unknown(reason=reason, symbol=name, home=self.home, origin={"Ref": name})


def section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a section of a template, or nothing where it is missing or not an object."""
    value = document.get(name)
    return value if isinstance(value, dict) else {}
