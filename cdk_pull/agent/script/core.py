"""How a script goes, whatever its language: in sequence, branches, loops and functions, and out of them.

A front end says what the statements of its language do to one :class:`World`; the core says which of the ways that a
script may go there are, and bounds how many are followed and how far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeAlias, TypeVar

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.reading import AgentWarning
from cdk_pull.agent.variables import variables
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Self

    from tree_sitter import Node

    from cdk_pull.agent.pieces import Holes

__all__ = [
    "DEEPEST",
    "ENDED",
    "LONGEST",
    "Arm",
    "Core",
    "Effort",
    "Flow",
    "OvergrownError",
    "Step",
    "World",
    "bounded",
    "left_loop",
    "mentioned",
    "merge",
    "pulled",
    "rounded",
]

DEEPEST = 60
"""How many statements may stand inside one another, those of called functions and inner scripts included."""
LONGEST = 128 * 1024
"""How long a value may become."""
_MOST_STEPS = 6_000
_MOST_ROUNDS = 50

Flow: TypeAlias = Literal["", "exit", "fail", "return", "break", "continue", "throw", "stuck", "restart"]
"""How a world has left what it is in.

``fail`` is an exit that reports an error, ``throw`` an error that a ``try`` may take, ``stuck`` a wait without end,
``restart`` the end of the whole instance.
"""
ENDED: frozenset[Flow] = frozenset({"exit", "fail", "stuck", "restart"})
"""The flows after which nothing of the script runs."""


class World(Protocol):
    """One way in which a script may have gone.

    Attributes:
        flow: how it has left the statements that it is in; empty where the next one runs.
        outer: how many loops further out a ``break`` or ``continue`` is for.
    """

    flow: Flow
    outer: int

    def fork(self) -> Self:
        """Return a copy that can go another way."""


W = TypeVar("W", bound=World)
Step: TypeAlias = "Callable[[W], list[W]]"
"""What a statement makes of one world: the worlds after it."""


class OvergrownError(Exception):
    """What a script builds up is larger than any that anybody means; it is not followed any further."""


def pulled(words: Sequence[str]) -> str:
    """Return the image that ``docker`` pulls with these words; empty where it pulls none."""
    words = [*words[1:]] if words[:1] == ["image"] else [*words]
    operands = [each for each in words[1:] if not each.startswith("-")]
    return operands[-1] if words[:1] == ["pull"] and operands else ""


@dataclass(frozen=True, slots=True)
class Arm(Generic[W]):
    """One arm of a branch.

    Attributes:
        ask: runs what the condition runs.
        holds: whether the condition holds after that; None where nobody can tell.
        body: what follows if it does.
    """

    ask: Step[W]
    holds: Callable[[W], bool | None]
    body: Step[W]


@dataclass(slots=True)
class Effort:
    """How much of what one reading may cost is spent, and whether anybody waits for what runs.

    Attributes:
        depth: the statements around the current one.
        steps: the statements that have run.
        background: how many background jobs are around the current statement.
        failures: how many statements may have ended the script with an error.
    """

    depth: int = 0
    steps: int = 0
    background: int = 0
    failures: int = 0


class Core(Generic[W]):
    """Follows the statements of one script in every way that it may go.

    Args:
        holes: the unknown pieces, shared by all scripts of one user data.
        lines: the line of the user data for each line of the script.
        effort: what is spent already, for a script inside another.

    Attributes:
        most_worlds: beyond how many ways a script may go, nobody can tell where it ends up.
        warnings: what is wrong with the script.
        loops: how many loops are around the current statement.
    """

    most_worlds = 32

    def __init__(self, holes: Holes, lines: Callable[[int], int], effort: Effort | None = None) -> None:
        self.holes = holes
        self.lines = lines
        self.effort = effort or Effort()
        self.warnings: list[AgentWarning] = []
        self.loops = 0

    def warn(self, code: WarningCode, message: str, line: int, variable: str | None = None) -> None:
        """Record a warning, once."""
        warning = AgentWarning(code, message, line, variable)
        if warning not in self.warnings:
            self.warnings.append(warning)

    def line(self, node: Node) -> int:
        """Return the line of the user data at which a node begins."""
        return self.lines(node.start_point[0] + 1)

    def unknown(self, reason: str, node: Node, *, lines: bool = False) -> str:
        """Return a mark for something that the script alone does not tell."""
        return self.holes.mark(reason, self.line(node), lines=lines)

    def skip(self, node: Node, world: W, reason: str) -> None:
        """Pass over a statement that cannot be followed; what it may set is unknown."""
        raise NotImplementedError

    def narrow(self, worlds: Sequence[W], reason: str, node: Node) -> W:
        """Return one world in place of more than can be followed; what they differ in is unknown."""
        raise NotImplementedError

    def has_ended(self, world: W) -> bool:
        """Return whether nothing more of the script runs in a world."""
        return world.flow in ENDED

    def unreachable(self, node: Node, worlds: Sequence[W]) -> None:
        """Take note of a statement that no world comes to."""
        raise NotImplementedError

    def lose(self, world: W, name: str, reason: str, node: Node) -> None:
        """Make one of the agent's variables unknown."""
        raise NotImplementedError

    def cut_off(self, node: Node, worlds: Sequence[W], names: Iterable[str | None], system: str) -> None:
        """Warn of the settings of a statement that no world comes to; what a restart cuts off may just have run."""
        restarts = any(world.flow == "restart" for world in worlds)
        code = WarningCode.AFTER_RESTART if restarts else WarningCode.UNREACHABLE
        why = "the script has ended before this line"
        if restarts:
            why = f"the instance restarts before this line, and {system} does not run the rest later"
        for name in names:
            self.warn(code, why, self.line(node), name)
            if restarts and name is not None:
                for world in worlds:
                    self.lose(world, name, why, node)

    def visit(self, node: Node, worlds: Iterable[W], step: Step[W]) -> list[W]:
        """Return the worlds after a statement, as far as there is effort left for it."""
        ended: list[W] = []
        effort = self.effort
        for world in worlds:
            effort.steps += 1
            effort.depth += 1
            if world.flow:
                ended.append(world)
            elif effort.depth > DEEPEST or effort.steps > _MOST_STEPS:
                self.skip(node, world, "the script is too involved to follow")
                ended.append(world)
            else:
                ended.extend(step(world))
            effort.depth -= 1
        merged = merge(ended)
        effort.failures += any(one.flow == "fail" for one in ended)
        if len(merged) > self.most_worlds:
            # One that has ended would make all that follows seem unreachable.
            live = [world for world in merged if not world.flow]
            return [self.narrow(live or merged, "the script branches too often to follow", node)]
        return merged

    def in_order(
        self, nodes: Iterable[Node], worlds: list[W], run: Callable[[Node, list[W]], list[W]]
    ) -> list[W]:
        """Return the worlds after statements that follow one another."""
        for node in nodes:
            if node.type == "comment":
                continue
            if all(map(self.has_ended, worlds)):
                self.unreachable(node, worlds)
            worlds = run(node, worlds)
        return worlds

    def choose(self, worlds: Iterable[W], arms: Sequence[Arm[W]], otherwise: Step[W]) -> list[W]:
        """Return the worlds after the first arm whose condition holds, and after each that may."""
        if not arms:
            return [ended for world in worlds for ended in otherwise(world)]
        first, *rest = arms
        ended: list[W] = []
        for world in worlds:
            for one in first.ask(world):
                answer = first.holds(one)
                if answer is not False:
                    ended += first.body(one.fork())
                if answer is not True:
                    ended += self.choose([one], rest, otherwise)
        return ended

    def each(
        self, worlds: list[W], values: Iterable[object], bind: Callable[[W, object], None], body: Step[W]
    ) -> list[W]:
        """Return the worlds after one round of a loop for each of some values."""
        inside = self._looped(body)
        for number, value in enumerate(values):
            if number >= _MOST_ROUNDS:
                raise OvergrownError
            for world in worlds:
                if not world.flow:
                    bind(world, value)
            worlds = rounded([ended for world in worlds for ended in inside(world)])
        return left_loop(worlds)

    def perhaps(self, world: W, bind: Callable[[W], None], body: Step[W]) -> list[W]:
        """Return the worlds after no or one round of a loop."""
        once = world.fork()
        bind(once)
        return [world, *left_loop(rounded(self._looped(body)(once)))]

    def repeat(self, worlds: list[W], arm: Arm[W], stuck: Callable[[W], None], *, lasting: bool) -> list[W]:
        """Return the worlds after a loop that goes on while a condition holds.

        Args:
            worlds: those before it.
            arm: the condition and the body.
            stuck: takes a world that never leaves the loop.
            lasting: whether the condition holds for ever if it does so for many rounds.
        """
        left: list[W] = []
        body = self._looped(arm.body)
        failures, ways = self.effort.failures, 0
        for _ in range(_MOST_ROUNDS):
            ways += len(worlds)
            if ways > 2 * _MOST_ROUNDS:  # each round takes the longer, the more ways there are
                break
            asked = [one for world in worlds for one in arm.ask(world)]
            inside: list[W] = []
            for one in asked:
                answer = None if one.flow else arm.holds(one)
                if one.flow or answer is False:
                    left.append(one)
                elif answer:
                    inside.append(one)
                else:
                    # Nobody knows how often it goes round: not at all, or once.
                    left += [one, *rounded(body(one.fork()))]
            before = [one.fork() for one in inside]
            after = merge(rounded([ended for one in inside for ended in body(one)])) if inside else []
            left += [one for one in after if one.flow]
            worlds = [one for one in after if not one.flow]
            if not worlds:
                return left_loop(left)
            if worlds == before:
                lasting = True
                break
        # Where some have left by a condition that nobody knows, the others do so in a later round.
        may_leave = bool(left) or self.effort.failures > failures
        for world in worlds if lasting and not may_leave else ():
            stuck(world)
        return left_loop(left if left and lasting else [*left, *worlds])

    def _looped(self, body: Step[W]) -> Step[W]:
        def step(world: W) -> list[W]:
            self.loops += 1
            ended = body(world)
            self.loops -= 1
            return ended

        return step

    def call(self, worlds: list[W], body: Step[W]) -> list[W]:
        """Return the worlds after a function, which a ``return`` ends and nothing else."""
        ended = [one for world in worlds for one in body(world)]
        for one in ended:
            one.flow = "" if one.flow == "return" else one.flow
        return ended

    def attempt(self, world: W, body: Step[W], rescue: Step[W] | None, always: Step[W]) -> list[W]:
        """Return the worlds after a ``try``, whose ``catch`` may always run and whose ``finally`` does."""
        ended: list[W] = []
        for one in body(world):
            if rescue is not None and one.flow in {"", "throw"}:
                if not one.flow:
                    ended.append(one.fork())
                one.flow = ""
                ended += rescue(one)
            else:
                ended.append(one)
        after: list[W] = []
        for one in ended:
            flow, one.flow = one.flow, ""
            for last in always(one):
                last.flow = last.flow or flow
                after.append(last)
        return after


