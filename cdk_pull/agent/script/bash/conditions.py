"""Which way a condition goes, where the script alone tells."""

from __future__ import annotations

import operator
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cdk_pull.agent.script.bash import arithmetic
from cdk_pull.agent.script.bash.shell import asks_agent
from cdk_pull.agent.script.bash.words import expand_one
from cdk_pull.agent.script.bash.world import ECS_CONFIG
from cdk_pull.agent.script.tree import field_text, text_of
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from tree_sitter import Node

    from cdk_pull.agent.script.bash.shell import Shell
    from cdk_pull.agent.script.bash.world import World

__all__ = ["decide"]

# Commands that are there to ask: both answers are possible.
_QUESTIONS = frozenset(
    [
        "[",
        "[[",
        "test",
        "grep",
        "egrep",
        "fgrep",
        "zgrep",
        "which",
        "command",
        "type",
        "hash",
        "cmp",
        "diff",
        "id",
        "getent",
        "pgrep",
        "pidof",
        "mountpoint",
        "ping",
        "nc",
        "expr",
        "let",
        "read",
        "select",
    ]
)
# What succeeds each time that it runs.
_LASTING = frozenset({":", "true", "sleep", "echo", "printf", "date"})
# What runs a script, which may end with an error.
_SCRIPTS = frozenset({"bash", "sh", "dash", "su", "eval"})
_MAY_FAIL = lazy_pattern(r"\b(?:exit|return)\b[ \t]*[^0 \t;'\"]|\bfalse\b")
_AROUND = frozenset({"test_command", "parenthesized_expression"})
_QUOTED = frozenset({"string", "raw_string", "ansi_c_string"})
_NUMBERS = lazy_pattern(r"-?[0-9]{1,12} -?[0-9]{1,12}")
_ORDERS = {f"-{each}": getattr(operator, each) for each in ("eq", "ne", "lt", "le", "gt", "ge")}
_COMMANDS = frozenset({"command", "pipeline", "redirected_statement"})


def decide(shell: Shell, node: Node, world: World, *, lasting: bool = False) -> bool | None:
    """Return whether a condition holds, or None where both are possible.

    Args:
        shell: the script.
        node: the condition.
        world: the state in which it is asked.
        lasting: whether to say what holds again and again, which the success of a command does not.
    """
    text = text_of(node)
    if (
        node.type in _COMMANDS
        and not shell.effort.background
        and asks_agent(text.replace("\\\n", " ").partition("\n")[0])
    ):
        return False  # the agent starts after the user data has ended
    answer: bool | None = True
    match node.type:
        case "negated_command":
            inside = node.named_children[:1]
            answer = decide(shell, inside[0], world, lasting=lasting) if inside else None
            answer = None if answer is None else not answer
        case "compound_statement" if text.startswith("(("):
            number = arithmetic.compute(text[2:-2], world)
            answer = None if number is None else bool(number)
        case "test_command":
            answer = _test(shell, node, world)
        case "list":
            answer = _both(shell, node, world, lasting=lasting)
        case "redirected_statement" | "pipeline" | "subshell" | "compound_statement":
            last = node.child_by_field_name("body") or next(reversed(node.named_children), None)
            answer = None if last is None else decide(shell, last, world, lasting=lasting)
        case "command":
            answer = _command(shell, node, world, lasting=lasting)
        case "variable_assignment":
            # It is what the last command in it is.
            value = node.child_by_field_name("value")
            if value is not None and value.type == "command_substitution" and value.named_child_count:
                answer = decide(shell, value.named_children[-1], world, lasting=lasting)
    return answer


def _command(shell: Shell, node: Node, world: World, *, lasting: bool) -> bool | None:
    word = field_text(node, "name")
    if word == "sudo":
        word = field_text(node, "argument") or word
    if word == "false":
        return False
    if word in world.functions:
        return world.status
    if word in _SCRIPTS and _MAY_FAIL.search(text_of(node)):
        return None
    if word in {"test", "[", "grep", "egrep", "fgrep"}:
        words = [expand_one(each, world, shell) for each in node.children_by_field_name("argument")]
        return _finds(words, world, shell) if word.endswith("grep") else _compare(words, shell)
    return None if word in _QUESTIONS or (lasting and word not in _LASTING) else True


def _finds(arguments: list[str], world: World, shell: Shell) -> bool | None:
    """Return whether ``grep -q NAME ecs.config`` finds what the user data has written so far."""
    operands = [each for each in arguments if not each.startswith("-")]
    if len(operands) != 2 or world.path(operands[1]) != ECS_CONFIG:  # noqa: PLR2004 - a pattern and a file
        return None
    content = "".join(each.text for each in world.files.get(ECS_CONFIG, ()))
    pattern = operands[0].removeprefix("^")
    if shell.holes.first(content + pattern) is not None or not re.fullmatch("[A-Za-z0-9_=-]+", pattern):
        return None
    start = "^" if pattern != operands[0] else ""
    return re.search(start + re.escape(pattern), content, re.MULTILINE) is not None


def _both(shell: Shell, node: Node, world: World, *, lasting: bool) -> bool | None:
    left = decide(shell, node.named_children[0], world, lasting=lasting)
    right = decide(shell, node.named_children[-1], world, lasting=lasting)
    if any(child.type == "&&" for child in node.children):
        return False if left is False else right if left else None
    return True if left else right if left is False else None


def _test(shell: Shell, node: Node, world: World) -> bool | None:
    """Return whether ``[ … ]`` or ``[[ … ]]`` holds, or a part of it."""
    inside = node.named_children[0] if node.named_child_count == 1 and node.type in _AROUND else node
    operator_ = next((each.type for each in inside.children if not each.is_named), "")
    if inside.type == "binary_expression" and operator_ in {"&&", "||"}:
        one, other = (_test(shell, each, world) for each in (inside.children[0], inside.children[-1]))
        decided = operator_ == "||"
        return decided if decided in {one, other} else None if None in {one, other} else not decided
    if inside.type == "parenthesized_expression":
        return _test(shell, inside, world)
    if inside.type == "unary_expression" and operator_ == "!":
        answer = _test(shell, inside.children[-1], world)
        return None if answer is None else not answer
    words = [
        expand_one(each, world, shell) if each.is_named and each.type != "test_operator" else text_of(each)
        for each in inside.children or [inside]
    ]
    around: Node | None = node
    while around is not None and around.type != "test_command":
        around = around.parent
    if around is None or not (around.text or b"").startswith(b"[["):
        return _compare(words, shell)
    return _compare(words, shell, glob=inside.child_count > 0 and inside.children[-1].type not in _QUOTED)


def _compare(words: list[str], shell: Shell, *, glob: bool | None = None) -> bool | None:
    if any(shell.holes.first(word) for word in words):
        return None
    match words:
        case ["-n", word]:
            answer: bool | None = bool(word)
        case ["-z", word]:
            answer = not word
        case [word] if word and not word.startswith("-"):
            answer = True
        case [one, "=" | "==" | "!=" as sign, other] if glob is not None or not set(other) & set("*?["):
            answer = (fnmatchcase(one, other) if glob else one == other) == (sign != "!=")
        case [one, sign, other] if sign in _ORDERS and _NUMBERS.fullmatch(f"{one} {other}"):
            answer = _ORDERS[sign](int(one), int(other))
        case _:
            answer = None
    return answer
