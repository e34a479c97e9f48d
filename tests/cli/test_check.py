"""``cdk-pull check``, ``rules`` and ``explain``."""

from __future__ import annotations

import io
import json
import sys
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cdk_pull.cli import main
from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile
from cdk_pull.image.reference import ImageReference
from cdk_pull.rules.engine.registry import all_rules

FIXTURES = Path(__file__).parents[1] / "rules" / "fixtures"
ERROR = str(FIXTURES / "PULL201" / "fail.yaml")
WARNING = str(FIXTURES / "PULL103" / "fail.yaml")
CLEAN = str(FIXTURES / "PULL201" / "pass.yaml")


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(exit_.value.code or 0), out, err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where there is no cdk-pull.toml and no cdk.context.json."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([ERROR], 1),
        ([WARNING], 0),
        ([WARNING, "--fail-on", "warning"], 1),
        ([ERROR, "--fail-on", "never"], 0),
        ([ERROR, "--ignore", "PULL2"], 0),
        ([ERROR, "--select", "pull3,PULL1"], 0),
        ([CLEAN], 0),
        ([CLEAN, "--fail-on", "info"], 1),
    ],
)
def test_exit_status(capsys: pytest.CaptureFixture[str], arguments: list[str], status: int) -> None:
    """1 when something is found at or above the threshold, which is an error unless said otherwise."""
    assert _run(capsys, "check", *arguments)[0] == status


