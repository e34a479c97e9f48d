"""What is advised on the commands of a build: what they leave behind, and in which order they run."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data import facts_of
from cdk_pull.image.dockerfile.steps import Advice, advice_on, copies_everything, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.image.dockerfile.commands import Command
    from cdk_pull.image.dockerfile.steps import Build, Step

__all__ = ["build_tools", "caches", "copied_twice", "order", "recommends", "removed_late"]

_REMOVERS: Final = frozenset({"rm", "apt-get", "apt", "yum", "dnf", "microdnf", "apk"})
_REMOVAL_VERBS: Final = frozenset(
    {"clean", "autoclean", "purge", "remove", "autoremove", "del", "erase", "dist-clean"}
)


def build_tools(build: Build) -> Iterator[Advice]:
    """Advise on compilers and headers that stay in the image; a RUN that removes what it installs is left alone."""
    for step in _runs(build):
        installed: list[str] = []
        for row in facts_of("dockerfile_facts")["installers"]:
            programs = frozenset(row["programs"])
            packages = [
                word
                for command in step.commands
                if command.is_one_of(programs, row["verbs"])
                for word in command.words
                if _tools().fullmatch(word.partition("=")[0].lower())
            ]
            removed = any(command.is_one_of(programs, row["removes"]) for command in step.commands)
            installed += [] if removed else packages
        if installed and not step.truncated:
            listed = ", ".join(dict.fromkeys(installed[:5])) + (" and more" if len(installed) > 5 else "")  # noqa: PLR2004 - enough to recognise them
            yield advice_on(
                build,
                step,
                "build-tools",
                f"build tools stay in the image: {listed}",
                "Install them in an earlier stage, and copy what they build from there with COPY --from",
            )


def caches(build: Build) -> Iterator[Advice]:
    """Advise on what package managers keep for their next run, where the same RUN neither prevents nor removes it."""
    variables: set[str] = set()
    for step in build.steps:
        if step.keyword in {"ENV", "ARG"}:
            variables |= {word.partition("=")[0] for word in step.value.split()}
        if step.keyword != "RUN" or step.truncated:
            continue
        mounts = [value for name, value in step.flags if name == "mount" and "type=cache" in value]
        for row in facts_of("dockerfile_facts")["caches"]:
            leaves = [
                command
                for command in step.commands
                if command.is_one_of(row["programs"], row["verbs"])
                and not any(word.partition("=")[0] in row["flags"] for word in command.words)
            ]
            if (
                not leaves
                or variables & set(row["variables"])
                or any(f"{name}=" in step.value for name in row["variables"])
                or any(part in mount for part in row["mounts"] for mount in mounts)
                or any(_removes(command, row) for command in step.commands)
            ):
                continue
            yield advice_on(
                build,
                step,
                "cache",
                f"{row['name']} stay{'' if row['name'].endswith('s') else 's'} in the layer of {leaves[0].program} {leaves[0].verb}",
                row["fix"],
            )


def _removes(command: Command, row: dict[str, Any]) -> bool:
    if command.program in {"rm", "find"}:
        return any(path in word for word in command.words for path in row["paths"])
    return any(command.program == program and word in command.words for program, word in row["clean"])


def recommends(build: Build) -> Iterator[Advice]:
    """Advise on packages that apt adds by itself."""
    for step in _runs(build):
        plain = [
            command
            for command in step.commands
            if command.is_one_of({"apt-get", "apt"}, {"install"})
            and not {"--no-install-recommends"} & set(command.words)
            and not any("Install-Recommends" in word for word in command.words)
        ]
        if plain and not step.truncated and "Install-Recommends" not in step.value:
            yield advice_on(
                build,
                step,
                "recommends",
                "apt-get install brings recommended packages, too",
                "Add --no-install-recommends",
            )


def removed_late(build: Build) -> Iterator[Advice]:
    """Advise on a RUN that does nothing but remove, which takes nothing away from the layers before it."""
    for number, step in enumerate(build.steps):
        commands = [each for each in step.commands if each.program not in {"set", "cd"}]
        if (
            number
            and commands
            and not step.truncated
            and all(
                each.program == "rm" or (each.program in _REMOVERS and each.verb in _REMOVAL_VERBS)
                for each in commands
            )
        ):
            yield Advice(
                code="removed-late",
                problem=f"{commands[0].program} runs in a layer of its own: the files stay in the layers before it, which are pulled",
                fix="Remove them in the RUN that writes them, or build in an earlier stage",
                saves="unknown: the size of what is removed is not recorded",
                line=step.line,
                step=shown(step),
            )


def copied_twice(build: Build) -> Iterator[Advice]:
    """Advise on a change of owner or mode that writes what was copied once more."""
    copied = False
    for step in build.steps:
        copied = copied or step.keyword in {"COPY", "ADD"}
        changes = [
            command
            for command in step.commands
            if command.program in {"chown", "chmod"}
            and any(
                word in {"-R", "--recursive"} or re.fullmatch("-[a-zA-Z]*R[a-zA-Z]*", word)
                for word in command.words
            )
        ]
        if copied and changes:
            yield advice_on(
                build,
                step,
                "copied-twice",
                f"{changes[0].program} -R writes files of earlier layers into this one again",
                f"Use COPY --{'chown' if changes[0].program == 'chown' else 'chmod'}= instead",
            )


def order(build: Build) -> Iterator[Advice]:
    """Advise on dependencies that are installed after the whole context is copied, so that each new version makes them anew."""
    whole: Step | None = None
    for step in build.steps:
        if copies_everything(step):
            whole = whole or step
        elif whole is not None and (command := next(_dependency_installs(step), None)) is not None:
            yield advice_on(
                build,
                step,
                "order",
                f"{command.program} {command.verb}".rstrip()
                + f" runs after the whole context is copied ({_where(whole)})",
                "Copy the file that lists the dependencies first, install them, then copy the rest",
                saves="nothing of the image; with each new version, this layer where instances cache images, and its build",
            )
            return


def _runs(build: Build) -> Iterator[Step]:
    return (step for step in build.steps if step.keyword == "RUN")


def _dependency_installs(step: Step) -> Iterator[Command]:
    for command in step.commands:
        for row in facts_of("dockerfile_facts")["dependency_installs"]:
            if command.is_one_of(row["programs"], row["verbs"]) and (
                not row["needs"] or set(row["needs"]) & set(command.words)
            ):
                yield command


def _where(step: Step) -> str:
    return shown(step) if step.line is None else f"line {step.line}"


@cache
def _tools() -> re.Pattern[str]:
    return re.compile(facts_of("dockerfile_facts")["build_tools"])
