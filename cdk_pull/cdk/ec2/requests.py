"""What is asked for, where it holds, and what several requests for one capacity come to."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.variables import variables
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.stage_work import ON_IT, Application
from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.records import dataclass, field, replace
from cdk_pull.shapes import as_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import aws_cdk as cdk

    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.decision import Decision

__all__ = [
    "DOWNLOADS",
    "TOKENS",
    "CapacityApplication",
    "ClusterNames",
    "Combined",
    "PrePullRequest",
    "Request",
    "agent_settings",
    "combined",
    "resolved",
    "with_words",
]

TOKENS = re.compile(r"\$\{Token\[[^\]]*\]\}")
"""What stands in CDK's strings for what CloudFormation fills in."""
DOWNLOADS: Final = "max_concurrent_downloads"
"""What a conflict over Docker's setting calls it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What one ImagePullBehavior asks for.

    Attributes:
        settings: the agent settings.
        operating_system: what the user says the capacity runs; None to find out.
        decision: how to report it; None for the plain words.
        pre_pull: the images to pull; None for none.
        max_concurrent_downloads: how many layers of an image Docker downloads at once; None to leave it.
    """

    settings: AgentSettings
    operating_system: OperatingSystem | None = None
    decision: Decision | None = field(default=None, compare=False)
    pre_pull: PrePullRequest | None = None
    max_concurrent_downloads: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PrePullRequest:
    """The images to pull when an instance boots.

    Attributes:
        images: as the task definitions name them, with CDK's tokens.
        within_seconds: when to stop pulling.
        finds: whether to pull the images of all services on the capacity, too.
        bottlerocket_image: of the bootstrap container that pulls on Bottlerocket; empty for none.
    """

    images: tuple[str, ...]
    within_seconds: int
    finds: bool = False
    bottlerocket_image: str = ""

    def with_images_of(self, other: PrePullRequest) -> PrePullRequest:
        """Return one with the images of both, and the longer time."""
        return replace(
            self.with_images(other.images),
            within_seconds=max(self.within_seconds, other.within_seconds),
            finds=self.finds or other.finds,
            bottlerocket_image=self.bottlerocket_image or other.bottlerocket_image,
        )

    def with_images(self, images: Iterable[str]) -> PrePullRequest:
        """Return one with more images."""
        return replace(self, images=tuple(dict.fromkeys((*self.images, *images))))


@dataclass(kw_only=True, slots=True, eq=False)
class CapacityApplication(Application):
    """One application of agent settings.

    Attributes:
        cluster: what the cluster is called for whose capacity alone it holds; None for all ECS capacity in a scope.
    """

    cluster: ClusterNames | None = None


class Combined(NamedTuple):
    """What several applications to one capacity come to.

    Attributes:
        request: the settings of all, where they do not differ, and of the nearest where they do.
        applications: those that it has something of, the nearest first.
        overridden: what counts no more, with whose it is.
    """

    request: Request
    applications: tuple[Application, ...]
    overridden: tuple[tuple[str, Application], ...] = ()

    @property
    def call_sites(self) -> str:
        """The files and lines where it was asked for."""
        return " and ".join(dict.fromkeys(each.call_site for each in self.applications))


class ClusterNames:
    """What user data may call a cluster, in whatever stack the user data is.

    Attributes:
        names: as CDK's strings, with tokens.
        tokens: those of them that are references.
        environment: the account and Region; nothing elsewhere joins the cluster.
        stack: in which it is.
    """

    def __init__(self, names: Sequence[str], stack: cdk.Stack) -> None:
        self.names = names
        self.tokens = {name for name in names if TOKENS.fullmatch(name)}
        self.environment = stack.environment
        self.stack = stack
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
        if identity(stack) != identity(self.stack):
            if self._at_home is None:
                self._at_home = resolved(self.stack, self.names)
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
    inner = value.values() if isinstance(value, dict) else as_list(value)
    return any(_contains(each, reference) for each in inner)


def resolved(stack: cdk.Stack, names: Sequence[str], data: object = None) -> dict[str, object]:
    """Return the names as a stack writes them, and under the empty name some data."""
    # As values of a map, because CDK drops from a list what comes out empty.
    values = stack.resolve({"": data, **{str(number): name for number, name in enumerate(names)}})
    return {"": values.get(""), **{name: values.get(str(number)) for number, name in enumerate(names)}}


def agent_settings(value: AgentSettings | PullBehavior | str) -> AgentSettings:
    """Return agent settings, as given or for a pull behavior.

    Raises:
        InvalidValueError: for what is neither.
    """
    if isinstance(value, AgentSettings):
        return value
    if isinstance(value, str) and value in list(PullBehavior):
        return AgentSettings(image_pull_behavior=PullBehavior(value))
    names = ", ".join(PullBehavior)
    raise InvalidValueError(
        "settings must be AgentSettings or a pull behavior",
        value,
        allowed=f"AgentSettings(…), or one of {names}",
        fix=did_you_mean(str(value), PullBehavior) if isinstance(value, str) else "",
    )


