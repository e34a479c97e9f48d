"""The group of commands."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Final

import click

from cdk_pull.cli._group import Group
from cdk_pull.docstrings import docstring_of

__all__ = ["command_line", "invoke"]

_NAME: Final = "cdk-pull"

# Each command's module and its one line of help, so that `--help` imports none of them.
_COMMANDS: dict[str, tuple[str, str]] = {
    "agent": (
        "cdk_pull.cli.agent",
        "Show the settings that the ECS agent gets from user data or an ecs.config file.",
    ),
    "calibrate": (
        "cdk_pull.cli.calibrate",
        "Size the next synth by the task starts that a PullWatch recorded, and report drift.",
    ),
    "check": (
        "cdk_pull.cli.check",
        "Check templates and cdk.out folders for slow, stale or failing image pulls.",
    ),
    "explain": ("cdk_pull.cli.explain", "Explain a rule: what it finds, why it matters and how to fix it."),
    "rules": ("cdk_pull.cli.rules", "List the rules with their severities and titles."),
    "image": ("cdk_pull.cli.image", "Parse an image reference, and tell whether the image is in a Region."),
    "size": ("cdk_pull.cli.size", "Choose the cheapest Fargate task size that starts in time."),
    "plan": ("cdk_pull.cli.plan", "Compare the start time and the price of a task at every Fargate size."),
    "inspect": (
        "cdk_pull.cli.inspect",
        "Show what images hold, and how long a Fargate task takes to start them.",
    ),
    "lookup": (
        "cdk_pull.cli.lookup",
        "Look up the images of an app or of templates, and write cdk.context.json.",
    ),
    "measure": (
        "cdk_pull.cli.measure",
        "Measure how long your own tasks took to start, and correct the estimate.",
    ),
    "why": (
        "cdk_pull.cli.why",
        "Explain why the tasks of a service start slowly or not at all, and rank what helps.",
    ),
    "refresh": ("cdk_pull.cli.refresh", "Fetch new Windows releases, prices or task sizes into a folder."),
    "replicated": (
        "cdk_pull.cli.replicated",
        "Tell whether the copies of an image have arrived in other Regions and accounts.",
    ),
    "warm": (
        "cdk_pull.cli.warm",
        "Pull the manifests of images behind pull-through caches, so that Amazon ECR fetches them.",
    ),
    "windows": ("cdk_pull.cli.windows", "Show which servercore images Fargate hosts have cached on a day."),
    "decisions": (
        "cdk_pull.cli.decisions",
        "Show what the constructs of a synthesized app decided, and why.",
    ),
}


class _LazyGroup(Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
        if command.help is None and command.callback is not None:
            command.help = docstring_of(command.callback)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cdk-pull")
def command_line() -> None:
    """Find and fix slow, stale or failing container image pulls on Amazon ECS.

    Exit status: 0 success, 1 findings or an answer that is no or unknown, 2 invalid input, 3 any other failure, such as
    a full disk.
    """


def invoke(arguments: list[str]) -> int:
    """Run a command and return its exit status."""
    command_line.help = command_line.help or docstring_of(command_line.callback)
    if any(name.endswith("_COMPLETE") for name in os.environ if name.startswith("_CDK_PULL")):
        command_line.main(arguments, prog_name=_NAME)  # which answers a shell that completes a line
    # click's own main would tell of interrupts and closed pipes in its own way.
    with command_line.make_context(_NAME, list(arguments)) as context:
        status = command_line.invoke(context)
    return status if isinstance(status, int) else 0
