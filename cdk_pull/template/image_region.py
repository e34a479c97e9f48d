"""Whether an image is in the Region of the stack that runs it, as far as the template tells."""

from __future__ import annotations

from typing import Final, Literal

from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.image.mistakes import beginning_mistake, name_mistake
from cdk_pull.image.reference import ImageReference
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.template.values import Unknown, is_text, pieces_of

__all__ = ["OWN_ACCOUNT", "OWN_REGION", "ImagePlace", "locate_image"]

# What stands in for a value of the stack's own, so that the text can be read as a reference.
OWN_REGION: Final = "own-stack-0"
"""Stands for the Region of the stack; no Region has this name."""
OWN_ACCOUNT: Final = "000000000000"
"""Stands for the account of the stack."""
_STAND_INS: Final = {
    "AWS::AccountId": OWN_ACCOUNT,
    "AWS::Region": OWN_REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
_UNKNOWN_PART: Final = "unknown"
_DYNAMIC: Final = lazy_pattern(r"\{\{resolve:[^{}]*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlace:
    """Where an image is, seen from a stack.

    Attributes:
        image: the image for a person to read, with ``${…}`` for what is unknown.
        verdict: ``same`` Region; ``elsewhere`` in Amazon ECR; ``outside`` private Amazon ECR, so in no Region that its
            name tells; ``unknown``; or ``malformed``.
        region: the image's Region where its registry tells one that is not the stack's by construction.
        reference: the image as far as it is known; a part that is not known reads ``unknown``. None when unreadable.
        reason: why the verdict is ``unknown`` or ``malformed``; otherwise empty.
        fix: what to write instead of a malformed name; otherwise empty.
    """

    image: str
    verdict: Literal["same", "elsewhere", "outside", "unknown", "malformed"]
    region: str | None = None
    reference: ImageReference | None = None
    reason: str = ""
    fix: str = ""


def locate_image(image: object, region: str | None) -> ImagePlace:
    """Tell where an image is.

    Args:
        image: an evaluated ``Image`` property: a text, or an unknown that may have known pieces.
        region: of the stack, or None for one that can be deployed to any.
    """
    shown = str(image)
    if not isinstance(image, Unknown) and not is_text(image):
        return ImagePlace(image=shown, verdict="malformed", reason="the image is not a string")
    text = ""
    for piece in pieces_of(image if isinstance(image, Unknown) else shown):
        if isinstance(piece, str):
            text += piece
        elif piece.symbol in _STAND_INS:
            text += _STAND_INS[piece.symbol]
        elif "/" in text:
            text += _stand_in(text)
        else:
            mistake = beginning_mistake(shown, text)
            if mistake is not None:
                return ImagePlace(image=shown, verdict="malformed", reason=mistake.what, fix=mistake.fix)
            return ImagePlace(image=shown, verdict="unknown", reason=piece.reason)
    dynamic, text = _without_dynamic(text)
    if dynamic:
        return ImagePlace(image=shown, verdict="unknown", reason=f"{dynamic} is resolved at deployment")
    mistake = name_mistake(shown, text)
    if mistake is not None:
        return ImagePlace(image=shown, verdict="malformed", reason=mistake.what, fix=mistake.fix)
    reference = ImageReference.parse(text)
    return _judge(shown if text != shown else str(reference), reference, region)


def _stand_in(before: str) -> str:
    """Return what stands in for what only the deployment knows, by what is before it."""
    if before.endswith("@"):
        return f"sha256:{'0' * 64}"
    algorithm = before.rpartition("@")[2]
    return "0" * 64 if algorithm == "sha256:" else "" if "@" in before else _UNKNOWN_PART


def _without_dynamic(text: str) -> tuple[str, str]:
    """Put a stand-in for each dynamic reference of CloudFormation, which may itself be put together of pieces.

    Returns:
        The dynamic reference if it may hold the registry, otherwise nothing; and the text.
    """
    before, start = "", 0
    for match in _DYNAMIC.finditer(text):
        before += text[start : match.start()]
        if "/" not in before:
            return match[0], text
        before += _stand_in(before)
        start = match.end()
    return "", before + text[start:]


def _judge(shown: str, reference: ImageReference, region: str | None) -> ImagePlace:
    registry = EcrRegistry.of_host(reference.registry)
    if registry is None:
        return ImagePlace(image=shown, verdict="outside", reference=reference)
    if registry.region == OWN_REGION:
        return ImagePlace(image=shown, verdict="same", reference=reference)
    if region is None:
        return ImagePlace(
            image=shown,
            verdict="unknown",
            region=registry.region,
            reference=reference,
            reason=f"the image is in {registry.region} and the stack can be deployed to any Region",
        )
    verdict: Literal["same", "elsewhere"] = "same" if registry.region == region else "elsewhere"
    return ImagePlace(image=shown, verdict=verdict, region=registry.region, reference=reference)
