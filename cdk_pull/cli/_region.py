"""The Region that a command is about: by option, by the environment, or none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cdk_pull.fargate.prices import load_prices
from cdk_pull.image.regions import check_known_region, environment_region

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["region_option", "region_or_environment"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def region_or_environment(region: str | None) -> str | None:
    """Return the Region given, or else the one that AWS_REGION or AWS_DEFAULT_REGION names, or None.

    Raises:
        InvalidValueError: for a name that no Region has, with the nearest one.
    """
    name = region if region is not None else environment_region(os.environ)
    return None if name is None else check_known_region(name, also=load_prices().regions)


def region_option(command: _Command) -> _Command:
    """Add ``--region``, which the environment fills in."""
    return click.option(
        "--region",
        callback=lambda _context, _option, value: region_or_environment(value),
        help="Region of the task and its prices, such as eu-west-1.  [default: AWS_REGION]",
    )(command)
