from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.readers import windows
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.writers import windows as windows_writer
from cdk_pull.errors import ConflictError, InvalidValueError, UnsupportedError

B = "ECS_IMAGE_PULL_BEHAVIOR"
ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
LINE = f'[Environment]::SetEnvironmentVariable("{B}", "once", "Machine")'


def block(*lines: str) -> str:
    """Return a user data of one block."""
    return "\n".join(["<powershell>", *lines, "</powershell>"])


@pytest.mark.parametrize(
    "user_data",
    [
        block(LINE, "Initialize-ECSAgent -Cluster 'x' -EnableTaskIAMRole"),
        block(
            f"[System.Environment]::SetEnvironmentVariable('{B}', 'once', [System.EnvironmentVariableTarget]::Machine)"
        ),
        block(
            f'[environment]::setenvironmentvariable("{B.lower()}","once",[EnvironmentVariableTarget]::machine)'
        ),
        block(f'[Environment]::SetEnvironmentVariable(\n  "{B}",\n  "once",\n  "Machine"\n)'),
        block(f'[void][Environment]::SetEnvironmentVariable("{B}", "once", "Machine") # why'),
        block("$mode = 'on' + 'ce'", f'[Environment]::SetEnvironmentVariable("{B}", $mode, "Machine")'),
        block('$m = "once"', f'[Environment]::SetEnvironmentVariable("{B}", "${{m}}", "Machine")'),
        block(f"$n = @'\n{B}\n'@", '[Environment]::SetEnvironmentVariable($n, "once", "Machine")'),
        block("try {", LINE, "} catch {", "  exit 1", "}"),
        block("function Set-It {", f"  {LINE}", "}", "Set-It", "Initialize-ECSAgent"),
        block(f"setx {B} once /M"),
        block(f'& setx.exe /m {B} "once"'),
        block(f'cmd /c "setx {B} once /m"'),
        block(
            r"Set-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager\Environment' "
            f"-Name {B} -Value once"
        ),
        block("Initialize-ECSAgent", LINE, "Restart-Service AmazonECS"),
        f"<powershell>{LINE}\nInitialize-ECSAgent</powershell>\n<persist>true</persist>",
        f"<POWERSHELL>\r\n{LINE}\r\nInitialize-ECSAgent\r\n</POWERSHELL>",
        f"<script>\nsetx {B} once /m\n</script>\n<powershell>\nInitialize-ECSAgent\n</powershell>",
        f"<powershell>\nInitialize-ECSAgent\n</powershell>\n<script>\nsetx {B} once /m\n</script>",
        block(LINE, "Initialize-ECSAgent -Cluster ${Token[TOKEN.1]}", "${Token[TOKEN.2]}"),
        block(LINE, 'Initialize-ECSAgent \u2013Cluster x -LoggingDrivers \'["json-file","awslogs"]\''),
    ],
)
def test_reads_once(user_data: str) -> None:
    """However a user data sets the variable of the machine before the agent starts, it is read."""
    reading = windows.read(user_data)
    assert dict(reading.settings) == {B: "once"}
    assert reading.effective[B] == "once"
    assert reading.effective["ECS_IMAGE_PULL_INACTIVITY_TIMEOUT"] == "3m0s"
    assert reading.unknown == ()
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("user_data", "codes"),
    [
        ("", []),
        (block("Initialize-ECSAgent", LINE), [("after-initialize", 3)]),
        (block(f"$env:{B} = 'once'"), [("process-scope", 2)]),
        (block(f"Set-Item Env:{B} once"), [("process-scope", 2)]),
        (block(f'[Environment]::SetEnvironmentVariable("{B}", "once")'), [("process-scope", 2)]),
        (block(f'[Environment]::SetEnvironmentVariable("{B}", "once", "User")'), [("process-scope", 2)]),
        (block(f"setx {B} once"), [("process-scope", 2)]),
        (f"<script>\nset {B}=once\n</script>", [("process-scope", 2)]),
        (block("exit 0", LINE), [("unreachable", 3)]),
        (block(f"# {LINE}"), []),
        (block(LINE, f'[Environment]::SetEnvironmentVariable("{B}", $null, "Machine")'), [("two-values", 3)]),
        (block(LINE.replace("once", "ONCE")), [("letter-case", 2)]),
        (block(LINE.replace("once", "once ")), [("blanks", 2)]),
    ],
)
def test_reads_default(user_data: str, codes: list[tuple[str, int]]) -> None:
    """What has no effect leaves the default, with a warning on its line where it was meant to have one."""
    reading = windows.read(user_data)
    assert reading.effective[B] == "default"
    assert reading.unknown == ()
    assert [(each.code, each.line) for each in reading.warnings] == codes


