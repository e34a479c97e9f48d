from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cdk_pull.cli import main
from cdk_pull.fargate.sizes import sizes


@pytest.fixture(autouse=True)
def _no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


_IMAGE = ["--compressed", "800MB", "--uncompressed", "2.4GB", "--region", "us-east-1"]


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(["size", *arguments])
    output = capsys.readouterr()
    return leaving.value.code, output.out, output.err


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_run(capsys, *arguments, "--json")[1])
    return answer


def test_the_json_is_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """The choice, whether it meets the target, and each candidate with its interval and price."""
    answer = _json(capsys, "--cpu", "1024", "--memory", "2048", *_IMAGE, "--target", "60s")
    assert answer["choice"] == {"cpu": 4096, "memory_mib": 8192}
    assert answer["target_met"] is True
    chosen = next(item for item in answer["candidates"] if item["cpu"] == 4096)
    assert chosen == {
        "cpu": 4096,
        "memory_mib": 8192,
        "start_seconds": {"low": 25.3, "expected": 45.4, "high": 107.7},
        "usd_per_month": 144.16,
        "usd_per_hour": 0.19748,
    }


@pytest.mark.parametrize(("target", "status", "met"), [("60s", 0, True), ("1m", 0, True), ("10", 1, False)])
def test_the_exit_status_answers_whether_the_target_is_met(
    *,
    capsys: pytest.CaptureFixture[str],
    target: str,
    status: int,
    met: bool,
) -> None:
    """0 when a size starts in time, 1 with a line on standard error when none does."""
    code, out, err = _run(capsys, *_IMAGE, "--target", target, "--json")
    assert (code, json.loads(out)["target_met"]) == (status, met)
    assert bool(err) is not met


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_of_the_environment_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A shell that is set up for a Region gets its prices; the option goes before it, and a typing error is told."""
    monkeypatch.setenv(variable, "eu-central-1")
    assert _json(capsys, "--compressed", "1GB")["price_region"] == "eu-central-1"
    assert _json(capsys, "--compressed", "1GB", "--region", "sa-east-1")["price_region"] == "sa-east-1"
    monkeypatch.setenv(variable, "eu-central1")
    assert "Did you mean eu-central-1?" in _run(capsys, "--compressed", "1GB")[2]


def test_a_limit_per_month_is_the_limit_per_hour_of_730_hours(capsys: pytest.CaptureFixture[str]) -> None:
    """$20 a month affords 0.5 vCPU and not 1."""
    assert _json(capsys, *_IMAGE, "--max-usd-per-month", "20") == _json(
        capsys, *_IMAGE, "--max-usd-per-hour", str(20 / 730)
    )


def test_the_upper_bound_can_be_held_to_the_target(capsys: pytest.CaptureFixture[str]) -> None:
    """--hold high asks for nine starts of ten."""
    answer = _json(capsys, *_IMAGE, "--target", "110s", "--hold", "high")
    assert answer["choice"] == {"cpu": 4096, "memory_mib": 8192}
    assert answer["why"].startswith(
        "the cheapest size whose upper bound of the start, 108 s, is within 110 s"
    )


def test_without_a_target_the_smallest_size_is_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing asked, nothing to miss: the size as given and a null target_met."""
    code, out, _ = _run(capsys, "--cpu", ".5 vCPU", "--memory", "2GB", "--compressed", "1GB", "--json")
    answer = json.loads(out)
    assert (code, answer["choice"], answer["target_met"]) == (0, {"cpu": 512, "memory_mib": 2048}, None)
    assert {item["usd_per_hour"] for item in answer["candidates"]} == {None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--cpu", "256", "--memory", "8192", *_IMAGE],
            "cpu and memory are not a Fargate task size on Linux: '256/8192'",
        ),
        (["--cpu", "300", "--memory", "1024", *_IMAGE], "'300/1024'"),
        (["--cpu", "32768", "--memory", "65536", *_IMAGE], "'32768/65536'"),
        (["--cpu", "512", "--memory", "1024", "--os", "windows", *_IMAGE], "on Windows: '512/1024'"),
        (["--compressed", "many"], "--compressed is not a size in bytes: 'many'"),
        (
            ["--compressed", "1GB", "--target", "soon"],
            "--target is not a duration: 'soon'; allowed: seconds or minutes",
        ),
        (
            ["--compressed", "1GB", "--target", "0s"],
            "the target must be above 0 seconds: 0.0; allowed: a number above 0",
        ),
        (["--compressed", "1GB", "--target", "9s", "--max-usd-per-hour", "1"], "are both given"),
        (["--compressed", "150GB", "--uncompressed", "300GB"], "do not fit a Linux task's ephemeral storage"),
        (["--compressed", "9" * 400 + "GB"], "--compressed is beyond counting: '99999999999999999999…'"),
        (["--cpu", "9" * 5000, "--compressed", "1GB"], "cpu is not in a form that ECS accepts"),
        (
            ["--cpu", "0." + "9" * 5000 + "vCPU", "--compressed", "1GB"],
            "cpu is not in a form that ECS accepts",
        ),
        (["--memory", "500GB", "--compressed", "1GB"], "no Fargate task size on Linux holds"),
        (
            ["--compressed", "2GB", "--uncompressed", "1GB"],
            "uncompressed size is smaller than the compressed size",
        ),
        (
            ["--compressed", "1GB", "--os", "windows", "--arch", "arm64"],
            "a Windows task on Fargate cannot have this architecture: 'arm64'; allowed: x86_64",
        ),
        ([], "no image: ''; allowed: IMAGE, or --compressed with a size"),
        (["--compressed", "800"], "--compressed has no unit: '800'; allowed: a number with B, kB"),
        (
            [*_IMAGE, "--max-usd-per-hour", "1", "--max-usd-per-month", "1"],
            "--max-usd-per-hour and --max-usd-per-month are both given: keep one of them",
        ),
        (
            [*_IMAGE, "--region", "eu-wset-1"],
            "unknown Region: 'eu-wset-1'; allowed: the name of an AWS Region, such as us-east-1. Did you mean eu-west-1?",
        ),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Whatever is wrong, standard error has one line that says so, and standard output nothing."""
    code, out, err = _run(capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ([], {"cpu": 256, "memory_mib": 512}),
        (["--os", "windows"], {"cpu": 1024, "memory_mib": 2048}),
        (["--cpu", "4 vCPU"], {"cpu": 4096, "memory_mib": 8192}),
        (["--memory", "3GB"], {"cpu": 512, "memory_mib": 3072}),
    ],
)
def test_the_part_of_a_size_left_out_is_the_least(
    capsys: pytest.CaptureFixture[str], arguments: list[str], size: dict[str, int]
) -> None:
    """A memory alone, a CPU alone or neither gives the smallest size of the operating system that has it."""
    assert _json(capsys, "--compressed", "1GB", *arguments)["choice"] == size


def test_an_image_without_bytes_leaves_nothing_to_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is pulled the start is what surrounds a pull, and no change to the image is proposed."""
    code, out, _ = _run(capsys, "--compressed", "0B")
    assert code == 0
    assert "16 s (13-30 s)" in out
    assert "Ways" not in out


