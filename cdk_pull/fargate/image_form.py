"""In which form an image is built so that its task starts in time: gzip, zstd or gzip with a SOCI index; never both.

The forms are weighed from the one that asks least of whoever deploys: gzip needs nothing, zstd a newer Docker, an index
a build in the account. With a target, the first that meets it is chosen, or the soonest where none does; without one,
zstd where it gains more than the noise. An index is never chosen without a target, as it moves reading behind the start.

Source: data/image_forms.json.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, get_args

from cdk_pull.data import facts_of
from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.start import NOISE_SECONDS, rounded
from cdk_pull.fargate.estimate.start_model import start_facts
from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.sizes import sizes
from cdk_pull.fargate.ways.changes import AS_IT_IS, ImageChange, in_zstd, recompressed, with_index
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.records import dataclass, field
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.estimate.start import Architecture, StartEstimate

__all__ = [
    "FORMS",
    "FormChoice",
    "FormFacts",
    "FormRequest",
    "ImageForm",
    "check_form",
    "choose_form",
    "form_decision",
    "form_facts",
]

ImageForm: TypeAlias = Literal["gzip", "zstd", "soci"]

FORMS: Final[tuple[ImageForm, ...]] = get_args(ImageForm)
"""The forms, from the one that asks least of whoever deploys."""

_WORDS: Final[dict[ImageForm, str]] = {
    "gzip": "gzip layers",
    "zstd": "zstd layers",
    "soci": "gzip layers with a SOCI index",
}
_UNKNOWN: Final = (
    "the size of the image is not known: pass compressed= and uncompressed= (such as '800MB' and '2.4GB'), or "
    "image_profile=look_up_image(self, 'the image as it was pushed before')"
)
_UNKNOWN_SIDECAR: Final = (
    "the size of a sidecar's image is not known: give an ImageProfile for each, such as look_up_image returns"
)


class FormFacts(NamedTuple):
    """What a form takes.

    Attributes:
        outputs: of the Docker build, for ``DockerImageAsset``.
        needs: of whoever deploys, and of the task; empty for nothing.
        partitions: where it can be built; empty for all.
        package: of Python, that builds it; empty for none.
    """

    outputs: tuple[str, ...]
    needs: str
    partitions: tuple[str, ...]
    package: str


@cache
def form_facts(form: ImageForm) -> FormFacts:
    """Return what a form takes."""
    row = facts_of("image_forms")["forms"][form]
    return FormFacts(
        tuple(row["outputs"]), row["needs"], tuple(row.get("partitions", ())), row.get("package", "")
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class FormRequest:
    """What is asked of an image, and what is known of it and of its task.

    Attributes:
        profile: of the image, in any compression; None when nothing is known of it.
        sidecars: the images of the task's other containers, which stay as they are; None for one that is not known.
        form: to build in; None to choose.
        goal: the start to meet, if any.
        cpu: CPU units of the task.
        architecture: of the task.
        partition: of the stack, such as ``aws``; None where its Region is not known.

    Raises:
        InvalidValueError: for CPU units that no Fargate task has.
    """

    profile: ImageProfile | None
    sidecars: tuple[ImageProfile | None, ...] = ()
    form: ImageForm | None = None
    goal: Goal = field(default_factory=Goal)
    cpu: int = 256
    architecture: Architecture = "x86_64"
    partition: str | None = None

    def __post_init__(self) -> None:
        known = sorted({size.cpu for size in sizes("linux")})
        if self.cpu not in known:
            raise InvalidValueError("cpu is not one of a Fargate task", self.cpu, allowed=known)

    @property
    def unknown(self) -> str:
        """Why nothing can be estimated; empty where it can."""
        if self.profile is None:
            return _UNKNOWN
        return _UNKNOWN_SIDECAR if None in self.sidecars else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FormChoice:
    """The form to build an image in.

    Attributes:
        form: the form.
        why: one sentence.
        met: whether the target is met; None without a target, or where that is not known.
        change: what is pulled then; None where the sizes are not known.
        starts: the start in each form that was weighed.
        ruled_out: the forms that are not weighed unless one is asked for, and why.
    """

    form: ImageForm
    why: str
    met: bool | None = None
    change: ImageChange | None = None
    starts: dict[ImageForm, StartEstimate] = field(default_factory=dict)
    ruled_out: dict[ImageForm, str] = field(default_factory=dict)


def check_form(form: object) -> ImageForm:
    """Return a form.

    Raises:
        InvalidValueError: for anything else.
    """
    if form not in FORMS:
        raise InvalidValueError("invalid form of an image", form, allowed=FORMS)
    return form


def choose_form(request: FormRequest) -> FormChoice:
    """Return the form to build in; see the module for the rule."""
    out = _ruled_out(request)
    if request.profile is None or request.unknown:
        form = request.form or "gzip"
        why = f"{'as asked' if request.form else 'the default of Docker'}; {request.unknown}"
        return FormChoice(form=form, why=why, ruled_out=out)
    changes = _changes(request.profile, request.sidecars)
    starts = {
        form: change.start(request.cpu, architecture=request.architecture, os="linux", model=None)
        for form, change in changes.items()
    }
    weighed = {form: start for form, start in starts.items() if form not in out or form == request.form}
    form, why = (request.form, "as asked") if request.form else _best(weighed, request.goal)
    target = request.goal.start_seconds
    met = None if target is None else request.goal.seconds(starts[form]) <= target
    return FormChoice(
        form=form,
        why=why,
        met=met,
        change=changes[form],
        starts=weighed,
        ruled_out=out,
    )


def _changes(
    profile: ImageProfile, sidecars: tuple[ImageProfile | None, ...]
) -> dict[ImageForm, ImageChange]:
    """Return what is pulled in each form; the sizes are of a build in that form, whatever was looked up before."""
    known = [each for each in sidecars if each is not None]
    beside = ImageProfile.together(known) if known else None
    plain = recompressed(profile, Compression.GZIP)
    whole = plain if beside is None else ImageProfile.together([plain, beside])
    return {
        "gzip": ImageChange(what=AS_IT_IS, profile=whole),
        "zstd": in_zstd(plain, beside=beside),
        "soci": with_index(plain, beside=beside),
    }


def _ruled_out(request: FormRequest) -> dict[ImageForm, str]:
    partitions = form_facts("soci").partitions
    if request.partition is None:
        return {
            "soci": "the Region of the stack is not known, and an index can be built in the partition aws alone"
        }
    if request.partition not in partitions:
        return {
            "soci": f"an index can be built in the partition {' and '.join(partitions)} alone, not in {request.partition}"
        }
    least = start_facts().soci_least_bytes
    if request.profile is not None:
        size = recompressed(request.profile, Compression.GZIP).compressed_bytes
        if size <= least:
            return {
                "soci": f"AWS recommends an index for images above {format_bytes(least)}; this one has {format_bytes(size)}"
            }
    return {}


def _best(starts: dict[ImageForm, StartEstimate], goal: Goal) -> tuple[ImageForm, str]:
    plain = starts["gzip"]
    if goal.start_seconds is None:
        gain = plain.total.expected - starts["zstd"].total.expected
        if gain >= NOISE_SECONDS:
            return (
                "zstd",
                f"starts {gain:.0f} s sooner than gzip; no target is given that would take an index",
            )
        return (
            "gzip",
            f"zstd gains {gain:.0f} s, less than the noise of {NOISE_SECONDS:g} s; no target is given",
        )
    target = goal.start_seconds
    for form, start in starts.items():
        if goal.seconds(start) <= target:
            return form, f"the first of {', '.join(starts)} that starts within {target:g} s"
    soonest = min(starts, key=lambda form: goal.seconds(starts[form]))
    seconds, before = goal.seconds(starts[soonest]), goal.seconds(plain)
    if before - seconds < NOISE_SECONDS:
        return (
            "gzip",
            f"no form starts within {target:g} s, and none gains more than the noise of {NOISE_SECONDS:g} s",
        )
    return (
        soonest,
        f"no form starts within {target:g} s: {_WORDS[soonest]} start the soonest, in {seconds:.0f} s",
    )


def form_decision(request: FormRequest, choice: FormChoice, advice: Sequence[str] = ()) -> Decision:
    """Return what is recorded of a choice.

    Args:
        request: what was asked.
        choice: what was chosen.
        advice: what would make the image smaller, by its Dockerfile.
    """
    after, before = choice.starts.get(choice.form), choice.starts.get("gzip")
    facts = form_facts(choice.form)
    details: dict[str, Any] = {
        "form": choice.form,
        "target_met": choice.met,
        "ruled_out": {form: reason for form, reason in choice.ruled_out.items() if form != choice.form},
        "needs": facts.needs,
        "dockerfile": list(advice),
    }
    confidence = "start unknown"
    if after is not None and before is not None and choice.change is not None:
        coverage = "unknown coverage" if after.coverage is None else f"{after.coverage:.0%} coverage"
        confidence = f"start {after.total} at {request.cpu / 1024:g} vCPU, {coverage}"
        if choice.form != "gzip":
            confidence += f"; {before.total} with gzip; {choice.change.sure}"
        details |= {
            "cpu": request.cpu,
            "start_seconds": rounded(after.total),
            "start_seconds_before": rounded(before.total),
            "weighed": {form: str(start.total) for form, start in choice.starts.items()},
            "compressed_bytes": choice.change.profile.compressed_bytes,
        }
    return Decision(
        topic="fargate-image",
        decided=_WORDS[choice.form],
        why=choice.why,
        cost="nothing per month; a CodeBuild build for each new image"
        if choice.form == "soci"
        else "nothing per month",
        confidence=confidence,
        details=details,
    )
