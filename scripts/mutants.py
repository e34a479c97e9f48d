"""Change tuned code in small ways and list the changes that no test notices: `python -m scripts.mutants [--count 20]`.

A sample of mutants is made of the modules that decide: `agent`, `rules`, `fargate`, `iam`, `network` and `windows`. Each is one change: a
number by one, a comparison at its bound, one side of an `and` or `or` left out, a condition turned round, a message
emptied. Its tests run in a copy of the checkout, first those of its module, then those of its package. A mutant that
survives needs a test, or a line with the reason in `scripts/mutants_accepted.txt`.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
AREAS: Final = ("agent", "rules", "fargate", "iam", "network", "windows")
ACCEPTED: Final = ROOT / "scripts" / "mutants_accepted.txt"
COPIED: Final = (
    "benchmarks", "cdk_pull", "changelog.d", "docs", "examples", "scripts", "tests", "pyproject.toml", "README.md",
    "CONTRIBUTING.md", "CHANGELOG.md", "setup.py", "constraints.txt", "cdk.json",
)  # fmt: skip
BOUNDS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes:
        module: its path in the checkout.
        line: of the change.
        what: the code before and after.
        source: of the whole module after the change.
    """

    module: Path
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}: {self.what}"


def mutants_of(module: Path, source: str) -> Iterator[Mutant]:
    """Yield each change of a module."""
    tree = ast.parse(source)
    for node in _code(tree):
        before = ast.unparse(node)
        for after in _changes(node):
            start = _offset(source, node.lineno, node.col_offset)
            end = _offset(source, node.end_lineno or 0, node.end_col_offset or 0)
            changed = f"{source[:start]}({after}){source[end:]}"
            try:
                ast.parse(changed)
            except SyntaxError:
                continue
            yield Mutant(module, node.lineno, f"{before} -> {after}", changed)


def _code(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the expressions that run: no docstring, no annotation, no part of a string in pieces."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    continue
                pieces = {
                    id(inner)
                    for each in ast.walk(statement)
                    if isinstance(each, ast.JoinedStr)
                    for inner in ast.walk(each)
                }
                for each in ast.walk(statement):
                    if isinstance(each, ast.expr) and id(each) not in pieces:
                        yield each


def _changes(node: ast.expr) -> Iterator[str]:
    """Yield the code that may stand in place of an expression."""
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ):
        yield repr(node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield repr("mutant")
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield repr(not node.value)
    elif isinstance(node, ast.BoolOp):
        for number in range(len(node.values)):
            rest = [*node.values[:number], *node.values[number + 1 :]]
            yield ast.unparse(rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield ast.unparse(ast.Compare(node.left, [BOUNDS[type(node.ops[0])]()], node.comparators))
    elif isinstance(node, ast.IfExp):
        yield ast.unparse(ast.IfExp(node.test, node.orelse, node.body))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield ast.unparse(node.operand)


def _offset(source: str, line: int, column: int) -> int:
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


def suites_of(module: Path) -> list[Path]:
    """Return the tests to run for a module, the nearest first."""
    inside = module.relative_to("cdk_pull")
    near = [Path("tests") / inside.parent / f"test_{inside.stem}.py", Path("tests") / inside.parent]
    area = Path("tests") / inside.parts[0]
    if module.name.startswith("pull"):
        near = [Path("tests/rules/test_rules.py")]
    found = [path for path in (*near, area) if (ROOT / path).exists()]
    return list(dict.fromkeys(found))


def survives(mutant: Mutant, copy: Path, seconds: int) -> bool:
    """Tell whether all tests of a mutant pass in a copy of the checkout."""
    path = copy / mutant.module
    original = path.read_text(encoding="utf-8")
    path.write_text(mutant.source, encoding="utf-8")
    try:
        return all(_passes(tests, copy, seconds) for tests in suites_of(mutant.module))
    finally:
        path.write_text(original, encoding="utf-8")


def _passes(tests: Path, copy: Path, seconds: int) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not long",
        str(tests),
    ]
    try:
        run = subprocess.run(
            command,
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def accepted() -> set[str]:
    """Return the mutants that may survive."""
    lines = ACCEPTED.read_text(encoding="utf-8").splitlines()
    return {line.rpartition("  # ")[0] for line in lines if line and not line.startswith("#")}


def main() -> int:
    """Run a sample; return 1 if a mutant survives that nobody has accepted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20, help="mutants to run (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="another sample (default: 1)")
    parser.add_argument("--area", choices=AREAS, action="append", help="only this package (repeatable)")
    parser.add_argument(
        "--seconds", type=int, default=300, help="that one run of tests may take (default: 300)"
    )
    options = parser.parse_args()
    areas = options.area or AREAS
    modules = [path for area in areas for path in sorted((ROOT / "cdk_pull" / area).rglob("*.py"))]
    chance = random.Random(options.seed)  # noqa: S311 - a sample, no secret
    known, left = accepted(), 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif (ROOT / name).exists():
                shutil.copy(ROOT / name, copy / name)
        for number in range(1, options.count + 1):
            mutant = None
            while mutant is None:
                module = chance.choice(modules)
                choices = list(mutants_of(module.relative_to(ROOT), module.read_text(encoding="utf-8")))
                mutant = chance.choice(choices) if choices else None
            alive = survives(mutant, copy, options.seconds)
            excused = str(mutant) in known
            left += alive and not excused
            verdict = "survives, accepted" if alive and excused else "SURVIVES" if alive else "found"
            print(f"{number:>3} {verdict:<9} {mutant.module}:{mutant.line}: {mutant.what}", flush=True)
    print(f"{left} of {options.count} mutants survive")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
