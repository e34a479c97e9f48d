"""The decisions that constructs left in a cloud assembly, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from cdk_pull.decision import METADATA_TYPE, Decision, Topic
from cdk_pull.records import dataclass
from cdk_pull.template.cloud_assembly import read_stacks
from cdk_pull.template.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_pull.template.cloud_assembly import AssemblyStack

__all__ = ["RecordedDecision", "StackDecisions", "read_decisions"]

_TOPICS: tuple[Topic, ...] = get_args(Topic)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedDecision:
    """A decision and where it was taken.

    Attributes:
        resource: the construct's path below its stack, nested stacks included.
        decision: what was decided there.
    """

    resource: str
    decision: Decision

    def to_json(self) -> dict[str, Any]:
        """Return the decision and its place in JSON's types."""
        return {"resource": self.resource, **self.decision.to_json()}


@dataclass(frozen=True, kw_only=True, slots=True)
class StackDecisions:
    """What was decided in one stack; a nested stack's decisions stand with its parent's.

    Attributes:
        stack: the stack's path in the app, stages included.
        environment: where it goes, such as ``aws://123456789012/eu-west-1``.
        decisions: in the order in which CDK wrote the constructs, each once.
        ignored: the constructs whose metadata has the form of a decision and was not written by cdk_pull.
    """

    stack: str
    environment: str
    decisions: tuple[RecordedDecision, ...]
    ignored: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the stack's decisions in JSON's types."""
        return {
            "stack": self.stack,
            "environment": self.environment,
            "decisions": [recorded.to_json() for recorded in self.decisions],
            "ignored": list(self.ignored),
        }


def read_decisions(assembly: Path) -> list[StackDecisions]:
    """Read every stack of a cloud assembly, those of its stages included.

    Args:
        assembly: the folder that ``cdk synth`` wrote, such as ``cdk.out``.

    Returns:
        One entry for each stack, in the manifest's order, also for a stack in which nothing was decided.

    Raises:
        TemplateError: a file of the assembly cannot be read, is not as CDK writes it, or lies outside of it.
    """
    return [_stack(each) for each in read_stacks(assembly)]


def _stack(stack: AssemblyStack) -> StackDecisions:
    if stack.metadata.unread:
        raise TemplateError(stack.metadata.unread)
    # A mixin that was applied twice says the same thing twice.
    found: dict[str, list[Decision]] = {}
    ignored: list[str] = []
    for path, decision in (*_in_metadata(stack), *_in_templates(stack)):
        resource = path.removeprefix(f"{stack.path}/").removeprefix("/") or stack.path
        if decision is None:
            ignored.append(resource)
        elif decision not in (there := found.setdefault(resource, [])):
            there.append(decision)
    return StackDecisions(
        stack=stack.path,
        environment=stack.environment,
        decisions=tuple(
            RecordedDecision(resource=resource, decision=decision)
            for resource, decisions in found.items()
            for decision in decisions
        ),
        ignored=tuple(dict.fromkeys(ignored)),
    )


def _in_metadata(stack: AssemblyStack) -> Iterator[tuple[str, Decision | None]]:
    """Yield what constructs recorded, with their paths; None for an entry that cdk_pull did not write."""
    for path, entries in stack.metadata.entries.items():
        for entry in entries:
            if isinstance(entry, dict) and entry.get("type") == METADATA_TYPE:
                yield path, Decision.from_json(entry.get("data"))


def _in_templates(stack: AssemblyStack) -> Iterator[tuple[str, Decision | None]]:
    """Yield what resources carry in a stack's template, and in those of the stacks nested in it."""
    for template in stack.templates:
        for resource in template.annotated():
            path = resource.construct_path or f"{template.name}/{resource.logical_id}"
            for topic in _TOPICS:
                if topic in resource.metadata:
                    yield path, Decision.from_template(topic, resource.metadata[topic])
