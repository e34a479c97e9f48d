"""Walks through a PowerShell script and keeps the variables of the machine and of the running agent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import meant, same
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.reading import AgentWarning
from cdk_pull.agent.script.powershell.batch import commands, script_in
from cdk_pull.agent.script.powershell.functions import bound
from cdk_pull.agent.script.powershell.parse import parse
from cdk_pull.agent.script.powershell.values import evaluate
from cdk_pull.agent.variables import variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from cdk_pull.agent.script.holes import Holes

__all__ = ["Session", "Setting"]

# What runs only under some condition, or perhaps never.
_CONDITIONAL = frozenset(
    {
        "if_statement",
        "switch_statement",
        "while_statement",
        "for_statement",
        "foreach_statement",
        "do_statement",
    }
    | {"catch_clauses", "trap_statement", "script_block_expression"}
)
_CLUSTER = "ECS_CLUSTER"
_SERVICE = re.compile(r"\bAmazonECS\b", re.IGNORECASE)
_STARTS = frozenset({"restart-service", "start-service"})
_ALIASES = frozenset({"set-alias", "new-alias", "sal", "nal"})
_EVALUATES = frozenset({"invoke-expression", "iex"})
_SHELLS = frozenset({"powershell", "pwsh"})
_NAMES = re.compile(r"\b([A-Z_]+)=")
_CONFIG = re.compile(r"\becs\.config\b", re.IGNORECASE)
_COMMENT = re.compile(r"[ \t]*(?:#|rem\b|::)", re.IGNORECASE)
_ENVIRONMENT_KEY = re.compile(r"Session Manager\\+Environment", re.IGNORECASE)
_DEEPEST = 400
_LONGEST = 128 * 1024
_SCRIPT_DEPTH = 50  # what a script inside a script counts towards the deepest


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable of the machine: its value, with unknown pieces marked, and the line that sets it."""

    value: str
    line: int


