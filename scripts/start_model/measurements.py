"""Published measurements of image pulls, one row for one phase of one start."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources
from io import StringIO

__all__ = ["Measurement", "bundled", "parse"]

_DIRECT = ("[measured]", "[author-rounded]")
_WAITING = ("post_pull", "start_total")


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One published figure.

    Attributes:
        source: where it was published.
        image: what was pulled, as its author calls it.
        compressed_mb: megabytes that travelled, when stated.
        uncompressed_mb: megabytes on the disk, when stated.
        compression: ``gzip``, ``zstd``, … when stated.
        vcpu: when stated.
        mode: the system, such as ``fargate_pv1.4.0``.
        phase: ``pre_pull``, ``pull``, ``post_pull``, ``start_total``, or a component such as ``decompress``.
        seconds: how long it took.
        direct: measured, or rounded by its author; not derived, estimated, or the middle of a range.
        waits_for_dependencies: a container waited for another one, which has nothing to do with the pull.
    """

    source: str
    image: str
    compressed_mb: float | None
    uncompressed_mb: float | None
    compression: str
    vcpu: float | None
    mode: str
    phase: str
    seconds: float
    direct: bool
    waits_for_dependencies: bool


def parse(text: str) -> tuple[Measurement, ...]:
    """Return the measurements of a CSV text with the columns of ``fargate_pull_measurements.csv``."""
    return tuple(
        Measurement(
            source=row["source"],
            image=row["image"],
            compressed_mb=_number(row["compressed_mb"]),
            uncompressed_mb=_number(row["uncompressed_mb"]),
            compression=row["compression"],
            vcpu=_number(row["vcpu"]),
            mode=row["mode"],
            phase=row["phase"],
            seconds=float(row["seconds"]),
            direct=row["notes"].startswith(_DIRECT),
            waits_for_dependencies=row["phase"] in _WAITING and "dependency" in row["notes"],
        )
        for row in csv.DictReader(StringIO(text))
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def bundled() -> tuple[Measurement, ...]:
    """Return the measurements that this package carries."""
    return parse(
        resources.files("cdk_pull.data").joinpath("fargate_pull_measurements.csv").read_text("utf-8")
    )
