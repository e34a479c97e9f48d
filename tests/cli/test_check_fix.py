"""``cdk-pull check --fix``, ``--diff`` and ``--unsafe-fixes``."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from cdk_pull.cli import main
from cdk_pull.rules.fixes.fix_file import FixedFile, fix_file

FIXTURES: Final = Path(__file__).parents[1] / "rules" / "fixtures"
SAFE: Final = (FIXTURES / "PULL201" / "fail_odd.yaml").read_text(encoding="utf-8")
UNSAFE: Final = (FIXTURES / "PULL112" / "fail.yaml").read_text(encoding="utf-8")
FIXED: Final = SAFE.replace("Cpu: 300", "Cpu: 512")
DIFF: Final = ["-      Cpu: 300", "+      Cpu: 512"]


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, list[str]]:
    with pytest.raises(SystemExit) as exit_:
        main(["check", *arguments])
    out, err = capsys.readouterr()
    return int(exit_.value.code or 0), out, err.splitlines()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run where there are two templates, one with a safe fix and one with an unsafe one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "safe.yaml").write_text(SAFE, encoding="utf-8")
    (tmp_path / "unsafe.yaml").write_text(UNSAFE, encoding="utf-8")
    return tmp_path


def test_fix(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """The safe fixes are written, told with line and rule, and not found again; the report has what is left."""
    status, out, err = _run(capsys, "safe.yaml", "unsafe.yaml", "--fix", "--fail-on", "warning")
    assert status == 1
    assert err == [
        "cdk-pull: safe.yaml:7 PULL201: fixed, Cpu is 512 in place of 300",
        "cdk-pull: 1 unsafe fix is available with --unsafe-fixes PULL112",
    ]
    assert "PULL201" not in out
    assert "warning PULL112" in out
    assert (folder / "safe.yaml").read_text(encoding="utf-8") == FIXED
    assert (folder / "unsafe.yaml").read_text(encoding="utf-8") == UNSAFE
    assert _run(capsys, "safe.yaml", "--fix")[::2] == (0, [])
    assert sorted(each.name for each in folder.iterdir()) == ["safe.yaml", "unsafe.yaml"]


@pytest.mark.parametrize("ids", ["PULL112", "pull1", "PULL301,PULL112"])
def test_unsafe(capsys: pytest.CaptureFixture[str], folder: Path, ids: str) -> None:
    """An unsafe fix is made where its rule is asked for by its id, or a prefix of it."""
    status, _, err = _run(capsys, "unsafe.yaml", "--fix", "--unsafe-fixes", ids, "--fail-on", "warning")
    assert (status, err) == (0, ["cdk-pull: unsafe.yaml:15 PULL112: fixed, it is left out"])
    assert (folder / "unsafe.yaml").read_text(encoding="utf-8") == UNSAFE.replace(
        "            echo ECS_IMAGE_CLEANUP_INTERVAL=30m >> /etc/ecs/ecs.config\n", ""
    )


def test_a_rule_with_both_kinds(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """The unsafe fix of a rule that has a safe one as well waits for its id, too."""
    text = (FIXTURES / "PULL106" / "fail_own_ami.yaml").read_text(encoding="utf-8")
    (folder / "t.yaml").write_text(text, encoding="utf-8")
    available = ["cdk-pull: 1 unsafe fix is available with --unsafe-fixes PULL106"]
    assert _run(capsys, "t.yaml", "--fix", "--select", "PULL106")[2] == available
    assert (folder / "t.yaml").read_text(encoding="utf-8") == text
    (line,) = _run(capsys, "t.yaml", "--fix", "--select", "PULL106", "--unsafe-fixes", "PULL106")[2]
    assert line.endswith("PULL106: fixed, it appends")


def test_diff(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """A unified diff is printed and nothing is written; 1 where there is something to fix, else 0."""
    status, out, err = _run(capsys, "safe.yaml", "unsafe.yaml", "--diff")
    assert status == 1
    assert err == ["cdk-pull: 1 unsafe fix is available with --unsafe-fixes PULL112"]
    lines = out.splitlines()
    assert lines[:2] == ["--- a/safe.yaml", "+++ b/safe.yaml"]
    assert [line for line in lines[2:] if line[0] in "-+"] == DIFF
    assert (folder / "safe.yaml").read_text(encoding="utf-8") == SAFE
    assert _run(capsys, "unsafe.yaml", "--diff")[0] == 0
    assert _run(capsys, "safe.yaml", "gone.yaml", "--diff")[0] == 2


@pytest.mark.skipif(not shutil.which("patch"), reason="patch is not installed")
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_patch_accepts_the_diff(folder: Path, ending: str) -> None:
    """The diff is one that patch applies, to what --fix writes; also of a file without a last line feed."""
    text = SAFE.replace("\n", ending).rstrip()
    (folder / "safe.yaml").write_bytes(text.encode())
    command = [sys.executable, "-m", "cdk_pull.cli", "check", "safe.yaml", "--diff"]
    diff = subprocess.run(command, check=False, capture_output=True)
    assert (diff.returncode, diff.stderr) == (1, b"")
    subprocess.run(["patch", "--binary", "-p1"], input=diff.stdout, check=True, capture_output=True)
    assert (folder / "safe.yaml").read_bytes() == FIXED.replace("\n", ending).rstrip().encode()


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in no file can be shown as a diff, and not be written."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SAFE.encode())))
    status, out, _ = _run(capsys, "-", "--diff")
    assert (status, out.splitlines()[0]) == (1, "--- a/<stdin>")
    assert _run(capsys, "-", "--fix")[::2] == (
        2,
        [
            "cdk-pull: --fix cannot write to standard input: '-'; allowed: template files. Use --diff to see the fixes"
        ],
    )


def test_unsafe_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """--unsafe-fixes needs --fix or --diff, and ids of rules that have an unsafe fix."""
    assert _run(capsys, "safe.yaml", "--unsafe-fixes", "PULL112")[0] == 2
    status, _, err = _run(capsys, "safe.yaml", "--fix", "--unsafe-fixes", "PULL104")
    assert status == 2
    assert err[0].startswith(
        "cdk-pull: no rule with an unsafe fix has this id: 'PULL104'; allowed: PULL106, "
    )


def test_bytes_around_stay(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """A byte order mark, line ends, permissions and a symbolic link stay; a file under two names is fixed once."""
    text = SAFE.replace("\n", "\r\n", 3)
    (folder / "real").mkdir()
    real = folder / "real" / "t.yaml"
    real.write_bytes(b"\xef\xbb\xbf" + text.encode())
    real.chmod(0o640)
    (folder / "safe.yaml").unlink()
    (folder / "safe.yaml").symlink_to(real)
    status, out, err = _run(capsys, "safe.yaml", "real/t.yaml", "--fix")
    assert (status, len(err), "PULL201" in out) == (0, 1, False)
    assert real.read_bytes() == b"\xef\xbb\xbf" + text.replace("Cpu: 300", "Cpu: 512").encode()
    assert real.stat().st_mode & 0o777 == 0o640
    assert (folder / "safe.yaml").is_symlink()


def test_a_cdk_out_stays(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """What CDK wrote is not edited, by folder or by file: a line names PullFixes."""
    document = {
        "Resources": {
            "Td": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {"RequiresCompatibilities": ["FARGATE"], "Cpu": "300", "Memory": "1024"},
                "Metadata": {"aws:cdk:path": "App/Td/Resource"},
            }
        }
    }
    text = json.dumps(document, indent=1)
    (folder / "App.template.json").write_text(text, encoding="utf-8")
    status, _, err = _run(capsys, "App.template.json", "--fix")
    reason = "not fixed: CDK writes this template: change the app, or apply PullFixes to it"
    assert (status, err) == (1, [f"cdk-pull: App.template.json:9 PULL201: {reason}"])
    assert (folder / "App.template.json").read_text(encoding="utf-8") == text


def test_a_file_that_has_changed_meanwhile(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else has written since the file was read is not overwritten; the other files are fixed."""

    def meanwhile(*arguments: Any) -> FixedFile:
        (folder / "safe.yaml").write_text(f"{SAFE}# new\n", encoding="utf-8")
        return fix_file(*arguments)

    monkeypatch.setattr("cdk_pull.cli._fix.fix_file", meanwhile)
    (folder / "other.yaml").write_text(SAFE, encoding="utf-8")
    status, out, err = _run(capsys, "safe.yaml", "other.yaml", "--fix")
    assert (status, err) == (
        3,
        [
            "cdk-pull: other.yaml:7 PULL201: fixed, Cpu is 512 in place of 300",
            "cdk-pull: safe.yaml has changed while it was checked; run again",
        ],
    )
    assert out.count("error PULL201") == 1
    assert (folder / "other.yaml").read_text(encoding="utf-8") == FIXED
    assert (folder / "safe.yaml").read_text(encoding="utf-8") == f"{SAFE}# new\n"