def test_the_ways_name_size_image_start_and_price_the_cheapest_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For 800 MB in 60 s an image of half the size on the smallest task stands above a task of 4 vCPU."""
    ways = _json(capsys, *_IMAGE, "--target", "60s")["ways"]
    assert [(way["what"], round(way["start_seconds"]["expected"]), way["usd_per_month"]) for way in ways] == [
        ("0.25 vCPU, 0.5 GB with an image of half the size", 52, 9.01),
        ("0.25 vCPU, 0.5 GB with a SOCI index", 18, 9.01),
        ("2 vCPU, 4 GB with the image in zstd", 59, 72.08),
        ("4 vCPU, 8 GB with the image as it is", 45, 144.16),
    ]
    assert [way["more"] for way in ways] == ["", "", "$63 a month more", "$135 a month more"]


@pytest.mark.parametrize(
    ("arguments", "cost"),
    [
        (
            ["--starts-per-day", "100"],
            "$9.01 a month in us-east-1 ($0.0123 per hour); of 100 starts a day, $0.78 a month for the starts alone",
        ),
        (
            ["--starts-per-day", "100", "--runs-for", "5m"],
            "$3.91 a month in us-east-1 for 100 runs a day of 300 s, $0.78 of it for the starts alone ($0.0123 per hour)",
        ),
    ],
)
def test_starts_have_a_price(capsys: pytest.CaptureFixture[str], arguments: list[str], cost: str) -> None:
    """How often a task starts prices the starts; how long it runs prices the runs instead of the month."""
    assert _json(capsys, *_IMAGE, *arguments)["cost"] == cost


def test_a_length_of_the_runs_needs_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    """A run of five minutes costs nothing to say of as long as nobody says how often."""
    assert _run(capsys, *_IMAGE, "--runs-for", "5m") == (
        2,
        "",
        "cdk-pull: --runs-for needs to know how often: '5m'; allowed: --starts-per-day beside it\n",
    )


def test_every_valid_pair_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    """All pairs of the table, on both operating systems, are taken as they are."""
    for os in ("linux", "windows"):
        for size in sizes(os):
            answer = _json(
                capsys,
                "--cpu",
                str(size.cpu),
                "--memory",
                str(size.memory_mib),
                "--compressed",
                "1MB",
                "--os",
                os,
            )
            assert answer["choice"] == {"cpu": size.cpu, "memory_mib": size.memory_mib}


def test_the_text_tells_choice_reason_price_and_candidates(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person reads the size first, then why, what it costs, what is better, the sizes weighed and the ways."""
    monkeypatch.setenv("COLUMNS", "140")
    _, out, _ = _run(capsys, *_IMAGE, "--target", "60s")
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0] == "4 vCPU, 8 GB  (4096/8192)"
    assert " ".join(lines[1:3]) == (
        "Why:  the cheapest size whose expected start, 45 s, is within 60 s; 2 vCPU, 4 GB misses it by 3 s, less than "
        "the noise of 10 s, and costs $72 a month less"
    )
    assert lines[3:5] == [
        "Cost: $144 a month in us-east-1 ($0.1975 per hour), $135 a month more than 0.25 vCPU, 0.5 GB",
        "Better: 0.25 vCPU, 0.5 GB with an image of half the size: 52 s, $9.01 a month, see below",
    ]
    assert "2 vCPU, 4 GB       63 s (31-161 s)        $72        +$63   $0.0987  near miss" in lines
    assert "4 vCPU, 8 GB       45 s (25-108 s)       $144       +$135   $0.1975  chosen" in lines
    assert "In brackets the interval: 80% of the starts." in lines


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("command", ["size", "plan"])
def test_nothing_is_cut_or_broken_at_the_width_of_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, width: int
) -> None:
    """Each size, start and price stands whole in its row, and no line is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        main([command, *_IMAGE, "--target", "60s"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)
    sizes = [line for line in lines if re.match(r"[0-9.]+ vCPU, [0-9.]+ GB  ", line) and "(" in line]
    assert len([line for line in sizes if re.search(r"[0-9]+ s \([0-9]+-[0-9]+ s\)", line)]) >= 8
