"""A group of commands that answers alike with every release of click."""

from __future__ import annotations

from typing import Final

import click

from cdk_pull.did_you_mean import did_you_mean

__all__ = ["Group"]

_BAD_INPUT: Final = 2


class Group(click.Group):
    """Refuses a command that it does not have, whatever its name begins with, and shows its help where none is named.

    Older releases of click take a name that begins with neither a letter nor a digit for an option, and an empty command
    line for a success.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit(_BAD_INPUT)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            near = did_you_mean(args[0], names) or f"The commands are: {', '.join(names)}"
            raise click.UsageError(f"no such command: {args[0]!r}. {near}", ctx)
        return super().resolve_command(ctx, args)
