"""What cdk_pull adds to a synth: 50 EC2 capacities and 100 Fargate tasks, against the same template by hand.

Both apps are built and synthesized in processes of their own, alternating, and their templates have to be equal.
Measured is the processor time of Python and Node from the first construct to the end of the synth, imports apart, so that
a busy machine changes little, and the number of messages from Python to JavaScript. It reads Linux's /proc. The aims are a ratio of the least times of at most 1.15, and 1,300 messages.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aws_cdk as cdk

LAUNCH_TEMPLATES = "@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig"
TASK_METADATA = "cdk-pull"


def build_with_cdk_pull(stack: cdk.Stack, tasks: cdk.Stack, cluster: Any, how_many: tuple[int, int]) -> None:
    """Add the capacities and the tasks as a user of cdk_pull would."""
    import aws_cdk as cdk  # noqa: PLC0415 - only the measured process starts Node
    from aws_cdk import aws_ecs as ecs  # noqa: PLC0415

    import cdk_pull as pull  # noqa: PLC0415

    capacities, count = how_many
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once(image_cleanup_interval=cdk.Duration.hours(1)))
    for number in range(capacities):
        _add_capacity(stack, cluster, number)
    for number in range(count):
        pull.FargateTask(
            tasks,
            f"Task{number}",
            image=ecs.ContainerImage.from_registry("public.ecr.aws/docker/library/busybox:1.37"),
            cpu=256,
            memory_limit_mib=512,
            compressed="600MB",
            uncompressed="1.8GB",
            start_within=cdk.Duration.minutes(1),
        )


def build_by_hand(
    stack: cdk.Stack, tasks: cdk.Stack, cluster: Any, how_many: tuple[int, int], like: dict[str, Any]
) -> None:
    """Add the same with aws-cdk-lib alone, the outcome of every decision written down."""
    from aws_cdk import aws_ec2 as ec2  # noqa: PLC0415
    from aws_cdk import aws_ecs as ecs  # noqa: PLC0415

    capacities, count = how_many
    for number in range(capacities):
        user_data = ec2.UserData.for_linux()
        user_data.add_commands(*like["commands"])
        _add_capacity(stack, cluster, number, user_data=user_data)
    for number in range(count):
        task = ecs.FargateTaskDefinition(
            tasks,
            f"Task{number}",
            cpu=like["cpu"],
            memory_limit_mib=like["memory"],
            ephemeral_storage_gib=like["ephemeral"],
        )
        resource: Any = task.node.default_child
        resource.add_metadata(TASK_METADATA, like["metadata"])
        task.add_container(
            "app", image=ecs.ContainerImage.from_registry("public.ecr.aws/docker/library/busybox:1.37")
        )


def _add_capacity(stack: cdk.Stack, cluster: Any, number: int, **options: Any) -> None:
    from aws_cdk import aws_autoscaling as autoscaling  # noqa: PLC0415
    from aws_cdk import aws_ec2 as ec2  # noqa: PLC0415
    from aws_cdk import aws_ecs as ecs  # noqa: PLC0415

    group = autoscaling.AutoScalingGroup(
        stack,
        f"Group{number}",
        vpc=cluster.vpc,
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
        **options,
    )
    cluster.add_asg_capacity_provider(
        ecs.AsgCapacityProvider(stack, f"Provider{number}", auto_scaling_group=group)
    )


def measure(like: dict[str, Any] | None, how_many: tuple[int, int], folder: str) -> dict[str, Any]:
    """Build and synthesize one app in this process; return its time, its calls and its templates.

    Args:
        like: what cdk_pull decided, for the app by hand; None for the app with cdk_pull.
        how_many: capacities and tasks.
        folder: for the cloud assembly.
    """
    import aws_cdk as cdk  # noqa: PLC0415
    from aws_cdk import aws_ec2 as ec2  # noqa: PLC0415
    from aws_cdk import aws_ecs as ecs  # noqa: PLC0415
    from jsii._kernel.providers import process  # noqa: PLC0415

    import cdk_pull as pull  # noqa: PLC0415

    # Imported now, as the user's own import of them would be; not measured on either side.
    _ = pull.ImagePullBehavior, pull.FargateTask
    calls = 0
    node = 0
    send = process._NodeProcess.send  # noqa: SLF001 - jsii counts nothing itself

    def counted(self: Any, *arguments: Any) -> Any:
        nonlocal calls, node
        calls += 1
        node = self._process.pid
        return send(self, *arguments)

    setattr(process._NodeProcess, "send", counted)  # noqa: B010, SLF001 - as above
    cdk.Duration.minutes(1)  # which starts Node
    calls, start = 0, time.process_time() + _node_seconds(node)
    app = cdk.App(outdir=folder, analytics_reporting=False, context={LAUNCH_TEMPLATES: True})
    # CloudFormation takes 500 resources in a stack.
    stack = cdk.Stack(app, "Capacity", env=cdk.Environment(region="eu-central-1"))
    tasks = cdk.Stack(app, "Tasks", env=cdk.Environment(region="eu-central-1"))
    vpc = ec2.Vpc(stack, "Vpc", availability_zones=["eu-central-1a", "eu-central-1b"], nat_gateways=1)
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
    if like is None:
        build_with_cdk_pull(stack, tasks, cluster, how_many)
    else:
        build_by_hand(stack, tasks, cluster, how_many, like)
    app.synth()
    seconds = time.process_time() + _node_seconds(node) - start
    templates = [
        json.loads((Path(folder) / f"{name}.template.json").read_text(encoding="utf-8"))
        for name in ("Capacity", "Tasks")
    ]
    return {"seconds": seconds, "calls": calls, "templates": templates}


def _node_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    numbers = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def outcome(templates: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what cdk_pull decided, for the app by hand to write down."""
    resources = [each for template in templates for each in template["Resources"].values()]
    launch = next(each for each in resources if each["Type"] == "AWS::EC2::LaunchTemplate")
    task = next(each for each in resources if each["Type"] == "AWS::ECS::TaskDefinition")
    text = launch["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Join"][1][0]
    storage = task["Properties"].get("EphemeralStorage")
    return {
        "commands": text.split("\n")[1:-1],
        "cpu": int(task["Properties"]["Cpu"]),
        "memory": int(task["Properties"]["Memory"]),
        "ephemeral": storage and storage["SizeInGiB"],
        "metadata": task["Metadata"][TASK_METADATA],
    }