class Session:
    """Runs the scripts of a user data in thought.

    Args:
        holes: the unknown pieces.

    Attributes:
        machine: the variables of the machine.
        agent: those that the agent was started with; None while it is not.
        clusters: the names of the clusters that the agent may join.
        anything: the mark for what may be the name of any variable, if there is one.
        warnings: what is wrong with the lines.
    """

    def __init__(self, holes: Holes) -> None:
        self.holes = holes
        self.machine: dict[str, Setting] = {}
        self.agent: dict[str, Setting] | None = None
        self.clusters: list[str] = []
        self.anything = ""
        self.warnings: list[AgentWarning] = []
        self._variables: dict[str, str] = {}
        self._functions: dict[str, tuple[Node, Callable[[int], int]]] = {}
        self._calling: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._perhaps: list[tuple[dict[str, Setting], int]] = []
        self._line: Callable[[int], int] = lambda line: line
        self._conditions = 0
        self._may_have_ended = False
        self._ended = False

    @property
    def starts_agent(self) -> bool:
        """Whether the scripts start the agent, or may."""
        return self.agent is not None or bool(self._perhaps)

    def run(self, script: str, first: int) -> None:
        """Run a PowerShell script that begins on a line of the user data."""
        self._line = lambda line: first + line - 1
        self._find_files(script, first)
        self._ended = self._may_have_ended = False
        self._visit(parse(script.encode("utf-8", "replace")), 0)

    def run_batch(self, script: str, first: int) -> None:
        """Run a batch file: of its commands, those that set variables or run PowerShell."""
        self._find_files(script, first)
        for number, line in enumerate(script.split("\n"), first):
            for words in commands(line):
                self._native(words, number, 0)

    def _find_files(self, script: str, first: int) -> None:
        """Warn of settings in a file: the agent on Windows reads none of that form."""
        for number, line in enumerate([] if script.startswith("#!") else script.split("\n"), first):
            names = [each for each in _NAMES.findall(line) if each in variables()]
            if names and _CONFIG.search(line) and not _COMMENT.match(line):
                message = f"the agent on Windows reads no ecs.config: {_write(names[0])}"
                self._warn(WarningCode.WRITTEN_ELSEWHERE, message, number, names[0])

    def _native(self, words: list[str], line: int, depth: int) -> bool:
        """Run a command that is no PowerShell, and tell whether it was one."""
        name = words[0].lower().rpartition("\\")[2].removesuffix(".exe") if words else ""
        rest = words[1:]
        if name == "set":
            variable = " ".join(rest).partition("=")[0].strip(' "').upper()
            if variable in variables():
                self._process_scope(variable, line)
        elif name == "setx":
            self._setx(rest, line)
        elif name == "cmd" and rest and rest[0].lower() == "/c":
            self.run_batch(" ".join(rest[1:]), line)
        elif name == "reg" and rest and rest[0].lower() == "add":
            self._reg_add(rest, line)
        elif name in _SHELLS:
            self._run_text(script_in(rest), line, depth)
        elif name in {"net", "sc"} and _SERVICE.search(" ".join(rest)) and "start" in map(str.lower, rest):
            self._start(line)
        else:
            return False
        return True

    def at_end(self) -> dict[str, Setting]:
        """Return what the agent has when all has run, with a warning for what came too late for it."""
        starts = [each for each, _ in self._perhaps] + ([] if self.agent is None else [self.agent])
        for name, setting in self.machine.items():
            if any(each.get(name) != setting for each in starts):
                self._warn(
                    WarningCode.AFTER_INITIALIZE,
                    f"{name} is set after Initialize-ECSAgent has started the agent; set it before",
                    setting.line,
                    name,
                )
        found = (self.machine if self.agent is None else self.agent).copy()
        for each, line in self._perhaps:
            for name in [name for name in found if each.get(name) != found[name]]:
                value = self.holes.mark("the agent is started under a condition, perhaps before this", line)
                found[name] = Setting(value, found[name].line)
        return found

    def _visit(self, node: Node, depth: int) -> None:
        if self._ended or depth > _DEEPEST:
            self._pass_over(node)
            return
        match node.type:
            case "function_statement":
                name = next((child for child in node.children if child.type == "function_name"), None)
                if name is not None:
                    self._functions[_text(name).lower()] = (node, self._line)
                return
            case "flow_control_statement":
                self._leave(node)
            case "ERROR":
                self._misread(node)
            case "assignment_expression":
                self._assign(node)
            case "invokation_expression":
                self._invoke(node)
            case "command":
                self._command(node, depth)
        conditional = node.type in _CONDITIONAL
        self._conditions += conditional
        for child in node.named_children:
            self._visit(child, depth + 1)
        self._conditions -= conditional

    @property
    def _sure(self) -> bool:
        return not self._conditions and not self._may_have_ended

    def _leave(self, node: Node) -> None:
        text = _text(node).lower().strip()
        if text.startswith(("exit", "return", "throw")):
            self._ended = self._sure
            # An error code or a throw is a precaution, not a way that anybody wants to read.
            self._may_have_ended |= not self._sure and re.fullmatch(r"exit(\s+0)?|return", text) is not None

    def _pass_over(self, node: Node) -> None:
        for name in [each for each in variables() if each in _text(node)]:
            if self._ended:
                self._warn(
                    WarningCode.UNREACHABLE, "the script has ended before this line", self._at(node), name
                )
            else:
                self._set(
                    name, self._unknown("the script is nested too deep to follow", node), self._at(node)
                )

    def _misread(self, node: Node) -> None:
        text = _text(node)
        for comment in [child for child in node.children if child.type == "comment"]:
            text = text.replace(_text(comment), "")
        for name in [each for each in variables() if each in text]:
            self._set(
                name, self._unknown("the grammar of PowerShell does not know this", node), self._at(node)
            )

    def _assign(self, node: Node) -> None:
        left, right = node.named_children[0], node.child_by_field_name("value")
        name = _text(left).strip().removeprefix("$").strip("{}").lower()
        variable = name.removeprefix("env:").upper()
        if name.startswith("env:") and variable in variables():
            self._process_scope(variable, self._at(node))
        elif right is not None and self._sure and "=" in [_text(child) for child in node.children]:
            self._variables[name] = self._value(right)
        else:
            self._variables[name] = self._unknown(f"${name} depends on a condition", node)

    def _invoke(self, node: Node) -> None:
        """Run ``[Environment]::SetEnvironmentVariable(name, value, target)``."""
        kinds = [
            child for child in node.children if child.type in {"type_literal", "member_name", "argument_list"}
        ]
        if [child.type for child in kinds] != ["type_literal", "member_name", "argument_list"]:
            return
        owner = re.sub(r"[\[\]\s]", "", _text(kinds[0])).lower().removeprefix("system.")
        if owner != "environment" or _text(kinds[1]).lower() != "setenvironmentvariable":
            return
        values = [
            self._value(child)
            for arguments in kinds[2].named_children
            for child in arguments.named_children
            if child.type == "argument_expression"
        ]
        if len(values) < 2:  # noqa: PLR2004 - a name and a value
            return
        if len(values) > 2 and values[2].lower() in {"machine", "2"}:  # noqa: PLR2004 - the target is the third
            self._set(values[0].upper(), values[1], self._at(node))
        elif values[0].upper() in variables():
            self._process_scope(values[0].upper(), self._at(node))

    def _command(self, node: Node, depth: int) -> None:
        name_node = node.child_by_field_name("command_name")
        elements = node.child_by_field_name("command_elements")
        if name_node is None:
            return
        name = _text(name_node).strip("'\"").lower().rpartition("\\")[2].removesuffix(".exe")
        words = [self._word(child) for child in (elements.named_children if elements is not None else [])]
        words = [each for each in words if each.strip() not in {"", ":"}]
        line = self._at(node)
        name = self._aliases.get(name, name)
        if name in self._functions and name not in self._calling:
            self._call(name, words, depth)
        elif name == "initialize-ecsagent" or (name in _STARTS and self._names_service(node, words)):
            self.clusters += _cluster(words)
            self._start(line)
        elif name in _ALIASES:
            self._alias(words)
        elif name in _EVALUATES:
            self._run_text(" ".join(each for each in words if each.lower() != "-command"), line, depth)
        elif name != "set" and self._native([name, *words], line, depth):
            return
        elif name in {"set-itemproperty", "new-itemproperty", "set-item", "new-item"}:
            self._item(words, line)

    def _start(self, line: int) -> None:
        """Start the agent, with what the machine has now."""
        if self._sure:
            self.agent, self._perhaps = self.machine.copy(), []
        else:
            self._perhaps.append((self.machine.copy(), line))

    def _names_service(self, node: Node, words: list[str]) -> bool:
        """Tell whether a command is for the agent's service, also as in ``Get-Service AmazonECS | Start-Service``."""
        text = " ".join(words)
        if node.parent is not None and all(each.startswith("-") for each in words):
            text = _text(node.parent)
        return _SERVICE.search(text) is not None

    def _alias(self, words: list[str]) -> None:
        """Run ``Set-Alias name target``, with or without the parameters' names."""
        operands = [each for each in words if not each.startswith("-")]
        if len(operands) >= 2:  # noqa: PLR2004 - a name and a target
            self._aliases[operands[0].lower()] = operands[1].lower().rpartition("\\")[2]

    def _run_text(self, text: str, line: int, depth: int) -> None:
        """Run commands that stand in a text, such as that of ``Invoke-Expression``."""
        outside, self._line = self._line, lambda _: line
        self._visit(parse(text.encode("utf-8", "replace")), depth + _SCRIPT_DEPTH)
        self._line = outside

    def _call(self, name: str, words: list[str], depth: int) -> None:
        (body, line), outside = self._functions[name], self._line
        variables_outside, self._variables = self._variables, self._variables | bound(body, words)
        self._calling.add(name)
        self._line = line
        for child in body.named_children:
            self._visit(child, depth + 1)
        self._line, self._variables = outside, variables_outside
        self._calling.discard(name)

    def _setx(self, words: list[str], line: int) -> None:
        switches = {each.lower() for each in words if each.startswith("/")}
        operands = [each for each in words if not each.startswith("/")]
        if len(operands) < 2:  # noqa: PLR2004 - a name and a value
            return
        name = operands[0].upper()
        if "/m" in switches:
            value = operands[1]
            known = "%" not in value
            self._set(name, value if known else self.holes.mark(f"{value} is not computed", line), line)
        elif name in variables():
            self._process_scope(name, line)

    def _item(self, words: list[str], line: int) -> None:
        """Run Set-ItemProperty on the registry's environment, and Set-Item on ``Env:``."""
        named = {
            word.lower().strip(":"): words[index + 1]
            for index, word in enumerate(words[:-1])
            if word.startswith("-")
        }
        if any(_ENVIRONMENT_KEY.search(each) for each in words) and "-name" in named and "-value" in named:
            self._set(named["-name"].upper(), named["-value"], line)
        for each in words:
            variable = each.upper().removeprefix("ENV:").lstrip("\\/")
            if each.upper().startswith("ENV:") and variable in variables():
                self._process_scope(variable, line)

    def _reg_add(self, words: list[str], line: int) -> None:
        """Run ``reg add`` on the registry's environment."""
        named = {word.lower(): value for word, value in pairwise(words)}
        if any(_ENVIRONMENT_KEY.search(each) for each in words) and "/v" in named and "/d" in named:
            self._set(named["/v"].upper(), named["/d"], line)

    def _set(self, name: str, value: str, line: int) -> None:
        if self.agent is None and self.holes.first(name) is not None:
            self.anything = self.anything or name
        if name == _CLUSTER and value:
            self.clusters.append(value)
        if name not in variables():
            return
        before = self.machine.get(name)
        if not self._sure and (before is None or before.value != value):
            value = self.holes.mark("it depends on a condition in the script", line)
        elif before is not None and not same(name, meant(name, before.value), meant(name, value)):
            self._warn(
                WarningCode.TWO_VALUES,
                f"{name} is {before.value} on line {before.line} and {value} here; the last one wins",
                line,
                name,
            )
        self.machine[name] = Setting(value, line)

    def _process_scope(self, name: str, line: int) -> None:
        message = f"the agent's service does not see this: {_write(name)}"
        self._warn(WarningCode.PROCESS_SCOPE, message, line, name)

    def _word(self, node: Node) -> str:
        return (
            _text(node) if node.type in {"command_parameter", "command_argument_sep"} else self._value(node)
        )

    def _value(self, node: Node) -> str:
        value = evaluate(node, self._variables, self._unknown)
        return value if len(value) <= _LONGEST else self._unknown("it is too long to follow", node)

    def _unknown(self, reason: str, node: Node) -> str:
        return self.holes.mark(reason, self._at(node))

    def _at(self, node: Node) -> int:
        return self._line(node.start_point[0] + 1)

    def _warn(self, code: WarningCode, message: str, line: int, variable: str) -> None:
        warning = AgentWarning(code, message, line, variable)
        if warning not in self.warnings:
            self.warnings.append(warning)


def _cluster(words: list[str]) -> list[str]:
    """Return the cluster of ``Initialize-ECSAgent -Cluster name``; PowerShell takes every dash for a hyphen."""
    return [
        value for word, value in pairwise(words) if word.lower().strip("-\u2013\u2014\u2015:") == "cluster"
    ]


def _write(name: str) -> str:
    return f'write [Environment]::SetEnvironmentVariable("{name}", "value", "Machine")'


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
