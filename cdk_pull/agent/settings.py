"""The agent's image settings as typed values, held to the rules that the agent really applies."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cdk_pull.agent.go_values import MAX_INT64, SPACES, format_duration
from cdk_pull.agent.variables import Variable, variables
from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.records import dataclass, fields, replace
from cdk_pull.units import to_timedelta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.units import DurationLike

__all__ = ["AgentSettings", "Conflict", "PullBehavior"]


class PullBehavior(StrEnum):
    """When the agent asks the registry for an image, and what it does when a pull fails.

    Source: amazon-ecs-agent 1.105.1. Any other spelling silently becomes ``default`` on the instance.
    """

    DEFAULT = "default"
    """Ask on every container start; when the pull fails, run the copy on the instance, stale or not."""
    ALWAYS = "always"
    """Ask on every container start; when the pull fails, stop the task."""
    ONCE = "once"
    """Ask unless the agent itself pulled this image name on this instance before; cleanup stays on.

    An image baked into the AMI or pulled by user data is not seen: use ``PREFER_CACHED`` for those.
    """
    PREFER_CACHED = "prefer-cached"
    """Ask only for an image that is not on the instance. Clean-up is off for the whole instance: the disk grows."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two different values for one variable."""

    variable: str
    one: str
    other: str


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """The image, pull and cleanup settings of the ECS agent on an EC2 instance; None leaves one as it is.

    What the agent would silently change or ignore is refused, with the reason.

    Attributes:
        image_pull_behavior: ECS_IMAGE_PULL_BEHAVIOR; the agent's default is ``default``.
        image_pull_inactivity_timeout: a pull without progress for so long fails; 1 minute at least and by
            default, on Windows 3 minutes by default.
        image_pull_timeout: a whole pull; 2 hours by default.
        manifest_pull_timeout: the look-up of the digest before a pull; 30 seconds at least, 1 minute by default.
        image_cleanup_interval: between two rounds of cleanup; 10 minutes at least, 30 minutes by default.
        image_minimum_cleanup_age: since an image's first pull; 1 hour by default.
        non_ecs_image_minimum_cleanup_age: the same for images that no task used; 1 hour by default.
        num_images_delete_per_cycle: images removed per round; 1 at least, 5 by default.
        disable_image_cleanup: no cleanup at all: the disk grows.
        enable_untracked_image_cleanup: also remove images and containers that the agent did not start.
        pull_dependent_containers_upfront: pull a container's image before the containers it depends on are up.
        warm_pools_check: wait for the Auto Scaling life cycle before registering, for warm pools.
        exclude_untracked_image: image names that cleanup never removes.
        engine_task_cleanup_wait_duration: how long a stopped task keeps its containers, and so its images;
            1 second at least, 3 hours by default.

    Raises:
        InvalidValueError: for a value that the agent would change or ignore, and for one beside which another
            has no effect.
    """

    image_pull_behavior: PullBehavior | None = None
    image_pull_inactivity_timeout: DurationLike | None = None
    image_pull_timeout: DurationLike | None = None
    manifest_pull_timeout: DurationLike | None = None
    image_cleanup_interval: DurationLike | None = None
    image_minimum_cleanup_age: DurationLike | None = None
    non_ecs_image_minimum_cleanup_age: DurationLike | None = None
    num_images_delete_per_cycle: int | None = None
    disable_image_cleanup: bool | None = None
    enable_untracked_image_cleanup: bool | None = None
    pull_dependent_containers_upfront: bool | None = None
    warm_pools_check: bool | None = None
    exclude_untracked_image: Sequence[str] | None = None
    engine_task_cleanup_wait_duration: DurationLike | None = None

    def __post_init__(self) -> None:
        for variable in variables().values():
            value = getattr(self, variable.field)
            if value is not None:
                object.__setattr__(self, variable.field, _checked(variable, value))
        self._check_together()

    def to_environment(self) -> dict[str, str]:
        """Return the variables with their values as the agent reads them: Go durations, ``true`` and ``false``."""
        return {
            variable.name: _text(value)
            for variable in variables().values()
            if (value := getattr(self, variable.field)) is not None
        }

    def conflicts(self, other: AgentSettings) -> list[Conflict]:
        """Return the variables that both settings name with different values."""
        mine, theirs = self.to_environment(), other.to_environment()
        return [
            Conflict(name, value, theirs[name])
            for name, value in mine.items()
            if name in theirs and theirs[name] != value
        ]

    def merge(self, other: AgentSettings) -> AgentSettings:
        """Return the settings of both.

        Raises:
            ConflictError: when a variable has two values.
            InvalidValueError: when a setting of one has no effect beside one of the other.
        """
        if clash := self.conflicts(other):
            text = "; ".join(f"{each.variable} is {each.one!r} and {each.other!r}" for each in clash)
            raise ConflictError(f"two values for one setting of the ECS agent: {text}; keep one of them")
        named: dict[str, Any] = {
            each.name: value for each in fields(other) if (value := getattr(other, each.name)) is not None
        }
        return replace(self, **named)

    def _check_together(self) -> None:
        named = [each for each in variables().values() if getattr(self, each.field) is not None]
        if self.image_pull_behavior is PullBehavior.PREFER_CACHED:
            self._refuse(
                [each for each in named if each.needs_cleanup or each.name == "ECS_DISABLE_IMAGE_CLEANUP"],
                "prefer-cached switches image cleanup off for the whole instance",
                "Leave it out, or use PullBehavior.ONCE, which keeps cleanup on",
            )
        if self.disable_image_cleanup:
            self._refuse(
                [each for each in named if each.needs_cleanup],
                "disable_image_cleanup=True switches image cleanup off",
                "Leave one of the two out",
            )
        if self.enable_untracked_image_cleanup is False:
            self._refuse(
                [each for each in named if each.field == "non_ecs_image_minimum_cleanup_age"],
                "enable_untracked_image_cleanup=False leaves untracked images alone",
                "Leave it out, or set enable_untracked_image_cleanup=True",
            )

    def _refuse(self, pointless: Sequence[Variable], because: str, fix: str) -> None:
        for variable in pointless:
            raise InvalidValueError(
                f"{variable.field} has no effect: {because}",
                _text(getattr(self, variable.field)),
                allowed="not set",
                fix=f"{fix}.",
            )