@pytest.mark.parametrize(
    ("user_data", "reason"),
    [
        (block(LINE.replace('"once"', "$mode")), "$mode is not known"),
        (block(LINE.replace('"once"', '"$(Get-Content x)"')), "the output of Get-Content is not known"),
        (block(LINE.replace("once", "${Token[TOKEN.7]}")), "${Token[TOKEN.7]} is known only at deployment"),
        (block("if ($x) {", LINE, "}"), "it depends on a condition in the script"),
        (block("if ($x) { return }", LINE), "it depends on a condition in the script"),
    ],
)
def test_unknown(user_data: str, reason: str) -> None:
    """What the text does not tell is unknown, with the reason."""
    reading = windows.read(user_data)
    assert reading.effective[B] is None
    assert [(each.variable, each.reason) for each in reading.unknown] == [(B, reason)]


def test_without_tags() -> None:
    """Text that EC2Launch would not run is read as if it did, and the warning says so."""
    reading = windows.read(LINE)
    assert reading.effective[B] == "once"
    assert [each.code for each in reading.warnings] == ["no-powershell-tag"]


@pytest.mark.parametrize(
    ("user_data", "result"),
    [
        ("", f"<powershell>\n{LINE}\n</powershell>"),
        ("# nothing yet\n", f"<powershell>\n{LINE}\n# nothing yet\n</powershell>"),
        (block("Initialize-ECSAgent"), block(LINE, "Initialize-ECSAgent")),
        (
            "<powershell>Initialize-ECSAgent</powershell><persist>true</persist>",
            f"<powershell>\n{LINE}\nInitialize-ECSAgent</powershell><persist>true</persist>",
        ),
        (
            "<powershell>\r\nInitialize-ECSAgent\r\n</powershell>",
            f"<powershell>\r\n{LINE}\r\nInitialize-ECSAgent\r\n</powershell>",
        ),
        (
            block("# first", "param($x)", "Initialize-ECSAgent"),
            block("# first", "param($x)", LINE, "Initialize-ECSAgent"),
        ),
        ("<script>dir</script>", f"<powershell>\n{LINE}\n</powershell>\n<script>dir</script>"),
    ],
)
def test_adds_before_the_agent_starts(user_data: str, result: str) -> None:
    """The variable is set before Initialize-ECSAgent wherever that stands, and all else stays as it was."""
    assert windows_writer.add(user_data, ONCE) == result
    assert windows_writer.add(result, ONCE) == result


@pytest.mark.parametrize(
    ("user_data", "error", "message"),
    [
        (
            block(LINE.replace("once", "always")),
            ConflictError,
            f"the user data sets {B} to 'always' on line 2, and 'once' is asked for; remove one of the two",
        ),
        (
            block('schtasks /create /tn p /tr "docker image prune -af" /sc daily'),
            ConflictError,
            (
                "line 2 of the user data: docker image prune -af removes images that once counts as pulled: the next "
                "task of one stops with CannotPullImageManifestError"
            ),
        ),
        (
            "Initialize-ECSAgent",
            UnsupportedError,
            (
                "the user data has no <powershell> tag, so EC2Launch runs none of it, and would run all of it with the "
                "settings in it: put it between <powershell> and </powershell> if it is to run, or remove it"
            ),
        ),
        (
            "${Token[TOKEN.1]}",
            UnsupportedError,
            (
                "user data that begins with a token cannot be added to, because nobody knows what it is; begin it with "
                "<powershell>"
            ),
        ),
        (
            block("param($x)", "Start-Agent"),
            UnsupportedError,
            (
                f"no place in this user data is sure to set {B} (nothing in it is sure to run); set them in the user data "
                "itself, where it ends"
            ),
        ),
    ],
)
def test_refuses(user_data: str, error: type[Exception], message: str) -> None:
    """What would lose the setting, or overrule the user's own, is an error that says why."""
    with pytest.raises(error) as raised:
        windows_writer.add(user_data, ONCE)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("user_data", "found"),
    [
        (block(LINE, "docker image prune -af"), []),
        (block(LINE, "if (Test-Path x) { docker system prune -af }"), []),
        (block(LINE, "docker image prune -af") + "\n<persist>true</persist>", [3]),
        (block(LINE, 'schtasks /create /tn p /tr "docker image prune -af" /sc daily'), [3]),
        (block(LINE, "$job = { docker image prune -af }"), [3]),
    ],
)
def test_prunes_while_the_agent_has_no_images(user_data: str, found: list[int]) -> None:
    """A prune that the boot runs is left alone; one that runs again later is not."""
    warnings = windows.read(user_data).warnings
    assert [each.line for each in warnings if each.code == "prune-beside-once"] == found


