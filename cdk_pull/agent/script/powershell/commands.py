"""Which command does what: PowerShell's own, and the programs of Windows that set variables or run scripts."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cdk_pull.agent.script.core import pulled
from cdk_pull.agent.script.powershell.batch import commands, script_in
from cdk_pull.agent.script.powershell.cmdlets import FILTERS, forget, script_of, write_file
from cdk_pull.agent.script.powershell.shell import ENVIRONMENT_KEY
from cdk_pull.agent.script.powershell.world import Block, Value, World, items, text
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.script.powershell.interpreter import Interpreter

__all__ = ["Call", "run"]

_SERVICE = lazy_pattern(r"\bAmazonECS\b", re.IGNORECASE)
# Programs that set variables of the machine, or start the agent.
_PROGRAMS = frozenset({"setx", "reg", "net", "sc"})
_SCRIPT_FILE = lazy_pattern(r"\.(?:ps1|bat|cmd)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """A command to run.

    Attributes:
        shell: the script that runs it.
        world: the state before it; a command changes it.
        name: its name in lower case, without folder and ``.exe``.
        values: the words after its name.
        given: what it reads from the pipe; None where it is the first.
        line: the line of the user data.
        said: its name as it stands in the script.
        around: the text of the whole pipe.
    """

    shell: Interpreter
    world: World
    name: str
    values: list[Value]
    given: tuple[Value, ...] | None
    line: int
    said: str = ""
    around: str = ""

    @property
    def words(self) -> list[str]:
        """The words as text."""
        return [text(each) for each in self.values]

    def named(self, *names: str) -> Value:
        """Return the value after one of the parameters; None where it has none."""
        for word, value in pairwise(self.values):
            if text(word).lower().lstrip("-/").rstrip(":") in names and text(word)[:1] in {"-", "/"}:
                return value
        return None


def run(call: Call) -> list[World]:
    """Return the worlds after a command."""
    row = _ROWS.get(call.name)
    if row is not None:
        return row(call)
    known = FILTERS[call.name](call) if call.name in FILTERS else None
    if known is not None:
        call.shell.put(call.world, *known)
        return [call.world]
    if _SCRIPT_FILE.search(call.name):
        return _script(call, call.name)
    forget(call)
    call.shell.put(
        call.world, call.shell.holes.mark(f"the output of {call.said or call.name} is not known", call.line)
    )
    return [call.world]


def _script(call: Call, name: str) -> list[World]:
    """Run a script of the file system, whose text is known where the user data has written it."""
    found = script_of(call, name)
    if found is None:
        call.shell.blur(call.world, f"what {name} does is not in the user data", call.line)
        return [call.world]
    if name.lower().endswith(".ps1"):
        return call.shell.nested(found, call.world, call.line)
    return call.shell.batch(found, call.world, call.line)


def _start(call: Call) -> list[World]:
    cluster = call.named("cluster")
    if cluster is not None:
        call.shell.clusters.append(text(cluster))
    call.shell.start(call.world)
    return [call.world]


def _service(call: Call) -> list[World]:
    """Run ``Restart-Service``, also as in ``Get-Service AmazonECS | Start-Service``."""
    found = " ".join(call.words)
    if all(each.startswith("-") for each in call.words):
        found = call.around
    return _start(call) if _SERVICE.search(found) else [call.world]


def _controller(call: Call) -> list[World]:
    """Run ``net start`` and ``sc start``."""
    starts = "start" in map(str.lower, call.words) and _SERVICE.search(" ".join(call.words))
    return _start(call) if starts else [call.world]


def _alias(call: Call) -> list[World]:
    operands = [each for each in call.words if not each.startswith("-")]
    if len(operands) >= 2:  # noqa: PLR2004 - a name and a target
        call.world.aliases[operands[0].lower()] = operands[1].lower().rpartition("\\")[2]
    return [call.world]


def _evaluate(call: Call) -> list[World]:
    words = [each for each in call.words if each.lower() != "-command"] or list(map(text, call.given or ()))
    return _text(call, " ".join(words))


def _text(call: Call, script: str) -> list[World]:
    if call.shell.is_open(script) and call.shell.holes.split(script.strip()) == ["", ""]:
        call.shell.blur(call.world, "a script that is not in the user data runs", call.line)
        return [call.world]
    return call.shell.nested(script, call.world, call.line)


def _powershell(call: Call) -> list[World]:
    script = script_in(call.words)
    if not script and call.values:
        return _script(call, call.words[-1])
    return _text(call, script)


def _cmd(call: Call) -> list[World]:
    words = call.words
    if words and words[0].lower() == "/c":
        return call.shell.batch(" ".join(words[1:]), call.world, call.line)
    return [call.world]


def _setx(call: Call) -> list[World]:
    switches = {each.lower() for each in call.words if each.startswith("/")}
    operands = [each for each in call.words if not each.startswith("/")]
    if len(operands) >= 2:  # noqa: PLR2004 - a name and a value
        name, value = operands[:2]
        if "/m" in switches:
            known = "%" not in value
            mark = value if known else call.shell.holes.mark(f"{value} is not computed", call.line)
            call.shell.set(call.world, name, mark, call.line)
        else:
            call.shell.of_the_process(name, call.line)
    return [call.world]


def _reg(call: Call) -> list[World]:
    """Run ``reg add`` and ``reg delete`` on the registry's environment."""
    name, value = call.named("v"), call.named("d")
    verb = call.words[0].lower() if call.words else ""
    value = "" if verb == "delete" else value
    if (
        verb in {"add", "delete"}
        and name is not None
        and value is not None
        and any(map(ENVIRONMENT_KEY.search, call.words))
    ):
        call.shell.set(call.world, text(name), text(value), call.line)
    return [call.world]


