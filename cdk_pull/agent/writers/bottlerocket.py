"""Writes the agent settings into the user data of Bottlerocket instances."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from cdk_pull.agent.pre_pull import BOOTSTRAP
from cdk_pull.agent.readers.bottlerocket import read
from cdk_pull.agent.readers.toml_tokens import stand_in
from cdk_pull.agent.variables import variables
from cdk_pull.agent.writers.toml_insert import inserted
from cdk_pull.agent.writers.writing import write
from cdk_pull.errors import UnsupportedError
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_pull.agent.pre_pull import PrePull
    from cdk_pull.agent.settings import AgentSettings

__all__ = ["add", "add_bootstrap_container"]

_TWICE = lazy_pattern(r"Cannot declare (\([^)]*\)) twice \(at ([^)]*)\)")


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the TOML with the settings in their tables, however those are spelled; all else stays as it is.

    Raises:
        ConflictError: when the user data sets one of them to another value, or has something that spoils one.
        UnsupportedError: when Bottlerocket does not expose a setting, or takes nothing of the document.
    """
    hidden = [name for name in settings.to_environment() if variables()[name].bottlerocket is None]
    if hidden:
        exposed = ", ".join(each.field for each in variables().values() if each.bottlerocket is not None)
        raise UnsupportedError(
            f"Bottlerocket has no setting for {', '.join(variables()[name].field for name in hidden)}; it has {exposed}. "
            "Leave it out, or use an Amazon Linux image"
        )
    _refuse_twice(user_data)
    return write(user_data, settings, read, _candidates)


def add_bootstrap_container(user_data: str, pre_pull: PrePull, encoded: str) -> str:
    """Return the TOML with a bootstrap container that gets a pre-pull as its user data; all else stays as it is.

    Args:
        user_data: the TOML.
        pre_pull: with the image of the container.
        encoded: base64 of what it reads, or a mark for that.

    Raises:
        UnsupportedError: for a pre-pull without such an image, or text that is no TOML.
    """
    if not pre_pull.bottlerocket_image:
        raise UnsupportedError(
            "Bottlerocket runs no commands of user data, so images are pre-pulled there by a bootstrap container alone, of "
            "which AWS has none: name the image of your own, as in PrePulledImages(…, bottlerocket_image=…), or use an "
            "Amazon Linux image"
        )
    _refuse_twice(user_data)
    document = stand_in(user_data)
    container = {
        "source": document.holes.hide_tokens(pre_pull.bottlerocket_image),
        "mode": "once",
        "essential": False,
        "user-data": document.holes.hide_tokens(encoded),
    }
    text = inserted(document.text, {BOOTSTRAP: container})
    if text is None:
        raise UnsupportedError(
            f"the user data is no TOML that [{BOOTSTRAP}] can be added to; write its tables in the user data itself"
        )
    return document.restore(text)


def _refuse_twice(user_data: str) -> None:
    """Refuse a table that is declared twice, as it is where somebody writes one beside CDK's."""
    try:
        tomllib.loads(stand_in(user_data).text)
    except tomllib.TOMLDecodeError as error:
        found = _TWICE.search(str(error))
        if found is not None:
            table = ".".join(re.findall(r"'([^']*)'", found[1]))
            raise UnsupportedError(
                f"the user data declares [{table}] twice ({found[2]}), and Bottlerocket accepts nothing of it; CDK writes "
                "[settings.ecs] itself, when the group joins its cluster. Add your keys after that without the header, "
                "or apply PullFixes, which joins the two tables"
            ) from None


def _candidates(user_data: str, missing: Mapping[str, str]) -> Iterator[str]:
    document = stand_in(user_data)
    if not re.search(r"[^\s#]", re.sub(r"#[^\n]*", "", document.text)) and document.replaced:
        raise UnsupportedError(
            "user data that is a token cannot be added to, because nobody knows what tables it has; write its tables "
            "in the user data itself"
        )
    wanted: dict[str, dict[str, object]] = {}
    for name, value in missing.items():
        variable = variables()[name]
        if variable.bottlerocket is not None:
            parsed: object = value if variable.kind in {"behavior", "duration"} else variable.parse(value)
            parsed = (not parsed) if variable.bottlerocket.inverted else parsed
            wanted.setdefault(variable.bottlerocket.table, {})[variable.bottlerocket.key] = parsed
    text = inserted(document.text, wanted)
    if text is not None:
        yield document.restore(text)
