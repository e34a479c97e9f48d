"""The settings of ``cdk-pull check`` in a ``cdk-pull.toml``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_regular_file, read_text
from cdk_pull.records import dataclass, field
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import find_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_CONFIG", "Config", "read_config"]

DEFAULT_CONFIG: Final = Path("cdk-pull.toml")
"""Read when it exists and no other is named."""

# A configuration has some lines; what is larger is another file.
_MAX_BYTES: Final = 1 << 20
_PROJECT: Final = "pyproject.toml"
_TABLE: Final = b"[tool.cdk-pull"
_LISTS: Final = ("select", "ignore")
_TEXTS: Final = ("account", "baseline", "date", "facts", "fail-on", "region")
_KNOWN: Final = (*_LISTS, *_TEXTS, "severity")


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a configuration file says; an option of the command line goes before it.

    Attributes:
        lists: ``select`` and ``ignore``.
        texts: ``account``, ``baseline``, ``date``, ``facts``, ``fail-on`` and ``region``, paths as in the file.
        severities: by rule id.
        folder: of the file, which its paths are relative to.
    """

    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    folder: Path = Path()


def read_config(path: Path | None) -> Config:
    """Read a configuration file; where none is named, the nearest one in the working folder or above it.

    That is :data:`DEFAULT_CONFIG`, or else a ``pyproject.toml`` with a table ``[tool.cdk-pull]``.

    Raises:
        InvalidValueError: for a file that cannot be read, an unknown key, or a value of the wrong kind.
    """
    if path is None:
        path = _nearest()
        if path is None:
            return Config()
    import tomllib  # noqa: PLC0415 - slow to import, and most runs have no configuration

    try:
        document = tomllib.loads(read_text(path, "configuration", max_bytes=_MAX_BYTES))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidValueError):
            raise
        raise InvalidValueError(
            f"configuration is not TOML ({error})", str(path), allowed="a TOML file"
        ) from None
    if path.name == _PROJECT:
        tool = document.get("tool")
        document = tool.get("cdk-pull", {}) if isinstance(tool, dict) else {}
        if not isinstance(document, dict):
            raise InvalidValueError("tool.cdk-pull must be a table", document, allowed="[tool.cdk-pull]")
    for key, value in document.items():
        _check(key, value)
    return Config(
        lists={key: tuple(document[key]) for key in _LISTS if key in document},
        texts={key: str(document[key]) for key in _TEXTS if key in document},
        severities={
            find_rule(key).id: Severity(value) for key, value in document.get("severity", {}).items()
        },
        folder=path.parent,
    )


def _nearest() -> Path | None:
    """Return the configuration of the working folder or the nearest folder above it, up to that of a repository."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        for name in (DEFAULT_CONFIG.name, _PROJECT):
            path = folder / name
            # A message names the file as the user would.
            shown = Path(name) if folder == here else path
            if path.is_file() and (name != _PROJECT or _has_table(path)):
                return shown
        if (folder / ".git").exists():
            break
    return None


def _has_table(path: Path) -> bool:
    try:
        return _TABLE in read_regular_file(path, _PROJECT, max_bytes=_MAX_BYTES)
    except (InvalidValueError, FileNotFoundError):
        return False  # it is other tools' to tell


def _check(key: str, value: Any) -> None:
    if key not in _KNOWN:
        raise InvalidValueError("configuration has an unknown key", key, allowed=_KNOWN)
    if key in _LISTS and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise InvalidValueError(
            f"{key} must be a list of rule ids, not {_kind(value)}", value, allowed='["PULL101", "PULL2"]'
        )
    # TOML has days and numbers of its own; an account that begins with a zero is a text alone.
    if key in _TEXTS and not isinstance(value, str) and not (key == "date" and isinstance(value, date)):
        raise InvalidValueError(f"{key} must be a string", value, allowed=f'{key} = "…"')
    levels = [severity.value for severity in Severity]
    if key == "severity" and not isinstance(value, dict):
        raise InvalidValueError(
            f"{key} must be a table, not {_kind(value)}", value, allowed='PULL101 = "error"'
        )
    for rule_id, severity in value.items() if key == "severity" else ():
        if severity not in levels:
            raise InvalidValueError(f"invalid severity for {rule_id}", severity, allowed=levels)


def _kind(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number", dict: "a table"}
    return names.get(type(value), "a list of other values" if isinstance(value, list) else "another value")
