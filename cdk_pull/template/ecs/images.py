"""The image of a container: where it is, and whether its name can come to mean another image."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.shapes import objects_in
from cdk_pull.template.image_region import ImagePlace, locate_image
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from cdk_pull.image.reference import ImageReference
    from cdk_pull.template.context import Context
    from cdk_pull.template.model import Resource

__all__ = ["Image", "TagKind", "immutable_tag", "names_repository"]

TagKind = Literal["digest", "immutable", "unique", "floating", "unknown"]

_DIGEST: Final = "@sha256:"
# Tags that name one build: a version of three numbers, a commit, a date, a build number, a hash, a UUID.
_UNIQUE: Final = lazy_pattern(
    r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-_.+][A-Za-z0-9_.+-]+)?"
    r"|(?:[A-Za-z0-9]*[-_.])*?(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}(?:[-_.][A-Za-z0-9_.-]+)?"
    r"|.*[0-9]{8}.*|.*[0-9]{4}[-_.][0-9]{2}[-_.][0-9]{2}.*"
    r"|(?:build|release|rel|b|r|v|ci)[-_.]?[0-9]{1,9}",
    re.ASCII,
)
_REPOSITORY: Final = "AWS::ECR::Repository"
_VARIABLE: Final = lazy_pattern(r"\$\{([A-Za-z0-9]+)\}")
_ASSETS: Final = lazy_pattern(r"cdk-[a-z0-9]+-container-assets-")


@dataclass(frozen=True)
class Image:
    """An evaluated ``Image`` property.

    Attributes:
        value: the text, or an unknown with its known pieces.
        place: where it is, seen from the stack that runs it.
        repository: its repository's resource, where that is in one of the templates.
    """

    value: str | Unknown
    place: ImagePlace
    repository: Resource | None = None

    @classmethod
    def of(cls, value: str | Unknown, region: str | None, repository: Resource | None = None) -> Image:
        """Return the image that a value of a stack of this Region names."""
        place = _locate(value, region) if isinstance(value, str) else locate_image(value, region)
        return cls(value, place, repository)

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def by_name_alone(cls, value: str | Unknown, repository: str) -> Image:
        """Return the image of a value that names a repository of the template without its registry."""
        tag = str(value).partition(":")[2]
        place = ImagePlace(
            image=str(value),
            verdict="malformed",
            reason=f"{value} begins with !Ref {repository}, which gives the name of the repository without its registry, "
            "so that Docker Hub is asked for it",
            fix=f'Write !Sub "${{{repository}.RepositoryUri}}:{tag or "<tag>"}"; in CDK, use ContainerImage.from_ecr_repository',
        )
        return cls(value, place)

    @property
    def reference(self) -> ImageReference | None:
        """The image as far as it is known; None when it cannot be read."""
        return self.place.reference

    @cached_property
    def tag(self) -> str | Unknown | None:
        """The tag: None where there is none, an unknown where the deployment gives it."""
        _, colon, tag = str(self.value).rpartition("/")[2].partition("@")[0].partition(":")
        if colon and "${" not in tag:
            return tag
        if isinstance(self.value, Unknown):
            last = self.value.pieces[-1] if self.value.pieces else self.value
            # A repository's name holds no colon, so that nothing after it is hidden in it.
            if colon or (isinstance(last, Unknown) and ":" not in last.never):
                return Unknown(reason=self.value.reason)
        return None

    @property
    def is_asset(self) -> bool:
        """Whether CDK builds it and pushes it at the deployment, so that no registry has it yet."""
        return self.reference is not None and _ASSETS.match(self.reference.repository) is not None

    @cached_property
    def kind(self) -> TagKind:
        """Whether the name can come to mean another image.

        ``digest`` and ``immutable`` cannot; ``unique`` looks like a tag of one build, yet nothing keeps it from being
        pushed again; ``floating`` is meant to move, as ``latest`` and a missing tag are.
        """
        if _DIGEST in str(self.value):
            return "digest"
        if self.reference is None or isinstance(self.tag, Unknown):
            return "unknown"
        tag = self.tag or "latest"
        if self.is_asset:
            return "immutable"
        if self.repository is not None and immutable_tag(self.repository, tag):
            return "immutable"
        return "unique" if _UNIQUE.fullmatch(tag) else "floating"


def names_repository(written: Any, context: Context) -> str:
    """Return the repository whose name, without its registry, stands at the beginning of an image; empty for none.

    Args:
        written: as the template has it, not evaluated: ``Ref`` of a repository gives its name alone.
        context: of the template.
    """
    match written:
        case {"Ref": str() as logical_id}:
            pass
        case {"Fn::Join": [_, [{"Ref": str() as logical_id}, *_]]}:
            pass
        case {"Fn::Sub": str() as text} | {"Fn::Sub": [str() as text, *_]}:
            found = _VARIABLE.match(text)
            logical_id = found[1] if found is not None else ""
        case _:
            return ""
    resource = context.resources.get(logical_id)
    is_repository = isinstance(resource, dict) and resource.get("Type") == _REPOSITORY
    return logical_id if is_repository else ""


@lru_cache(maxsize=4096)
def _locate(value: str, region: str | None) -> ImagePlace:
    return locate_image(value, region)


def immutable_tag(repository: Resource, tag: str | None) -> bool | None:
    """Tell whether a repository keeps a tag from being pushed again; None where that is not known.

    Args:
        repository: an ``AWS::ECR::Repository``.
        tag: None asks for a tag that no exclusion names.
    """
    mutability = repository.values.get("ImageTagMutability", "MUTABLE")
    if isinstance(mutability, Unknown):
        return None
    filters = repository.values.get("ImageTagMutabilityExclusionFilters") or []
    patterns = [str(each.get("ImageTagMutabilityExclusionFilterValue", "")) for each in objects_in(filters)]
    excluded = tag is not None and any(fnmatchcase(tag, pattern) for pattern in patterns)
    match mutability:
        case "IMMUTABLE":
            return True
        case "IMMUTABLE_WITH_EXCLUSION":
            return not excluded
        case "MUTABLE_WITH_EXCLUSION":
            return excluded
    return False
