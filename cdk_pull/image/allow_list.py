"""Named exceptions from a rule on images: patterns on normalised references."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.image.reference import ImageReference

__all__ = ["AllowList"]


@dataclass(frozen=True, slots=True)
class AllowList:
    """Glob patterns, each matched against a reference with and without its tag and digest.

    ``*`` also matches ``/``: ``public.ecr.aws/datadog/*`` allows every repository of that alias.
    """

    patterns: tuple[str, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str]) -> AllowList:
        """Return the list of some patterns.

        Raises:
            InvalidValueError: for a pattern without a registry, which would never match a normalised reference.
        """
        if isinstance(patterns, str):
            raise InvalidValueError(
                "allow list is a string",
                patterns,
                allowed="a list of patterns",
                fix=f"Write allow=[{patterns!r}]",
            )
        found = tuple(patterns)
        for pattern in found:
            host, slash, _ = pattern.partition("/")
            if not slash or not (host == "localhost" or set(host) & set(".:*?[")):
                raise InvalidValueError(
                    "pattern of the allow list does not begin with a registry",
                    pattern,
                    allowed="patterns such as 'public.ecr.aws/datadog/*' or 'docker.io/library/nginx'",
                )
        return cls(found)

    def allows(self, reference: ImageReference) -> bool:
        """Tell whether a pattern matches."""
        texts = (reference.name, str(reference))
        return any(fnmatchcase(text, pattern) for pattern in self.patterns for text in texts)
