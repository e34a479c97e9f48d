"""How long importing cdk_pull and starting its command line take.

Processor time of processes from start to end, the least of the rounds, so that a busy machine changes little; aims:

- `import cdk_pull` over `import aws_cdk`, each less `python -c pass`: 0.10.
- `cdk-pull --help` over `python -c pass`: 8.
- `cdk-pull check` of a template with 36 resources, and of one with a task alone, over `python -c pass`: 4.

What `python -c "import click"` and an import of the standard library's modules that every command needs take stands
beside them. Run it where cdk-pull is installed: an editable checkout adds its finder to every start of Python.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cdk_pull
from benchmarks.check_speed import template

PYTHON = [sys.executable, "-c"]
COMMAND = str(Path(sys.executable).parent / "cdk-pull")
STANDARD = "import contextlib, enum, functools, json, pathlib, re, typing"


def processor_seconds(command: list[str]) -> float:
    """Return the processor time of a process, in seconds."""
    # Bytecode is kept, as it is where a package is installed.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is measured, by its name in the table."""
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Image": "web:1"}]}}
    for name, document in (("36", template(36)), ("1", {"Resources": {"Task": task}})):
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return {
        "python -c pass": [*PYTHON, "pass"],
        "standard library": [*PYTHON, STANDARD],
        "import click": [*PYTHON, "import click"],
        "import cdk_pull": [*PYTHON, "import cdk_pull"],
        "import aws_cdk": [*PYTHON, "import aws_cdk"],
        "cdk-pull --help": [COMMAND, "--help"],
        "cdk-pull check, 1 resource": [COMMAND, "check", str(folder / "1.json")],
        "cdk-pull check, 36 resources": [COMMAND, "check", str(folder / "36.json")],
    }


def main() -> None:
    """Measure, and print the times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each kind (default: 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    # pip compiles what it installs; an editable checkout is compiled when first imported.
    compileall.compile_dir(Path(cdk_pull.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as folder:
        measured = commands(Path(folder))
        taken = [
            {name: processor_seconds(command) for name, command in measured.items()}
            for _ in range(arguments.rounds)
        ]
    least = {name: min(each[name] for each in taken) for name in measured}
    start = least["python -c pass"]
    of_aws_cdk = (least["import cdk_pull"] - start) / (least["import aws_cdk"] - start)
    if arguments.json:
        milliseconds = {name: 1000 * seconds for name, seconds in least.items()}
        print(json.dumps({"milliseconds": milliseconds, "import": of_aws_cdk}))
        return
    for name, seconds in least.items():
        print(f"{name:30} {1000 * seconds:8.1f} ms  {seconds / start:6.2f} times python -c pass")
    print(f"import cdk_pull / import aws_cdk   {of_aws_cdk:5.3f}  (aim: at most 0.10)")


if __name__ == "__main__":
    main()