def bounded(text: str) -> str:
    """Return a text of a size that a script may have.

    Raises:
        OvergrownError: for a larger one, such as a variable that is doubled again and again.
    """
    if len(text) > LONGEST:
        raise OvergrownError
    return text


def merge(worlds: Sequence[W]) -> list[W]:
    """Return the distinct worlds, without those that failed or hang where another goes on.

    A script that ends with an error is taken for one that nobody wants to read: ``[ -f x ] || exit 1`` is a
    precaution, not a branch.
    """
    live = [world for world in worlds if world.flow not in {"fail", "stuck"}] or worlds[:1]
    distinct: list[W] = []
    for world in live:
        if world not in distinct:
            distinct.append(world)
    return distinct


def mentioned(text: str) -> list[str]:
    """Return the agent's variables that a text names."""
    return [name for name in variables() if name in text]


def rounded(worlds: list[W]) -> list[W]:
    """Return the worlds after a round of a loop, which a ``continue`` of its own ends and nothing else."""
    for one in worlds:
        if one.flow == "continue" and not one.outer:
            one.flow = ""
    return worlds


def left_loop(worlds: list[W]) -> list[W]:
    """Return the worlds after a loop, which a ``break`` of its own ends and nothing else."""
    for one in worlds:
        if one.flow in {"break", "continue"} and one.outer:
            one.outer -= 1
        elif one.flow == "break":
            one.flow = ""
    return worlds
