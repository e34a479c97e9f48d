"""How many milliseconds the rules add to a synth, beside cdk-nag's AwsSolutionsChecks and CDK's built-in validator.

An app of 10 and of 50 Fargate services is synthesized in a fresh process for each checker, in turn, so that a busy
machine slows all alike; the figure is the median of ``app.synth()`` with the checker less the median without.
Aim: at most 1/6 of cdk-nag. ``make bench-rules`` runs it where cdk-nag is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from importlib.metadata import version

CHECKERS = ("none", "cdk-pull", "cdk-nag", "built-in")
SERVICES = (10, 50)


def synth(checker: str, services: int) -> float:
    """Return the milliseconds of one ``app.synth()``, in this process."""
    import aws_cdk as cdk  # noqa: PLC0415 - only the child process needs Node
    from aws_cdk import aws_ec2 as ec2  # noqa: PLC0415
    from aws_cdk import aws_ecr as ecr  # noqa: PLC0415
    from aws_cdk import aws_ecs as ecs  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder)
        stack = cdk.Stack(app, "App", env=cdk.Environment(account="111122223333", region="eu-west-1"))
        vpc = ec2.Vpc(stack, "Vpc", availability_zones=["eu-west-1a", "eu-west-1b"])
        cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
        repository = ecr.Repository(stack, "Repository", image_tag_mutability=ecr.TagMutability.IMMUTABLE)
        for number in range(services):
            task = ecs.FargateTaskDefinition(stack, f"Task{number}", cpu=256, memory_limit_mib=512)
            task.add_container(
                "web", image=ecs.ContainerImage.from_ecr_repository(repository, f"1.0.{number}")
            )
            ecs.FargateService(stack, f"Service{number}", cluster=cluster, task_definition=task)
        if checker == "cdk-pull":
            from cdk_pull import PullChecks  # noqa: PLC0415

            cdk.Validations.of(app).add_plugins(PullChecks())
        elif checker == "cdk-nag":
            # Not a dependency: imported by name, so that the types hold with and without it.
            cdk.Validations.of(app).add_plugins(import_module("cdk_nag").AwsSolutionsChecks(app))
        # What the imports have left is collected before, not in the midst of what is measured.
        gc.collect()
        start = time.perf_counter()
        # cdk-nag finds errors, which end the synth after the checks.
        with contextlib.suppress(RuntimeError):
            app.synth()
        return 1000 * (time.perf_counter() - start)


def child(checker: str, services: int) -> float:
    """Return what :func:`synth` measures in a fresh process."""
    environment = {
        **os.environ,
        "CDK_VALIDATION": str(checker == "built-in").lower(),
        # Bytecode is kept, as it is where a package is installed.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    run = subprocess.run(
        [sys.executable, __file__, "--child", checker, str(services)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return float(run.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--child", nargs=2, metavar=("CHECKER", "SERVICES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(synth(options.child[0], int(options.child[1])))
        return
    versions = ", ".join(f"{name} {version(name)}" for name in ("aws-cdk-lib", "cdk-nag"))
    print(f"Python {sys.version.split()[0]}, {versions}")
    for services in SERVICES:
        taken: dict[str, list[float]] = {checker: [] for checker in CHECKERS}
        for _ in range(options.rounds):
            for checker in CHECKERS:
                taken[checker].append(child(checker, services))
        bare, *added = (statistics.median(taken[checker]) for checker in CHECKERS)
        print(f"{services} services, synth without checks {bare:.0f} ms")
        for checker, milliseconds in zip(CHECKERS[1:], added, strict=True):
            print(f"  {checker:<9} {milliseconds - bare:+.0f} ms")


if __name__ == "__main__":
    main()
