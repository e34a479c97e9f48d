from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.fargate.estimate.start_model import Interval, load_start_model
from scripts.start_model.backtest import phase_trials, report, start_trials
from scripts.start_model.fit import fit, phase_seconds, prediction_interval, sized_starts
from scripts.start_model.measurements import bundled, parse

_HEAD = "source,image,compressed_mb,uncompressed_mb,compression,vcpu,memory_gb,mode,phase,seconds,notes\n"


def test_the_shipped_parameters_are_those_that_the_measurements_give() -> None:
    """Fitting again gives the file in the package, to its rounding."""
    assert fit(bundled()).to_json() == load_start_model().to_json()


def test_the_docs_quote_the_back_test() -> None:
    """The page holds exactly what the script prints."""
    page = (Path(__file__).parents[3] / "docs" / "start-estimate.md").read_text(encoding="utf-8")
    quoted = page.split("<!-- backtest -->\n")[1].split("\n<!-- /backtest -->")[0]
    assert quoted == report(bundled())


def test_only_direct_figures_of_fargate_1_4_0_are_fitted() -> None:
    """Ranges, derived figures, other platform versions, EC2 and SOCI rows leave the phases unchanged."""
    rows = [
        "a,x,,,,1,2,fargate_pv1.4.0,pre_pull,10,[measured] here",
        "a,x,,,,1,2,fargate_pv1.4.0,pre_pull,11,[author-rounded]",
        "a,x,,,,1,2,fargate_pv1.4.0,pre_pull,500,[range-midpoint] 400-600",
        "a,x,,,,1,2,fargate_pv1.4.0,pre_pull,500,[derived]",
        "a,x,,,,1,2,fargate_pv1.3.0_or_older,pre_pull,500,[measured]",
        "a,x,,,,1,2,ecs_ec2_cached,pre_pull,500,[measured]",
        "a,x,,,,1,2,fargate_pv1.4.0_soci,pre_pull,500,[measured]",
        "a,x,,,,1,2,fargate_pv1.4.0,post_pull,50,[measured] waits for a dependency",
        "a,x,,,,1,2,fargate_pv1.4.0,post_pull,5,[measured]",
    ]
    measurements = parse(_HEAD + "\n".join(rows))
    assert phase_seconds(measurements, "pre_pull") == [10, 11]
    assert phase_seconds(measurements, "post_pull") == [5]


def test_the_whole_starts_are_those_with_a_known_image_size() -> None:
    """Five starts: bytes, CPU where stated, the pull where measured apart, the whole."""
    assert [
        (
            start.profile.compressed_bytes,
            start.profile.layers[0].compression,
            start.cpu,
            start.pull,
            start.total,
        )
        for start in sized_starts(bundled())
    ] == [
        (80_000_000, "gzip", 256, 3.1, 22.9),
        (2_400_000_000, "gzip", 4096, None, 90),
        (1_160_000_000, "zstd", 4096, None, 60),
        (250_000_000, "gzip", None, None, 60),
        (1_000_000_000, "gzip", None, None, 60),
    ]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (9, Interval(1, 5, 9)),
        (10, Interval(1, 5.5, 10)),
        (19, Interval(2, 10, 18)),
        (29, Interval(3, 15, 27)),
    ],
)
def test_an_interval_leaves_a_tenth_of_the_ranks_on_each_side(n: int, expected: Interval) -> None:
    """With n values one further value falls below the k-th smallest with probability k/(n+1)."""
    assert prediction_interval([float(value) for value in range(1, n + 1)]) == expected


@given(values=st.lists(st.floats(0, 1000), min_size=2, max_size=40).map(sorted))
def test_an_interval_is_ordered_and_within_the_values(values: list[float]) -> None:
    """Whatever was measured, low, median and high are in order and inside the measured range."""
    interval = prediction_interval(values)
    assert values[0] <= interval.low <= interval.expected <= interval.high <= values[-1]


def test_each_trial_is_predicted_without_itself() -> None:
    """The longest pre-pull lies outside its own prediction, which it would not if it had been fitted."""
    trials = phase_trials(bundled(), "pre_pull")
    assert [trial.measured for trial in trials if not trial.covered] == [10.0, 24.2]
    assert [trial.covered for trial in start_trials(bundled())] == [True, True, True, False, True]