def measure_in_a_process(like: dict[str, Any] | None, how_many: tuple[int, int]) -> dict[str, Any]:
    """Do the same in a fresh process, warmed up for nothing."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.synth_overhead", "--measure", folder],
            input=json.dumps([like, how_many]),
            env={**os.environ, "CDK_VALIDATION": "false"},
            check=True,
            capture_output=True,
            text=True,
        )
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure both, and print the least times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each app (default: 7)")
    parser.add_argument("--capacities", type=int, default=50, help="Auto Scaling groups (default: 50)")
    parser.add_argument("--tasks", type=int, default=100, help="Fargate task definitions (default: 100)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--measure", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        like, (capacities, tasks) = json.load(sys.stdin)
        print(json.dumps(measure(like, (capacities, tasks), arguments.measure)))
        return
    how_many = (arguments.capacities, arguments.tasks)
    first = measure_in_a_process(None, how_many)
    like = outcome(first["templates"])
    rounds = []
    for _ in range(arguments.rounds):
        ours, by_hand = measure_in_a_process(None, how_many), measure_in_a_process(like, how_many)
        assert ours["templates"] == by_hand["templates"], "the templates differ"
        rounds.append((ours, by_hand))
    # The least of the rounds is what the machine can do; everything above is somebody else's work.
    seconds = [min(pair[side]["seconds"] for pair in rounds) for side in (0, 1)]
    calls = [rounds[0][side]["calls"] for side in (0, 1)]
    ratios = sorted(ours["seconds"] / by_hand["seconds"] for ours, by_hand in rounds)
    result = {
        "seconds": {"cdk_pull": seconds[0], "by hand": seconds[1]},
        "calls": {"cdk_pull": calls[0], "by hand": calls[1]},
        "ratio": seconds[0] / seconds[1],
        "ratio of pairs": {"least": ratios[0], "median": statistics.median(ratios), "most": ratios[-1]},
    }
    if arguments.json:
        print(json.dumps(result))
        return
    for index, name in enumerate(("with cdk_pull", "by hand")):
        print(f"{name:14} {seconds[index]:6.2f} s  {calls[index]:6} calls to JavaScript")
    print(
        f"ratio          {result['ratio']:6.3f}  (aim: at most 1.15; pairs {ratios[0]:.3f} to {ratios[-1]:.3f})"
    )


if __name__ == "__main__":
    main()