def _item(call: Call) -> list[World]:
    """Run ``Set-ItemProperty`` on the registry's environment, and ``Set-Item`` on ``Env:``."""
    name, value = call.named("name"), call.named("value")
    if name is not None and value is not None and any(map(ENVIRONMENT_KEY.search, call.words)):
        call.shell.set(call.world, text(name), text(value), call.line)
    for each in call.words:
        if each.upper().startswith("ENV:"):
            call.shell.of_the_process(each[len("ENV:") :].lstrip("\\/"), call.line)
    return [call.world]


def _remove_item(call: Call) -> list[World]:
    """Run ``Remove-ItemProperty`` on the registry's environment."""
    name = call.named("name")
    if name is not None and any(map(ENVIRONMENT_KEY.search, call.words)):
        call.shell.set(call.world, text(name), "", call.line)
    return [call.world]


def _restart(call: Call) -> list[World]:
    """Run ``Restart-Computer`` and ``shutdown /t 0``; a script that persists runs again after it."""
    words = {each.lower() for each in call.words}
    now = call.name != "shutdown" or (bool({"/r", "-r", "/s", "-s"} & words) and "0" in words)
    if now and not call.shell.persists and not call.shell.effort.background:
        call.world.flow = "restart"
    return [call.world]


def _process(call: Call) -> list[World]:
    """Run ``Start-Process`` for another shell, which the script does not wait for without ``-Wait``."""
    operands = [each for each in call.values if not text(each).startswith("-")]
    path = call.named("filepath")
    path = path if path is not None else operands[0] if operands else None
    given = call.named("argumentlist", "args")
    given = given if given is not None else operands[1] if len(operands) > 1 else None
    name = text(path).lower().rpartition("\\")[2].removesuffix(".exe")
    if name not in {"powershell", "pwsh", "cmd", *_PROGRAMS} and not _SCRIPT_FILE.search(name):
        return [call.world]
    words = [*map(text, given)] if isinstance(given, list) else next(commands(text(given)), [])
    before = (call.world.machine.copy(), call.world.agent)
    ended = run(replace(call, name=name, values=[*words], given=None))
    if not any(each.lower() == "-wait" for each in call.words):
        for each in ended:
            if (each.machine, each.agent) != before:
                call.shell.blur(each, "a process sets it at a time that nobody knows", call.line)
    return ended


def _set(call: Call) -> list[World]:
    """Run ``set`` of a batch file; PowerShell has an alias of that name for its own variables."""
    call.shell.of_the_process(" ".join(call.words).partition("=")[0].strip(' "'), call.line)
    return [call.world]


def _set_variable(call: Call) -> list[World]:
    operands = [each for each in call.values if not text(each).startswith("-")]
    name, value = call.named("name"), call.named("value")
    name = name if name is not None else operands[0] if operands else None
    if name is not None:
        call.world.variables[text(name).lower()] = value if value is not None else operands[-1]
    return [call.world]