def test_what_cannot_be_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """2 and one line for each file that cannot be checked, once in all; the others are checked all the same."""
    (tmp_path / "bad.yaml").write_text("AWSTemplateFormatVersion: 1\nResources: {a: [")
    status, out, err = _run(capsys, "check", "bad.yaml", ".", str(tmp_path / "bad.yaml"), "gone.yaml", ERROR)
    assert status == 2
    assert "cannot" not in out
    assert err.splitlines() == [
        "cdk-pull: bad.yaml is not YAML: did not find expected node content at line 3, column 1",
        "cdk-pull: gone.yaml cannot be read: No such file or directory",
    ]
    assert "error PULL201" in out


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    coloured: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A terminal gets colours, unless it or its user wants none; a file gets none."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert "\x1b[" not in _run(capsys, "check", ERROR)[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert ("\x1b[" in _run(capsys, "check", ERROR)[1]) is coloured
    _run(capsys, "check", ERROR, "--output", "file.txt")
    assert "\x1b[" not in Path("file.txt").read_text(encoding="utf-8")


def test_errors_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the text is on the same terminal, what cannot be checked is told once; nothing moves its cursor."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    status, out, err = _run(capsys, "check", "a\x1b[2J.yaml")
    assert (status, err) == (2, "")
    assert out.splitlines() == [
        "cannot check: a\N{REPLACEMENT CHARACTER}[2J.yaml cannot be read: No such file or directory",
        "nothing found in 0 resources, 1 not checked",
    ]
    err = _run(capsys, "check", "a\x1b[2J.yaml", "--format", "json")[2]
    assert err == "cdk-pull: a\N{REPLACEMENT CHARACTER}[2J.yaml cannot be read: No such file or directory\n"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit"])
def test_formats(capsys: pytest.CaptureFixture[str], form: str) -> None:
    """Each form names the rule."""
    status, out, err = _run(capsys, "check", ERROR, "--format", form)
    assert (status, err) == (1, "")
    assert "PULL201" in out


def test_baseline_and_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A report that was written serves as the baseline of the next run."""
    assert _run(capsys, "check", ERROR, "--format", "json", "--output", "base.json")[:2] == (1, "")
    status, out, _ = _run(capsys, "check", ERROR, "--baseline", "base.json", "--show-suppressed")
    assert status == 0
    assert out.splitlines()[-1] == (
        "no problem in what was evaluated of 1 resource, 3 rules not fully evaluated (2 in the baseline)"
    )
    assert "kept  in the baseline" in out
    assert (tmp_path / "base.json").exists()


def test_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """cdk-pull.toml of the working folder is read, and an option goes before it."""
    Path("facts.json").write_text(
        json.dumps({"images": {"nginx:1.27.2-alpine": {"compressed": "9GB", "uncompressed": "21GB"}}})
    )
    Path("cdk-pull.toml").write_text('select = ["PULL204"]\nfacts = "facts.json"\nfail-on = "never"\n')
    assert "PULL204" in _run(capsys, "check", CLEAN)[1]
    assert _run(capsys, "check", CLEAN, "--fail-on", "error")[0] == 1
    assert "PULL204" not in _run(capsys, "check", CLEAN, "--select", "PULL302")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--select", "PULL9"], "no rule has this id: 'PULL9'"),
        (["--date", "soon"], "date is malformed: 'soon'"),
        (["--region", "Ireland"], "unknown Region: 'Ireland'"),
        (["--account", "1234"], "account is malformed: '1234'"),
        (["--config", "gone.toml"], "configuration cannot be read (No such file or directory): 'gone.toml'"),
        (["--facts", "gone.json"], "facts file cannot be read (No such file or directory): 'gone.json'"),
        (["--baseline", "gone.json"], "baseline cannot be read (No such file or directory): 'gone.json'"),
    ],
)
def test_bad_options(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """A bad option is one line and exit status 2."""
    status, out, err = _run(capsys, "check", CLEAN, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"cdk-pull: {message}")
    assert err.count("\n") == 1


def test_metadata_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A stack whose construct metadata is missing is checked all the same, and the missing file named."""
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "S.template.json"},
        "additionalMetadataFile": "S.metadata.json",
    }
    task = {"Cpu": "300", "Memory": "512", "RequiresCompatibilities": ["FARGATE"]}
    Path("cdk.out").mkdir()
    Path("cdk.out/manifest.json").write_text(json.dumps({"artifacts": {"S": stack}}))
    Path("cdk.out/S.template.json").write_text(
        json.dumps({"Resources": {"Td": {"Type": "AWS::ECS::TaskDefinition", "Properties": task}}})
    )
    status, out, err = _run(capsys, "check", "cdk.out")
    assert (status, "PULL201" in out) == (2, True)
    assert err == "cdk-pull: cdk.out/S.metadata.json cannot be read: No such file or directory\n"


@pytest.mark.parametrize("where", [".", "app"])
def test_facts_of_the_context(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """What cdk-pull lookup has found is known to the rules, from the app's folder or from elsewhere."""
    facts = ImageFacts(
        reference="app:1", digest="sha256:1", profile=ImageProfile.of_size(compressed_bytes=14 * 10**9)
    )
    key = context_key(ImageReference.parse("app:1"), Platform())
    properties = {
        "Cpu": "256",
        "Memory": "512",
        "RequiresCompatibilities": ["FARGATE"],
        "ContainerDefinitions": [{"Name": "app", "Image": "app:1"}],
    }
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}
    Path("app/cdk.out").mkdir(parents=True)
    Path("app/cdk.out/S.template.json").write_text(json.dumps({"Resources": {"Td": task}}))
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.template.json"}}
    Path("app/cdk.out/manifest.json").write_text(json.dumps({"artifacts": {"S": stack}}))
    output = Path("app/cdk.out").absolute()
    assert "PULL204" not in _run(capsys, "check", str(output))[1]
    Path("app/cdk.context.json").write_text(json.dumps({key: to_context(facts, date(2026, 11, 23))}))
    monkeypatch.chdir(where)
    assert "PULL204" in _run(capsys, "check", str(output))[1]


def test_region_and_date(capsys: pytest.CaptureFixture[str]) -> None:
    """The Region and the day can be given."""
    other = str(FIXTURES / "PULL301" / "fail.yaml")
    assert "pulled from us-east-1 to eu-west-1" in _run(capsys, "check", other, "--region", "eu-west-1")[1]
    old = str(FIXTURES / "PULL402" / "fail_past.yaml")
    assert "PULL402" in _run(capsys, "check", old, "--date", "2023-11-20")[1]
    assert "PULL402" not in _run(capsys, "check", old)[1]


def test_rules(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule is listed, a line each below a heading, or as JSON."""
    monkeypatch.setenv("COLUMNS", "140")
    _, out, _ = _run(capsys, "rules")
    assert [line.split()[0] for line in out.splitlines()] == ["Rule", *(rule.id for rule in all_rules())]
    listed = json.loads(_run(capsys, "rules", "--json")[1])
    assert listed[0].keys() == {"id", "title", "severity", "fix", "mixin", "sources"}


def test_explain_is_rendered_where_colours_are_forced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal gets no Markdown but what it means; NO_COLOR takes the colours, a pipe gets the source."""
    monkeypatch.setenv("COLUMNS", "100")
    source = _run(capsys, "explain", "PULL201")[1]
    assert "## What it does" in source
    monkeypatch.setenv("FORCE_COLOR", "1")
    rendered = _run(capsys, "explain", "PULL201")[1]
    assert "What it does" in rendered
    assert "## What it does" not in rendered
    assert "\x1b[" in rendered
    assert "\x1b[" in _run(capsys, "rules")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in _run(capsys, "rules")[1]


def test_a_mistyped_rule_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, with the id that was probably meant."""
    assert _run(capsys, "explain", "PUL201")[2].endswith("Did you mean PULL201?\n")


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    """The page of a rule is printed; an unknown id is one line."""
    assert _run(capsys, "explain", "pull201")[1].startswith(
        "# PULL201: CPU and memory that Fargate does not run\n"
    )
    status, _, err = _run(capsys, "explain", "PULL999")
    assert (status, err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (Path(ERROR).read_text(encoding="utf-8"), 1, "<stdin>:"),
        (Path(CLEAN).read_text(encoding="utf-8"), 0, "in <stdin>"),
        ("Resources: [", 2, "cdk-pull: <stdin> is not YAML"),
        ("", 2, "cdk-pull: <stdin> is empty, not an object"),
    ],
)
def test_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, status: int, said: str
) -> None:
    """A template may come by standard input, beside files."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    found, out, err = _run(capsys, "check", "-", CLEAN)
    assert found == status
    assert (out + err).count(said) == 1 if status == 2 else said in out


def test_no_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed standard input is one line."""
    monkeypatch.setattr(sys, "stdin", None)
    assert _run(capsys, "check", "-") == (
        2,
        "",
        "cdk-pull: standard input is closed: '-'; allowed: a file, a pipe or a terminal\n",
    )


@pytest.mark.parametrize(("fail_on", "failures"), [("error", "1"), ("info", "2"), ("never", "0")])
def test_junit_counts_what_fails(capsys: pytest.CaptureFixture[str], fail_on: str, failures: str) -> None:
    """A finding below the threshold is a test that passes, with the finding in its output."""
    out = _run(capsys, "check", ERROR, "--format", "junit", "--fail-on", fail_on)[1]
    suite = ET.fromstring(out)  # noqa: S314 - our own
    assert (suite.get("failures"), suite.get("tests"), len(suite.findall("testcase"))) == (failures, "2", 2)
    assert len(suite.findall("testcase/failure")) == int(failures)


def test_gitlab(capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding has GitLab's severity, a fingerprint of its own, and its place."""
    entries = json.loads(_run(capsys, "check", ERROR, "--format", "gitlab")[1])
    assert [(each["check_name"], each["severity"]) for each in entries] == [
        ("PULL201", "critical"),
        ("PULL302", "info"),
    ]
    assert len({each["fingerprint"] for each in entries}) == 2
    assert all(each["location"]["lines"]["begin"] > 0 and each["location"]["path"] for each in entries)


def test_a_failure_of_our_own(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """2 means the input alone: what cannot be checked because a rule's own work fails ends with 3."""

    def broken(_: object) -> object:
        raise RuntimeError("no")

    monkeypatch.setattr("cdk_pull.template.ecs.view.EcsView.tasks", property(broken))
    status, _, err = _run(capsys, "check", ERROR)
    assert status == 3
    assert "cannot be checked by the rules on each task: RuntimeError: no; report it" in err
