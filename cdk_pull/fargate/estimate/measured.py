"""The file that keeps one's own measured starts: every start, so that a second run adds none twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data.writing import update_whole
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.pulls import PullGroup, TaskImage
from cdk_pull.files import read_regular_file
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["MeasuredGroup", "MeasuredStart", "add_measured", "load_measured", "save_measured"]

_ABOUT: Final = "Starts of one's own tasks, by cdk-pull measure --save; seconds."
# A few dozen settle the interval; the newest of a size and image are kept, so that the file does not grow for ever.
_KEPT: Final = 200
_TENTH: Final = 1


@dataclass(frozen=True, slots=True, order=True)
class MeasuredStart:
    """One start.

    Attributes:
        created: when the task was created, in UTC.
        task: the last part of its ARN.
        pre_pull: seconds.
        pull: seconds.
        post_pull: seconds.
    """

    created: datetime
    task: str
    pre_pull: float
    pull: float
    post_pull: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredGroup:
    """Starts of the same images on the same size.

    Attributes:
        launch_type: as ECS has it.
        region: of the tasks.
        os: ``linux`` or ``windows``.
        cpu: CPU units.
        memory_mib: of the task.
        images: of the task.
        starts: oldest first.
        profile: of all images as one, where it was known; without it the group tells of its own images only.
    """

    launch_type: str
    region: str
    os: str
    cpu: int
    memory_mib: int
    images: tuple[TaskImage, ...]
    starts: tuple[MeasuredStart, ...]
    profile: ImageProfile | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells one group from another."""
        return self.launch_type, self.region, self.os, self.images, self.cpu, self.memory_mib

    @classmethod
    def of(cls, group: PullGroup, profile: ImageProfile | None = None) -> MeasuredGroup:
        """Return what is kept of a group: the tasks that started."""
        first = group.first
        starts = [
            MeasuredStart(
                pull.created.replace(microsecond=0),
                pull.task.rpartition("/")[2],
                *(round(value, _TENTH) for value in (pull.pre_pull, pull.pull, pull.post_pull)),
            )
            for pull in group.pulls
            if pull.post_pull is not None
        ]
        return cls(
            launch_type=first.launch_type,
            region=first.region,
            os=first.os,
            cpu=first.cpu,
            memory_mib=first.memory_mib,
            images=first.images,
            starts=tuple(sorted(starts)),
            profile=profile,
        )


def add_measured(before: Iterable[MeasuredGroup], new: Iterable[MeasuredGroup]) -> list[MeasuredGroup]:
    """Return the groups of both, each start once, the newest 200 of each group."""
    groups: dict[tuple[object, ...], MeasuredGroup] = {}
    for group in (*before, *new):
        known = groups.get(group.key)
        starts = {start.task: start for start in (*(known.starts if known else ()), *group.starts)}
        groups[group.key] = replace(
            group,
            starts=tuple(sorted(starts.values())[-_KEPT:]),
            profile=group.profile or (known.profile if known else None),
        )
    return [groups[key] for key in sorted(groups, key=str) if groups[key].starts]


def load_measured(path: Path) -> list[MeasuredGroup]:
    """Read a file that `save_measured` wrote; no file is no group.

    Raises:
        InvalidValueError: if it is something else.
    """
    try:
        data = read_regular_file(path, "file of measured starts")
    except FileNotFoundError:
        return []
    try:
        return [_group(each) for each in json.loads(data)["groups"]]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, RecursionError) as error:
        raise InvalidValueError(
            "file of measured starts cannot be read",
            str(path),
            allowed=f"what cdk-pull measure --save wrote ({type(error).__name__})",
        ) from None


def save_measured(path: Path, new: Iterable[MeasuredGroup]) -> list[MeasuredGroup]:
    """Add groups to a file and return all that it holds then; several runs may do so at the same time.

    Raises:
        InvalidValueError: if the file is something else.
        UnsupportedError: if it cannot be written; it is then as it was.
    """
    added = list(new)
    after: list[MeasuredGroup] = []

    def merge() -> str:
        after[:] = add_measured(load_measured(path), added)
        content = {"about": _ABOUT, "groups": [_to_json(group) for group in after]}
        return json.dumps(content, indent=1) + "\n"

    update_whole(path, merge)
    return after


def _to_json(group: MeasuredGroup) -> dict[str, Any]:
    value: dict[str, Any] = {
        "launch_type": group.launch_type,
        "region": group.region,
        "os": group.os,
        "cpu": group.cpu,
        "memory_mib": group.memory_mib,
        "images": [{"name": image.name, "digest": image.digest} for image in group.images],
    }
    if group.profile:
        value["manifest_digest"] = group.profile.digest
        value["layers"] = [
            {
                "compression": str(layer.compression),
                "compressed_bytes": layer.compressed_bytes,
                "uncompressed_bytes": layer.uncompressed_bytes,
            }
            for layer in group.profile.layers
        ]
    value["starts"] = [
        f"{start.created:%Y-%m-%dT%H:%M:%SZ} {start.task} {start.pre_pull} {start.pull} {start.post_pull}"
        for start in group.starts
    ]
    return value


def _group(value: Mapping[str, Any]) -> MeasuredGroup:
    layers = [
        Layer(
            compressed_bytes=int(layer["compressed_bytes"]),
            uncompressed_bytes=None
            if layer["uncompressed_bytes"] is None
            else int(layer["uncompressed_bytes"]),
            compression=Compression(layer["compression"]),
        )
        for layer in value.get("layers", [])
    ]
    return MeasuredGroup(
        launch_type=str(value["launch_type"]),
        region=str(value["region"]),
        os=str(value["os"]),
        cpu=int(value["cpu"]),
        memory_mib=int(value["memory_mib"]),
        images=tuple(TaskImage(str(image["name"]), str(image["digest"])) for image in value["images"]),
        starts=tuple(_start(text) for text in value["starts"]),
        profile=ImageProfile(layers=tuple(layers), digest=str(value["manifest_digest"])) if layers else None,
    )


def _start(text: str) -> MeasuredStart:
    created, task, *seconds = text.split()
    pre_pull, pull, post_pull = (float(value) for value in seconds)
    if min(pre_pull, pull, post_pull) < 0 or not max(pre_pull, pull, post_pull) < float("inf"):
        raise ValueError(text)
    return MeasuredStart(
        datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC), task, pre_pull, pull, post_pull
    )
