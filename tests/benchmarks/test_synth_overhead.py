"""What cdk_pull adds to a synth, counted."""

from __future__ import annotations

from benchmarks.synth_overhead import measure_in_a_process, outcome


def test_the_two_apps_are_the_same_and_the_calls_are_few() -> None:
    """The app by hand has the same templates, and each capacity with cdk_pull costs nine calls more at most."""
    first = measure_in_a_process(None, (1, 1))
    like = outcome(first["templates"])

    extra = []
    for capacities in (1, 3):
        ours = measure_in_a_process(None, (capacities, 1))
        by_hand = measure_in_a_process(like, (capacities, 1))
        assert ours["templates"] == by_hand["templates"]
        extra.append(ours["calls"] - by_hand["calls"])

    assert extra[1] - extra[0] <= 2 * 9
