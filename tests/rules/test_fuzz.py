"""Templates that nobody would write: no crash, no endless work, no report that cannot be read."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.records import replace
from cdk_pull.report.formats import FORMATS, render
from cdk_pull.rules.engine.runner import Options, Result, check
from cdk_pull.rules.fixes.fix_file import fix_file
from cdk_pull.rules.fixes.selected import SelectedFixes
from cdk_pull.template.assembly import from_document
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.load import load
from cdk_pull.windows.window import to_date
from tests.rules.mutator import mutant, mutated_assembly, mutated_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = Options(today=to_date("2024-06-25"))
FIXES = SelectedFixes.of((), (), ["PULL"])
REGIONS = (None, "eu-west-1", "x")
SECONDS = 30


def _judge(result: Result, form: str) -> None:
    """Hold that no rule failed, and that a report of the result can be written and read."""
    assert [finding.message for finding in result.findings if finding.rule == "PULL000"] == []
    assert not [error for error in result.errors if "report it" in error]
    text = render(result, form, show_suppressed=True).encode("utf-8", "backslashreplace").decode()
    if form in {"json", "sarif"}:
        json.loads(text)
    elif form == "junit":
        ET.fromstring(text)  # noqa: S314 - it is our own


def _in_memory(seed: int) -> str:
    try:
        assembly = from_document(mutant(seed), region=REGIONS[seed % 3])
    except TemplateError:
        return "refused"
    _judge(check([assembly], OPTIONS), FORMATS[seed % len(FORMATS)])
    return "checked"


def _from_file(seed: int, folder: Path) -> str:
    """Check a mutated file."""
    data = mutated_text(seed)
    file = folder / "t.yaml"
    file.write_bytes(data)
    loaded = load([file], region=REGIONS[seed % 3])
    assert all("\n" not in error for error in loaded.errors)
    _judge(check(loaded.assemblies, OPTIONS), FORMATS[seed % len(FORMATS)])
    for assembly in loaded.assemblies:
        fixed = fix_file(assembly, OPTIONS, FIXES)
        assert fix_file(fixed.assembly, OPTIONS, FIXES).made == ()
        left = check([fixed.assembly], replace(OPTIONS, file_fixes=True)).findings
        assert not [each for each in left if each.file_fix and "report it" in each.file_fix.refused]
    return "refused" if loaded.errors else "checked"


def _from_assembly(seed: int, folder: Path) -> str:
    out = folder / "cdk.out"
    for name, document in mutated_assembly(seed).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(json.dumps(document))
    loaded = load([out])
    result = check(loaded.assemblies, OPTIONS)
    shutil.rmtree(out)
    assert all("\n" not in error for error in (*loaded.errors, *result.errors))
    _judge(result, FORMATS[seed % len(FORMATS)])
    return "refused" if loaded.errors else "checked"


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0))
def test_mutated_templates(seed: int) -> None:
    """No mutation makes a rule, the engine or a report fail."""
    _in_memory(seed)


@settings(max_examples=150, deadline=None)
@given(st.integers(min_value=0))
def test_mutated_texts(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """No mutated file does, what cannot be read is told in one line, and what can be fixed is fixed in one run."""
    _from_file(seed, tmp_path_factory.getbasetemp())


@settings(max_examples=150, deadline=None)
@given(st.integers(min_value=0))
def test_mutated_assemblies(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """No mutated cloud assembly does."""
    _from_assembly(seed, tmp_path_factory.getbasetemp())


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError(f"not done after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.long
def test_twenty_thousand_mutants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty thousand of them: in memory, as files and as assemblies; the figures are printed."""
    counts: Counter[str] = Counter()
    slowest = (0.0, 0)
    for seed in range(20_000):
        begin = time.perf_counter()
        try:
            with _alarm():
                match seed % 5:
                    case 0:
                        counts[f"assembly {_from_assembly(seed, tmp_path)}"] += 1
                    case 1:
                        counts[f"file {_from_file(seed, tmp_path)}"] += 1
                    case _:
                        counts[f"document {_in_memory(seed)}"] += 1
        except Exception as error:
            raise AssertionError(f"mutant {seed}: {type(error).__name__}: {error}") from error
        slowest = max(slowest, (time.perf_counter() - begin, seed))
    with capsys.disabled():
        print(f"\n{dict(counts)}; the slowest took {slowest[0]:.2f} s (mutant {slowest[1]})")  # noqa: T201 - the figures
