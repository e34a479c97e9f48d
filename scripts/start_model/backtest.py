"""Tests the start-up estimate on measurements that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

from cdk_pull.fargate.estimate.start import NOISE_SECONDS, estimate_start
from scripts.start_model.fit import COVERAGE, fit, phase_seconds, prediction_interval, sized_starts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.estimate.start_model import Interval
    from scripts.start_model.measurements import Measurement

__all__ = ["Pair", "Trial", "pairs", "phase_trials", "report", "start_trials"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One measurement against the interval predicted from all the others.

    Attributes:
        what: what was measured.
        predicted: without this measurement.
        measured: seconds.
    """

    what: str
    predicted: Interval
    measured: float

    @property
    def covered(self) -> bool:
        """Whether the interval holds the measurement."""
        return self.predicted.low <= self.measured <= self.predicted.high


def phase_trials(measurements: Sequence[Measurement], phase: str) -> list[Trial]:
    """Return one trial for each measurement of a phase."""
    values = phase_seconds(measurements, phase)
    return [
        Trial(what=phase, predicted=prediction_interval(values[:index] + values[index + 1 :]), measured=value)
        for index, value in enumerate(values)
    ]


def start_trials(measurements: Sequence[Measurement]) -> list[Trial]:
    """Return one trial for each whole start of an image of known size, fitted without anything from its source."""
    trials = []
    for start in sized_starts(measurements):
        model = fit([row for row in measurements if row.source != start.source])
        estimate = estimate_start(start.profile, cpu=start.assumed_cpu, model=model)
        vcpu = "vCPU not stated, 1 assumed" if start.cpu is None else f"{start.cpu / 1024:g} vCPU"
        compression = start.profile.layers[0].compression.value
        trials.append(
            Trial(
                what=f"{start.profile.compressed_bytes / 1e6:.0f} MB {compression}, {vcpu}",
                predicted=estimate.total,
                measured=start.total,
            )
        )
    return trials


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two whole starts that differ by more than the noise, and which of them was expected to be the sooner.

    Attributes:
        same_image: whether they are of one image, in two formats or on two sizes.
        agrees: whether the one that was measured sooner was expected sooner, without anything of their sources.
    """

    same_image: bool
    agrees: bool


def pairs(measurements: Sequence[Measurement]) -> list[Pair]:
    """Return every pair of whole starts of known size whose order was measured: what a choice rests on."""
    found = []
    for one, other in combinations(sized_starts(measurements), 2):
        if abs(one.total - other.total) < NOISE_SECONDS:
            continue
        sources = {one.source, other.source}
        model = fit([row for row in measurements if row.source not in sources])
        first, second = (
            estimate_start(start.profile, cpu=start.assumed_cpu, model=model).total.expected
            for start in (one, other)
        )
        found.append(Pair(same_image=len(sources) == 1, agrees=(first < second) == (one.total < other.total)))
    return found


def report(measurements: Sequence[Measurement]) -> str:
    """Return the figures of the back-test as Markdown."""
    starts = start_trials(measurements)
    rows = [
        ("pre-pull", phase_trials(measurements, "pre_pull")),
        ("post-pull", phase_trials(measurements, "post_pull")),
        ("whole start, image size known", starts),
    ]
    ranked = pairs(measurements)
    same = [pair for pair in ranked if pair.same_image]
    model = fit(measurements)
    fitted = [
        estimate_start(start.profile, cpu=start.assumed_cpu, model=model).total
        for start in sized_starts(measurements)
    ]
    lines = [
        f"| predicted without the measurement | n | inside the {COVERAGE:.0%} interval | median width |",
        "|---|---|---|---|",
        *(
            f"| {name} | {len(trials)} | {_covered(trials)} | {_width([trial.predicted for trial in trials])} |"
            for name, trials in rows
        ),
        "",
        f"With all measurements fitted, the median width of the same {len(fitted)} starts is {_width(fitted)}.",
        "",
        "| whole start | measured | predicted | inside |",
        "|---|---|---|---|",
        *(
            f"| {trial.what} | {trial.measured:.0f} s | {trial.predicted} | {'yes' if trial.covered else 'no'} |"
            for trial in starts
        ),
        "",
        "| pairs of whole starts more than 10 s apart | n | expected in the order in which they were measured |",
        "|---|---|---|",
        f"| all | {len(ranked)} | {sum(pair.agrees for pair in ranked)} |",
        f"| one image in two formats | {len(same)} | {sum(pair.agrees for pair in same)} |",
        "| one image on two sizes | 0 | - |",
    ]
    return "\n".join(lines)


def _covered(trials: Sequence[Trial]) -> str:
    covered = sum(trial.covered for trial in trials)
    return f"{covered} ({covered / len(trials):.0%})"


def _width(intervals: Sequence[Interval]) -> str:
    return f"{median(interval.high - interval.low for interval in intervals):.0f} s"