def _docker(call: Call) -> list[World]:
    if {"prune", "rmi", "rm"} & set(call.words[:2]):
        call.world.pruned |= {call.line}
    image = pulled(call.words)
    if image:
        call.world.pulls = (*call.world.pulls, (image, call.line))
    else:
        call.world.used = (*call.world.used, " ".join(call.words))
    call.shell.put(call.world, call.shell.holes.mark("the output of docker is not known", call.line))
    return [call.world]


def _for_each(call: Call) -> list[World]:
    """Run ``ForEach-Object`` for what the pipe gives, where that is known."""
    block = next((each for each in call.values if isinstance(each, Block)), None)
    given = [one for each in call.given or () for one in items(each)]

    def bind(world: World, value: object) -> None:
        world.variables["_"] = world.variables["psitem"] = value  # type: ignore[assignment]

    def body(world: World) -> list[World]:
        ended, more = call.shell.invoke(block, [], world), []
        for each in ended:
            if each.flow in {"break", "continue"}:  # of the loop around the pipe, or else of the script
                each.flow = "exit"
                goes_on = each.fork()
                goes_on.flow = ""
                more.append(goes_on)
        return [*ended, *more]

    if block is None:
        return [call.world]
    if any(isinstance(each, str) and call.shell.is_open(each) for each in given):
        mark = call.shell.holes.mark("what the pipe gives is not known", call.line)
        return call.shell.perhaps(call.world, lambda world: bind(world, mark), body)
    return call.shell.each([call.world], given, bind, body)


def _invoke(call: Call) -> list[World]:
    """Run a script block, or a script whose text is known."""
    block = next((each for each in call.values if isinstance(each, Block)), None)
    given = call.named("argumentlist", "args")
    return [call.world] if block is None else call.shell.invoke(block, [*items(given)], call.world)


def _job(call: Call) -> list[World]:
    """Run a job, for which the script does not wait: what it sets comes at a time that nobody knows."""
    before = call.world.fork()
    call.shell.effort.background += 1
    ended = _invoke(call)
    call.shell.effort.background -= 1
    for each in ended:
        each.variables, each.flow = before.variables, ""
        if (each.machine, each.agent) != (before.machine, before.agent):
            call.shell.blur(each, "a job sets it at a time that nobody knows", call.line)
    return ended


def _output(call: Call) -> list[World]:
    call.shell.put(
        call.world, *(each for value in (*(call.given or ()), *call.values) for each in items(value))
    )
    return [call.world]


def _silent(call: Call) -> list[World]:
    return [call.world]


_ROWS: dict[str, Callable[[Call], list[World]]] = {
    "initialize-ecsagent": _start,
    "restart-service": _service,
    "start-service": _service,
    "net": _controller,
    "sc": _controller,
    **dict.fromkeys(("set-alias", "new-alias", "sal", "nal"), _alias),
    **dict.fromkeys(("invoke-expression", "iex"), _evaluate),
    **dict.fromkeys(("powershell", "pwsh"), _powershell),
    "cmd": _cmd,
    "set": _set,
    "setx": _setx,
    "reg": _reg,
    **dict.fromkeys(("set-itemproperty", "new-itemproperty", "set-item", "new-item"), _item),
    **dict.fromkeys(("set-variable", "new-variable", "sv"), _set_variable),
    **dict.fromkeys(("remove-itemproperty", "rp"), _remove_item),
    **dict.fromkeys(("restart-computer", "stop-computer", "shutdown"), _restart),
    **dict.fromkeys(("start-process", "saps", "start"), _process),
    "docker": _docker,
    **dict.fromkeys(("set-content", "add-content", "out-file"), write_file),
    **dict.fromkeys(("foreach-object", "%", "foreach"), _for_each),
    **dict.fromkeys(("invoke-command", "icm", "&", "."), _invoke),
    **dict.fromkeys(("start-job", "start-threadjob"), _job),
    **dict.fromkeys(("write-output", "echo", "write"), _output),
    **dict.fromkeys(("write-host", "write-verbose", "write-debug", "write-warning", "out-null"), _silent),
    **dict.fromkeys(
        ("start-sleep", "sleep", "import-module", "set-location", "cd", "set-strictmode"), _silent
    ),
}
