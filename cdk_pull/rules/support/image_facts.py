"""What is known of images: from a facts file, from CDK's context, or from the metadata of a task definition."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import CdkPullError, InvalidValueError
from cdk_pull.files import read_json_object
from cdk_pull.image.context import facts_from_context, is_ours, parse_key
from cdk_pull.image.ecr import registry_kind
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.image.reference import in_full
from cdk_pull.records import dataclass, field
from cdk_pull.units import bytes_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from cdk_pull.image.reference import ImageReference
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["ImageFactsBook", "profile_from_json"]

_KEYS: Final = (
    "compressed",
    "compressed_bytes",
    "uncompressed",
    "uncompressed_bytes",
    "compression",
    "os_version",
    "platforms",
)
_FORM: Final = "{'compressed': '800MB', 'uncompressed': '2.4GB', 'compression': 'gzip', 'os_version': '', 'platforms': ['linux/amd64']}"


@dataclass(frozen=True)
class ImageFactsBook:
    """Profiles of images, by their normalised references.

    Attributes:
        profiles: what was given for the whole run; of one image there may be several platforms.
        platforms: all that an image is built for, without variants and versions, where that is known.
    """

    profiles: Mapping[str, Sequence[ImageProfile]] = field(default_factory=dict)
    platforms: Mapping[str, Collection[Platform]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> ImageFactsBook:
        """Read a ``cdk.context.json`` or a facts file.

        A facts file is ``{"images": {"nginx:1.27": {"compressed": "70MB", "uncompressed": "190MB"}}}``; from a context
        file the entries are taken that ``cdk-pull lookup`` has written.

        Raises:
            InvalidValueError: for a file that cannot be read or is in another form.
        """
        allowed = '{"images": {"<reference>": …}} or a context file'
        return cls.of_context(read_json_object(path, "facts file", allowed=allowed))

    @classmethod
    def of_context(cls, context: Mapping[str, Any]) -> ImageFactsBook:
        """Return what CDK's context, or a facts file's object, says of images.

        Raises:
            InvalidValueError: for an entry in another form.
        """
        profiles: dict[str, list[ImageProfile]] = {}
        platforms: dict[str, tuple[date, Collection[Platform]]] = {}
        for key in filter(is_ours, context):
            reference, platform = parse_key(key)
            stored = facts_from_context(context, reference, platform)
            if stored is not None:
                name = str(reference)
                profiles.setdefault(name, []).append(stored.facts.profile)
                # An image may have been pushed again between the look-ups of two platforms.
                if stored.facts.platforms and (
                    name not in platforms or platforms[name][0] < stored.looked_up
                ):
                    platforms[name] = stored.looked_up, stored.facts.platforms
        stated = context.get("images", {})
        if not isinstance(stated, Mapping):
            raise InvalidValueError("images is not an object", stated, allowed=f'{{"<reference>": {_FORM}}}')
        for name, facts in stated.items():
            profiles.setdefault(in_full(name), []).insert(0, profile_from_json(facts, name))
            if built := _platforms(facts, name):
                platforms[in_full(name)] = date.max, built
        return cls(profiles, {name: built for name, (_, built) in platforms.items()})

    def profile(self, image: Image | None, task: TaskDefinition) -> ImageProfile | None:
        """Return what is known of an image of a task; the task's own metadata goes before everything else."""
        names, facts = self._names(image, task)
        # What is malformed is PULL001's to say, once, and not every other rule's.
        with suppress(InvalidValueError):
            if facts is not None:
                return profile_from_json(facts, str(image))
        profiles = next((self.profiles[name] for name in names if name in self.profiles), ())
        wanted = "arm64" if task.architecture == "arm64" else "amd64"
        return next((each for each in profiles if each.architecture == wanted), next(iter(profiles), None))

    def built_for(self, image: Image, task: TaskDefinition) -> Collection[Platform]:
        """Return the platforms that an image of a task is built for; empty where that is not known."""
        names, facts = self._names(image, task)
        with suppress(InvalidValueError):
            if facts is not None and (stated := _platforms(facts, str(image))):
                return stated
        return next((self.platforms[name] for name in names if name in self.platforms), ())

    def _names(self, image: Image | None, task: TaskDefinition) -> tuple[tuple[str, ...], Any]:
        """Return what an image may be called by, and what the task's own metadata states of it."""
        stated = task.resource.metadata.get("images")
        if image is None or image.reference is None or not (stated or self.profiles):
            return (), None  # as nearly always
        names = _names(image, image.reference)
        for name, facts in stated.items() if isinstance(stated, dict) else ():
            if name in names or in_full(name) in names:
                return names, facts
        return names, None


def _names(image: Image, reference: ImageReference) -> tuple[str, ...]:
    """Return what an image may be called by: as the template has it, in full, and in private ECR by its path alone."""
    names = (str(image), str(reference))
    if registry_kind(reference.registry) != "ecr":
        return names
    path = str(reference).partition("/")[2]
    return (*names, path, in_full(path))


def profile_from_json(facts: Any, name: str) -> ImageProfile:
    """Return the profile that a facts file states for an image.

    Raises:
        InvalidValueError: for facts in another form.
    """
    if not isinstance(facts, Mapping) or set(facts) - set(_KEYS):
        raise InvalidValueError(f"facts of image {name} are malformed", facts, allowed=_FORM)
    try:
        compressed = bytes_of(facts, "compressed", "compressed_bytes")
        if compressed is None:
            raise InvalidValueError(f"facts of image {name} have no compressed size", facts, allowed=_FORM)
        profile = ImageProfile.of_size(
            compressed_bytes=compressed,
            uncompressed_bytes=bytes_of(facts, "uncompressed", "uncompressed_bytes"),
            compression=Compression(facts.get("compression", "gzip")),
        )
    except (CdkPullError, ValueError, TypeError, OverflowError) as error:
        raise InvalidValueError(
            f"facts of image {name} are malformed", facts, allowed=_FORM, fix=str(error)
        ) from None
    _platforms(facts, name)
    version = str(facts.get("os_version", ""))
    if not version:
        return profile
    return ImageProfile(layers=profile.layers, os="windows", os_version=version)


def _platforms(facts: Any, name: str) -> tuple[Platform, ...]:
    """Return the platforms that a facts file states for an image.

    Raises:
        InvalidValueError: for what is no list of platforms.
    """
    listed = facts.get("platforms", ()) if isinstance(facts, Mapping) else ()
    if not isinstance(listed, list | tuple) or not all(isinstance(each, str) for each in listed):
        raise InvalidValueError(
            f"platforms of image {name} are malformed", listed, allowed="['linux/amd64', 'linux/arm64']"
        )
    return tuple(Platform.parse(each).plain for each in listed)
