"""What a rule says of a resource."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from cdk_pull.agent.fixes.case import Replacement
    from cdk_pull.agent.readers.reading import AgentWarning
    from cdk_pull.rules.fixes.declaration import Patch
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["Confidence", "FileFix", "Finding", "Problem", "Region", "Severity", "Suppression"]


class Severity(StrEnum):
    """How much a finding matters; compare by ``rank``."""

    ERROR = "error"
    """The stack is broken, or does the opposite of what was asked."""
    WARNING = "warning"
    """Slow, stale or dear in a way that few would want."""
    INFO = "info"
    """Worth knowing; a choice that can well be right as it is."""

    @property
    def rank(self) -> int:
        """A number that is higher for what matters more."""
        return {"info": 1, "warning": 2, "error": 3}[self.value]


class Confidence(StrEnum):
    """How sure a finding is."""

    HIGH = "high"
    """The template says all that it depends on."""
    MEDIUM = "medium"
    """It depends on an estimate, or on a part that is as usual but not stated."""
    LOW = "low"
    """The rule cannot tell, and it is worth a look; never an error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What a rule's check yields.

    Attributes:
        message: what is wrong here, with the value, in one line.
        fix: what to write instead; the rule's own when empty.
        path: where it stands, below the resource.
        line_in_text: a line, from 1, of the user data that stands at the path; 0 when it is about no line.
        quote: that line, or the value, as it stands in the template.
        resource: another resource than the one that was checked.
        severity: another severity than the rule's.
        confidence: how sure it is; as the rule when None.
        patches: what PullFixes changes for it, where the rule is fixed by properties.
        autofix: whether PullFixes fixes it: safely, only by the rule's name, or not at all; None where only the
            deployed whole tells.
        warning: what a reader of user data says, where that is what it is about.
    """

    message: str
    fix: str = ""
    path: tuple[PathStep, ...] = ()
    line_in_text: int = 0
    quote: str = ""
    resource: Resource | None = None
    severity: Severity | None = None
    confidence: Confidence | None = None
    patches: tuple[Patch, ...] = ()
    autofix: Literal["safe", "unsafe", ""] | None = None
    warning: AgentWarning | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding does not count.

    Attributes:
        kind: ``acknowledged`` on the construct, ``suppressed`` in the resource's metadata, or in the ``baseline``.
        reason: as its author wrote it.
        where: the construct path or file in which it is said.
    """

    kind: Literal["acknowledged", "suppressed", "baseline"]
    reason: str
    where: str


class Region(NamedTuple):
    """A part of a template's text, with lines and columns from 1; the end is behind the last character."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFix:
    """What fixes a finding in the text of its template.

    Attributes:
        what: what it does, in a few words.
        safe: whether it does no more than the template evidently asks for.
        edits: of the text; none where it cannot be edited.
        regions: the part that each of them replaces.
        refused: why the text cannot be edited, in a clause; empty where it can.
    """

    what: str
    safe: bool
    edits: tuple[Replacement, ...] = ()
    regions: tuple[Region, ...] = ()
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem with all that is known of its place.

    Attributes:
        rule: the rule's id.
        severity: how much it matters.
        message: what is wrong.
        fix: what to write instead.
        stack: the name of the stack or template.
        logical_id: of the resource.
        resource_type: its CloudFormation type.
        construct_path: of the construct, without a leading slash; empty where there is none.
        property_path: of the value, such as ``Properties.ContainerDefinitions.0.Image``.
        file: of the template; empty for a template in memory.
        line: in the file, from 1; None for a template in memory.
        line_in_text: a line of the user data; 0 when it is about no line.
        quote: the offending line or value.
        source_file: of the app's code that created the construct; empty where the assembly does not say.
        source_line: in that file, from 1; 0 where the assembly does not say.
        suppression: why it does not count; None when it does.
        confidence: how sure it is.
        fixable: whether ``cdk-pull check --fix`` may fix it: there is a safe fix, and the file is no output of CDK's.
        file_fix: what fixes it in the file, where that was asked for; None where nothing does.
    """

    rule: str
    severity: Severity
    message: str
    fix: str
    stack: str
    logical_id: str
    resource_type: str
    construct_path: str = ""
    property_path: str = ""
    file: str = ""
    line: int | None = None
    line_in_text: int = 0
    quote: str = ""
    source_file: str = ""
    source_line: int = 0
    suppression: Suppression | None = field(default=None, compare=False)
    confidence: Confidence = Confidence.HIGH
    fixable: bool = field(default=False, compare=False)
    file_fix: FileFix | None = field(default=None, compare=False)

    @property
    def subject(self) -> str:
        """The construct path, or the logical id where there is none."""
        return self.construct_path or self.logical_id

    @property
    def fingerprint(self) -> str:
        """What stays the same while lines, wording and places in lists change: rule, stack, resource and property."""
        import hashlib  # noqa: PLC0415 - slow to import, and asked for by the machine-readable formats and baselines

        path = ".".join(step for step in self.property_path.split(".") if not step.isdecimal())
        parts = (self.rule, self.stack, self.logical_id, path)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Return the finding in JSON's types."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "confidence": self.confidence.value,
            "message": self.message,
            "fix": self.fix,
            "stack": self.stack,
            "logical_id": self.logical_id,
            "resource_type": self.resource_type,
            "construct_path": self.construct_path,
            "property_path": self.property_path,
            "file": self.file,
            "line": self.line,
            "line_in_text": self.line_in_text,
            "quote": self.quote,
            "source_file": self.source_file,
            "source_line": self.source_line,
            "fingerprint": self.fingerprint,
            "suppression": None
            if self.suppression is None
            else {
                "kind": self.suppression.kind,
                "reason": self.suppression.reason,
                "where": self.suppression.where,
            },
        }
