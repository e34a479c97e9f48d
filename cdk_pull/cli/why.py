"""`cdk-pull why`: why the tasks of a service start slowly, or not at all, and what would help most."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cdk_pull.cli._look_up import (
    RegistryOptions,
    in_words,
    look_up,
    parse_references,
    registry_options,
    require_network,
)
from cdk_pull.cli._progress import working
from cdk_pull.cli._region import region_or_environment
from cdk_pull.cli._streams import echo_json
from cdk_pull.cli._task import seconds
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.why import explain_starts, ranked_by_own_starts
from cdk_pull.image.context import ContextFile, facts_from_context
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile
from cdk_pull.image.reference import ImageReference
from cdk_pull.records import replace
from cdk_pull.report.console import make_console, print_all
from cdk_pull.report.why_text import why_text
from cdk_pull.windows.base import cached_base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.choose import Choice
    from cdk_pull.fargate.why import Why

__all__ = ["command"]

_CONTEXT: Final = Path("cdk.context.json")
_ARCHITECTURES: Final = {"x86_64": "amd64", "arm64": "arm64"}


@click.command("why")
@click.argument("target", metavar="SERVICE|TASK")
@click.option("--cluster", help="Cluster by name or ARN.  [default: the target's ARN's, or default]")
@click.option("--region", help="Region of the cluster.  [default: the ARN's, or the AWS profile's]")
@click.option("--target", "within", help="Rank what starts within this: 60s, 2m.")
@click.option(
    "--no-look-up", is_flag=True, help="Ask no registry for images that cdk.context.json does not know."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@registry_options
def command(
    target: str,
    *,
    cluster: str | None,
    region: str | None,
    within: str | None,
    no_look_up: bool,
    registry: RegistryOptions,
    as_json: bool,
) -> int:
    """Explain why tasks start slowly, or not at all, and rank what would help.

    SERVICE is a service of the cluster by name, TASK a task by id; either may be an ARN. Reads the tasks that run and
    those of the last hour, the service's events, the task definition and, for the sizes of the images, the registry;
    changes nothing. The role needs ecs:ListTasks, ecs:DescribeTasks, ecs:DescribeServices, ecs:ListServices and
    ecs:DescribeTaskDefinition. Exit status 1: no task has started or failed at its start.
    """
    goal = Goal(start_seconds=seconds(within))
    named = None if region is None else region_or_environment(region)
    require_network()
    from cdk_pull.fargate.estimate.describe import describe_target  # noqa: PLC0415 - needs the extra that was asked for above

    with working("reading tasks") as more:
        why = explain_starts(describe_target(target, cluster=cluster, region=named, progress=more))
    notes: list[str] = []
    profile = _profile(why, notes, None if no_look_up else registry)
    choice = None
    if profile is not None:
        choice, rests = _ranked(why, profile, goal)
        notes += rests
    if as_json:
        answer = {
            **why.to_json(),
            "ways": [way.to_json() for way in choice.ways] if choice else [],
            "notes": notes,
        }
        if choice is not None:
            answer["ec2"] = choice.ec2
        echo_json(answer)
    else:
        print_all(why_text(why, choice, notes, make_console().width))
    return 0 if why.groups or why.cached or why.failures else 1


def _ranked(why: Why, profile: ImageProfile, goal: Goal) -> tuple[Choice | None, Sequence[str]]:
    try:
        ranked = ranked_by_own_starts(why, profile, goal)
    except InvalidValueError as error:
        return None, [str(error)]
    return ranked or (None, ["no start on Fargate was found to rank ways by"])


def _profile(why: Why, notes: list[str], registry: RegistryOptions | None) -> ImageProfile | None:
    """Return all images of the newest tasks as one, or None with a note on those that are not known."""
    digests = {image.name: image.digest for image in (why.groups[0].first.images if why.groups else ())}
    wanted, errors = parse_references(dict.fromkeys(why.images))
    notes += map(str, errors.values())
    texts = {ImageReference.parse(name): name for name in why.images if name not in errors}
    platform = Platform(os=why.os, architecture=_ARCHITECTURES[why.architecture])
    content = ContextFile(_CONTEXT).content
    profiles: dict[str, ImageProfile] = {}
    missing = []
    for reference in wanted:
        stored = facts_from_context(content, reference, platform)
        if stored is not None:
            profiles[str(reference)] = stored.facts.profile
        else:
            # A tag may have moved since the pull, which ECS records by digest.
            digest = digests.get(texts[reference]) or reference.digest
            missing.append(replace(reference, digest=digest))
    if missing and registry is not None:
        for result in look_up([(reference, platform) for reference in missing], registry):
            if result.facts is not None:
                profiles[str(result.reference)] = result.facts.profile
            else:
                notes.append(in_words(result))
    if errors or not wanted or len(profiles) < len(wanted):
        notes.append("ways are not ranked: the size of an image is unknown; run `cdk-pull lookup`")
        return None
    return ImageProfile.together([_pulled(each) for each in profiles.values()])


def _pulled(profile: ImageProfile) -> ImageProfile:
    """Return what of an image a start downloads: on Windows all but the layers that the hosts have cached."""
    if profile.os != "windows":
        return profile
    return cached_base(profile, datetime.now().astimezone().date()).uncached(profile)
