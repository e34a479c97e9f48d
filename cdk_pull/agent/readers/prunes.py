"""Lines of user data that make something else than the agent remove images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

__all__ = ["Prune", "find_prunes"]

_COMMAND = r"(?:docker|podman|nerdctl)(?:\.exe)?"
_PRUNE = lazy_pattern(rf"\b{_COMMAND}\s+(?:image|system)\s+prune\b[^;&|>\n\"'`)}}]*")
_REMOVE = lazy_pattern(
    rf"\b{_COMMAND}\s+(?:rmi|image\s+rm)\b[^;&\n]*(?:\$\(|`)\s*(?:sudo\s+)?{_COMMAND}\s+(?:images?\b|image\s+ls\b)[^;&\n]*"
    rf"|\b{_COMMAND}\s+(?:images\b|image\s+ls\b)[^;&\n]*\|[^;&\n]*\b{_COMMAND}\s+(?:rmi|image\s+rm)\b[^;&\n]*"
)
_CONTAINER = lazy_pattern(r"\b(?:spotify/docker-gc|meltwater/docker-cleanup)\b[^\s;&|\"']*")
_ALL = lazy_pattern(r"\s(?:-[a-z]*a[a-z]*|--all)\b")
_DANGLING = lazy_pattern(r"\bdangling\s*=\s*[\"']?(?:true|1)\b")
_LONGEST = 80
_CONTINUES = lazy_pattern(r"(?:\\|\|)[ \t]*\r?$")


@dataclass(frozen=True, slots=True)
class Prune:
    """One command that removes images.

    Attributes:
        line: of the user data.
        command: what it says.
        dangling: whether it removes only images that have lost their tag.
    """

    line: int
    command: str
    dangling: bool


def find_prunes(text: str, but: Container[int] = ()) -> Iterator[Prune]:
    """Yield the commands of a text that remove images, but for those on some lines."""
    for number, line in _statements(text):
        if number in but or line.lstrip().startswith("#"):
            continue
        if (found := _REMOVE.search(line)) is not None:
            yield Prune(number, _shown(found[0]), _DANGLING.search(found[0]) is not None)
        elif (found := _PRUNE.search(line)) is not None:
            yield Prune(number, _shown(found[0]), _ALL.search(found[0]) is None)
        elif (found := _CONTAINER.search(line)) is not None:
            yield Prune(number, _shown(found[0]), dangling=False)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text, those that go on after their end as one."""
    first, whole = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        first = first or number
        whole += line
        if _CONTINUES.search(line):
            whole = whole.rstrip().removesuffix("\\") + " "
            continue
        yield first, whole
        first, whole = 0, ""
    if whole:
        yield first, whole


def _shown(command: str) -> str:
    text = " ".join(command.split()).strip("\"' ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
