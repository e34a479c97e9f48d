"""Many processes that write one file, some of them killed."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cdk_pull.data.writing import update_whole, write_whole
from cdk_pull.errors import UnsupportedError

# Each line read from standard input is the number of a round; each round adds keys of this writer's own.
WRITER = """
import sys
from pathlib import Path
from cdk_pull.image.context import ContextFile

path, number = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
for line in sys.stdin:
    file = ContextFile(path)
    file.content[f"cdk-pull:image:platform=p:ref={number}-{line.strip()}"] = {"digest": "0" * 2000}
    file.save()
    print(line, end="", flush=True)
"""
MEASURER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from cdk_pull.fargate.estimate.measured import MeasuredGroup, MeasuredStart, save_measured
from cdk_pull.fargate.estimate.pulls import TaskImage

start = MeasuredStart(datetime.now(UTC).replace(microsecond=0), f"task{sys.argv[2]}", 1.0, 2.0, 3.0)
save_measured(Path(sys.argv[1]), [MeasuredGroup(
    launch_type="FARGATE", region="eu-west-1", os="linux", cpu=256, memory_mib=512,
    images=(TaskImage("app:1", ""),), starts=(start,),
)])
"""


def start(script: str, path: Path, number: int) -> subprocess.Popen[str]:
    """Start a writer."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path), str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def rounds(path: Path, count: int, *, writers: int = 20, seed: int = 1) -> None:
    """Let writers change one file in rounds, kill one in every other round, and hold what the file then holds."""
    choice = random.Random(seed)  # noqa: S311 - which writer is killed is no secret
    path.write_text('{"vpc-provider:x": 1}')
    running = {number: start(WRITER, path, number) for number in range(writers)}
    try:
        for process in running.values():
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        done: set[str] = set()
        for turn in range(count):
            victim = choice.choice(sorted(running)) if turn % 2 else None
            for process in running.values():
                assert process.stdin
                process.stdin.write(f"{turn}\n")
                process.stdin.flush()
            if victim is not None:
                time.sleep(choice.random() * 0.05)
                running[victim].send_signal(signal.SIGKILL)
            for number, process in running.items():
                assert process.stdout
                answer = process.stdout.readline()
                assert answer or number == victim
                if answer:
                    done.add(f"cdk-pull:image:platform=p:ref={number}-{turn}")
            content = json.loads(path.read_text())
            assert content.pop("vpc-provider:x") == 1
            assert done <= content.keys()
            if victim is not None:
                _end(running.pop(victim))
                running[victim] = start(WRITER, path, victim)
                out = running[victim].stdout
                assert out
                assert out.readline() == "ready\n"
            # The file stays small enough that a round costs what the lock costs.
            if turn % 10 == 9:
                path.write_text('{"vpc-provider:x": 1}')
                done.clear()
        update_whole(path, path.read_text)
        assert list(path.parent.iterdir()) == [path]
    finally:
        for process in running.values():
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        assert stream
        with contextlib.suppress(OSError):
            stream.close()


def test_writers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    """What each of 4 writers wrote is there after each round, whichever of them was killed."""
    rounds(tmp_path / "cdk.context.json", 4, writers=4)


@pytest.mark.long
def test_20_writers_lose_nothing_in_200_rounds(tmp_path: Path) -> None:
    """What each of 20 writers wrote is there after each of 200 rounds, in half of which one was killed."""
    rounds(tmp_path / "cdk.context.json", 200)


@pytest.mark.parametrize("writers", [3, pytest.param(20, marks=pytest.mark.long)])
def test_measurements_side_by_side(tmp_path: Path, writers: int) -> None:
    """Each of several runs of `measure --save` leaves its start."""
    path = tmp_path / "measured.json"
    running = [start(MEASURER, path, number) for number in range(writers)]
    assert [process.wait(timeout=120) for process in running] == [0] * writers
    for process in running:
        _end(process)
    (group,) = json.loads(path.read_text())["groups"]
    assert {line.split()[1] for line in group["starts"]} == {f"task{number}" for number in range(writers)}


def test_what_another_program_writes_meanwhile_stays(tmp_path: Path) -> None:
    """A program that knows nothing of the lock is noticed before its change is overwritten."""
    path = tmp_path / "file"
    path.write_text("a")
    calls: list[str] = []

    def change() -> str:
        text = path.read_text()
        calls.append(text)
        if len(calls) == 1:
            path.write_text("another program's")
        return text + "!"

    assert update_whole(path, change)
    assert path.read_text() == "another program's!"
    assert calls == ["a", "another program's"]


def test_no_change_is_no_write(tmp_path: Path) -> None:
    """A file that is right already is not touched, and a missing one is not made."""
    assert not update_whole(tmp_path / "file", lambda: None)
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """Text that cannot be written leaves the old file and nothing beside it."""
    path = tmp_path / "file"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """The error names the path and says that nothing has changed."""
    (tmp_path / "a").write_text("")
    path = tmp_path / "a" / "file"
    with pytest.raises(UnsupportedError) as error:
        write_whole(path, "text")
    assert str(error.value).startswith(f"{path} cannot be written (")
    assert str(error.value).endswith("); it is as it was")
