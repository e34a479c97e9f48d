"""ECR life-cycle policies, as far as a rule asks: what each rule expires, and when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from cdk_pull.template.ecs.images import Image

__all__ = ["Selection", "expiring", "read_policy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What one rule of a life-cycle policy expires.

    Attributes:
        status: ``tagged``, ``untagged`` or ``any``.
        prefixes: of tags, for ``tagged``.
        patterns: of tags, with ``*``, for ``tagged``.
        when: in words, such as ``beyond the newest 10``.
    """

    status: str
    prefixes: tuple[str, ...]
    patterns: tuple[str, ...]
    when: str

    @property
    def what(self) -> str:
        """The images, in words."""
        tags = ", ".join((*(f"{prefix}*" for prefix in self.prefixes), *self.patterns))
        return (
            f"images tagged {tags}"
            if tags
            else "any image"
            if self.status == "any"
            else f"{self.status} images"
        )


def read_policy(text: object) -> list[Selection]:
    """Return what the rules of a policy expire, in order; nothing for a policy that cannot be read."""
    try:
        document = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return []
    rules = document.get("rules") if isinstance(document, dict) else None
    selections = [
        rule["selection"]
        for rule in (rules if isinstance(rules, list) else ())
        if isinstance(rule, dict) and isinstance(rule.get("selection"), dict)
    ]
    return [
        Selection(
            status=str(each.get("tagStatus")),
            prefixes=_texts(each.get("tagPrefixList")),
            patterns=_texts(each.get("tagPatternList")),
            when=_when(each),
        )
        for each in selections
    ]


def expiring(selection: Selection, image: Image) -> bool:
    """Tell whether a rule can expire an image that runs.

    Which tags an image has that runs by digest, or by a tag that only the deployment knows, is unknown: then only a rule
    that takes every tag counts.
    """
    if selection.status == "any":
        return True
    if selection.status != "tagged":
        return False
    tag = image.tag
    if image.kind == "digest" or isinstance(tag, Unknown):
        return "" in selection.prefixes or "*" in selection.patterns
    name = tag or "latest"
    return name.startswith(selection.prefixes or ("\n",)) or any(
        fnmatchcase(name, pattern) for pattern in selection.patterns
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _when(selection: dict[str, Any]) -> str:
    number = selection.get("countNumber")
    if selection.get("countType") == "imageCountMoreThan":
        return f"beyond the newest {number}"
    return f"{number} days after the push"
