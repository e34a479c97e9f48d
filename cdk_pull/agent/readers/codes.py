"""The names of the warnings that the readers give; rules and tests may rely on them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["WarningCode"]


class WarningCode(StrEnum):
    """What is wrong with a line of user data."""

    # A value that the agent does not take as it stands.
    QUOTES = "quotes"
    """Quotes around a value in ecs.config: the agent keeps them and ignores the value."""
    LETTER_CASE = "letter-case"
    """A name or value in another case than the agent's."""
    EXPORT = "export"
    """``export NAME=value`` in ecs.config: the whole of it is taken for the name."""
    TRAILING_COMMENT = "trailing-comment"
    """``NAME=value # comment`` in ecs.config: the comment is taken for a part of the value."""
    BLANKS = "blanks"
    """Blanks around ``=`` or in a list: they are taken for a part of the name or value."""
    BYTE_ORDER_MARK = "byte-order-mark"
    """A UTF-8 byte order mark before a name: it is taken for a part of it."""
    GLUED_LINE = "glued-line"
    """A line appended to one without a line feed at its end."""
    VALUE_IGNORED = "value-ignored"
    """A value that the agent cannot read: it uses its default."""
    VALUE_CHANGED = "value-changed"
    """A value outside the agent's bounds: it uses another."""
    NEGATIVE_TIMEOUT = "negative-timeout"
    """A negative time-out: every pull times out."""
    # A setting that has no effect beside another.
    TWO_VALUES = "two-values"
    """Two different values for one variable: the last one wins."""
    NO_EFFECT = "no-effect"
    """A clean-up setting where clean-up is off."""
    PRUNE_BESIDE_ONCE = "prune-beside-once"
    """Docker's own clean-up beside ``once``: a task whose image was pruned stops."""
    # Linux.
    WRITES_NOTHING = "writes-nothing"
    """``NAME=value >> file`` without ``echo``."""
    SHELL_VARIABLE = "shell-variable"
    """A variable of the script with the name of one of the agent's, never written to ecs.config."""
    WRITTEN_ELSEWHERE = "written-elsewhere"
    """A setting that is printed, or written to a file that the agent does not read."""
    TRUNCATES_EARLIER_LINES = "truncates-earlier-lines"
    """``>`` that removes what the same user data wrote to ecs.config before."""
    TRUNCATES_CONFIG = "truncates-config"
    """``>`` that removes what the AMI had in ecs.config."""
    UNREACHABLE = "unreachable"
    """A line after ``exit`` or ``exec``."""
    HERE_DOCUMENT = "here-document"
    """A here-document whose end has blanks around it, so that all after it is its text."""
    STARTS_AGENT = "starts-agent"
    """Waiting for the ecs service in user data: it starts only after the user data, so both wait for ever."""
    NO_SHEBANG = "no-shebang"
    """User data that does not begin with ``#!``: cloud-init runs nothing of it."""
    NOT_RUN = "not-run"
    """A part of the user data that cloud-init does not understand."""
    # Windows.
    AFTER_INITIALIZE = "after-initialize"
    """A variable set after ``Initialize-ECSAgent``: the agent has started without it."""
    PROCESS_SCOPE = "process-scope"
    """A variable of the PowerShell process, which the agent's service does not see."""
    NO_POWERSHELL_TAG = "no-powershell-tag"
    """PowerShell outside ``<powershell>``: EC2Launch runs nothing of it."""
    # Bottlerocket.
    NOT_TOML = "not-toml"
    """A document that is not TOML: Bottlerocket takes nothing of it."""
    SHELL_IN_TOML = "shell-in-toml"
    """Shell commands in Bottlerocket's TOML."""
    WRONG_TABLE = "wrong-table"
    """A key of ``settings.ecs`` in another table."""
    UNSUPPORTED_KEY = "unsupported-key"
    """A key that Bottlerocket does not know: it refuses the whole document."""
    UNKNOWN_TABLE = "unknown-table"
    """A table that no ECS variant of Bottlerocket has had so far."""
    INVALID_VALUE = "invalid-value"
    """A value that Bottlerocket does not accept: it refuses the whole document."""
    # Any.
    TOO_LARGE = "too-large"
    """User data over EC2's 16 KB."""
