"""Evaluated values as the plain text of :mod:`cdk_pull.iam.text`, and ARNs made of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.iam.text import Part, Text, text
from cdk_pull.template.context import Context
from cdk_pull.template.values import Unknown, pieces_of, text_of

if TYPE_CHECKING:
    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.context import Environment

__all__ = ["arn", "cut", "pseudo", "to_text"]

_PSEUDO: Final = "AWS::"
# What is a stack's own; the others are the same for all stacks of an account and Region.
_OWN: Final = frozenset({"AWS::StackId", "AWS::StackName"})


def to_text(value: Any, assembly: Assembly | None = None) -> Text | None:
    """Return a scalar or an unknown as text; None for anything else.

    Args:
        value: evaluated.
        assembly: tells which unknowns are resources, of which no two have one name.
    """
    known = text_of(value)
    if known is None:
        return None
    pieces = (each if isinstance(each, str) else _part(each, assembly) for each in pieces_of(known))
    return text(*pieces) or ("",)


def _part(piece: Unknown, assembly: Assembly | None) -> Part:
    if piece.symbol.startswith(_PSEUDO) and piece.symbol not in _OWN:
        return Part(piece.symbol)
    if not piece.symbol:
        # Two unknowns of which nothing is known but the reason are never taken for one another.
        return Part(f"{piece.reason} #{id(piece)}", label="?")
    unique = assembly is not None and assembly.find(piece) is not None
    return Part(f"{piece.home}:{piece.symbol}", unique, piece.symbol)


def pseudo(context: Context, name: str) -> Text:
    """Return a pseudo-parameter as text."""
    return _pseudo(context.environment, name)


@lru_cache(maxsize=1024)
def _pseudo(environment: Environment, name: str) -> Text:
    return to_text(Context(environment).pseudo(f"AWS::{name}")) or ("",)


def arn(
    context: Context,
    service: str,
    *rest: str | Part | Text,
    region: Text | None = None,
    account: Text | None = None,
) -> Text:
    """Return an ARN in a stack's partition; in its Region and account where none is given."""
    region = pseudo(context, "Region") if region is None else region
    account = pseudo(context, "AccountId") if account is None else account
    return text("arn:", pseudo(context, "Partition"), f":{service}:", region, ":", account, ":", *rest)


def cut(value: Text, marks: str, count: int = 1) -> tuple[Text, Text]:
    """Split a text before the ``count``-th of several characters; what only the deployment knows has none of them."""
    seen = 0
    for index, piece in enumerate(value):
        if isinstance(piece, Part):
            continue
        for position, character in enumerate(piece):
            seen += character in marks
            if character in marks and seen == count:
                return text(*value[:index], piece[:position]), text(piece[position:], *value[index + 1 :])
    return value, ()
