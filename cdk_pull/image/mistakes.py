"""Texts that stand where an image belongs and name none that anybody can pull, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import ecr_mistake, registry_kind
from cdk_pull.image.reference import DOCKER_HUB, ImageReference
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Mistake", "beginning_mistake", "name_mistake"]

_SCHEME: Final = lazy_pattern(r"(?:https?|docker|oci)://", re.IGNORECASE)
# What templates of other tools and guides leave for somebody to fill in.
_PLACEHOLDER: Final = lazy_pattern(r"\{\{[^{}]*\}\}|<[A-Za-z0-9_. -]{1,200}>|^\$[A-Za-z_]\w*")
_ID: Final = lazy_pattern(r"(?:sha256:)?[a-f0-9]{64}")
# Longer than any name of a registry.
_LONGEST_HOST: Final = 255
_OFFICIAL: Final = "library"
_NAMESPACE_AND_NAME: Final = 2


class Mistake(NamedTuple):
    """What is wrong with the name of an image, and what to write."""

    what: str
    fix: str


def name_mistake(shown: str, text: str = "") -> Mistake | None:
    """Return why a text is not the name of an image that can be pulled; None where it is, or may be.

    Args:
        shown: for a person to read, with ``${…}`` for what only the deployment knows.
        text: the same with stand-ins for that, which can be read as a name; ``shown`` where it is empty.
    """
    text = text or shown
    for check in _CHECKS:
        found = check(shown, text)
        if found is not None:
            return found
    try:
        reference = ImageReference.parse(text)
    except InvalidValueError as error:
        return _unreadable(shown, text, str(error))
    return _on_docker_hub(shown, reference) or _without_namespace(shown, reference)


def beginning_mistake(shown: str, beginning: str) -> Mistake | None:
    """Return why a text of which only the beginning is known is not the name of an image; None where it may be."""
    return _scheme(shown, beginning) or _arn(shown, beginning)


def _placeholder(shown: str, text: str) -> Mistake | None:
    found = _PLACEHOLDER.search(text)
    if found is None:
        return None
    return Mistake(f"{shown} has a placeholder in it: {found[0]}", "Write the image that it stands for")


def _blanks(shown: str, text: str) -> Mistake | None:
    if not text.strip():
        return Mistake("the image is empty", "Write [registry/]repository[:tag]")
    if re.search(r"\s", text) is None:
        return None
    words = shown.split()
    fix = f"Write {words[0]}" if len(words) == 1 else "Write the name alone, without blanks"
    return Mistake(f"the image has blanks in its name: {shown!r}", fix)


def _scheme(shown: str, text: str) -> Mistake | None:
    match = _SCHEME.match(text)
    if match is None:
        return None
    return Mistake(
        f"{shown} begins with {match[0]}, and the name of an image has no scheme",
        f"Write {shown[match.end() :]}",
    )


def _arn(shown: str, text: str) -> Mistake | None:
    if not text.startswith("arn:"):
        return None
    _, found, name = shown.partition(":repository/")
    where = (
        f"<account>.dkr.ecr.<Region>.amazonaws.com/{name}" if found else "the image's registry, repository"
    )
    return Mistake(
        f"{shown} is an ARN, not an image name",
        f"Write the repository's URI with a tag: {where}:<tag>; in a template, !Sub '${{Repository.RepositoryUri}}:<tag>'",
    )


def _id(shown: str, text: str) -> Mistake | None:
    if _ID.fullmatch(text) is None:
        return None
    digest = shown.removeprefix("sha256:")
    return Mistake(
        f"{shown} is an image ID, which Docker looks up on Docker Hub as the name of a repository",
        f"Write the repository before it: <repository>@sha256:{digest}",
    )


def _host_alone(shown: str, text: str) -> Mistake | None:
    host, colon, _ = text.partition(":")
    if "/" in text or len(host) > _LONGEST_HOST or (registry_kind(host) == "other" and host not in _KNOWN):
        return None
    written, _, tag = shown.rpartition(":") if colon else (shown, "", "")
    what = f"{shown} names a registry and no repository, so that Docker Hub is asked for it"
    return Mistake(what, f"Write {written}/{tag or '<repository>'}:<tag>")


def _like_ecr(shown: str, text: str) -> Mistake | None:
    """Return what is wrong with a registry that is named as those of Amazon ECR are, and is none of them."""
    host, slash, _ = text.partition("/")
    wrong = ecr_mistake(host) if slash and len(host) <= _LONGEST_HOST and "$" not in host else ""
    if not wrong:
        return None
    rest = shown.partition("/")[2]
    return Mistake(
        f"{shown} names no registry of Amazon ECR: {wrong}",
        f"Write <account of twelve digits>.dkr.ecr.<Region>.amazonaws.com/{rest}; in a template, !Sub '${{Repository.RepositoryUri}}:<tag>'",
    )


# The documentation of Quay, GitHub Packages and Amazon ECR Public: a namespace, an owner, an alias of the registry.
_NAMESPACED: Final = frozenset({"quay.io", "ghcr.io", "public.ecr.aws"})
_KNOWN: Final = frozenset({"quay.io", "ghcr.io", "docker.io", "registry.k8s.io", "gcr.io", "cgr.dev"})
_CHECKS: Final[tuple[Callable[[str, str], Mistake | None], ...]] = (
    _like_ecr,
    _placeholder,
    _blanks,
    _scheme,
    _arn,
    _id,
    _host_alone,
)


def _unreadable(shown: str, text: str, reason: str) -> Mistake:
    """Return what is wrong with a text that no client reads as a name."""
    found = _tag_or_digest(shown, text)
    if found is not None:
        return found
    if "${" in text:
        return Mistake(f"{shown} has ${{…}} in it, which Fn::Sub alone fills in", f'Write !Sub "{shown}"')
    if "upper-case" in reason:
        head, slash, last = shown.rpartition("/")
        last, colon, tag = last.partition(":")
        return Mistake(
            f"{shown} has upper-case letters in the name of its repository",
            f"Write {_lower(head)}{slash}{_lower(last)}{colon}{tag}",
        )
    return Mistake(
        f"{shown} is not the name of an image", f"Write [registry/]repository[:tag][@digest]: {reason}"
    )


def _tag_or_digest(shown: str, text: str) -> Mistake | None:
    """Return what is wrong with the tag or the digest of a text; None where it is something else."""
    if shown.endswith(":"):
        what = f"{shown} ends in a colon with an empty tag"
        value = f"such as {shown}1.0.0; a parameter for it needs a default that is not empty"
        return Mistake(what, f"Give the tag a value, {value}")
    if shown.endswith("@"):
        what = f"{shown} ends in @ with an empty digest"
        return Mistake(what, f"Write {shown}sha256:<digest>, or leave out the @")
    name = text.rpartition("/")[2]
    if ":sha256:" in name:
        return Mistake(
            f"{shown} has a digest after a colon", f"Write {shown.replace(':sha256:', '@sha256:')}"
        )
    if name.partition("@")[0].count(":") > 1:
        # With what only the deployment knows in it, the colons of the tags are not told apart from its own.
        first, second = ("<repository>", "<tag>") if shown != text else name.split(":")[:2]
        before = shown[: -len(name)] if shown == text else ""
        return Mistake(f"{shown} has two tags", f"Write one of them: {before}{first}:{second}")
    return None


def _lower(head: str) -> str:
    """Return what stands before the name in lower case, but for what only the deployment knows."""
    return "".join(
        part if part.startswith("${") else part.lower() for part in re.split(r"(\$\{[^}]*\})", head)
    )


def _on_docker_hub(shown: str, reference: ImageReference) -> Mistake | None:
    """Return what is wrong with a name of Docker Hub, where a repository has a namespace and a name."""
    if reference.registry != DOCKER_HUB:
        return None
    parts = reference.repository.split("/")
    first = parts[0]
    if len(parts) >= _NAMESPACE_AND_NAME and "." in first:
        # No namespace of Docker Hub has a dot in it.
        hub, _, rest = shown.partition("/")
        host = rest.partition("/")[0]
        return Mistake(
            f"{shown} is looked up on Docker Hub, where {host} is not", f"Leave out {hub}/: write {rest}"
        )
    if len(parts) > _NAMESPACE_AND_NAME:
        rest = shown.partition(f"{first}/")[2]
        is_official = first == _OFFICIAL
        fix = (
            f"Leave out {first}/: write {rest}"
            if is_official
            else "Write <namespace>/<name>, or the registry before it"
        )
        return Mistake(
            f"{shown} has {len(parts)} parts, and a repository of Docker Hub has a namespace and a name", fix
        )
    return None


def _without_namespace(shown: str, reference: ImageReference) -> Mistake | None:
    """Return what is wrong with a name of one part in a registry whose repositories have a namespace."""
    # What only the deployment knows may have a namespace in it.
    if reference.registry not in _NAMESPACED or "/" in reference.repository or "${" in shown:
        return None
    rest = shown.partition("/")[2]
    return Mistake(
        f"{shown} has no namespace, and a repository of {reference.registry} has a namespace and a name",
        f"Write {reference.registry}/<namespace>/{rest}",
    )
