"""Fit the start-up estimate to the published measurements and write ``cdk_pull/data/fargate_start_model.json``.

Usage: ``python -m scripts.fit_start_model``
"""

from __future__ import annotations

import json
from pathlib import Path

from scripts.start_model.fit import fit
from scripts.start_model.measurements import bundled

_TARGET = Path(__file__).parent.parent / "cdk_pull" / "data" / "fargate_start_model.json"


def main() -> None:
    """Fit and write."""
    model = {
        "source": "scripts/fit_start_model.py on fargate_pull_measurements.csv and fargate_storage_throughput.json",
        "date": "2026-11-23",
        "model": fit(bundled()).to_json(),
    }
    _TARGET.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {_TARGET}")


if __name__ == "__main__":
    main()
