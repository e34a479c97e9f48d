"""What an evaluation may look at: the template's own sections, its environment, and what is linked to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from cdk_pull.records import dataclass, field
from cdk_pull.shapes import as_object
from cdk_pull.template.partitions import partition_of
from cdk_pull.template.values import NO_VALUE, Unknown, concat, split, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

__all__ = ["TOO_LARGE", "Context", "Environment", "Guard", "Links", "section", "value_at"]

TOO_LARGE: Final = "too large to evaluate"
"""The reason of what is unknown because it would take too many steps or too much memory."""

# A template of 1 MB, which is all that CloudFormation takes, has some 50,000 values. A million steps take a second.
_STEPS_OF_VALUE: Final = 200_000
_STEPS_OF_TEMPLATE: Final = 1_000_000
# What each further resource may take: larger templates are for others than CloudFormation, and checked all the same.
_STEPS_OF_RESOURCE: Final = 100
_CHARACTERS_OF_STEP: Final = 32

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
    """Bounds the work of evaluation: its depth, its steps, and what one value asks of another, worked out once.

    Attributes:
        active: the steps of ``once`` that are under way.
        known: what steps of ``once`` came to.
        depth: how many evaluations contain the one under way.
        left: how many steps the outermost value may still take.
    """

    __slots__ = ("active", "depth", "known", "left")

    def __init__(self) -> None:
        self.active: set[Hashable] = set()
        self.known: dict[Hashable, Any] = {}
        self.depth = 0
        self.left = _STEPS_OF_VALUE

    def once(self, name: str, step: Hashable, work: Callable[[], Any]) -> Any:
        """Return what ``work`` returns, or an unknown when this step is already under way.

        Two values that each ask twice for the next one would take twice as long with every further one: what a step
        came to is kept.

        Args:
            name: what the step works out, for a person to read.
            step: what no other step of the templates has.
            work: the step.
        """
        if step in self.known:
            return self.known[step]
        if step in self.active:
            return Unknown(reason=f"{name} refers to itself")
        self.active.add(step)
        try:
            result = work()
        finally:
            self.active.discard(step)
        if self.left > 0:
            # What was cut off belongs to the value that asked for too much, and to no other.
            self.known[step] = result
        return result


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
        references: what ``Ref`` of a resource comes to, where that is unknown, and the ARNs and URIs of repositories.
        left: how many steps the evaluation of the template may still take.
        cut_off: whether a value of the template was too large to evaluate.
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
    references: dict[str, Any] = field(default_factory=dict, init=False)
    left: int = field(default=_STEPS_OF_TEMPLATE, init=False)
    cut_off: bool = field(default=False, init=False)
    resources: dict[str, Any] = field(init=False)
    parameters: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        # Asked for at every Ref, so that looking the sections up each time would show.
        self.resources = section(self.document, "Resources")
        self.parameters = section(self.document, "Parameters")

    def begin(self) -> None:
        """Begin the evaluation of an outermost value."""
        self.left += _STEPS_OF_RESOURCE
        self.guard.left = _STEPS_OF_VALUE

    def take(self, steps: int, characters: int = 0) -> bool:
        """Count work before it is done, and tell whether it may be."""
        steps += characters // _CHARACTERS_OF_STEP
        self.left -= steps
        self.guard.left -= steps
        if self.left >= 0 and self.guard.left >= 0:
            return True
        self.cut_off = True
        return False

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
        declaration = section(self.parameters, name)
        kind = str(declaration.get("Type", ""))
        stated = self.arguments[name] if name in self.arguments else declaration.get("Default")
        value = stated if isinstance(stated, list) else text_of(stated)
        if value is None:
            reason = f"parameter {name} has no default"
        elif kind.startswith("AWS::SSM::Parameter::Value<"):
            where = concat(("SSM parameter ", value)) if not isinstance(value, list) else "SSM"
            reason = f"parameter {name} is read from {where} at deployment"
        elif kind.startswith("List<") or kind == "CommaDelimitedList":
            return self.guard.once(name, ("items", self.home, name), lambda: self._items(value))
        else:
            return stated
        return Unknown(reason=reason, symbol=name, home=self.home, origin={"Ref": name})

    def _items(self, value: list[Any] | str | Unknown) -> Any:
        """Return the items of a list, which may be written as a string with commas."""
        number = value.count(",") if isinstance(value, str) else len(value) if isinstance(value, list) else 0
        if not self.take(number):
            return Unknown(reason=TOO_LARGE)
        items = split(",", value) if isinstance(value, str | Unknown) else value
        if isinstance(items, Unknown):
            return items
        return [item.strip() if isinstance(item, str) else item for item in map(text_of, items)]


def section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a section of a template, or nothing where it is missing or not an object."""
    value = document.get(name)
    return as_object(value)


def value_at(value: Any, path: Sequence[str | int], default: Any = None) -> Any:
    """Return what stands at a path of a value; the default where nothing does."""
    for step in path:
        is_item = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not (is_item or (isinstance(value, dict) and step in value)):
            return default
        value = value[step]
    return value
