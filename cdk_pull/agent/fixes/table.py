"""The one table of what the readers of user data warn of: each warning's rule, severity, edits and advice.

A row is data only. The edits are named by the functions of ``cdk_pull.agent.fixes.shell``, ``powershell`` and ``toml``,
which are imported when something is to be fixed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["TABLE", "Row", "codes_of"]

_Code = WarningCode
ByHand: TypeAlias = Literal["", "bounds", "form"]

# What a value that takes effect for the first time may have wrong itself.
_VALUE: Final = frozenset(
    {_Code.QUOTES, _Code.LETTER_CASE, _Code.TRAILING_COMMENT, _Code.BLANKS, _Code.VALUE_IGNORED}
)
_ANY: Final = frozenset(WarningCode)
# Bottlerocket takes all of a document or nothing, so that fixing one part may reveal any other fault.
_WHOLE: Final = frozenset(WarningCode) - {_Code.NOT_TOML}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of one warning.

    Attributes:
        rule: the rule that reports it.
        severity: its severity, where it is another one than the rule's.
        edits: by operating system, the name of the function that yields its edits.
        reveals: the warnings that a fix of it may bring to light.
        by_hand: how to word the advice where no edit tells the line: the value has to be within its bounds, or the
            line has to be in another form.
        advice: what to do where neither tells, in the imperative; by operating system where it differs.
    """

    rule: str
    severity: Literal["", "info", "warning", "error"] = ""
    edits: Mapping[OperatingSystem, str] = field(default_factory=lambda: MappingProxyType({}))
    reveals: frozenset[WarningCode] = frozenset()
    by_hand: ByHand = ""
    advice: str | Mapping[OperatingSystem, str] = ""

    def advice_for(self, os: OperatingSystem) -> str:
        """Return the advice for an operating system; empty where there is none."""
        return self.advice if isinstance(self.advice, str) else self.advice.get(os, "")


def codes_of(rule: str) -> frozenset[WarningCode]:
    """Return the warnings that a rule reports."""
    return frozenset(code for code, row in TABLE.items() if row.rule == rule)


def _on(**edits: str) -> Mapping[OperatingSystem, str]:
    return MappingProxyType(edits)  # type: ignore[arg-type] # the names of the arguments are those of the systems


def _ignored(**edits: str) -> Row:
    """Return the row of a line whose form the agent does not take."""
    return Row(rule="PULL104", edits=_on(**edits), reveals=_VALUE, by_hand="form")


def _rejected(rule: str, edit: str, *, by_hand: ByHand = "", advice: str = "") -> Row:
    """Return the row of what makes Bottlerocket reject the whole document."""
    return Row(rule=rule, edits=_on(bottlerocket=edit), reveals=_WHOLE, by_hand=by_hand, advice=advice)


_SCRIPTS: Final = _on(linux="value", windows="value")
_EVERYWHERE: Final = _on(linux="value", windows="value", bottlerocket="value")
_LEFT_OUT: Final = _on(linux="leave_out", windows="leave_out")
_POWERSHELL: Final = "Write PowerShell between <powershell> and </powershell>"
_APPEND: Final = "Append: >> in place of >, tee -a in place of tee, append: true in write_files"
_AGENT_CLEANS_UP: Final = "Remove it: the agent removes unused images itself (ECS_IMAGE_CLEANUP_INTERVAL, ECS_IMAGE_MINIMUM_CLEANUP_AGE)"

