"""`cdk-pull measure`: how long one's own tasks took to start, and what that does to the estimate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cdk_pull.cli._look_up import (
    RegistryOptions,
    look_up,
    parse_references,
    registry_options,
    require_network,
)
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.calibration import calibrate
from cdk_pull.fargate.estimate.measured import MeasuredGroup, save_measured
from cdk_pull.fargate.estimate.pull_records import read_records
from cdk_pull.fargate.estimate.pulls import PHASES, Pull, PullGroup, group_pulls, is_cached, spread_of
from cdk_pull.fargate.estimate.start import estimate_start, rounded
from cdk_pull.fargate.estimate.start_model import Interval
from cdk_pull.fargate.sizes import FargateSize
from cdk_pull.image.context import ContextFile, facts_from_context, parse_key
from cdk_pull.image.profile import ImageProfile

if TYPE_CHECKING:
    from cdk_pull.fargate.sizes import Os

__all__ = ["command"]

_CONTEXT: Final = Path("cdk.context.json")
_FARGATE: Final = "FARGATE"


@click.command("measure")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--cluster", help="Ask Amazon ECS for this cluster's tasks: those that run and those of the last hour."
)
@click.option("--service", help="With --cluster: the tasks of this service only.")
@click.option("--region", help="With --cluster: its Region; by default the AWS profile's.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add the starts to this file, and show what they do to the estimate.",
)
@click.option(
    "--look-up", "ask", is_flag=True, help="Ask registries for images that cdk.context.json does not know."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@registry_options
def command(
    files: tuple[Path, ...],
    *,
    cluster: str | None,
    service: str | None,
    region: str | None,
    save: Path | None,
    ask: bool,
    registry: RegistryOptions,
    as_json: bool,
) -> int:
    """Show how long tasks took to start: before the pull, the pull, after it, for each image and task size.

    FILE holds events "ECS Task State Change" as JSON lines, an export of CloudWatch Logs with them, or answers of
    describe-tasks; gzipped or not. Pulls on EC2 that found their images on the instance are left out. The exit
    status is 1 when no start was found.
    """
    pulls, notes = _read(files, cluster, service, region)
    kept = [pull for pull in pulls if not is_cached(pull)]
    if len(kept) < len(pulls):
        notes.append(
            f"{len(pulls) - len(kept)} pulls on EC2 found their images on the instance and are left out"
        )
    groups = group_pulls(kept)
    profiles = _profiles(groups, registry, notes, ask=ask)
    effects = _save(save, groups, profiles) if save else []
    if as_json:
        answer = {"groups": [_to_json(group) for group in groups], "estimates": effects, "notes": notes}
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(
            "\n".join([*_table(groups), *_effect_lines(effects), *(f"note: {note}" for note in notes)])
        )
    if not groups:
        click.echo("cdk-pull: no start was found; a task tells it once it has started", err=True)
        return 1
    return 0


def _read(
    files: tuple[Path, ...], cluster: str | None, service: str | None, region: str | None
) -> tuple[list[Pull], list[str]]:
    if cluster is None and (service or region):
        raise InvalidValueError("--cluster is missing beside", service or region, allowed="--cluster as well")
    if not files and cluster is None:
        raise InvalidValueError("nothing to measure", "", allowed="FILE, --cluster, or both")
    pulls: list[Pull] = []
    notes: list[str] = []
    for path in files:
        records = read_records(path)
        pulls += records.pulls
        if records.unreadable:
            notes.append(f"{path}: {records.unreadable} lines are no JSON and are left out")
    if cluster is not None:
        require_network()
        from cdk_pull.fargate.estimate.describe import describe_pulls  # noqa: PLC0415 - needs the extra that was asked for above

        pulls += describe_pulls(cluster, service=service, region=region)
    return pulls, notes


def _profiles(
    groups: list[PullGroup], registry: RegistryOptions, notes: list[str], *, ask: bool
) -> dict[str, ImageProfile]:
    """Return the images of the groups by digest, from the context and, if asked for, from their registries."""
    wanted = {image.digest: image.name for group in groups for image in group.first.images if image.digest}
    found: dict[str, ImageProfile] = {}
    context = ContextFile(_CONTEXT)
    for key in context.ours:
        stored = facts_from_context(context.content, *parse_key(key))
        if stored:
            found[stored.facts.digest] = found[stored.facts.profile.digest] = stored.facts.profile
    missing = {digest: name for digest, name in wanted.items() if digest not in found}
    if ask and missing:
        names, errors = parse_references(
            f"{name.partition('@')[0]}@{digest}" for digest, name in missing.items()
        )
        notes += map(str, errors.values())
        for result in look_up([(reference, None) for reference in names], registry):
            if result.facts and result.reference.digest:
                found[result.reference.digest] = result.facts.profile
            else:
                notes.append(str(result.error))
    return found


def _profile_of(group: PullGroup, profiles: dict[str, ImageProfile]) -> ImageProfile | None:
    """Return all images of a group as one, or None when one of them is not known."""
    images = [profiles.get(image.digest) for image in group.first.images]
    known = [image for image in images if image is not None]
    # The context may know one of them for another platform.
    one_platform = len({(image.os, image.architecture) for image in known}) == 1
    return ImageProfile.together(known) if one_platform and len(known) == len(images) else None


def _save(path: Path, groups: list[PullGroup], profiles: dict[str, ImageProfile]) -> list[dict[str, Any]]:
    """Add the starts to the file, and return what they do to the estimate of each group on Fargate."""
    new = [MeasuredGroup.of(group, _profile_of(group, profiles)) for group in groups]
    after = save_measured(path, new)
    effects = []
    for group in new:
        if group.launch_type != _FARGATE or group.profile is None:
            continue
        os: Os = "windows" if group.os == "windows" else "linux"
        names = [image.name for image in group.images]
        calibrated = calibrate(after, group.profile, images=names, region=group.region, os=os)
        effects.append(
            {
                "images": names,
                "region": group.region,
                "size": str(FargateSize(group.cpu, group.memory_mib)),
                "before": rounded(estimate_start(group.profile, cpu=group.cpu, os=os).total),
                "after": rounded(
                    estimate_start(group.profile, cpu=group.cpu, os=os, model=calibrated.model).total
                ),
                "notes": list(calibrated.notes),
            }
        )
    return effects


def _to_json(group: PullGroup) -> dict[str, Any]:
    first = group.first
    return {
        "launch_type": first.launch_type,
        "region": first.region,
        "os": first.os,
        "cpu": first.cpu,
        "memory_mib": first.memory_mib,
        "images": [{"name": image.name, "digest": image.digest} for image in first.images],
        "starts": len(group.pulls),
        "seconds": {phase: _quantiles(values) for phase in PHASES if (values := group.seconds(phase))},
    }


def _quantiles(values: list[float]) -> dict[str, float]:
    spread = spread_of(values)
    return {"p10": round(spread.low, 1), "p50": round(spread.expected, 1), "p90": round(spread.high, 1)}


def _table(groups: list[PullGroup]) -> list[str]:
    """Return a table with the median and, in brackets, the first and the last decile."""
    if not groups:
        return []
    head = f"{'size':<20}{'n':>5}  " + "".join(f"{phase.replace('_', '-'):<20}" for phase in PHASES)
    lines = [f"{head}image", f"{'':<27}" + f"{'median (p10-p90)':<20}" * len(PHASES)]
    for group in groups:
        first = group.first
        size = (
            f"{FargateSize(first.cpu, first.memory_mib)}"
            if first.launch_type == _FARGATE
            else first.launch_type
        )
        cells = "".join(f"{_cell(group.seconds(phase)):<20}" for phase in PHASES)
        images = ", ".join(image.name for image in first.images)
        lines.append(f"{size:<20}{len(group.pulls):>5}  {cells}{images}")
    return lines


def _cell(values: list[float]) -> str:
    return str(spread_of(values)) if values else "-"


def _effect_lines(effects: list[dict[str, Any]]) -> list[str]:
    lines = []
    for effect in effects:
        lines += ["", f"estimate of {', '.join(effect['images'])} on {effect['size']} in {effect['region']}"]
        lines += [f"  {when:<7}{_interval(effect[when])}" for when in ("before", "after")]
        lines += [f"  {note}" for note in effect["notes"]]
    return lines


def _interval(values: dict[str, float]) -> Interval:
    return Interval(**values)
