"""How long importing cdk_pull and starting its command line take.

Three ratios of medians, each taken in one run, alternating, so that a busy machine slows both sides alike:

- `import cdk_pull` over `import aws_cdk`, both measured inside a fresh interpreter; aim 0.10.
- `cdk-pull --help` over `python -c pass`, both as processes from start to end; aim 8.
- `cdk-pull check` of a template with 36 resources over `python -c pass`; aim 4.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cdk_pull
from benchmarks.check_speed import template

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
COMMAND = str(Path(sys.executable).parent / "cdk-pull")


def import_seconds(module: str) -> float:
    """Return the seconds that a fresh interpreter needs to import a module."""
    run = subprocess.run(
        [sys.executable, "-c", IMPORT.format(module)], check=True, capture_output=True, text=True
    )
    return float(run.stdout)


def process_seconds(command: list[str]) -> float:
    """Return the seconds from the start of a process to its end."""
    start = time.perf_counter()
    # Bytecode is kept, as it is where a package is installed.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Measure, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each kind (default: 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.json"
        path.write_text(json.dumps(template(36)), encoding="utf-8")
        measure_all(path, rounds=arguments.rounds, as_json=arguments.json)


def measure_all(path: Path, *, rounds: int, as_json: bool) -> None:
    """Measure with a template to check, and print."""
    # pip compiles what it installs; an editable checkout is compiled when first imported.
    compileall.compile_dir(Path(cdk_pull.__file__).parent, quiet=2)
    measures: dict[str, Callable[[], float]] = {
        "import cdk_pull": lambda: import_seconds("cdk_pull"),
        "import aws_cdk": lambda: import_seconds("aws_cdk"),
        "cdk-pull --help": lambda: process_seconds([COMMAND, "--help"]),
        "cdk-pull check": lambda: process_seconds([COMMAND, "check", str(path)]),
        "python -c pass": lambda: process_seconds([sys.executable, "-c", "pass"]),
    }
    for measure in measures.values():
        measure()
    taken = [{name: measure() for name, measure in measures.items()} for _ in range(rounds)]
    medians = {name: statistics.median(each[name] for each in taken) for name in measures}
    ratios = {
        "import": medians["import cdk_pull"] / medians["import aws_cdk"],
        "command line": medians["cdk-pull --help"] / medians["python -c pass"],
        "check": medians["cdk-pull check"] / medians["python -c pass"],
    }
    if as_json:
        print(json.dumps({"milliseconds": {name: 1000 * s for name, s in medians.items()}, "ratios": ratios}))
        return
    for name, seconds in medians.items():
        print(f"{name:18} {1000 * seconds:8.1f} ms")
    print(f"import cdk_pull / import aws_cdk   {ratios['import']:5.3f}  (aim: at most 0.10)")
    print(f"cdk-pull --help / python -c pass   {ratios['command line']:5.2f}  (aim: at most 8)")
    print(f"cdk-pull check / python -c pass    {ratios['check']:5.2f}  (aim: at most 4)")


if __name__ == "__main__":
    main()
