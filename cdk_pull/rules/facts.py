"""What is known of images: from a facts file, from CDK's context, or from the metadata of a task definition."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import CdkPullError, InvalidValueError
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.image.reference import ImageReference
from cdk_pull.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.model import Resource

__all__ = ["ImageFactsBook", "profile_from_json"]

_KEYS: Final = ("compressed", "uncompressed", "compression", "os_version")
_FORM: Final = "{'compressed': '800MB', 'uncompressed': '2.4GB', 'compression': 'gzip', 'os_version': ''}"


@dataclass(frozen=True)
class ImageFactsBook:
    """Profiles of images, by their normalised references.

    Attributes:
        profiles: what was given for the whole run.
    """

    profiles: Mapping[str, ImageProfile] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> ImageFactsBook:
        """Read a facts file: ``{"images": {"nginx:1.27": {"compressed": "70MB", "uncompressed": "190MB"}}}``.

        Raises:
            InvalidValueError: for a file that cannot be read or is in another form.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InvalidValueError(
                "facts file cannot be read", str(path), allowed="a JSON file", fix=str(error)
            ) from None
        images = document.get("images") if isinstance(document, dict) else None
        if not isinstance(images, dict):
            raise InvalidValueError(
                "facts file has no images", str(path), allowed='{"images": {"<reference>": …}}'
            )
        return cls({_normal(name): profile_from_json(facts, name) for name, facts in images.items()})

    def profile(self, image: Image | None, resource: Resource) -> ImageProfile | None:
        """Return what is known of an image that a resource uses; its own metadata goes before the facts file."""
        if image is None or image.reference is None:
            return None
        stated = resource.metadata.get("images")
        if isinstance(stated, dict):
            for name, facts in stated.items():
                if name in {str(image), str(image.reference)}:
                    # What is malformed is PULL001's to say, once, and not every other rule's.
                    with suppress(InvalidValueError):
                        return profile_from_json(facts, name)
        return self.profiles.get(str(image.reference))


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
    if not isinstance(facts, dict) or "compressed" not in facts or set(facts) - set(_KEYS):
        raise InvalidValueError(f"facts of image {name} are malformed", facts, allowed=_FORM)
    try:
        compressed = _bytes(facts["compressed"])
        uncompressed = None if facts.get("uncompressed") is None else _bytes(facts["uncompressed"])
        compression = Compression(facts.get("compression", "gzip"))
    except (CdkPullError, ValueError, TypeError) as error:
        raise InvalidValueError(
            f"facts of image {name} are malformed", facts, allowed=_FORM, fix=str(error)
        ) from None
    profile = ImageProfile.of_size(
        compressed_bytes=compressed, uncompressed_bytes=uncompressed, compression=compression
    )
    version = str(facts.get("os_version", ""))
    if not version:
        return profile
    return ImageProfile(layers=profile.layers, os="windows", os_version=version)


def _bytes(value: Any) -> int:
    return value if isinstance(value, int) else parse_bytes(str(value))
