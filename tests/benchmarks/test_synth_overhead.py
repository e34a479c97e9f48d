"""What cdk_pull adds to a synth, counted."""

from __future__ import annotations

from benchmarks.synth_overhead import measure_in_a_process, outcome


def test_the_two_apps_are_the_same_and_the_calls_are_few() -> None:
    """The app by hand has the same templates; a capacity costs three calls more, a task the two of its Duration."""
    first = measure_in_a_process(None, (1, 1))
    like = outcome(first["templates"])

    extra = []
    for how_many in ((1, 1), (3, 1), (1, 25)):
        ours = measure_in_a_process(None, how_many)
        by_hand = measure_in_a_process(like, how_many)
        assert ours["templates"] == by_hand["templates"]
        extra.append(ours["calls"] - by_hand["calls"])

    assert extra[1] - extra[0] <= 2 * 3
    # The rest is asked of many tasks at once.
    assert extra[2] - extra[0] <= 24 * 2 + 12
