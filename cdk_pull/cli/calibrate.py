"""`cdk-pull calibrate`: size the next synth by the starts that a PullWatch recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cdk_pull.cli._look_up import RegistryOptions, registry_options
from cdk_pull.cli._recorded import RecordedStarts, recorded_options
from cdk_pull.cli._streams import echo_json
from cdk_pull.cli.measure import profiles_of, save_starts
from cdk_pull.fargate.estimate.pulls import group_pulls, is_cached
from cdk_pull.fargate.estimate.start_model import Interval
from cdk_pull.fargate.sizes import find
from cdk_pull.report.console import print_all
from cdk_pull.report.measure_text import measure_text
from cdk_pull.watch.drift import ChosenStart, find_drift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["command"]

_TOPIC: Final = "fargate-size"
_START: Final = "start_seconds"


@click.command("calibrate")
@click.argument("log_group", metavar="LOG_GROUP")
@recorded_options
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("measured-starts.json"),
    show_default=True,
    help="File to add the starts to; commit it, and name it as measured= in the app.",
)
@click.option(
    "--app",
    type=click.Path(exists=True, path_type=Path),
    help="Folder that cdk synth wrote, for the drift report.  [default: cdk.out, if there is one]",
)
@click.option(
    "--look-up", "ask", is_flag=True, help="Ask registries for images that cdk.context.json does not know."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@registry_options
def command(
    log_group: str,
    *,
    recorded: RecordedStarts,
    save: Path,
    app: Path | None,
    ask: bool,
    registry: RegistryOptions,
    as_json: bool,
) -> int:
    """Read recorded task starts into a file that sizes the next synth, and report where starts have drifted.

    LOG_GROUP is the log group of a PullWatch. The role needs logs:FilterLogEvents on it. Exit status 1: no start was
    recorded.
    """
    groups = group_pulls(each for each in recorded.read(log_group) if not is_cached(each))
    notes: list[str] = []
    effects = (
        save_starts(save, groups, profiles_of(groups, registry, notes, ask=ask), notes) if groups else []
    )
    drift = [] if not groups else _drift(save, app)
    if as_json:
        answer: dict[str, Any] = {"starts": sum(len(each.pulls) for each in groups), "estimates": effects}
        echo_json(answer | {"drift": [each.to_json() for each in drift], "notes": notes})
    else:
        print_all(measure_text(groups, effects, [*map(str, drift), *notes]))
    if not groups:
        click.echo(
            f"cdk-pull: {log_group} has no task start of the last {recorded.days:g} days; check the name, --days and --region",
            err=True,
        )
        return 1
    return 0


def _drift(save: Path, app: Path | None) -> list[Any]:
    from cdk_pull.fargate.estimate.measured import load_measured  # noqa: PLC0415 - with the templates, only here
    from cdk_pull.template.ecs.view import EcsView  # noqa: PLC0415
    from cdk_pull.template.load import load  # noqa: PLC0415

    folder = app or Path("cdk.out")
    if not folder.exists():
        return []
    chosen = [
        found
        for assembly in load([folder]).assemblies
        for task in EcsView(assembly).tasks
        for found in _chosen(task)
    ]
    return find_drift(load_measured(save), chosen)


def _chosen(task: TaskDefinition) -> Iterator[ChosenStart]:
    said = task.resource.metadata.get(_TOPIC)
    start = said.get(_START) if isinstance(said, dict) else None
    cpu, memory = task.size
    size = find(cpu or "", memory or "", "windows" if task.family.startswith("WINDOWS") else "linux")
    if size is None or not isinstance(start, dict) or set(start) != {"low", "expected", "high"}:
        return
    if not all(isinstance(each, int | float) for each in start.values()):
        return
    yield ChosenStart(
        task=task.resource.construct_path or task.resource.logical_id,
        images=tuple(map(str, task.images)),
        cpu=size.cpu,
        memory_mib=size.memory_mib,
        region=task.resource.template.context.environment.region or "",
        start=Interval(**start),
    )
