"""Runs the blocks of a user data, and says what the agent has when all have run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.powershell.interpreter import Interpreter
from cdk_pull.agent.script.powershell.shell import write
from cdk_pull.agent.script.powershell.world import Setting, World
from cdk_pull.agent.variables import variables

if TYPE_CHECKING:
    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.readers.reading import AgentWarning

__all__ = ["Session"]

_NAMES = re.compile(r"\b([A-Z_]+)=")
_CONFIG = re.compile(r"\becs\.config\b", re.IGNORECASE)
_COMMENT = re.compile(r"[ \t]*(?:#|rem\b|::)", re.IGNORECASE)


class Session:
    """Runs the scripts of a user data in thought, one after the other.

    Args:
        holes: the unknown pieces.
        persists: whether the scripts run again at every boot.
    """

    def __init__(self, holes: Holes, *, persists: bool = False) -> None:
        self._worlds = [World()]
        self._shell = Interpreter(holes, lambda line: line)
        self._shell.persists = persists

    @property
    def warnings(self) -> list[AgentWarning]:
        """What is wrong with the lines."""
        return self._shell.warnings

    @property
    def anything(self) -> str:
        """The mark for what may be any variable; empty where nothing may."""
        return next((world.anything for world in self._worlds if world.anything), "")

    @property
    def pruned(self) -> frozenset[int]:
        """The lines that remove images before the agent has any."""
        return frozenset(line for world in self._worlds for line in world.pruned)

    @property
    def pulls(self) -> dict[tuple[str, int], None]:
        """The images that the scripts pull, with the lines."""
        return {pull: None for world in self._worlds for pull in world.pulls}

    @property
    def used(self) -> str:
        """The other commands of Docker, which may use them."""
        return "\n".join(each for world in self._worlds for each in world.used)

    @property
    def machine(self) -> list[str]:
        """The names of the agent's variables that the machine has, or may."""
        return [name for name in variables() if any(name in world.machine for world in self._worlds)]

    @property
    def clusters(self) -> list[str]:
        """The names of the clusters that the agent may join."""
        return self._shell.clusters

    @property
    def starts_agent(self) -> bool:
        """Whether the scripts start the agent, or may."""
        return any(world.agent is not None for world in self._worlds)

    def run(self, script: str, first: int) -> None:
        """Run a PowerShell script that begins on a line of the user data."""
        self._shell.lines = lambda line: first + line - 1
        self._find_files(script, first)
        self._begin()
        self._worlds = self._shell.run_script(script, self._worlds)

    def run_batch(self, script: str, first: int) -> None:
        """Run a batch file: of its commands, those that set variables or run PowerShell."""
        self._find_files(script, first)
        self._begin()
        self._worlds = [ended for world in self._worlds for ended in self._shell.batch(script, world, first)]

    def at_end(self) -> dict[str, Setting]:
        """Return what the agent has when all has run, with a warning for what came too late for it."""
        found: dict[str, list[Setting | None]] = {name: [] for name in variables()}
        for world in self._worlds:
            for name, setting in world.machine.items():
                if world.agent is not None and world.agent.get(name) != setting:
                    self._shell.warn(
                        WarningCode.AFTER_INITIALIZE,
                        f"{name} is set after Initialize-ECSAgent has started the agent; set it before",
                        setting.line,
                        name,
                    )
            for name, settings in found.items():
                settings.append((world.machine if world.agent is None else world.agent).get(name))
        return {name: one for name, settings in found.items() if (one := self._of_all(settings)) is not None}

    def _of_all(self, settings: list[Setting | None]) -> Setting | None:
        """Return the setting in all worlds; unknown where they differ."""
        values = {each.value if each is not None else "" for each in settings}
        line = max((each.line for each in settings if each is not None), default=0)
        if not line:
            return None
        if len(values) == 1:
            return Setting(values.pop(), line)
        return Setting(self._shell.holes.mark("it depends on a condition in the script", line), line)

    def _begin(self) -> None:
        for world in self._worlds:
            world.flow = "restart" if world.flow == "restart" else ""

    def _find_files(self, script: str, first: int) -> None:
        """Warn of settings in a file: the agent on Windows reads none of that form."""
        for number, line in enumerate([] if script.startswith("#!") else script.split("\n"), first):
            names = [each for each in _NAMES.findall(line) if each in variables()]
            if names and _CONFIG.search(line) and not _COMMENT.match(line):
                message = f"the agent on Windows does not read ecs.config: {write(names[0])}"
                self._shell.warn(WarningCode.WRITTEN_ELSEWHERE, message, number, names[0])
