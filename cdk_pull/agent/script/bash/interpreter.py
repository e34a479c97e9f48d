"""Walks through a shell script and keeps, for every way it may go, what its files hold.

Commands are taken to succeed, unless they are there to ask a question: then both answers are followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import TYPOGRAPHIC
from cdk_pull.agent.pieces import NOTHING
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.bash import arithmetic, commands, control
from cdk_pull.agent.script.bash.call import Call
from cdk_pull.agent.script.bash.conditions import decide
from cdk_pull.agent.script.bash.parameters import elements, lookup, store, store_array
from cdk_pull.agent.script.bash.parse import parse
from cdk_pull.agent.script.bash.reads import separators
from cdk_pull.agent.script.bash.redirects import open_redirects, pipeline, redirect_all, redirected
from cdk_pull.agent.script.bash.shell import Shell, mentions
from cdk_pull.agent.script.bash.syntax import examine
from cdk_pull.agent.script.bash.words import expand, expand_one
from cdk_pull.agent.script.bash.world import ECS_CONFIG, Io, World
from cdk_pull.agent.script.core import DEEPEST, bounded, mentioned, merge
from cdk_pull.agent.script.tree import text_of, walk
from cdk_pull.agent.variables import variables
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tree_sitter import Node

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.script.bash.syntax import Document
    from cdk_pull.agent.script.bash.world import Function
    from cdk_pull.agent.script.core import Effort

__all__ = ["Interpreter"]

# What looks like the end of a here-document, and like a command in one.
_LONE_WORD = lazy_pattern(r"[ \t]*(?:EO[A-Z]+|END[A-Z]*|[A-Z]+_?E(?:OF|ND))[ \t]*\r?")
_COMMAND = lazy_pattern(r"[ \t]*(?:echo|printf|cat|sudo|systemctl|service|yum|dnf)[ \t]")
_GROUPS = frozenset({"program", "compound_statement", "do_group", "negated_command", "variable_assignments"})


class Interpreter(Shell):
    """Runs one script in thought.

    Args:
        holes: the unknown pieces, shared by all scripts of one user data.
        lines: the line of the user data for each line of the script.
        effort: what is spent already, for a script inside another.
    """

    def __init__(self, holes: Holes, lines: Callable[[int], int], effort: Effort | None = None) -> None:
        super().__init__(holes, lines, effort)
        self._assigned: dict[str, int] = {}
        self._functions: dict[int, Function] = {}

    def run_script(self, text: str, worlds: Iterable[World], io: Io | None = None) -> list[World]:
        """Return the worlds after a whole script, its EXIT trap included."""
        after: list[World] = []
        if re.match(r"#!\S+[ \t]+-[a-z]*e", text):
            for world in (worlds := list(worlds)):
                world.errexit = True
        for world in self._included(text, list(worlds), io or Io()):
            trap, world.on_exit = world.on_exit, ""
            world.flow = world.flow if world.flow in {"stuck", "restart"} else ""
            after.extend(self.nested(trap, world, io or Io(), self.lines) if trap else [world])
        return merge(after)

    def _included(self, text: str, worlds: list[World], io: Io) -> list[World]:
        text = self._checked(text)
        self.source, root = parse(text.encode("utf-8", "replace"))
        for node in root.children if all(map(self.has_ended, worlds)) else ():
            self.unreachable(node, worlds)
        ended = self.run(root, worlds, io)
        for node in [each for each in walk(root) if each.is_error] if root.has_error else []:
            for world in ended:
                self.skip(_whole(node), world, "the grammar of bash does not know this")
        for name, line in self._assigned.items():
            if name not in self.used:
                self.warn(
                    WarningCode.SHELL_VARIABLE,
                    f"{name} is a variable of the script; the agent reads {ECS_CONFIG}: write it there",
                    line,
                    name,
                )
        return ended

    def _checked(self, text: str) -> str:
        """Return the part of a script that bash runs, with warnings of the settings in the rest."""
        form, lines = examine(text), text.split("\n")
        for document in form.documents:
            self._check_here_document(document, lines)
        refusal = form.refusal
        if refusal is None or any(
            self.holes.first(each) and self.holes.split(each.strip()) == ["", ""] for each in lines
        ):
            return text  # unknown lines may end what is not ended
        rest = "\n".join(lines[refusal.start :])
        names = mentioned(rest) or ["the rest of the script"] if mentions(rest) else []
        for name in names:
            self.warn(
                WarningCode.SYNTAX_ERROR,
                f"{name} has no effect: {refusal.what}, and bash runs nothing from line "
                f"{self.lines(refusal.start + 1)} on",
                self.lines(refusal.row + 1),
                name if name in variables() else None,
            )
        return "".join(f"{each}\n" for each in lines[: refusal.start])

    def _check_here_document(self, document: Document, lines: list[str]) -> None:
        """Warn of a here-document without an end, in which commands stand."""
        opening, body = self.lines(document.row + 1), lines[document.row + 1 :]
        plain = document.word.strip(TYPOGRAPHIC)
        endings = [row for row, line in enumerate(body) if line.strip().strip(TYPOGRAPHIC) == plain]
        endings += [row for row, line in enumerate(body) if _LONE_WORD.fullmatch(line)]
        after = body[endings[0] + 1 :] if endings else body
        if not any("ecs.config" in line or _COMMAND.match(line) for line in after) or not mentions(
            "\n".join(after)
        ):
            return
        if plain != document.word:
            self.warn(
                WarningCode.TYPOGRAPHIC_QUOTES,
                f"bash takes the typographic quotes of {document.word} for letters, so that {plain} does not end this "
                "here-document and all after it is its text",
                opening,
            )
        elif endings:
            self.warn(
                WarningCode.HERE_DOCUMENT,
                f"this does not end the here-document of line {opening}, so that all after it is its text: the line has "
                f"to be {document.word} alone, without blanks",
                self.lines(document.row + endings[0] + 2),
            )
        else:
            self.warn(
                WarningCode.HERE_DOCUMENT,
                f"this here-document does not end, so that all after it is its text: no line is {document.word} alone",
                opening,
            )

    def nested(
        self, text: str, world: World, io: Io, lines: Callable[[int], int], *, own: bool = True
    ) -> list[World]:
        """Return the worlds after a script inside the script.

        Args:
            text: the script.
            world: the state before it.
            io: where it reads and writes.
            lines: the line of the user data for each of its lines.
            own: whether it has a shell of its own, as that of ``bash -c`` has and that of ``source`` has not.
        """
        if self.effort.depth >= DEEPEST:
            return [self.blur(world, "the script is nested too deep", lines(1))]
        inner = Interpreter(self.holes, lines, self.effort)
        inner.calls = 0 if own else self.calls + 1  # a sourced file may return
        worlds = inner.run_script(text, [world], io) if own else inner._included(text, [world], io)
        self.warnings += [each for each in inner.warnings if each not in self.warnings]
        self.used |= inner.used
        return worlds

    def run(self, node: Node, worlds: list[World], io: Io) -> list[World]:
        """Return the worlds after a statement."""
        after = node.next_sibling
        step = self._job if after is not None and after.type == "&" else self._run
        return self.visit(node, worlds, lambda world: step(node, world, io))

    def _job(self, node: Node, world: World, io: Io) -> list[World]:
        """Return the worlds after a background job was started, taken to end at once."""
        self.effort.background += 1
        ended = self._run(node, world.fork(), io)
        self.effort.background -= 1
        return merge([world.after_job(inside, self.line(node)) for inside in ended])

    def _run(self, node: Node, world: World, io: Io) -> list[World]:
        follow = _CONTROL.get(node.type)
        if follow is not None:
            return follow(self, node, world, io)
        match node.type:
            case "command" | "declaration_command":
                return self._command(node, world, io)
            case "subshell":
                return self.apart(node.named_children, world, io)
            case "compound_statement" if node.children[0].type == "((":
                arithmetic.run(text_of(node)[2:-2], world)
            case "unset_command":
                self._unset(node, world)
            case kind if kind in _GROUPS:
                return self.sequence(node.named_children, [world], io)
            case "variable_assignment":
                self._assign(node, world)
            case "function_definition":
                self._define(node, world)
        return [world]

    def _define(self, node: Node, world: World) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            function = self._functions.setdefault(body.id, lambda one, io: self._inside(body, one, io))
            world.functions[text_of(name)] = function

    def _inside(self, body: Node, world: World, io: Io) -> list[World]:
        self.calls += 1
        hidden, loops = world.hidden, self.loops
        world.hidden, self.loops = {}, 0
        ended = self.run(body, [world], io)
        self.calls -= 1
        self.loops = loops
        last = next((each for each in reversed(body.named_children) if each.type != "comment"), None)
        for one in ended:
            if one.flow != "return":
                one.status = decide(self, last, one) if last is not None and not one.flow else True
            for name, value in one.hidden.items():
                store_array(name, (), one)
                if value is not None:
                    one.variables[name] = value
            one.hidden = hidden.copy()
        return ended

    def _command(self, node: Node, world: World, io: Io) -> list[World]:
        name = node.child_by_field_name("name")
        redirects = [each for each in node.named_children if each.type.endswith("_redirect")]
        assignments = [each for each in node.named_children if each.type == "variable_assignment"]
        if node.type == "declaration_command" and self.calls:
            self._make_local(node, world)
        opened = open_redirects(self, redirects, world, io)
        if name is None or text_of(name) in {"", NOTHING}:
            written = opened.stdout == ECS_CONFIG
            for each in assignments:
                self._assign(each, world, warn=not written)
            if written:
                self._writes_nothing(assignments)
            return [world]
        words = expand(name, world, self)
        end = name.end_byte
        for each in node.children_by_field_name("argument"):
            more = expand(each, world, self)
            if self.source[end : each.start_byte] == b"\\\n" and words and more:  # one word over two lines
                words[-1] += more.pop(0)
            words += more
            end = each.end_byte
        if not words:
            return [world]
        if words[0] in world.functions:
            return self._call(words, world, opened)
        if redirects and words[0] == "exec" and len(words) == 1:
            # It redirects all that follows, which is what a log wants.
            redirect_all(self, redirects, world)
            return [world]
        rows = node.end_point[0] - node.start_point[0]
        return commands.run(
            Call(
                self,
                world,
                opened,
                words,
                self.line(node),
                rows,
                text=text_of(node),
                fresh=opened.stdin is not io.stdin,
                separators=separators(self, node, world) if words[0] == "read" else "",
            )
        )

    def _make_local(self, node: Node, world: World) -> None:
        """Take note of what the variables of ``local`` are outside of the function."""
        words = text_of(node).split()
        if words[0] not in {"local", "declare", "typeset"} or "-g" in words:
            return
        for name in [each.partition("=")[0] for each in words[1:] if not each.startswith("-")]:
            for key in [name, *(each for each in world.variables if each.startswith(f"{name}["))]:
                world.hidden.setdefault(key, world.variables.get(key))

    def _assign(self, node: Node, world: World, *, warn: bool = True) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        key = text_of(name)
        added = any(each.type == "+=" for each in node.children)
        if value is not None and value.type == "array":
            self._assign_array(key, value, world, added=added)
            return
        text = expand_one(value, world, self) if value is not None else ""
        store(key, bounded(lookup(key, world) or "") + text if added else text, world)
        if warn and key in variables():
            self._assigned.setdefault(key, self.line(node))

    def _assign_array(self, name: str, value: Node, world: World, *, added: bool) -> None:
        words = [word for each in value.named_children for word in expand(each, world, self)]
        if any(map(self.is_open, words)) or (added and elements(name, world) is None):
            words = [f"[*]={self.unknown(f'the elements of {name} are not known', value)}"]
        store_array(name, words, world, added=added)

    def _unset(self, node: Node, world: World) -> None:
        words = text_of(node).split()[1:]
        for name in [each for each in words if not each.startswith("-")]:
            if "-f" in words:
                world.functions.pop(name, None)
            else:
                store_array(name, (), world)

    def _writes_nothing(self, assignments: Iterable[Node]) -> None:
        for each in assignments:
            name = text_of(each).partition("=")[0]
            self.warn(
                WarningCode.WRITES_NOTHING,
                f"this writes nothing to {ECS_CONFIG}: add echo before {name}=",
                self.line(each),
                name,
            )

    def _call(self, words: list[str], world: World, io: Io) -> list[World]:
        function, outside = world.functions[words[0]], world.arguments
        world.arguments = tuple(words[1:])
        ended = self.call([world], lambda one: function(one, io))
        for each in ended:
            each.arguments = outside
        return ended

    def apart(self, nodes: Iterable[Node], world: World, io: Io) -> list[World]:
        """Return the worlds after statements in a subshell, of which only the files last."""
        ended = self.sequence(nodes, [world.fork()], io)
        return merge([world.after_subshell(each) for each in ended])

    def unreachable(self, node: Node, worlds: Sequence[World]) -> None:
        """Warn of the settings that no world comes to; what a restart cuts off may just have run."""
        if node.is_named and mentions(text_of(node)):
            self.cut_off(node, worlds, mentioned(text_of(node)) or [None], "cloud-init")

    def lose(self, world: World, name: str, reason: str, node: Node) -> None:
        """Make one of the agent's variables unknown."""
        world.write(ECS_CONFIG, f"\n{name}={self.unknown(reason, node)}\n", self.line(node))


def _whole(node: Node) -> Node:
    """Return the statement with redirections that a node is in, as after ``cat <<EOF > file; …``, or the node."""
    around: Node | None = node
    while around is not None and around.type != "redirected_statement":
        around = around.parent
    return around or node


_CONTROL: dict[str, Callable[[Interpreter, Node, World, Io], list[World]]] = {
    "redirected_statement": redirected,
    "pipeline": pipeline,
    "list": control.either,
    "if_statement": control.branch,
    "case_statement": control.case,
    "for_statement": control.each,
    "while_statement": control.repeat,
    "c_style_for_statement": control.count,
}
