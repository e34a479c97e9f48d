"""Which servercore image a user's own image is built on, and what of it Fargate's hosts have cached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cdk_pull.records import dataclass, replace
from cdk_pull.windows.catalogue import Catalogue, Release, packaged_catalogue
from cdk_pull.windows.families import product_of_build, products
from cdk_pull.windows.window import CacheWindow, Days, cache_window, cached_days

if TYPE_CHECKING:
    from datetime import date

    from cdk_pull.image.profile import ImageProfile

__all__ = ["CachedBase", "ServercoreBase", "cached_base", "recognise"]

# The smallest servercore base layer is 1.2 GB, the largest nanoserver 0.2 GB; both carry the same os.version.
_LEAST_BASE_BYTES = 500 * 10**6
_FAMILY = {
    name: f"WINDOWS_SERVER_{name.rpartition('-')[2]}_CORE"
    for name in ("windows-server-2019", "windows-server-2022")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServercoreBase:
    """The servercore image below a user's own.

    Attributes:
        release: of the catalogue.
        by: ``layers`` when the first layers are that release's own, which is certain; ``os.version`` when only the
            build that the image carries says so, and its layers may be other bytes.
        layers: how many of the image's first layers are the base's.
    """

    release: Release
    by: Literal["layers", "os.version"]
    layers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedBase:
    """Whether Fargate's hosts have an image's base on a day.

    Attributes:
        base: of the image; None when it is not a servercore image that the catalogue knows.
        on: the day.
        status: ``cached``, ``not-cached``, or ``unknown``.
        until: when the hosts drop the base; None unless it is cached.
        cached_layers: how many of the image's first layers the hosts have.
        miss_bytes: compressed bytes of the base that a start downloads, or would if it were not cached.
        reason: one sentence on the above.
    """

    base: ServercoreBase | None
    on: date
    status: Literal["cached", "not-cached", "unknown"]
    until: Days | None
    cached_layers: int
    miss_bytes: int
    reason: str

    def uncached(self, profile: ImageProfile) -> ImageProfile:
        """Return what of an image a start downloads: all but the layers that the hosts have."""
        return replace(profile, layers=profile.layers[self.cached_layers :])

    def to_json(self) -> dict[str, Any]:
        """Return the answer in JSON's types."""
        return {
            "tag": self.base.release.tag if self.base else None,
            "recognised_by": self.base.by if self.base else None,
            "date": self.on.isoformat(),
            "status": self.status,
            "cached_until": self.until.to_json() if self.until else None,
            "miss_bytes": self.miss_bytes,
            "reason": self.reason,
        }


def recognise(profile: ImageProfile, catalogue: Catalogue | None = None) -> ServercoreBase | None:
    """Return the servercore image that a Windows image is built on, or None when the catalogue has none like it."""
    if profile.os != "windows" or not profile.layers:
        return None
    catalogue = catalogue or packaged_catalogue()
    digests = tuple(layer.digest for layer in profile.layers)
    # A month whose image is the base layer alone begins every later image on that layer too: there the build decides.
    exact = [
        release
        for release in catalogue.releases
        if release.layer_digests
        and digests[: len(release.layer_digests)] == release.layer_digests
        and (len(release.layer_digests) > 1 or profile.os_version == release.tag)
    ]
    if exact:
        found = max(exact, key=lambda release: len(release.layer_digests))
        return ServercoreBase(release=found, by="layers", layers=len(found.layer_digests))
    release = catalogue.find(profile.os_version) if profile.os_version else None
    if release is None or profile.layers[0].compressed_bytes < _LEAST_BASE_BYTES:
        return None
    return ServercoreBase(release=release, by="os.version", layers=min(len(profile.layers), 2))


def cached_base(profile: ImageProfile, on: date, *, catalogue: Catalogue | None = None) -> CachedBase:
    """Return whether Fargate's hosts have the base of a Windows image on a day, and the bytes that a miss costs.

    Args:
        profile: of an image for Windows.
        on: the day; synth takes it from the context, never from the clock.
        catalogue: the package's own by default.
    """
    catalogue = catalogue or packaged_catalogue()
    base = recognise(profile, catalogue)
    if base is None:
        return _miss(None, on, "unknown", profile.compressed_bytes, _why_not_recognised(profile))
    of_base = sum(layer.compressed_bytes for layer in profile.layers[: base.layers])
    family = _FAMILY.get(base.release.product)
    if family is None:
        reason = f"{base.release.tag} is {base.release.product}, which Fargate does not run"
        return _miss(base, on, "not-cached", of_base, reason)
    window = cache_window(family, on, catalogue=catalogue)
    if window.status == "unknown":
        return _miss(base, on, "unknown", of_base, window.reason)
    return _within_window(profile, base, window, of_base, catalogue)


def _miss(
    base: ServercoreBase | None,
    on: date,
    status: Literal["not-cached", "unknown"],
    miss_bytes: int,
    reason: str,
    *,
    layers: int = 0,
) -> CachedBase:
    return CachedBase(
        base=base,
        on=on,
        status=status,
        until=None,
        cached_layers=layers,
        miss_bytes=miss_bytes,
        reason=reason,
    )


def _within_window(
    profile: ImageProfile, base: ServercoreBase, window: CacheWindow, of_base: int, catalogue: Catalogue
) -> CachedBase:
    release = base.release
    named = f"base {release.tag} of {release.day:%Y-%m} ({'its layers' if base.by == 'layers' else 'by os.version alone'})"
    if release.tag in window.tags:
        until = cached_days(release)
        # By os.version alone the bytes may be others, and the hosts' cache goes by bytes.
        sure = base.by == "layers"
        reason = f"{named} is in the window until {until.earliest}, {until.latest} at the latest"
        if not sure:
            reason += "; the catalogue has not its layers, so look at the first start"
        return CachedBase(
            base=base, on=window.on, status="cached" if sure else "unknown", until=until,
            cached_layers=base.layers if sure else 0, miss_bytes=of_base, reason=reason,
        )  # fmt: skip
    kept = _base_layer_kept(profile, window, catalogue)
    missed = of_base - (profile.layers[0].compressed_bytes if kept else 0)
    reason = f"{named} is not in the window of {window.on}, which holds {', '.join(window.tags[1:])}"
    reason += "; its large base layer still is" if kept else ""
    pin = f"; build on {window.pin.tag}" if window.pin else ""
    return _miss(base, window.on, "not-cached", missed, reason + pin, layers=int(kept))


def _base_layer_kept(profile: ImageProfile, window: CacheWindow, catalogue: Catalogue) -> bool:
    """Tell whether a cached release is built on the image's own base layer, which changes every year or two."""
    cached = (catalogue.find(tag) for tag in window.tags[1:])
    return any(release and release.layer_digests[:1] == (profile.layers[0].digest,) for release in cached)


def _why_not_recognised(profile: ImageProfile) -> str:
    if profile.os != "windows":
        return "the image is not for Windows"
    parts = profile.os_version.split(".")
    product = product_of_build(int(parts[2])) if len(parts) > 2 and parts[2].isdecimal() else None  # noqa: PLR2004
    if product is None:
        known = ", ".join(str(item.os_build) for item in products().values())
        return f"os.version {profile.os_version or '(none)'} is of no Windows Server that the catalogue has ({known})"
    if profile.layers and profile.layers[0].compressed_bytes < _LEAST_BASE_BYTES:
        return "the first layer is too small for servercore; Fargate's hosts cache no nanoserver image"
    return f"the catalogue has no image {profile.os_version}; refresh it with cdk-pull refresh windows"
