"""What a look-up found out about one image: its profile, and what its name stood for at that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from cdk_pull.image.platform import Platform
    from cdk_pull.image.profile import ImageProfile

__all__ = ["ImageFacts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFacts:
    """One image reference, looked up.

    Attributes:
        reference: the normalised reference.
        digest: what the reference stood for: of the image index, or of the manifest where there is no index.
        profile: of the platform that was asked for.
        base: the base that the image itself names, such as ``ubuntu 24.04``; empty when it names none.
        notes: what is less sure than the rest, a sentence each.
        platforms: those that the image is built for, without variants and versions; empty where that is not known.
        steps: the step of the build that made each layer, as the image's configuration has it; empty when the
            configuration does not have one for each.
    """

    reference: str
    digest: str
    profile: ImageProfile
    base: str = ""
    notes: tuple[str, ...] = ()
    platforms: tuple[Platform, ...] = ()
    steps: tuple[str, ...] = ()
