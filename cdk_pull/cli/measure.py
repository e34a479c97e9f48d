"""`cdk-pull measure`: how long one's own tasks took to start, and what that does to the estimate."""

from __future__ import annotations

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
from cdk_pull.cli._progress import working
from cdk_pull.cli._recorded import RecordedStarts, recorded_options
from cdk_pull.cli._streams import echo_json
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.calibration import calibrate
from cdk_pull.fargate.estimate.measured import MeasuredGroup, load_measured, save_measured
from cdk_pull.fargate.estimate.pull_records import read_records
from cdk_pull.fargate.estimate.pulls import Pull, PullGroup, group_pulls, is_cached
from cdk_pull.fargate.estimate.start import estimate_start, rounded
from cdk_pull.fargate.sizes import FargateSize
from cdk_pull.image.context import ContextFile, facts_from_context, parse_key
from cdk_pull.image.profile import ImageProfile
from cdk_pull.report.console import print_all
from cdk_pull.report.measure_text import measure_text

if TYPE_CHECKING:
    from cdk_pull.fargate.sizes import Os

__all__ = ["command", "profiles_of", "save_starts"]

_CONTEXT: Final = Path("cdk.context.json")
_FARGATE: Final = "FARGATE"


@click.command("measure")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--cluster", help="Ask Amazon ECS for this cluster's tasks: those that run and those of the last hour."
)
@click.option("--service", help="With --cluster: the tasks of this service only.")
@click.option("--log-group", help="Read the starts that a PullWatch recorded in this log group.")
@recorded_options
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
    log_group: str | None,
    recorded: RecordedStarts,
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
    starts = None if log_group is None else recorded.read(log_group)
    pulls, notes = _read(files, cluster, service, recorded.region, recorded=starts)
    kept = [pull for pull in pulls if not is_cached(pull)]
    if len(kept) < len(pulls):
        notes.append(
            f"{len(pulls) - len(kept)} pulls on EC2 found their images on the instance and are left out"
        )
    groups = group_pulls(kept)
    profiles = profiles_of(groups, registry, notes, ask=ask)
    effects = save_starts(save, groups, profiles, notes) if save else []
    if as_json:
        answer = {"groups": [_to_json(group) for group in groups], "estimates": effects, "notes": notes}
        echo_json(answer)
    else:
        print_all(measure_text(groups, effects, notes))
    if not groups:
        click.echo("cdk-pull: no start was found; a task tells it once it has started", err=True)
        return 1
    return 0


def _read(
    files: tuple[Path, ...],
    cluster: str | None,
    service: str | None,
    region: str | None,
    *,
    recorded: list[Pull] | None = None,
) -> tuple[list[Pull], list[str]]:
    if cluster is None and (service or (region and recorded is None)):
        raise InvalidValueError("--cluster is missing beside", service or region, allowed="--cluster as well")
    if not files and cluster is None and recorded is None:
        raise InvalidValueError("nothing to measure", "", allowed="FILE, --cluster or --log-group")
    pulls: list[Pull] = list(recorded or ())
    notes: list[str] = []
    for path in files:
        records = read_records(path)
        pulls += records.pulls
        if records.unreadable:
            notes.append(f"{path}: {records.unreadable} lines are no JSON and are left out")
    if cluster is not None:
        require_network()
        from cdk_pull.fargate.estimate.describe import describe_pulls  # noqa: PLC0415 - needs the extra that was asked for above

        with working("reading tasks") as more:
            pulls += describe_pulls(cluster, service=service, region=region, progress=more)
    return pulls, notes


def profiles_of(
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


def save_starts(
    path: Path, groups: list[PullGroup], profiles: dict[str, ImageProfile], notes: list[str]
) -> list[dict[str, Any]]:
    """Add starts to a file, and return what they do to the estimate of each group on Fargate."""
    before = sum(len(group.starts) for group in load_measured(path))
    new = [MeasuredGroup.of(group, _profile_of(group, profiles)) for group in groups]
    after = save_measured(path, new)
    number = sum(len(group.starts) for group in after)
    notes.append(
        f"{path} holds {number} start{'' if number == 1 else 's'} in {len(after)} group{'' if len(after) == 1 else 's'}, "
        f"{number - before} of them new"
    )
    effects = [_effect(group, after) for group in new if group.launch_type == _FARGATE]
    if any(effect["after"] is not None for effect in effects):
        notes.append(
            f"next: commit {path}; then cdk-pull plan IMAGE --region REGION --measured {path} rests on it, and so does "
            f'FargateTask(…, image_profile=…, measured="{path}")'
        )
    if any(effect["after"] is None for effect in effects):
        notes.append(
            "next: run this again with --look-up, or cdk-pull lookup first, so that the sizes of the images are known"
        )
    return effects


def _effect(group: MeasuredGroup, after: list[MeasuredGroup]) -> dict[str, Any]:
    """Return the estimate of a group's start without and with the measured starts, and what each rests on."""
    os: Os = "windows" if group.os == "windows" else "linux"
    names = [image.name for image in group.images]
    effect = {
        "images": names,
        "region": group.region,
        "size": str(FargateSize(group.cpu, group.memory_mib)),
        "before": None,
        "after": None,
        "notes": [
            "the size of an image is unknown: the starts are kept, and no pull can be estimated by them yet"
        ],
    }
    if group.profile is None:
        return effect
    calibrated = calibrate(after, group.profile, images=names, region=group.region, os=os)
    before, now = (
        estimate_start(group.profile, cpu=group.cpu, os=os, model=model).total
        for model in (None, calibrated.model)
    )
    prior = [] if calibrated.own else ["the factor of this image itself is still the published prior"]
    notes = [
        *calibrated.notes,
        *prior,
        "how the pull changes with the task's size is still the published prior",
    ]
    return effect | {"before": rounded(before), "after": rounded(now), "notes": notes}


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
        "seconds": group.quantiles,
    }