def _checked(variable: Variable, value: Any) -> object:
    match variable.kind:
        case "behavior":
            return _behavior(variable, value)
        case "boolean":
            if isinstance(value, bool):
                return value
            raise InvalidValueError(f"{variable.field} is not a boolean", value, allowed="True, False")
        case "integer":
            return _integer(variable, value)
        case "list":
            return _images(variable, value)
        case "duration":
            return _duration(variable, value)


def _behavior(variable: Variable, value: object) -> PullBehavior:
    if isinstance(value, str) and value in set(PullBehavior):
        return PullBehavior(value)
    raise InvalidValueError(
        f"{variable.field} is not a value that the ECS agent knows",
        value,
        allowed=PullBehavior,
        fix="The agent would silently use 'default'.",
    )


def _integer(variable: Variable, value: object) -> int:
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and variable.minimum_value <= value <= MAX_INT64
    ):
        return value
    raise InvalidValueError(
        f"{variable.field} is not a number that the ECS agent accepts",
        value,
        allowed=f"a whole number from {variable.minimum}",
        fix=f"The agent would silently use {variable.default}. To switch cleanup off, set disable_image_cleanup=True.",
    )


def _images(variable: Variable, value: object) -> tuple[str, ...]:
    images = tuple(value) if isinstance(value, (list, tuple)) else ()
    if not images:
        raise InvalidValueError(
            f"{variable.field} is not a list of image names",
            value,
            allowed="a list with at least one image name",
            fix="Leave it out to exclude nothing.",
        )
    for image in images:
        if not isinstance(image, str) or not _is_one_name(image):
            raise InvalidValueError(
                f"{variable.field} has an entry that is not one image name",
                image,
                allowed="a name without commas, blanks and control characters",
                fix="The agent splits the list at commas and trims nothing.",
            )
    return images


def _is_one_name(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return bool(text) and not any(char in "," + SPACES or not char.isprintable() for char in text)


def _duration(variable: Variable, value: Any) -> timedelta:
    length = to_timedelta(variable.field, value)
    nanoseconds = _nanoseconds(length)
    allowed = f"from {variable.minimum}" if variable.minimum else "more than 0"
    if nanoseconds <= 0:
        consequence = (
            f"the default, {variable.default}" if nanoseconds == 0 else "a value that fails every time"
        )
        raise InvalidValueError(
            f"{variable.field} is not a length of time",
            format_duration(nanoseconds),
            allowed=allowed,
            fix=f"To the ECS agent it means {consequence}. Leave it out to keep the default.",
        )
    if nanoseconds < variable.minimum_value:
        taken = variable.minimum if variable.below == "minimum" else f"its default, {variable.default}"
        raise InvalidValueError(
            f"{variable.field} is shorter than the ECS agent accepts",
            format_duration(nanoseconds),
            allowed=allowed,
            fix=f"The agent would silently use {taken}.",
        )
    if nanoseconds > MAX_INT64:
        raise InvalidValueError(
            f"{variable.field} is longer than the ECS agent can read",
            str(length),
            allowed=f"up to {format_duration(MAX_INT64)}",
        )
    return length


def _nanoseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1) * 1000


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case timedelta():
            return format_duration(_nanoseconds(value)).replace("\u00b5", "u")
        case tuple():
            return ",".join(value)
        case _:
            return str(value)
