"""What the commands, words and conditions of a shell script need of what runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.bash.world import ECS_CONFIG, Io, World, chunks
from cdk_pull.agent.script.core import Core, mentioned
from cdk_pull.agent.script.tree import field_text, text_of
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tree_sitter import Node

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.script.core import Effort

__all__ = ["Shell", "asks_agent", "mentions"]

# The introspection port, the container and the service of the agent.
_ASKS_AGENT = lazy_pattern(
    r"\b(?:curl|wget|nc(?:at)?|telnet|ss|netstat|lsof)\b[^\n]*\b5167[89]\b|\bdocker\b[^\n;]*\becs-agent\b"
    r"|\bsystemctl\b[^\n;|&]*\b(?:is-active|status|show)\b[^\n;|&]*\becs(?:\.service)?(?=[\s;|&\"')]|\Z)"
    r"|\bservice[ \t]+ecs[ \t]+status\b|\b(?:pgrep|pidof|ps)\b[^\n]*\b(?:ecs-agent|amazon-ecs)"
)


class Shell(Core[World]):
    """Follows one shell script; its statements are the interpreter's.

    Attributes:
        source: the script, as its syntax tree counts in it.
        used: the variables that it uses.
        calls: how many functions it is in.
        asking: how many conditions are around the current statement.
    """

    def __init__(self, holes: Holes, lines: Callable[[int], int], effort: Effort | None = None) -> None:
        super().__init__(holes, lines, effort)
        self.source = b""
        self.used: set[str] = set()
        self.calls = 0
        self.asking = 0

    def ask(self, questions: Iterable[Node], world: World, io: Io) -> list[World]:
        """Return the worlds after the commands of a condition, whose failure ends nothing."""
        self.asking += 1
        ended = self.sequence(questions, [world], io)
        self.asking -= 1
        return ended

    def run(self, node: Node, worlds: list[World], io: Io) -> list[World]:
        """Return the worlds after a statement."""
        raise NotImplementedError

    def stick(self, world: World, line: int, text: str) -> None:
        """Stop a world at something that never ends, with a warning where the script waits for it.

        Args:
            world: the state before it.
            line: its line.
            text: what it is, as it stands in the script.
        """
        if self.effort.background:
            world.flow = "exit"
            return
        world.flow, world.on_exit = "stuck", ""
        what, code = "this never ends, and the agent", WarningCode.NEVER_ENDS
        if asks_agent(text):
            what, code = "this waits for the agent, which", WarningCode.WAITS_FOR_AGENT
        self.warn(
            code, f"{what} starts after the user data has ended: the instance never joins its cluster", line
        )

    def sequence(self, nodes: Iterable[Node], worlds: list[World], io: Io) -> list[World]:
        """Return the worlds after statements that follow one another."""
        return self.in_order(nodes, worlds, lambda node, here: self._checked_run(node, here, io))

    def _checked_run(self, node: Node, worlds: list[World], io: Io) -> list[World]:
        ended = self.run(node, worlds, io)
        if (
            node.type == "command"
            and not self.asking
            and (node.parent is None or node.parent.type != "negated_command")
        ):
            word = field_text(node, "name")
            for one in ended:
                failed = word == "false" or (word in one.functions and one.status is False)
                if one.errexit and failed and not one.flow:
                    one.flow = "fail"
        return ended

    def capture(self, node: Node, world: World) -> str:
        """Return what a command substitution puts in its place."""
        path = f"capture:{node.id}"
        ended = self.sequence(node.named_children, [world.fork()], Io(stdout=path))
        texts = {"".join(each.text for each in one.files.get(path, ())) for one in ended}
        hole = next((found for each in texts if (found := self.holes.first(each)) and found.lines), None)
        if len(texts) == 1 and hole is None:
            return texts.pop().rstrip("\n")
        reason = hole.reason if hole is not None else "its output depends on a condition"
        return self.unknown(reason, node)

    def captured_file(self, node: Node, world: World) -> str:
        """Return the path of what ``<(…)`` reads."""
        text, path = self.capture(node, world), f"/dev/fd/{node.id}"
        hole = self.holes.first(text)
        if hole is not None and self.holes.split(text) == ["", ""]:
            text = self.unknown(hole.reason, node, lines=True)
        world.files[path] = tuple(chunks(f"{text}\n" if text else "", self.line(node)))
        return path

    def is_open(self, word: str) -> bool:
        """Return whether a word may become any number of words: a variable that nobody knows, or a file pattern."""
        return bool(set(word) & set("*?")) or (
            self.holes.first(word) is not None and self.holes.split(word) == ["", ""]
        )

    def is_elsewhere(self, text: str) -> bool:
        """Return whether a text has lines that stand somewhere else."""
        hole = self.holes.first(text)
        return hole is not None and (hole.lines or self.holes.split(text.strip()) == ["", ""])

    def blur(self, world: World, reason: str, line: int) -> World:
        """Make the whole content of ecs.config unknown."""
        world.files[ECS_CONFIG] = ()
        world.write(ECS_CONFIG, self.holes.mark(reason, line, lines=True) + "\n", line)
        return world

    def skip(self, node: Node, world: World, reason: str) -> None:
        """Pass over a statement that cannot be followed; what it may write is unknown."""
        text = text_of(node)
        if mentions(text):
            self.blur(world, f"{reason}: {text.strip()[:60]!r}", self.line(node))

    def narrow(self, worlds: Sequence[World], reason: str, node: Node) -> World:
        """Return the first world, with an unknown ecs.config."""
        return self.blur(worlds[0], reason, self.line(node))


def asks_agent(text: str) -> bool:
    """Return whether a command asks whether the agent runs."""
    return _ASKS_AGENT.search(text.replace("\\\n", " ")) is not None


def mentions(text: str) -> bool:
    """Return whether a text names ecs.config or one of the agent's variables."""
    return "ecs.config" in text or bool(mentioned(text))
