"""The size of a Fargate task definition, decided on plain data; the constructs carry it out."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.choose import Candidate, Choice, Goal, choose
from cdk_pull.fargate.ephemeral import INCLUDED_GIB, needed_gib
from cdk_pull.fargate.estimate.calibration import Calibrated, calibrate
from cdk_pull.fargate.estimate.start import rounded
from cdk_pull.fargate.prices import PriceBook, UnknownPrice, price_in_words, usd_per_hour
from cdk_pull.fargate.sizes import FargateSize, Os, check
from cdk_pull.image.declared_sizes import UNKNOWN_SIZE
from cdk_pull.image.profile import ImageProfile
from cdk_pull.records import dataclass, replace
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from cdk_pull.fargate.estimate.measured import MeasuredGroup
    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.ways.changes import ImageChange
    from cdk_pull.fargate.ways.rank import Way

__all__ = ["NO_GOAL", "Sized", "SizingRequest", "TaskFacts", "Warned", "size_task"]


_ARCHITECTURES: Final[dict[Architecture, str]] = {"x86_64": "amd64", "arm64": "arm64"}

NO_GOAL = "a valid size"
"""How a request without a goal begins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SizingRequest:
    """What a user asks of a task's size.

    Attributes:
        goal: a start, a price, or neither.
        profile: all images of the task as one, or None when nothing is known of them.
        working_bytes: what the containers write outside their volumes.
        prices: in place of the snapshot in this package.
        measured: one's own starts, which narrow the estimate where they are of these images and of the stack's Region.
        changes: of these very images, beside those that any image can be given.
        lazy: what is pulled, where an image has an index and starts before it is there; None where all is pulled first.
    """

    goal: Goal
    profile: ImageProfile | None
    working_bytes: int = 0
    prices: PriceBook | None = None
    measured: tuple[MeasuredGroup, ...] = ()
    changes: tuple[ImageChange, ...] = ()
    lazy: ImageChange | None = None

    @property
    def wanted(self) -> str:
        """The goal in a few words."""
        if self.goal.start_seconds is not None:
            return f"start within {self.goal.start_seconds:g} s ({self.goal.hold})"
        if self.goal.usd_per_hour is not None:
            return f"cost at most ${self.goal.usd_per_hour:g} per hour"
        return NO_GOAL

    def __str__(self) -> str:
        profile = self.profile
        data = f", {format_bytes(self.working_bytes)} of working data" if self.working_bytes else ""
        if self.goal.usage is not None:
            data += f", {self.goal.usage}"
        if profile is None:
            return f"{self.wanted}, images of unknown size{data}"
        unpacked = profile.uncompressed_bytes
        more = "" if unpacked is None else f", {format_bytes(unpacked)} unpacked"
        return f"{self.wanted}, images of {format_bytes(profile.compressed_bytes)}{more}{data}"


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFacts:
    """What a task definition says of itself.

    Attributes:
        cpu: CPU units as given, or None for a value that CloudFormation fills in.
        memory_mib: MiB as given, or None for a value that CloudFormation fills in.
        os: of the task.
        architecture: of the task.
        region: of the stack, or None when it can be deployed to any.
        ephemeral_gib: as given; None when not given, or filled in by CloudFormation.
        storage_is_token: whether the ephemeral storage is filled in by CloudFormation.
    """

    cpu: int | None
    memory_mib: int | None
    os: Os = "linux"
    architecture: Architecture = "x86_64"
    region: str | None = None
    ephemeral_gib: int | None = None
    storage_is_token: bool = False


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning to the user: an id to acknowledge it by, and what to do."""

    id: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sized:
    """What becomes of a task definition.

    Attributes:
        size: to run, or None to leave what is there.
        ephemeral_gib: to ask for, or None to leave what is there.
        decisions: to record.
        warning: to show.
    """

    size: FargateSize | None = None
    ephemeral_gib: int | None = None
    decisions: tuple[Decision, ...] = ()
    warning: Warned | None = None

    @property
    def metadata(self) -> dict[str, Any]:
        """The decisions as they stand in the CloudFormation template, by topic."""
        return {decision.topic: decision.to_template() for decision in self.decisions}


def size_task(request: SizingRequest, facts: TaskFacts) -> Sized:
    """Decide a task's size and ephemeral storage.

    Raises:
        InvalidValueError: for a pair that is not a Fargate size, images that fit no task's ephemeral storage, or
            ephemeral storage on Windows.
    """
    # A price book of the user's own is no key of a cache.
    return _of_equal_tasks(request, facts) if request.prices is None else _sized(request, facts)


def _sized(request: SizingRequest, facts: TaskFacts) -> Sized:
    if facts.os == "windows" and (facts.ephemeral_gib is not None or facts.storage_is_token):
        raise InvalidValueError(
            "Fargate does not accept an ephemeral storage setting for Windows tasks",
            "a token" if facts.ephemeral_gib is None else facts.ephemeral_gib,
            allowed=f"none, for the {INCLUDED_GIB} GiB that every task has",
            fix="Leave it out, and keep larger working data on FSx for Windows File Server or S3",
        )
    _check_platform(request.profile, facts)
    asked = request.goal.is_given
    if facts.cpu is None or facts.memory_mib is None:
        return _left_alone(request, asked=asked)
    floor = check(facts.cpu, facts.memory_mib, facts.os)
    storage, storage_decisions = _storage(request, facts)
    if request.profile is None:
        kept = _without_images(request, facts, floor) if asked else Sized(size=floor)
        return replace(kept, ephemeral_gib=storage, decisions=kept.decisions + storage_decisions)
    calibrated = _calibrated(request.profile, request, facts)
    choice = choose(
        request.lazy or request.profile,
        cpu=floor.cpu,
        memory_mib=floor.memory_mib,
        goal=request.goal,
        architecture=facts.architecture,
        os=facts.os,
        region=facts.region,
        working_bytes=request.working_bytes,
        ephemeral_gib=facts.ephemeral_gib,
        prices=request.prices,
        model=calibrated.model if calibrated else None,
        changes=request.changes,
    )
    return Sized(
        size=choice.size,
        ephemeral_gib=storage,
        decisions=(_size_decision(request, choice, calibrated), *storage_decisions),
        warning=_missed(choice, request.goal) if choice.target_met is False else None,
    )


# The tasks of an app are often alike, and each choice weighs every size with every form of the image.
_of_equal_tasks = lru_cache(maxsize=64)(_sized)


def _check_platform(profile: ImageProfile | None, facts: TaskFacts) -> None:
    """Refuse the profile of an image for another platform, which could not start on the task."""
    # Sizes that somebody typed are of no platform; what was looked up has digests.
    if profile is None or not any(layer.digest for layer in profile.layers):
        return
    has, wanted = f"{profile.os}/{profile.architecture}", f"{facts.os}/{_ARCHITECTURES[facts.architecture]}"
    if has != wanted:
        raise InvalidValueError(
            "image_profile is of another platform than the task",
            has,
            allowed=wanted,
            fix=f"Look it up for the task: look_up_image(…, platform='{wanted}')",
        )


def _left_alone(request: SizingRequest, *, asked: bool) -> Sized:
    why = "cpu or memory is a token, whose value is known only at deployment"
    if not asked:
        return Sized()
    return Sized(
        decisions=(
            Decision(
                topic="fargate-size",
                decided="unknown, as given",
                why=why,
                confidence="start unknown",
                details={"asked": str(request)},
            ),
        ),
        warning=Warned(
            "cdk-pull:fargateSizeUnknown",
            f"the task size is left as it is: {why}. Give plain numbers to have it chosen",
        ),
    )


def _without_images(request: SizingRequest, facts: TaskFacts, floor: FargateSize) -> Sized:
    price = usd_per_hour(
        floor,
        region=facts.region,
        architecture=facts.architecture,
        os=facts.os,
        ephemeral_gib=facts.ephemeral_gib or INCLUDED_GIB,
        prices=request.prices,
    )
    decision = Decision(
        topic="fargate-size",
        decided=f"{floor}, not weighed",
        why=UNKNOWN_SIZE,
        cost=price_in_words(price, facts.region),
        confidence="start unknown",
        details={"asked": str(request)},
    )
    message = f"the task size is kept at {floor}, and it is unknown whether it will {request.wanted}: {UNKNOWN_SIZE}"
    return Sized(
        size=floor, decisions=(decision,), warning=Warned("cdk-pull:fargateImageSizeUnknown", message)
    )


def _calibrated(profile: ImageProfile, request: SizingRequest, facts: TaskFacts) -> Calibrated | None:
    # Starts are of a Region: where the stack's is not known, none of them counts.
    if not request.measured or facts.region is None:
        return None
    return calibrate(request.measured, profile, region=facts.region, os=facts.os)


def _size_decision(request: SizingRequest, choice: Choice, calibrated: Calibrated | None) -> Decision:
    start = choice.candidate.start
    coverage = "unknown coverage" if start.coverage is None else f"{start.coverage:.0%} coverage"
    return Decision(
        topic="fargate-size",
        decided=str(choice.size),
        why=choice.why,
        cost=choice.cost,
        confidence=f"start {start.total}, {coverage}",
        details={
            "asked": str(request),
            "target_met": choice.target_met,
            "weighed": {
                str(candidate.size): _weighed(candidate, choice.region) for candidate in choice.candidates
            },
            "from": str(choice.floor.size),
            "start_seconds": rounded(start.total),
            "phases": {phase.name: round(phase.seconds.expected, 1) for phase in start.phases},
            "usd_per_month": _known(choice.candidate.usd_per_month),
            "usd_per_month_before": _known(choice.floor.usd_per_month),
            "better": str(choice.better) if choice.better else "",
            "ways": [_way(way) for way in choice.ways if not way.is_today],
            **({"measured": list(calibrated.notes)} if calibrated else {}),
        },
    )


def _weighed(candidate: Candidate, region: str | None) -> str:
    unknown = isinstance(candidate.price, UnknownPrice)
    return f"{candidate.start.total}, {'price unknown' if unknown else candidate.cost(region)}"


def _known(usd: float | UnknownPrice) -> float | None:
    return None if isinstance(usd, UnknownPrice) else round(usd, 2)


def _way(way: Way) -> str:
    parts = [f"{way}", f"needs {way.change.needs}"]
    parts += [f"rules out {way.change.rules_out}"] if way.change.rules_out else []
    return "; ".join([*parts, way.change.sure])


def _storage(request: SizingRequest, facts: TaskFacts) -> tuple[int | None, tuple[Decision, ...]]:
    """Return the ephemeral storage to ask for, where what there is does not do, and the decision on it."""
    profile = request.profile or ImageProfile(layers=())
    needed = needed_gib(profile, working_bytes=request.working_bytes, os=facts.os)
    before = facts.ephemeral_gib or INCLUDED_GIB
    if needed <= before:
        return None, ()
    if facts.storage_is_token:
        return None, (_storage_to_check(needed),)
    decision = Decision(
        topic="ephemeral-storage",
        decided=f"{needed} GiB",
        why=f"the images, compressed and uncompressed, and the working data do not fit {before} GiB",
        cost=f"{needed - before} GiB more, in the task's price per hour",
        confidence="by the sizes given",
        details={"gib": needed, "instead_of_gib": before},
    )
    return needed, (decision,)


def _storage_to_check(needed: int) -> Decision:
    return Decision(
        topic="ephemeral-storage",
        decided="as CloudFormation fills it in",
        why=f"the images, compressed and uncompressed, and the working data need {needed} GiB; whether it is that much "
        "nobody can tell before the deployment",
        confidence="unknown",
        details={"gib": needed},
    )


def _missed(choice: Choice, goal: Goal) -> Warned:
    message = choice.why
    if not (goal.usd_per_hour is not None and isinstance(choice.floor.price, UnknownPrice)):
        limit = "a later target" if goal.usd_per_hour is None else "a higher price"
        changes = "; ".join(str(way) for way in choice.ways if not way.is_today)
        message += f". Ways out: {limit}, or another image ({changes})" if changes else f". Way out: {limit}"
    return Warned("cdk-pull:fargateTargetNotMet", message)
