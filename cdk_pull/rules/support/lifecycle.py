"""ECR life-cycle policies, as far as a rule asks: what each rule takes away, and when."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.records import dataclass
from cdk_pull.shapes import as_object, objects_in
from cdk_pull.template.json_text import read_document
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.template.ecs.images import Image

__all__ = ["Selection", "read_policy", "taking"]

_SINCE: Final = {"sinceImagePushed": "the push", "sinceImagePulled": "the last pull"}
# A rule that keeps as many images, or as many days, keeps all: written to shield them from the rules after it.
_ALL_IMAGES: Final = 1000
_ALL_DAYS: Final = 3650


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What one rule of a life-cycle policy takes away.

    Attributes:
        status: ``tagged``, ``untagged`` or ``any``.
        patterns: of tags, with ``*``, for ``tagged``; an image has to have tags for all of them.
        does: ``expires``, or ``archives``, after which an image cannot be pulled either.
        when: in words, such as ``beyond the newest 10``.
        priority: as the policy has it; a lower one goes first.
        keeps_all: whether it takes nothing in practice.
        by_pull: whether it counts from the last pull.
    """

    status: str
    patterns: tuple[str, ...]
    does: str
    when: str
    priority: int
    keeps_all: bool
    by_pull: bool = False

    @property
    def what(self) -> str:
        """The images, in words."""
        if self.patterns:
            return f"images tagged {' and '.join(self.patterns)}"
        return "any image" if self.status == "any" else f"{self.status} images"

    def matches(self, image: Image) -> bool | None:
        """Tell whether the rule is about an image that runs; None where that depends on tags that nobody knows."""
        if self.status != "tagged":
            return self.status == "any"
        if self.patterns and all(pattern.strip("*") == "" for pattern in self.patterns):
            return True
        tag = image.tag
        if image.kind == "digest" or isinstance(tag, Unknown) or any("${" in each for each in self.patterns):
            return None
        hits = {fnmatchcase(tag or "latest", pattern) for pattern in self.patterns}
        return None if len(hits) == 2 else True in hits  # noqa: PLR2004 - some match, and others do not


def read_policy(text: object) -> list[Selection]:
    """Return what the rules of a policy take away, in their order; nothing for a policy that cannot be read."""
    document = read_document(text)
    selections = (
        _selection(rule, rule["selection"])
        for rule in objects_in(as_object(document).get("rules"))
        if isinstance(rule.get("selection"), dict)
    )
    return sorted((each for each in selections if each is not None), key=lambda each: each.priority)


def taking(selections: Iterable[Selection], image: Image) -> Selection | None:
    """Return the rule that can take away an image that runs; None where there is none, or that cannot be told.

    ECR lets a rule alone decide on an image that it is about, so that a rule keeps those after it off.
    """
    for selection in selections:
        matches = selection.matches(image)
        if selection.keeps_all and matches is not False:
            return None
        if matches:
            return selection
    return None


def _selection(rule: dict[str, Any], selection: dict[str, Any]) -> Selection | None:
    """Return what a rule takes away; None for one that is about archived images."""
    kind, number = str(selection.get("countType")), selection.get("countNumber")
    by_count = kind == "imageCountMoreThan"
    if selection.get("storageClass") == "archive" or not (by_count or kind in _SINCE):
        return None
    action, priority = rule.get("action"), rule.get("rulePriority")
    return Selection(
        status=str(selection.get("tagStatus")),
        patterns=(
            *(f"{prefix}*" for prefix in _texts(selection.get("tagPrefixList"))),
            *_texts(selection.get("tagPatternList")),
        ),
        does="archives" if isinstance(action, dict) and action.get("type") == "transition" else "expires",
        when=f"beyond the newest {number}" if by_count else f"{number} days after {_SINCE[kind]}",
        priority=priority if isinstance(priority, int) else 0,
        keeps_all=isinstance(number, int) and number >= (_ALL_IMAGES if by_count else _ALL_DAYS),
        by_pull=kind == "sinceImagePulled",
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
