from __future__ import annotations

import json
from importlib.resources import files

from cdk_pull.fargate.estimate.start_model import StartFacts, start_facts


def test_the_facts_are_the_documented_ones() -> None:
    """Written out a second time, as the table must not be its own judge."""
    assert start_facts() == StartFacts(
        noise_seconds=10.0,
        soci_least_bytes=250_000_000,
        soci_pull_seconds=2.4,
        zstd_largest_share=0.27,
        ec2_cached_pull_seconds=(0.05, 0.3, 4),
        waiting_seconds=(11, 52),
        included_gib=20,
        minimum_gib=21,
        maximum_gib=200,
    )


def test_each_figure_has_its_source() -> None:
    """A figure without a source cannot be checked, nor refreshed."""
    data = json.loads(files("cdk_pull.data").joinpath("fargate_start_facts.json").read_text("utf-8"))
    del data["date"]
    assert all(fact["source"] for fact in data.values())
