"""``cdk-pull size``: the Fargate task size that starts in time, and what it costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cdk_pull.cli._task import seconds, size_options, typed_profile
from cdk_pull.fargate.choose import Choice, Goal, choose
from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.fargate.sizes import check_architecture, least
from cdk_pull.image.profile import Compression
from cdk_pull.units import parse_bytes

if TYPE_CHECKING:
    from cdk_pull.fargate.choose import Candidate

__all__ = ["command"]


@click.command(name="size")
@size_options
@click.option(
    "--compressed", required=True, help="Size of all the task's images in the registry: 800MB, 1GiB."
)
@click.option("--uncompressed", help="Size of the images once unpacked; estimated when left out.")
@click.option(
    "--compression", type=click.Choice([str(item) for item in Compression]), default="gzip", show_default=True
)
@click.option(
    "--arch", "architecture", type=click.Choice(["x86_64", "arm64"]), default="x86_64", show_default=True
)
@click.option("--os", "os", type=click.Choice(["linux", "windows"]), default="linux", show_default=True)
@click.option("--region", help="For the price, such as eu-west-1.")
@click.option("--target", help="Start within this: 60s, 2m. Without it, the smallest size.")
@click.option("--max-usd-per-hour", type=float, help="Instead of --target: the best start within this price.")
@click.option(
    "--working-data", default="0B", show_default=True, help="What the containers write to ephemeral storage."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    *,
    cpu: str | None,
    memory: str | None,
    compressed: str,
    uncompressed: str | None,
    compression: str,
    architecture: Any,
    os: Any,
    region: str | None,
    target: str | None,
    max_usd_per_hour: float | None,
    working_data: str,
    as_json: bool,
) -> int:
    """Choose the smallest Fargate size that starts in time.

    --cpu and --memory are a size that Fargate runs, which the choice never goes below. Exit status 1: no size meets the
    target, or the price that is asked for is not known.
    """
    check_architecture(architecture, os)
    floor = least(cpu, memory, os)
    choice = choose(
        typed_profile(compressed, uncompressed, compression),
        cpu=floor.cpu,
        memory_mib=floor.memory_mib,
        goal=Goal(start_seconds=seconds(target), usd_per_hour=max_usd_per_hour),
        architecture=architecture,
        os=os,
        region=region,
        working_bytes=parse_bytes(working_data, "--working-data"),
    )
    click.echo(json.dumps(choice.to_json(), indent=2) if as_json else _text(choice))
    if choice.target_met is False:
        click.echo(f"cdk-pull: {choice.why}", err=True)
        return 1
    return 0


def _text(choice: Choice) -> str:
    lines = [
        f"{choice.size}  ({choice.size.cpu}/{choice.size.memory_mib})",
        f"why: {choice.why}",
        f"cost: {choice.cost}",
    ]
    if choice.ephemeral_gib > INCLUDED_GIB:
        lines.append(f"ephemeral storage: {choice.ephemeral_gib} GiB")
    lines += ["", f"{'size':<20}{'start, expected (interval)':<30}per hour"]
    lines += [_row(candidate, chosen=candidate is choice.candidate) for candidate in choice.candidates]
    coverage = choice.candidate.start.coverage
    lines.append(f"interval: {'coverage unknown' if coverage is None else f'{coverage:.0%} of the starts'}")
    lines += [f"note: {note}" for note in choice.candidate.start.notes]
    if choice.would_help:
        lines += ["", "what would help more:", *(f"  {change}; {change.how}" for change in choice.would_help)]
    return "\n".join(lines)


def _row(candidate: Candidate, *, chosen: bool) -> str:
    price = f"${candidate.price:.4f}" if isinstance(candidate.price, float) else "unknown"
    mark = "  <-" if chosen else ""
    return f"{candidate.size!s:<20}{candidate.start.total!s:<30}{price}{mark}"