def test_select_and_baseline(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """Only the rules that run are fixed, and nothing that is in the baseline."""
    assert _run(capsys, "safe.yaml", "--fix", "--ignore", "PULL201")[::2] == (0, [])
    _run(capsys, "safe.yaml", "--format", "json", "--output", "base.json")
    assert _run(capsys, "safe.yaml", "--fix", "--baseline", "base.json")[::2] == (0, [])
    assert (folder / "safe.yaml").read_text(encoding="utf-8") == SAFE


@pytest.mark.parametrize(
    "name", ["PULL104/fail_quotes", "PULL108/fail", "PULL111/fail", "PULL201/fail_odd", "PULL208/fail"]
)
def test_sarif_has_the_same_edits(capsys: pytest.CaptureFixture[str], folder: Path, name: str) -> None:
    """Who applies the regions of SARIF to the file gets what --fix writes."""
    text = (FIXTURES / f"{name}.yaml").read_text(encoding="utf-8")
    rule = name.partition("/")[0]
    (folder / "t.yaml").write_text(text, encoding="utf-8")
    results = json.loads(_run(capsys, "t.yaml", "--format", "sarif")[1])["runs"][0]["results"]
    (fix, *_) = (each["fixes"][0] for each in results if each["ruleId"] == rule)
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "t.yaml"}
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    regions = [(each["deletedRegion"], each["insertedContent"]["text"]) for each in change["replacements"]]
    for region, new in sorted(
        regions, key=lambda each: (each[0]["startLine"], each[0]["startColumn"]), reverse=True
    ):
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = f"{text[:start]}{new}{text[end:]}"
    unsafe = () if fix["properties"]["safe"] else ("--unsafe-fixes", rule)
    _run(capsys, "t.yaml", "--fix", "--select", rule, *unsafe)
    assert (folder / "t.yaml").read_text(encoding="utf-8") == text
