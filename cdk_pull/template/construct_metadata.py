"""What a cloud assembly says of a stack's constructs: paths, where they were created, what was acknowledged."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.patterns import lazy_pattern
from cdk_pull.shapes import as_list, objects_in
from cdk_pull.template.assembly_folder import AssemblyFolder
from cdk_pull.template.context import section
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.model import ConstructFacts
from cdk_pull.template.source import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["StackMetadata", "acknowledged_in_report"]

ACKNOWLEDGED: Final = "aws:cdk:acknowledged-rules"
_REPORT: Final = "validation-report.json"
_LOGICAL_ID: Final = "aws:cdk:logicalId"
_CREATED: Final = "aws:cdk:creationStack"
_NESTED_MARK: Final = ".NestedStack/"
_NESTED_END: Final = ".NestedStackResource"
_FRAME: Final = lazy_pattern(r"\(([^()]{1,4096}\.py):([0-9]{1,9})\)")


class StackMetadata:
    """The construct metadata of one stack and of the stacks nested in it, read when first asked for.

    Args:
        folder: the one whose manifest names the stack.
        artifact: the stack in the manifest.
        stack_path: its construct path.
        above: returns what was acknowledged on the stages around it and on the app, by construct path.
    """

    def __init__(
        self,
        folder: AssemblyFolder,
        artifact: dict[str, Any],
        stack_path: str,
        above: Callable[[], Mapping[str, Mapping[str, str]]] = dict,
    ) -> None:
        self._folder = folder
        self._artifact = artifact
        self._stack_path = stack_path
        self._above = above
        self._unread = ""

    def facts(self, path: str) -> ConstructFacts:
        """Return what is said of the constructs of the stack, or nested stack, at a construct path."""
        return self._facts.get(path) or ConstructFacts(unread=self._unread)

    def may_acknowledge(self) -> bool:
        """Tell, without parsing it, whether the metadata has an acknowledgement."""
        stated = section(self._artifact, "metadata").values()
        if any(kind == ACKNOWLEDGED for each in stated if isinstance(each, list) for kind, _ in _pairs(each)):
            return True
        name = self._artifact.get("additionalMetadataFile")
        if name is None:
            return False
        try:
            return ACKNOWLEDGED.encode() in read_bytes(self._folder.file(name))
        except TemplateError:
            return True  # reading it tells why

    def nested_path(self, parent_path: str, logical_id: str) -> str:
        """Return the construct path of the nested stack that a resource of the stack at a path stands for."""
        path = self.facts(parent_path).paths.get(logical_id, "")
        head, mark, _ = path.rpartition(_NESTED_MARK)
        return head if mark else f"{parent_path}/{logical_id}"

    @property
    def unread(self) -> str:
        """Why a part of it could not be read; empty when all could."""
        return self._unread if self.entries is not None else ""

    @cached_property
    def entries(self) -> dict[str, list[Any]]:
        """The metadata entries by construct path, without a leading slash."""
        name = self._artifact.get("additionalMetadataFile")
        entries = section(self._artifact, "metadata")
        if name is not None:
            # It says where things come from and what is acknowledged: without it, the template is checked all the same.
            try:
                entries = {**entries, **self._folder.read_json(name)}
            except TemplateError as error:
                self._unread = " ".join(str(error).split())
        return {path.removeprefix("/"): each for path, each in entries.items() if isinstance(each, list)}

    @cached_property
    def _facts(self) -> dict[str, ConstructFacts]:
        stacks = {self._stack_path} | {
            path.rpartition(_NESTED_MARK)[0] for path in self.entries if path.endswith(_NESTED_END)
        }
        paths: dict[str, dict[str, str]] = {stack: {} for stack in stacks}
        created: dict[str, dict[str, tuple[str, int]]] = {stack: {} for stack in stacks}
        acknowledged = {path: dict(each) for path, each in self._above().items()}
        for path, entries in self.entries.items():
            for kind, data in _pairs(entries):
                if kind == ACKNOWLEDGED and isinstance(data, dict):
                    acknowledged.setdefault(path, {}).update({str(k): str(v) for k, v in data.items()})
                elif kind == _LOGICAL_ID and isinstance(data, str):
                    stack = _stack_of(path, stacks) or self._stack_path
                    paths[stack][data] = path
                    if frame := _user_frame(entries):
                        created[stack][data] = frame
        return {
            stack: ConstructFacts(paths[stack], created[stack], acknowledged, self._unread)
            for stack in stacks
        }


def acknowledged_in_report(folder: Path) -> dict[str, dict[str, str]]:
    """Return the reasons that CDK's validation report gives for findings that count no more, by construct path and rule.

    It is the one place in a cloud assembly that has what was acknowledged on a stage, and on the app, whose path is
    empty; and only if the plugin has run. Nothing where there is no report.
    """
    try:
        reports = AssemblyFolder(folder).read_json(_REPORT).get("pluginReports")
    except TemplateError:
        return {}
    found: dict[str, dict[str, str]] = {}
    for report in objects_in(reports):
        for kept in objects_in(report.get("suppressedViolations")):
            rule, reason, path = (kept.get(key) for key in ("acknowledgedId", "reason", "acknowledgedAt"))
            if isinstance(rule, str) and isinstance(reason, str):
                found.setdefault(path if isinstance(path, str) else "", {})[rule] = reason
    return found


def _pairs(entries: list[Any]) -> Iterator[tuple[Any, Any]]:
    return ((entry.get("type"), entry.get("data")) for entry in entries if isinstance(entry, dict))


def _stack_of(path: str, stacks: set[str]) -> str | None:
    """Return the innermost stack that a construct path lies in."""
    while path:
        path = path.rpartition("/")[0]
        if path in stacks:
            return path
    return None


def _user_frame(entries: list[Any]) -> tuple[str, int] | None:
    """Return the innermost Python line that created a construct, when the app ran with stack traces."""
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        frames = entry.get("data") if entry.get("type") == _CREATED else entry.get("trace")
        for frame in as_list(frames):
            if isinstance(frame, str) and (match := _FRAME.search(frame)):
                return match.group(1), int(match.group(2))
    return None
