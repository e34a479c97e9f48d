"""The platform of the image is not valid: operating system, architecture and, for Windows, the version of the host."""

from __future__ import annotations

from typing import Literal, Self, cast

from cdk_pull.errors import InvalidValueError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

__all__ = ["Platform"]

_ALLOWED = "'linux/amd64', 'linux/arm64', 'windows/amd64' or, with a build, 'windows(10.0.20348)/amd64'"
_FORM = lazy_pattern(
    r"(?P<os>linux|windows)(?:\((?P<version>[0-9]+(?:\.[0-9]+){0,3})\))?/(?P<arch>[a-z0-9_]+)(?:/(?P<variant>[a-z0-9.]+))?"
)
# What people and `uname -m` say, in the words of the image specification.
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
# A variant that is the architecture's only one on ECS, and so says nothing.
_PLAIN_VARIANTS = {("arm64", "v8"), ("amd64", "v1")}


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform, normalised.

    Attributes:
        os: ``linux`` or ``windows``.
        architecture: ``amd64``, ``arm64`` or another of the image specification's.
        variant: such as ``v7``; empty for the architectures that ECS runs.
        os_version: Windows only: ``10.0.20348`` or ``10.0.20348.1906``; empty for any.
    """

    os: Literal["linux", "windows"] = "linux"
    architecture: str = "amd64"
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the platform that ``text`` names, such as ``linux/arm64``.

        Raises:
            InvalidValueError: for anything that is not a platform of Linux or Windows.
        """
        match = _FORM.fullmatch(text.strip().lower())
        if match is None or (match["version"] and match["os"] != "windows"):
            raise InvalidValueError("platform of the image is not valid", text, allowed=_ALLOWED)
        return cls.of(match["os"], match["arch"], match["variant"] or "", match["version"] or "")

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "", os_version: str = "") -> Self:
        """Return the platform of an image's own fields, which may say the same thing in several ways.

        Raises:
            InvalidValueError: for an operating system that ECS does not run.
        """
        if os not in {"linux", "windows"}:
            raise InvalidValueError(
                "operating system of the image is not supported", os, allowed=("linux", "windows")
            )
        arch = _ARCHITECTURES.get(architecture.lower(), architecture.lower())
        plain = "" if (arch, variant) in _PLAIN_VARIANTS else variant
        return cls(cast("Literal['linux', 'windows']", os), arch, plain, os_version)

    def accepts(self, other: Platform) -> bool:
        """Tell whether an image of ``other`` is what was asked for by this one.

        A Windows image matches by the parts of ``os_version`` that this platform gives: a container of build
        20348 runs on any host of build 20348, whatever the revision.
        """
        wanted, given = self.os_version.split("."), other.os_version.split(".")
        return (
            (self.os, self.architecture) == (other.os, other.architecture)
            and self.variant in {"", other.variant}
            and (not self.os_version or given[: len(wanted)] == wanted)
        )

    @property
    def plain(self) -> Platform:
        """The operating system and the architecture alone."""
        return Platform(self.os, self.architecture)

    def __str__(self) -> str:
        version = f"({self.os_version})" if self.os_version else ""
        variant = f"/{self.variant}" if self.variant else ""
        return f"{self.os}{version}/{self.architecture}{variant}"
