"""Image references, read as Docker, containerd and the ECS agent read them.

The grammar, the normalised names and the errors are those of the distribution project's ``reference`` package
(https://github.com/distribution/reference), which all three use.
"""

from __future__ import annotations

from typing import Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

__all__ = ["DOCKER_HUB", "ImageReference", "in_full"]

DOCKER_HUB: Final = "docker.io"
"""The registry of a reference that names none."""

_LEGACY_DOCKER_HUB = "index.docker.io"
_OFFICIAL = "library/"
_MAX_REPOSITORY = 255

_HOST_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_HOST_LABEL}(?:\.{_HOST_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_REFERENCE = lazy_pattern(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_IDENTIFIER = lazy_pattern(r"[a-f0-9]{64}")
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_FORM = "[host[:port]/]path[:tag][@digest], such as 'nginx:1.27' or '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """One image reference in its normalised form: ``str()`` gives it back.

    Attributes:
        registry: host with port, ``docker.io`` when the reference names none. Empty in one corner of the grammar: a first
            component that looks like a host and cannot be one, such as ``my_host.example/app``.
        repository: the path, such as ``library/nginx``.
        tag: or None; a registry then serves ``latest`` unless there is a digest.
        digest: such as ``sha256:…``, or None.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read a reference.

        Raises:
            InvalidValueError: when ``docker pull`` would reject the reference too.
        """
        if not text:
            raise InvalidValueError("image reference is empty", text, allowed=_FORM)
        if _IDENTIFIER.fullmatch(text):
            raise InvalidValueError(
                "image reference is a bare 64-digit hexadecimal string, which is an image ID and not a repository name",
                text,
                allowed=_FORM,
                fix=f"To name an image by digest, write <repository>@sha256:{text}",
            )
        host, rest = _split_host(text)
        path = rest.partition(":")[0]
        if path != path.lower():
            raise InvalidValueError(
                "image reference has upper-case letters in its repository name",
                text,
                allowed=f"a repository name in lower case, such as {path.removeprefix(_OFFICIAL).lower()!r}",
            )
        match = _REFERENCE.fullmatch(f"{host}/{rest}")
        if match is None:
            raise InvalidValueError("image reference is malformed", text, allowed=_FORM)
        repository, digest = match["path"], match["digest"]
        if len(repository) > _MAX_REPOSITORY:
            raise InvalidValueError(
                "repository name of the image reference is too long",
                f"{repository[:40]}… ({len(repository)} characters)",
                allowed=f"at most {_MAX_REPOSITORY} characters",
            )
        if digest is not None:
            _check_digest(digest)
        return cls(registry=match["host"] or "", repository=repository, tag=match["tag"], digest=digest)

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    @property
    def mutable(self) -> bool:
        """Whether the same reference can come to mean another image: true unless there is a digest."""
        return self.digest is None

    def __str__(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{self.name}{tag}{digest}"


def in_full(name: str) -> str:
    """Return the name of an image with its registry and repository in full; as it is where it cannot be read."""
    try:
        return str(ImageReference.parse(name))
    except InvalidValueError:
        return name


def _split_host(text: str) -> tuple[str, str]:
    """Split off the registry: a first component is one if it has a dot, a colon or an upper-case letter."""
    host, slash, rest = text.partition("/")
    if not slash:
        return DOCKER_HUB, _OFFICIAL + text
    if host == _LEGACY_DOCKER_HUB:
        host = DOCKER_HUB
    elif host != "localhost" and not set(host) & {".", ":"} and host == host.lower():
        host, rest = DOCKER_HUB, text
    if host == DOCKER_HUB and "/" not in rest:
        rest = _OFFICIAL + rest
    return host, rest


def _check_digest(digest: str) -> None:
    algorithm, _, value = digest.partition(":")
    length = _HEX_LENGTHS.get(algorithm)
    if length is None:
        raise InvalidValueError(
            "digest algorithm of the image reference is not supported", algorithm, allowed=_HEX_LENGTHS
        )
    if len(value) != length or value != value.lower():
        raise InvalidValueError(
            "digest of the image reference is malformed",
            digest,
            allowed=f"{algorithm}: and {length} lower-case hexadecimal digits",
        )
