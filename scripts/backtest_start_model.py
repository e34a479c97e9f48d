"""Print the back-test of the start-up estimate: coverage, median width, and every whole start.

Each measurement is predicted by a model that is fitted without it; a whole start without anything of its source.
``docs/start-estimate.md`` quotes this output, and a test holds the two together.

Usage: ``python -m scripts.backtest_start_model``
"""

from __future__ import annotations

from scripts.start_model.backtest import report
from scripts.start_model.measurements import bundled


def main() -> None:
    """Print the report."""
    print(report(bundled()))


if __name__ == "__main__":
    main()