def with_words(settings: AgentSettings) -> tuple[AgentSettings, dict[str, str]]:
    """Return settings with a word for each of CDK's tokens in them, and the tokens by word."""
    tokens: dict[str, str] = {}

    def word(match: re.Match[str]) -> str:
        name = f"cdkpulltoken{len(tokens)}x"
        tokens[name] = match[0]
        return name

    images = settings.exclude_untracked_image
    if images is None or not any(TOKENS.search(each) for each in images):
        return settings, tokens
    return replace(settings, exclude_untracked_image=[TOKENS.sub(word, each) for each in images]), tokens


def combined(applications: Sequence[Application]) -> Combined:
    """Return what several applications to one capacity come to.

    Args:
        applications: the nearest first.

    Raises:
        ConflictError: when two at one distance cannot hold together; it names the call site of each.
    """
    result: Combined | None = None
    for _, at_one_distance in groupby(applications, key=lambda each: each.nearness):
        group = list(at_one_distance)
        both = Combined(group[0].request, (group[0],))
        for other in group[1:]:
            both = _both(both, other)
        result = both if result is None else _over(result, both)
    if result is None:
        raise ValueError("no application")
    return result


def _over(near: Combined, far: Combined) -> Combined:
    """Return the nearer settings, with those of the farther that they leave open."""
    one, other = near.request, far.request
    clash = {each.variable: each for each in one.settings.conflicts(other.settings)}
    fields_left = {variables()[name].field: None for name in clash}
    overridden = tuple((f"{name}={each.other}", far.applications[0]) for name, each in clash.items())
    try:
        settings = one.settings.merge(replace(other.settings, **fields_left))
    except InvalidValueError:
        # What is set farther away has no effect beside this: all of it gives way.
        settings = one.settings
        whole = ", ".join(f"{name}={value}" for name, value in other.settings.to_environment().items())
        overridden = ((whole, far.applications[0]),)
        far = far._replace(applications=())
    downloads = one.max_concurrent_downloads
    if (
        None not in (downloads, other.max_concurrent_downloads)
        and downloads != other.max_concurrent_downloads
    ):
        overridden += ((f"{DOWNLOADS}={other.max_concurrent_downloads}", far.applications[0]),)
    request = Request(
        settings=settings,
        operating_system=one.operating_system or other.operating_system,
        decision=one.decision,
        pre_pull=one.pre_pull or other.pre_pull,
        max_concurrent_downloads=downloads or other.max_concurrent_downloads,
    )
    adds = replace(request, operating_system=one.operating_system) != one
    return Combined(
        request,
        near.applications + (far.applications if adds else ()),
        (*near.overridden, *overridden, *far.overridden),
    )


def _pre_pull(one: PrePullRequest | None, other: PrePullRequest | None) -> PrePullRequest | None:
    return one.with_images_of(other) if one is not None and other is not None else one or other


def _both(one: Combined, other: Application) -> Combined:
    mine, theirs = one.request, other.request
    clash = [(each.variable, each.one, each.other) for each in mine.settings.conflicts(theirs.settings)]
    downloads = (mine.max_concurrent_downloads, theirs.max_concurrent_downloads)
    if None not in downloads and downloads[0] != downloads[1]:
        clash.append((DOWNLOADS, str(downloads[0]), str(downloads[1])))
    containers = [each.pre_pull.bottlerocket_image if each.pre_pull else "" for each in (mine, theirs)]
    if all(containers) and containers[0] != containers[1]:
        clash.append(("bottlerocket_image", containers[0], containers[1]))
    if clash:
        values = "; ".join(
            f"{name}: {here!r} ({one.call_sites}) and {there!r} ({other.call_site})"
            for name, here, there in clash
        )
        nearer = (
            "give each its own capacity"
            if other.nearness == ON_IT
            else "apply the exception nearer to its capacity, where it counts before this"
        )
        raise ConflictError(f"two values for the same capacity: {values}; keep one, or {nearer}")
    applications = (*one.applications, other)
    call_sites = Combined(mine, applications).call_sites
    systems = {each.operating_system for each in (mine, theirs)} - {None}
    if len(systems) > 1:
        raise ConflictError(
            f"two operating systems for the same capacity: {' and '.join(sorted(map(str, systems)))} ({call_sites}); "
            "keep one"
        )
    try:
        settings = mine.settings.merge(theirs.settings)
    except InvalidValueError as error:
        raise ConflictError(f"{error} Requested in {call_sites}") from error
    return Combined(
        Request(
            settings=settings,
            operating_system=mine.operating_system or theirs.operating_system,
            decision=mine.decision or theirs.decision,
            pre_pull=_pre_pull(mine.pre_pull, theirs.pre_pull),
            max_concurrent_downloads=mine.max_concurrent_downloads or theirs.max_concurrent_downloads,
        ),
        applications,
    )
