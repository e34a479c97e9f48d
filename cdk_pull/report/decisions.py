"""The decisions that constructs left in a cloud assembly, read back, and laid out as one table per stack."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, get_args

from cdk_pull.decision import METADATA_TYPE, TEMPLATE_KEY, Decision, Topic
from cdk_pull.errors import InvalidValueError
from cdk_pull.template.construct_metadata import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rich.console import RenderableType

__all__ = ["RecordedDecision", "StackDecisions", "decision_table", "read_decisions"]

_FIELDS = frozenset(field.name for field in fields(Decision))
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
    """

    stack: str
    environment: str
    decisions: tuple[RecordedDecision, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the stack's decisions in JSON's types."""
        return {
            "stack": self.stack,
            "environment": self.environment,
            "decisions": [recorded.to_json() for recorded in self.decisions],
        }


def read_decisions(assembly: Path) -> list[StackDecisions]:
    """Read every stack of a cloud assembly, those of its stages included.

    Args:
        assembly: the folder that ``cdk synth`` wrote, such as ``cdk.out``.

    Returns:
        One entry for each stack, in the manifest's order, also for a stack in which nothing was decided.

    Raises:
        TemplateError: a file of the assembly cannot be read, or is not JSON.
        InvalidValueError: a file of the assembly is not as CDK writes it.
    """
    try:
        return list(_stacks(assembly))
    except (AttributeError, KeyError, TypeError) as error:
        raise InvalidValueError(
            f"not a cloud assembly as CDK writes it ({type(error).__name__}: {error})",
            str(assembly),
            allowed="the folder that `cdk synth` wrote, such as cdk.out",
        ) from error


def _stacks(assembly: Path) -> Iterator[StackDecisions]:
    for artifact_id, artifact in read_json(assembly / "manifest.json")["artifacts"].items():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(assembly / artifact["properties"]["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            stack = artifact.get("displayName", artifact_id)
            metadata = artifact.get("metadata", {})
            if "additionalMetadataFile" in artifact:
                metadata |= read_json(assembly / artifact["additionalMetadataFile"])
            decisions: list[RecordedDecision] = []
            for recorded in (*_decisions(stack, metadata), *_in_templates(assembly, stack, artifact)):
                # A mixin that was applied twice says the same thing twice.
                if recorded not in decisions:
                    decisions.append(recorded)
            yield StackDecisions(
                stack=stack, environment=artifact.get("environment", ""), decisions=tuple(decisions)
            )


def _decisions(stack: str, metadata: Mapping[str, list[dict[str, Any]]]) -> Iterator[RecordedDecision]:
    for path, entries in metadata.items():
        resource = path.removeprefix(f"/{stack}").removeprefix("/") or stack
        for entry in entries:
            if entry["type"] == METADATA_TYPE:
                # A later cdk_pull may have written more than this one reads.
                known = {key: value for key, value in entry["data"].items() if key in _FIELDS}
                yield RecordedDecision(resource=resource, decision=Decision(**known))


def _in_templates(assembly: Path, stack: str, artifact: Mapping[str, Any]) -> Iterator[RecordedDecision]:
    """Yield what task definitions carry in a stack's template, and in those of the stacks nested in it.

    Which stack a nested template belongs to is read from the paths that the CDK CLI has CDK write into resources;
    with ``--no-path-metadata`` there are none, and nested task definitions are left out.
    """
    own = artifact.get("properties", {}).get("templateFile")
    if own is None:
        return
    for file in (assembly / own, *sorted(assembly.glob("*.nested.template.json"))):
        for logical_id, resource in read_json(file).get("Resources", {}).items():
            metadata = resource.get("Metadata", {})
            path = metadata.get("aws:cdk:path", f"{stack}/{logical_id}" if file.name == own else "")
            if path.startswith(f"{stack}/"):
                said = metadata.get(TEMPLATE_KEY, {})
                for topic in _TOPICS:
                    if topic in said:
                        decision = Decision.from_template(topic, said[topic])
                        yield RecordedDecision(resource=path.removeprefix(f"{stack}/"), decision=decision)


def decision_table(stack: StackDecisions) -> RenderableType:
    """Lay one stack's decisions out for a terminal or a log, as wide as the console that prints it."""
    from rich.console import Group  # noqa: PLC0415 - only who prints pays for importing rich
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = Table(expand=True, show_lines=True)
    for header, share in (("Where", 4), ("Decided", 4), ("Why", 7), ("Cost", 5)):
        rows.add_column(header, ratio=share, overflow="fold")
    for recorded in stack.decisions:
        decision = recorded.decision
        why = "\n".join(_text(part) for part in (decision.why, decision.confidence) if part)
        rows.add_row(
            # The L1 within an L2 is always called so, which tells a reader nothing.
            Text.assemble(recorded.resource.removesuffix("/Resource"), "\n", (decision.topic, "dim")),
            Text(_text(decision.decided)),
            Text(why),
            Text(_text(decision.cost) or "nothing"),
        )
    return Group(Text.assemble((stack.stack, "bold"), f" in {_place(stack.environment)}"), rows)


def _place(environment: str) -> str:
    """Return where a stack goes in words: CDK writes ``unknown-account`` for a stack that may go to any."""
    known = [
        part for part in environment.removeprefix("aws://").split("/") if not part.startswith("unknown-")
    ]
    return " ".join(known) if any(known) else "any account and Region"


def _text(value: object) -> str:
    """Return a field as text: what held a token when it was recorded is an intrinsic function by now."""
    return value if isinstance(value, str) else json.dumps(value)
