"""Fits the start-up estimate to measurements, and tests it on measurements it has not seen.

What is fitted, and on what:

- the phases before and after the pull, on Fargate 1.4.0 starts: median, and the order statistics that hold the
  stated coverage of one further start whatever the distribution;
- the rates of the components (decoder, network) and the expansion of layers, as medians of component measurements;
- one scale and one factor of the pull, on the Fargate 1.4.0 images whose size is known: geometric mean and Student
  prediction interval of measured over computed pull, in logarithms;

What is not fitted: the exponent by which storage throughput shrinks below 2 vCPU, where nothing is published. It is
set once, to about the steepest slope that explains those images no worse than no slope at all; five starts cannot
tell more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING

from cdk_pull.fargate.estimate.start import estimate_start
from cdk_pull.fargate.estimate.start_model import Interval, StartModel, published_storage_rates
from cdk_pull.image.profile import Compression, ImageProfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scripts.start_model.measurements import Measurement

__all__ = ["COVERAGE", "SizedStart", "fit", "phase_seconds", "prediction_interval", "sized_starts"]

COVERAGE = 0.8
_MODE = "fargate_pv1.4.0"
_ASSUMED_VCPU = 1.0
"""For images whose author names no size; the residual, and so the factor, carries the error of it."""
# Student's t for the upper decile, by degrees of freedom.
_STUDENT_90 = {
    1: 3.078,
    2: 1.886,
    3: 1.638,
    4: 1.533,
    5: 1.476,
    6: 1.440,
    7: 1.415,
    8: 1.397,
    9: 1.383,
    10: 1.372,
}
_NORMAL_90 = 1.282
_SMALL_TASK_EXPONENT = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class SizedStart:
    """One start on Fargate of an image whose size is known.

    Attributes:
        source: where it was published.
        profile: the image.
        cpu: CPU units, or None when the author does not say.
        pull: measured seconds of the pull, or None when only the whole start is known.
        total: measured seconds of the whole start.
    """

    source: str
    profile: ImageProfile
    cpu: int | None
    pull: float | None
    total: float

    @property
    def assumed_cpu(self) -> int:
        """The CPU units, or those of the usual size when the author does not say."""
        return self.cpu or round(_ASSUMED_VCPU * 1024)


def phase_seconds(measurements: Iterable[Measurement], phase: str) -> list[float]:
    """Return the seconds of one phase of the Fargate starts, shortest first, without waits for other containers."""
    return sorted(
        row.seconds
        for row in measurements
        if row.direct and row.mode == _MODE and row.phase == phase and not row.waits_for_dependencies
    )


def sized_starts(measurements: Iterable[Measurement]) -> list[SizedStart]:
    """Return the whole starts on Fargate of images whose compressed size is known."""
    starts: dict[tuple[str, str], dict[str, Measurement]] = defaultdict(dict)
    for row in measurements:
        if row.direct and row.mode == _MODE and row.compressed_mb is not None:
            starts[row.source, row.image][row.phase] = row
    return [
        SizedStart(
            source=source,
            profile=ImageProfile.of_size(
                compressed_bytes=round((total.compressed_mb or 0) * 1e6),
                compression=Compression(total.compression or "gzip"),
            ),
            cpu=None if total.vcpu is None else round(total.vcpu * 1024),
            pull=phases["pull"].seconds if "pull" in phases else None,
            total=total.seconds,
        )
        for (source, _), phases in starts.items()
        if (total := phases.get("start_total"))
    ]


def prediction_interval(values: Sequence[float], coverage: float = COVERAGE) -> Interval:
    """Return the median and the order statistics between which one further value falls with this probability."""
    tail = (1 - coverage) / 2
    rank = max(1, math.floor(round(tail * (len(values) + 1), 9)))
    return Interval(values[rank - 1], median(values), values[-rank])


def fit(measurements: Sequence[Measurement]) -> StartModel:
    """Return the model that the measurements support."""
    model = StartModel(
        coverage=COVERAGE,
        pre_pull=prediction_interval(phase_seconds(measurements, "pre_pull")),
        post_pull=prediction_interval(phase_seconds(measurements, "post_pull")),
        pull_scale=1,
        pull_factor=1,
        storage=published_storage_rates(),
        small_task_exponent=_SMALL_TASK_EXPONENT,
        network=median(_download_rates(measurements)),
        decoder=_medians(_decoder_rates(measurements)),
        expansion=_medians(_expansions(measurements)),
    )
    logs = _log_ratios(model, sized_starts(measurements))
    student = _STUDENT_90.get(len(logs) - 1, _NORMAL_90)
    return replace(
        model,
        pull_scale=math.exp(fmean(logs)),
        pull_factor=math.exp(student * stdev(logs) * math.sqrt(1 + 1 / len(logs))),
    )


def _log_ratios(model: StartModel, starts: Iterable[SizedStart]) -> list[float]:
    """Return the logarithms of measured over computed pull."""
    around = model.pre_pull.expected + model.post_pull.expected
    return [
        math.log(
            (start.total - around if start.pull is None else start.pull)
            / estimate_start(start.profile, cpu=start.assumed_cpu, model=model).pull.expected
        )
        for start in starts
    ]


def _download_rates(measurements: Iterable[Measurement]) -> list[float]:
    return [
        row.compressed_mb / row.seconds
        for row in measurements
        if row.direct and row.phase == "download" and row.compressed_mb is not None
    ]


def _decoder_rates(measurements: Iterable[Measurement]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = defaultdict(list)
    for row in measurements:
        if row.direct and row.phase == "decompress" and row.uncompressed_mb is not None:
            rates[row.compression].append(row.uncompressed_mb / row.seconds)
    return rates


def _expansions(measurements: Iterable[Measurement]) -> dict[str, list[float]]:
    """Return uncompressed over compressed size, once for each image however often it was measured."""
    sizes = {
        (row.compression, row.compressed_mb, row.uncompressed_mb)
        for row in measurements
        if row.direct and row.compression and row.compressed_mb and row.uncompressed_mb
    }
    ratios: dict[str, list[float]] = defaultdict(list)
    for compression, compressed, uncompressed in sorted(sizes):
        ratios[compression].append(uncompressed / compressed)
    return ratios


def _medians(values: dict[str, list[float]]) -> dict[str, float]:
    return {name: median(found) for name, found in sorted(values.items())}
