from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cdk_pull.cli import main
from cdk_pull.windows.window import cache_window


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Run the command and return its exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as caught:
        main(["windows", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON is that of the window, with exit status 0."""
    status, out, err = run(capsys, "WINDOWS_SERVER_2022_CORE", "--date", "2023-08-10", "--json")
    answer = json.loads(out)
    assert (status, err) == (0, "")
    assert answer == cache_window("WINDOWS_SERVER_2022_CORE", "2023-08-10").to_json()
    assert answer["tags"] == ["ltsc2022", "10.0.20348.1906", "10.0.20348.1850"]
    assert answer["safe_pin"] == "10.0.20348.1850"


def test_lag(capsys: pytest.CaptureFixture[str]) -> None:
    """The lag can be given in days."""
    _, out, _ = run(capsys, "WINDOWS_SERVER_2022_CORE", "--date", "2023-08-10", "--lag", "2", "--json")
    assert json.loads(out)["safe_pin"] == "10.0.20348.1906"


def test_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """Past the horizon the JSON says unknown, one line says refresh, and the exit status is 1."""
    status, out, err = run(capsys, "WINDOWS_SERVER_2019_FULL", "--date", "2026-11-23", "--json")
    answer = json.loads(out)
    assert (status, answer["status"], answer["tags"], answer["safe_pin"], answer["cached_until"]) == (
        1,
        "unknown",
        [],
        None,
        None,
    )
    assert err.count("\n") == 1
    assert err.startswith("cdk-pull: unknown for WINDOWS_SERVER_2019_FULL on 2026-11-23: ")
    assert err.endswith(": refresh the catalogue with cdk-pull refresh windows\n")


def test_today_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a date the command answers for today."""
    _, out, _ = run(capsys, "WINDOWS_SERVER_2022_CORE", "--json")
    answered = datetime.fromisoformat(json.loads(out)["date"]).replace(tzinfo=UTC)
    assert abs(answered - datetime.now(UTC)) <= timedelta(days=2)


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json the answer is written for people, notes included."""
    status, out, _ = run(capsys, "WINDOWS_SERVER_2022_CORE", "--date", "2025-10-26")
    assert status == 0
    assert "build on      10.0.20348.4294\n" in out
    assert "cached until  2025-12-09, 2025-12-16 at the latest\n" in out
    assert "note: ltsc2022 was moved" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("WINDOWS_SERVER_2025_CORE",), "Fargate does not run WINDOWS_SERVER_2025_CORE"),
        (("LINUX",), "operating system family is not one of Windows on Fargate: 'LINUX'"),
        (("WINDOWS_SERVER_2022_CORE", "--date", "2026-9-1"), "date is malformed: '2026-9-1'"),
        (("WINDOWS_SERVER_2022_CORE", "--lag", "40"), "40 is not in the range 0<=x<=27"),
        ((), "Missing argument 'FAMILY'"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    """Bad input gives exit status 2 and one line on standard error."""
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