TABLE: Final[Mapping[WarningCode, Row]] = MappingProxyType(
    {
        _Code.QUOTES: _ignored(linux="plain_value", windows="value"),
        _Code.QUOTED_CLUSTER: Row(
            rule="PULL104",
            edits=_on(linux="bare_cluster"),
            advice="Write the cluster's name without quotes: ECS_CLUSTER=name",
        ),
        _Code.LETTER_CASE: _ignored(linux="name_or_value", windows="value"),
        _Code.EXPORT: _ignored(linux="name"),
        _Code.TRAILING_COMMENT: Row(rule="PULL104", edits=_SCRIPTS, by_hand="form"),
        _Code.BLANKS: _ignored(linux="name_or_value", windows="value"),
        _Code.BYTE_ORDER_MARK: _ignored(linux="name"),
        _Code.GLUED_LINE: _ignored(linux="ended"),
        _Code.VALUE_IGNORED: Row(rule="PULL104", edits=_EVERYWHERE, by_hand="bounds"),
        _Code.WRITES_NOTHING: Row(rule="PULL105", edits=_on(linux="echoed"), reveals=_VALUE),
        _Code.SHELL_VARIABLE: Row(rule="PULL105", edits=_on(linux="written"), reveals=_VALUE),
        _Code.WRITTEN_ELSEWHERE: Row(
            rule="PULL105", edits=_on(linux="to_the_file"), reveals=_VALUE, by_hand="form"
        ),
        _Code.TRUNCATES_EARLIER_LINES: Row(
            rule="PULL106",
            edits=_on(linux="appends"),
            reveals=_VALUE | {_Code.EXPORT, _Code.BYTE_ORDER_MARK},
            advice=_APPEND,
        ),
        _Code.TRUNCATES_CONFIG: Row(
            rule="PULL106", severity="info", edits=_on(linux="appends"), advice=_APPEND
        ),
        _Code.AFTER_INITIALIZE: Row(
            rule="PULL107",
            edits=_on(windows="earlier"),
            reveals=_VALUE,
            advice="Set it before Initialize-ECSAgent",
        ),
        _Code.NOT_TOML: _rejected(
            "PULL108",
            "quoted",
            advice="Write TOML alone: one header for each table, one line for each key in the form key = value, "
            "texts in double quotes",
        ),
        _Code.SHELL_IN_TOML: _rejected(
            "PULL108",
            "one_table",
            advice="Leave the shell out, and write as TOML what it sets; in CDK give the group "
            "machine_image_type=MachineImageType.BOTTLEROCKET, so that none is added",
        ),
        _Code.WRONG_TABLE: _rejected("PULL109", "right_table"),
        _Code.UNSUPPORTED_KEY: _rejected("PULL110", "right_key"),
        _Code.INVALID_VALUE: _rejected("PULL110", "right_value", by_hand="bounds"),
        # A release after the list of tables may know it.
        _Code.UNKNOWN_TABLE: Row(
            rule="PULL110",
            severity="warning",
            advice="Leave the table out, or write the name of the one that was meant",
        ),
        _Code.TWO_VALUES: Row(
            rule="PULL111", edits=_on(linux="leave_out_earlier", windows="leave_out_earlier")
        ),
        _Code.NO_EFFECT: Row(
            rule="PULL112", edits=_on(linux="leave_out", windows="leave_out", bottlerocket="leave_out")
        ),
        _Code.VALUE_CHANGED: Row(
            rule="PULL113", edits=_on(linux="bound", windows="bound", bottlerocket="bound"), by_hand="bounds"
        ),
        _Code.NEGATIVE_TIMEOUT: Row(rule="PULL113", severity="error", by_hand="bounds"),
        _Code.PRUNE_BESIDE_ONCE: Row(rule="PULL115", edits=_LEFT_OUT, advice=_AGENT_CLEANS_UP),
        _Code.DANGLING_BESIDE_ONCE: Row(
            rule="PULL115", severity="warning", edits=_LEFT_OUT, advice=_AGENT_CLEANS_UP
        ),
        _Code.UNREACHABLE: Row(
            rule="PULL117", edits=_on(linux="reachable", windows="reachable"), reveals=_VALUE
        ),
        _Code.AFTER_RESTART: Row(
            rule="PULL117",
            edits=_on(linux="reachable"),
            reveals=_VALUE,
            advice="Put it before the restart; in a MIME archive, into a part before the one that restarts",
        ),
        _Code.HERE_DOCUMENT: Row(
            rule="PULL117",
            edits=_on(linux="alone"),
            reveals=_ANY,
            advice="End the here-document: write its word alone on a line, without blanks",
        ),
        _Code.TYPOGRAPHIC_QUOTES: Row(
            rule="PULL117",
            edits=_on(linux="plain_delimiter"),
            reveals=_ANY,
            advice="Write plain quotes: 'EOF'",
        ),
        _Code.SYNTAX_ERROR: Row(
            rule="PULL117", advice="End it, and check the script with bash -n before the deployment"
        ),
        _Code.NO_SHEBANG: Row(
            rule="PULL117", edits=_on(linux="shebang"), advice="Begin the user data with #!/bin/bash"
        ),
        _Code.NOT_RUN: Row(
            rule="PULL117",
            advice={
                "linux": "Begin with #!/bin/bash, or with #cloud-config and write YAML in which each command stands "
                "in quotes",
                "windows": _POWERSHELL,
            },
        ),
        _Code.PART_NOT_RUN: Row(
            rule="PULL117",
            advice="Write the commands of the part as a script, under Content-Type: text/x-shellscript",
        ),
        _Code.NO_POWERSHELL_TAG: Row(rule="PULL117", edits=_on(windows="tags"), advice=_POWERSHELL),
        _Code.PROCESS_SCOPE: Row(
            rule="PULL117", edits=_on(windows="of_the_machine"), reveals=_VALUE, by_hand="form"
        ),
        _Code.STARTS_AGENT: Row(
            rule="PULL118",
            edits=_on(linux="not_waiting"),
            advice="Do not wait: systemctl --no-block start ecs",
        ),
        _Code.WAITS_FOR_AGENT: Row(
            rule="PULL118",
            advice="Run it in the background, with & after it, or in a systemd unit with After=ecs.service",
        ),
        _Code.NEVER_ENDS: Row(
            rule="PULL118",
            advice="Let it end, or run it in the background: with & after it, in a systemd unit or in a job",
        ),
        _Code.PULL_NOT_USED: Row(
            rule="PULL120",
            advice="Set ECS_IMAGE_PULL_BEHAVIOR=prefer-cached, which uses what is there, or remove the pull",
        ),
        _Code.TOO_LARGE: Row(
            rule="PULL119", advice="Move commands into the AMI, or fetch a script from S3 in the user data"
        ),
    }
)
"""Every warning has its row."""
