"""Two fuzzers of different construction over everything that reads what others have written.

``make fuzz`` gives each of them 100,000 inputs; ``FUZZ_INPUTS`` another number.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.user_data import add_settings, read_any
from cdk_pull.cli import main
from cdk_pull.errors import CdkPullError
from cdk_pull.report.formats import FORMATS
from tests.fuzz.generator import Generated
from tests.fuzz.mutated import Mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 5
SETTINGS = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
SYSTEMS = ("linux", "windows", "bottlerocket")
FUZZERS: dict[str, type[Mutated | Generated]] = {"mutated": Mutated, "generated": Generated}
Source: TypeAlias = Mutated | Generated


def _run(*arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; hold that it ends as documented, and prints nothing that is unsafe."""
    before = sys.stdout, sys.stderr
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict") for _ in range(2)]
    sys.stdout, sys.stderr = streams
    try:
        main(list(arguments))
    except SystemExit as error:
        status = int(error.code or 0)
    finally:
        sys.stdout, sys.stderr = before
        # cdk-pull check looks for no garbage, as its process ends.
        gc.enable()
    out, err = (each.buffer.getvalue().decode() for each in streams)
    assert status in {0, 1, 2}, err
    for line in (out + err).split("\n"):
        assert line.isprintable(), line
        assert "##[" not in line, line
    assert "Traceback" not in err
    return status, out, err


def _check(source: Source, folder: Path) -> str:
    form = source.rng.choice(FORMATS)
    (folder / "t.yaml").write_bytes(source.text())
    status, out, _ = _run("check", str(folder / "t.yaml"), "--format", form, "--region", "eu-west-1")
    assert "PULL000" not in out or form == "sarif"
    assert "report it" not in out
    if form in {"json", "sarif"}:
        json.loads(out)
    return str(status)


def _agent(source: Source, folder: Path) -> str:
    file = folder / source.rng.choice(["u", "ecs.config"])
    file.write_bytes(source.user_data().encode("utf-8", "surrogatepass"))
    options = source.rng.choice([(), ("--os", "linux"), ("--os", "windows"), ("--json",)])
    return str(_run("agent", str(file), *options)[0])


def _add(source: Source, _folder: Path) -> str:
    system: Any = source.rng.choice(SYSTEMS)
    text = source.user_data()
    try:
        written = add_settings(text, SETTINGS, system)
    except CdkPullError:
        return "refused"
    value = read_any(written, system).effective.get("ECS_IMAGE_PULL_BEHAVIOR")
    assert value in {"once", None}, written
    return "written"


def _image(source: Source, _folder: Path) -> str:
    options = source.rng.choice([(), ("--json",), ("--region", "eu-west-1"), ("--region", source.size())])
    return str(_run("image", *options, "--", source.reference())[0])


def _size(source: Source, _folder: Path) -> str:
    further = ("--uncompressed", "--cpu", "--memory", "--target")
    names = ["--compressed", *(name for name in further if source.rng.random() < 0.4)]
    return str(_run("size", *(part for name in names for part in (name, source.size())))[0])


def _context(source: Source, folder: Path) -> str:
    (folder / "context.json").write_bytes(source.context())
    (folder / "t.yaml").write_text("Resources: {A: {Type: AWS::ECS::Cluster}}")
    return str(_run("check", str(folder / "t.yaml"), "--facts", str(folder / "context.json"))[0])


def _facts(source: Source, folder: Path) -> str:
    (folder / "facts.json").write_bytes(source.facts())
    image = json.dumps(source.reference())
    (folder / "t.json").write_text(
        '{"Resources": {"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"RequiresCompatibilities": ["FARGATE"], '
        f'"Cpu": "256", "Memory": "512", "ContainerDefinitions": [{{"Name": "c", "Image": {image}}}]}}}}}}}}'
    )
    return str(_run("check", str(folder / "t.json"), "--facts", str(folder / "facts.json"))[0])


TARGETS: dict[str, Callable[[Source, Path], str]] = {
    "check": _check,
    "agent": _agent,
    "add": _add,
    "image": _image,
    "size": _size,
    "context": _context,
    "facts": _facts,
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where there is no cdk-pull.toml and no cdk.context.json."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize("fuzzer", FUZZERS)
@pytest.mark.parametrize("target", TARGETS)
def test_some_inputs(fuzzer: str, target: str, tmp_path: Path) -> None:
    """No input of either fuzzer ends in a traceback, an unsafe line or an undocumented status."""

    @settings(max_examples=15, deadline=None, database=None)
    @given(st.integers(min_value=0, max_value=2**40))
    def holds(seed: int) -> None:
        TARGETS[target](FUZZERS[fuzzer](random.Random(seed)), tmp_path)  # noqa: S311 - repeatable, not secret

    holds()


@contextlib.contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.long
@pytest.mark.parametrize("fuzzer", FUZZERS)
def test_many_inputs(fuzzer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """100,000 inputs of each, none of which takes more than 5 s of processor time; the figures are printed."""
    number = int(os.environ.get("FUZZ_INPUTS", "100000"))
    first = int(os.environ.get("FUZZ_SEED", "0"))
    counts: Counter[str] = Counter()
    slowest: dict[str, tuple[float, int]] = {}
    names = list(TARGETS)
    for seed in range(first, first + number):
        target = names[seed % len(names)]
        begin = time.process_time()
        try:
            with _alarm(SECONDS):
                outcome = TARGETS[target](FUZZERS[fuzzer](random.Random(seed)), tmp_path)  # noqa: S311 - as above
        except Exception as error:
            raise AssertionError(f"{fuzzer} {target} {seed}: {type(error).__name__}: {error}") from error
        counts[f"{target} {outcome}"] += 1
        slowest[target] = max(slowest.get(target, (0.0, 0)), (time.process_time() - begin, seed))
    with capsys.disabled():
        print(f"\n{fuzzer}: {dict(sorted(counts.items()))}")  # noqa: T201 - the figures
        print(f"slowest: { {name: f'{took:.2f} s ({seed})' for name, (took, seed) in slowest.items()} }")  # noqa: T201
