"""The settings of ``cdk-pull check`` in a ``cdk-pull.toml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_text
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import find_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_CONFIG", "Config", "read_config"]

DEFAULT_CONFIG: Final = Path("cdk-pull.toml")
"""Read when it exists and no other is named."""

# A configuration has some lines; what is larger is another file.
_MAX_BYTES: Final = 1 << 20
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
    """Read a configuration file, or :data:`DEFAULT_CONFIG` where that exists.

    Raises:
        InvalidValueError: for a file that cannot be read, an unknown key, or a value of the wrong kind.
    """
    if path is None:
        if not DEFAULT_CONFIG.is_file():
            return Config()
        path = DEFAULT_CONFIG
    import tomllib  # noqa: PLC0415 - slow to import, and most runs have no configuration

    try:
        document = tomllib.loads(read_text(path, "configuration", max_bytes=_MAX_BYTES))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidValueError):
            raise
        raise InvalidValueError(
            f"configuration is not TOML ({error})", str(path), allowed="a TOML file"
        ) from None
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


def _check(key: str, value: Any) -> None:
    if key not in _KNOWN:
        raise InvalidValueError("configuration has an unknown key", key, allowed=_KNOWN)
    if key in _LISTS and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise InvalidValueError(f"{key} is not a list of rule ids", value, allowed='["PULL101", "PULL2"]')
    # TOML has days and numbers of its own; an account that begins with a zero is a text alone.
    if key in _TEXTS and not isinstance(value, str) and not (key == "date" and isinstance(value, date)):
        raise InvalidValueError(f"{key} must be a string", value, allowed=f'{key} = "…"')
    levels = [severity.value for severity in Severity]
    if key == "severity" and not (isinstance(value, dict) and all(each in levels for each in value.values())):
        raise InvalidValueError(f"{key} is not a table of severities", value, allowed=levels)
