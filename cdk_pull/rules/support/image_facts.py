"""What is known of images: from a facts file, from CDK's context, or from the metadata of a task definition."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import CdkPullError, InvalidValueError
from cdk_pull.files import read_json_object
from cdk_pull.image.context import facts_from_context, is_ours, parse_key
from cdk_pull.image.ecr import registry_kind
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.image.reference import ImageReference
from cdk_pull.records import dataclass, field
from cdk_pull.units import bytes_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
)
_FORM: Final = "{'compressed': '800MB', 'uncompressed': '2.4GB', 'compression': 'gzip', 'os_version': ''}"


@dataclass(frozen=True)
class ImageFactsBook:
    """Profiles of images, by their normalised references.

    Attributes:
        profiles: what was given for the whole run; of one image there may be several platforms.
    """

    profiles: Mapping[str, Sequence[ImageProfile]] = field(default_factory=dict)

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
        for key in filter(is_ours, context):
            reference, platform = parse_key(key)
            stored = facts_from_context(context, reference, platform)
            if stored is not None:
                profiles.setdefault(str(reference), []).append(stored.facts.profile)
        stated = context.get("images", {})
        if not isinstance(stated, Mapping):
            raise InvalidValueError("images is not an object", stated, allowed=f'{{"<reference>": {_FORM}}}')
        for name, facts in stated.items():
            profiles.setdefault(_normal(name), []).insert(0, profile_from_json(facts, name))
        return cls(profiles)

    def profile(self, image: Image | None, task: TaskDefinition) -> ImageProfile | None:
        """Return what is known of an image of a task; the task's own metadata goes before everything else."""
        if image is None or image.reference is None:
            return None
        stated = task.resource.metadata.get("images")
        if not stated and not self.profiles:
            return None  # as nearly always
        names = _names(image, image.reference)
        for name, facts in stated.items() if isinstance(stated, dict) else ():
            if name in names or _normal(name) in names:
                # What is malformed is PULL001's to say, once, and not every other rule's.
                with suppress(InvalidValueError):
                    return profile_from_json(facts, name)
        profiles = next((self.profiles[name] for name in names if name in self.profiles), ())
        wanted = "arm64" if task.architecture == "arm64" else "amd64"
        return next((each for each in profiles if each.architecture == wanted), next(iter(profiles), None))


def _names(image: Image, reference: ImageReference) -> tuple[str, ...]:
    """Return what an image may be called by: as the template has it, in full, and in private ECR by its path alone."""
    names = (str(image), str(reference))
    if registry_kind(reference.registry) != "ecr":
        return names
    path = str(reference).partition("/")[2]
    return (*names, path, _normal(path))


def _normal(name: str) -> str:
    try:
        return str(ImageReference.parse(name))
    except InvalidValueError:
        return name


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
    version = str(facts.get("os_version", ""))
    if not version:
        return profile
    return ImageProfile(layers=profile.layers, os="windows", os_version=version)