def unquoted(text: str) -> str:
    """Return what PowerShell makes of a string, by its language specification: 2.3.5.2."""
    if text[0] == '"':
        assert not set(text[1:-1]) & set('"$`\u201c\u201d\u201e')
        return text[1:-1]
    quotes = "'\u2018\u2019\u201a\u201b"
    inner = re.sub(f"([{quotes}])[{quotes}]", "\\1", text[1:-1])
    assert not re.search(f"(?<![{quotes}])[{quotes}](?:[{quotes}]{{2}})*(?![{quotes}])", text[1:-1])
    return inner


images = st.text(
    alphabet=st.characters(min_codepoint=33, exclude_categories=("C", "Z"), exclude_characters=",")
    | st.sampled_from("'\"`$%\u2018\u2019\u201a\u201b()[]{}@#"),
    min_size=1,
    max_size=20,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(images, min_size=1, max_size=3))
def test_any_value_is_quoted(names: list[str]) -> None:
    """Whatever is in a value, PowerShell and the reader get it back as it was."""
    try:
        asked = AgentSettings(exclude_untracked_image=names, image_pull_timeout=timedelta(hours=1))
    except InvalidValueError:
        return
    result = windows_writer.add(block("Initialize-ECSAgent"), asked)
    assert dict(windows.read(result).settings) == asked.to_environment()
    (found,) = re.findall(r'"ECS_EXCLUDE_UNTRACKED_IMAGE", (.*), "Machine"\)$', result, re.MULTILINE)
    assert unquoted(found) == ",".join(names)


def test_a_closing_tag_in_a_value() -> None:
    """A value that would end the block is refused rather than lost."""
    with pytest.raises(UnsupportedError, match="no place in this user data"):
        windows_writer.add("", AgentSettings(exclude_untracked_image=["a</powershell>"]))


PIECES = [
    *(
        "<powershell>",
        "</powershell>",
        "<script>",
        "\n",
        "\r\n",
        "[Environment]::SetEnvironmentVariable(",
        f'"{B}"',
    ),
    *(
        ', "once", ',
        '"Machine")',
        "Initialize-ECSAgent\n",
        "$x = ",
        '"',
        "'",
        "@'\n",
        "\n'@",
        "(",
        ")",
        "{",
        "}",
        "if (",
    ),
    *(
        "function f {",
        "param(",
        "exit 0\n",
        "setx ",
        "/M",
        "${Token[A.1]}",
        "$",
        "`",
        "#",
        "<#",
        "#>",
        ";",
        "|",
        "\ud800",
    ),
    *("\x00", "é", "\ufdd01\ufdd1", "$env:", "@(", "@{", "=", "+", ","),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=50).map("".join) | st.text(max_size=200))
def test_any_text(user_data: str) -> None:
    """No text makes the reader fail, and what the writer returns holds the setting."""
    assert set(windows.read(user_data).effective) == set(windows.read("").effective)
    try:
        result = windows_writer.add(user_data, ONCE)
    except (ConflictError, UnsupportedError):
        return
    assert windows.read(result).effective[B] == "once"


@pytest.mark.parametrize(
    "user_data",
    [
        block("(" * 16_000),
        block("if ($x) {" * 1_700),
        block('$x = "aaaaaaaaaa"', '$x = "$x$x"\n' * 60),
        block('"$(' * 5_000),
        block("function f { f }", "f"),
        "a" * 100_000,
    ],
    ids=range(6),
)
def test_bounded(user_data: str) -> None:
    """Text made to grow or nest without end is read in bounded time and memory."""
    windows.read(user_data)
