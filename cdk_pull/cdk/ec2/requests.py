"""What is asked for, where it holds, and what several requests for one capacity come to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_pull.cdk.ec2.capacity import identity
from cdk_pull.errors import ConflictError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import aws_cdk as cdk
    from constructs import IConstruct

    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.decision import Decision

__all__ = ["TOKENS", "ClusterNames", "Reach", "Request", "merged", "resolved"]

TOKENS = re.compile(r"\$\{Token\[[^\]]*\]\}")
"""What stands in CDK's strings for what CloudFormation fills in."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Request:
    """What one ImagePullBehavior asks for.

    Attributes:
        settings: the agent settings.
        place: the file and line where it was made.
        operating_system: what the user says the capacity runs; None to find out.
        decision: how to report it; None for the plain words.
    """

    settings: AgentSettings
    place: str
    operating_system: OperatingSystem | None = None
    decision: Decision | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class Reach:
    """A part of the app where a request holds for the ECS capacity alone.

    Attributes:
        scope: the construct that the request was applied to.
        request: the request.
        cluster: for the capacity of one cluster only: what it is called.
        found: whether there was any capacity.
    """

    scope: IConstruct
    request: Request
    cluster: ClusterNames | None = None
    found: bool = False


class ClusterNames:
    """What user data may call a cluster, in whatever stack the user data is.

    Attributes:
        names: as CDK's strings, with tokens.
        tokens: those of them that are references.
        environment: the account and Region; nothing elsewhere joins the cluster.
    """

    def __init__(self, names: Sequence[str], stack: cdk.Stack) -> None:
        self.names = names
        self.tokens = {name for name in names if TOKENS.fullmatch(name)}
        self.environment = stack.environment
        self._stack = stack
        self._at_home: dict[str, object] | None = None

    def joined_by_text(self, clusters: Iterable[str]) -> bool:
        """Tell whether one of the names in user data, tokens still in it, is the cluster's."""
        return any(cluster in self.names or cluster in self.tokens for cluster in clusters)

    def joined_by_value(
        self, clusters: Iterable[Sequence[object]], names: Mapping[str, object], stack: cdk.Stack
    ) -> bool:
        """Tell whether one of the names in user data of a stack, by what they are in the template, is the cluster's.

        A reference that reads in another stack as it does at home is one that nothing there makes: there, it would
        name something of that stack, such as its own cluster under the same logical id.
        """
        found = {name: names[name] for name in self.names if names[name]}
        if identity(stack) != identity(self._stack):
            if self._at_home is None:
                self._at_home = resolved(self._stack, self.names)
            at_home = self._at_home
            found = {
                name: value
                for name, value in found.items()
                if isinstance(value, str) or value != at_home[name]
            }
        return any(_names(cluster, value) for cluster in clusters for value in found.values())


def _names(cluster: Sequence[object], name: object) -> bool:
    """Tell whether a name in user data, in its parts, is a cluster's."""
    if isinstance(name, str):
        return list(cluster) == [name]
    return any(_contains(part, name) for part in cluster)


def _contains(value: object, reference: object) -> bool:
    """Tell whether a reference is anywhere in an intrinsic, also as ``${Name}`` of an Fn::Sub."""
    if value == reference:
        return True
    if isinstance(value, str):
        return isinstance(reference, dict) and f"${{{reference.get('Ref')}}}" in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_contains(each, reference) for each in inner)


def resolved(stack: cdk.Stack, names: Sequence[str], data: object = None) -> dict[str, object]:
    """Return the names as a stack writes them, and under the empty name some data."""
    # As values of a map, because CDK drops from a list what comes out empty.
    values = stack.resolve({"": data, **{str(number): name for number, name in enumerate(names)}})
    return {"": values.get(""), **{name: values.get(str(number)) for number, name in enumerate(names)}}


def merged(requests: Sequence[Request]) -> Request:
    """Return what several requests for one capacity come to.

    Raises:
        ConflictError: when they cannot hold together; it names the place of each.
    """
    result = requests[0]
    for other in requests[1:]:
        result = _both(result, other)
    return result


def _both(one: Request, other: Request) -> Request:
    if clash := one.settings.conflicts(other.settings):
        values = "; ".join(
            f"{each.variable}: {each.one!r} ({one.place}) and {each.other!r} ({other.place})"
            for each in clash
        )
        raise ConflictError(
            f"two values for the same capacity: {values}; keep one, or give each its own capacity"
        )
    places = f"{one.place} and {other.place}"
    systems = {each.operating_system for each in (one, other)} - {None}
    if len(systems) > 1:
        raise ConflictError(
            f"two operating systems for the same capacity: {' and '.join(sorted(map(str, systems)))} ({places}); "
            "keep one"
        )
    try:
        settings = one.settings.merge(other.settings)
    except InvalidValueError as error:
        raise ConflictError(f"{error} Asked for in {places}") from error
    return Request(
        settings=settings,
        place=places,
        operating_system=one.operating_system or other.operating_system,
        decision=one.decision or other.decision,
    )
