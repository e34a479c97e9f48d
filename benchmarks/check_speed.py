"""How long ``cdk-pull check`` takes beside cfn-lint and checkov, and how it grows: ``make bench-rules``.

The same templates of 36 and 5,000 resources go through each tool: wall time and peak memory of the whole process;
aim: at most 1/20 of cfn-lint's time. Then growth from 500 to 50,000 resources; aim: linear, and under 2 seconds for
50,000. All are commands of one environment, each installed as its users install it, its bytecode kept.

The template repeats a small application: a VPC with subnets, routes and a NAT gateway, a cluster with a launch template
and a capacity provider, a repository, and a Fargate and an EC2 service with
their task definitions and their execution role.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
COMPARED = (36, 5_000)
GROWTH = (500, 5_000, 50_000)


def application(number: int) -> dict[str, Any]:
    """Return the resources of one small application."""

    def ref(name: str) -> dict[str, str]:
        return {"Ref": f"{name}{number}"}

    def task(fargate: bool) -> dict[str, Any]:  # noqa: FBT001 - one of two
        image = {"Fn::Sub": f"${{Repository{number}.RepositoryUri}}:0f3c9ab{number}"}
        container = {
            "Name": "web",
            "Image": image,
            "Memory": 256,
            "Environment": [{"Name": "N", "Value": str(number)}],
        }
        size = {
            "Cpu": "256",
            "Memory": "512",
            "RequiresCompatibilities": ["FARGATE"],
            "NetworkMode": "awsvpc",
        }
        return {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                **(size if fargate else {}),
                "ExecutionRoleArn": {"Fn::GetAtt": [f"Role{number}", "Arn"]},
                "Family": f"web{number}",
                "ContainerDefinitions": [container],
            },
        }

    script = [
        "#!/bin/bash\necho ECS_CLUSTER=",
        ref("Cluster"),
        f" >> /etc/ecs/ecs.config\necho ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config\n# {number}\n",
    ]
    subnets: dict[str, Any] = {}
    for zone in ("A", "B"):
        subnets |= {
            f"Subnet{zone}{number}": {
                "Type": "AWS::EC2::Subnet",
                "Properties": {"VpcId": ref("Vpc"), "CidrBlock": "10.0.0.0/18"},
            },
            f"Table{zone}{number}": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": ref("Vpc")}},
            f"Route{zone}{number}": {
                "Type": "AWS::EC2::Route",
                "Properties": {
                    "RouteTableId": ref(f"Table{zone}"),
                    "DestinationCidrBlock": "0.0.0.0/0",
                    "NatGatewayId": "nat-0123456789abcdef0",
                },
            },
            f"Association{zone}{number}": {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {"SubnetId": ref(f"Subnet{zone}"), "RouteTableId": ref(f"Table{zone}")},
            },
        }
    launch = {"LaunchTemplateId": ref("Launch"), "Version": "1"}
    network = {"AwsvpcConfiguration": {"Subnets": [ref("SubnetA"), ref("SubnetB")]}}
    return {
        f"Vpc{number}": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        **subnets,
        f"Nat{number}": {
            "Type": "AWS::EC2::NatGateway",
            "Properties": {"SubnetId": ref("SubnetA"), "ConnectivityType": "private"},
        },
        f"Role{number}": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow", "Action": "sts:AssumeRole",
                            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                        }
                    ]
                },
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"],
            },
        },
        f"Cluster{number}": {"Type": "AWS::ECS::Cluster"},
        f"Repository{number}": {"Type": "AWS::ECR::Repository", "Properties": {"ImageTagMutability": "IMMUTABLE"}},
        f"Launch{number}": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {
                "LaunchTemplateData": {
                    "ImageId": "ami-0123456789abcdef0",
                    "InstanceType": "t3.micro",
                    "UserData": {"Fn::Base64": {"Fn::Join": ["", script]}},
                }
            },
        },
        f"Group{number}": {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "Properties": {
                "MinSize": "1", "MaxSize": "2", "LaunchTemplate": launch,
                "VPCZoneIdentifier": [ref("SubnetA"), ref("SubnetB")],
            },
        },
        f"Provider{number}": {
            "Type": "AWS::ECS::CapacityProvider",
            "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": ref("Group")}},
        },
        f"Providers{number}": {
            "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
            "Properties": {
                "Cluster": ref("Cluster"), "CapacityProviders": [ref("Provider")], "DefaultCapacityProviderStrategy": [],
            },
        },
        f"Web{number}": task(fargate=True),
        f"Jobs{number}": task(fargate=False),
        f"WebService{number}": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": ref("Cluster"), "LaunchType": "FARGATE", "TaskDefinition": ref("Web"),
                "NetworkConfiguration": network,
            },
        },
        f"JobService{number}": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": ref("Cluster"), "TaskDefinition": ref("Jobs"),
                "CapacityProviderStrategy": [{"CapacityProvider": ref("Provider"), "Weight": 1}],
            },
        },
    }  # fmt: skip


def template(count: int) -> dict[str, Any]:
    """Return a template of so many resources."""
    resources: dict[str, Any] = {}
    number = 0
    while len(resources) < count:
        resources |= application(number)
        number += 1
    return {"Resources": dict(list(resources.items())[:count])}


def conditional() -> dict[str, Any]:
    """Return a template of 74 parameters and 41 chained conditions, whose images and sizes are nested `Fn::If`.

    A tool that tries every combination of conditions takes minutes for it.
    """
    parameters = {f"P{number}": {"Type": "String", "Default": str(number % 3)} for number in range(74)}
    conditions: dict[str, Any] = {"C0": {"Fn::Equals": [{"Ref": "P0"}, "0"]}}
    for number in range(1, 41):
        before = {"Condition": f"C{number - 1}"}
        other = {"Fn::Equals": [{"Ref": f"P{number}"}, {"Ref": f"P{number + 33}"}]}
        conditions[f"C{number}"] = {("Fn::And", "Fn::Or")[number % 2]: [before, {"Fn::Not": [other]}]}
    nested: Any = "web:1.0.0"
    for number in range(41):
        nested = {"Fn::If": [f"C{number}", nested, f"web:{number}.0.0"]}
    resources: dict[str, Any] = {}
    for number in range(41):
        resources[f"Task{number}"] = {
            "Type": "AWS::ECS::TaskDefinition",
            "Condition": f"C{number}",
            "Properties": {
                "RequiresCompatibilities": ["FARGATE"],
                "NetworkMode": "awsvpc",
                "Cpu": {"Fn::If": [f"C{number}", "256", {"Ref": f"P{number}"}]},
                "Memory": {"Fn::If": [f"C{40 - number}", "512", "1024"]},
                "ContainerDefinitions": [{"Name": "web", "Image": nested}],
            },
        }
    return {"Parameters": parameters, "Conditions": conditions, "Resources": resources}


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes:
        seconds: wall time.
        cpu: seconds of processor time.
        peak_mb: the largest resident memory of any child so far, in MB.
    """

    seconds: float
    cpu: float
    peak_mb: float


def run(command: list[str]) -> Run:
    """Run a command to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    # Bytecode is kept, as it is where a package is installed.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        _, _, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, cpu, usage.ru_maxrss / 1000)


def commands(path: Path) -> dict[str, list[str]]:
    """Return the command of each tool."""
    checkov = ["--quiet", "--compact", "--framework", "cloudformation", "--skip-download", "-f"]
    return {
        "cdk-pull": [str(BIN / "cdk-pull"), "check", str(path)],
        "cfn-lint": [str(BIN / "cfn-lint"), str(path)],
        "checkov": [str(BIN / "checkov"), *checkov, str(path)],
    }


def built_in(path: str) -> None:
    """Check a template by CDK's own validator, which checks what a synth has written."""
    import aws_cdk as cdk  # noqa: PLC0415 - only the child process needs Node
    from aws_cdk import cloudformation_include  # noqa: PLC0415

    os.environ["CDK_VALIDATION"] = "true"
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder)
        cloudformation_include.CfnInclude(cdk.Stack(app, "Included"), "Template", template_file=path)
        with contextlib.suppress(RuntimeError):
            app.synth()


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="of all but the peers on the large template")
    parser.add_argument("--built-in", metavar="TEMPLATE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.built_in:
        built_in(options.built_in)
        return
    peers = ", ".join(f"{name} {version(name)}" for name in ("cfn-lint", "checkov"))
    print(f"Python {sys.version.split()[0]}, {peers}")
    with tempfile.TemporaryDirectory() as folder:

        def written(count: int) -> Path:
            path = Path(folder) / f"{count}.json"
            path.write_text(json.dumps(template(count), indent=1), encoding="utf-8")
            return path

        for count in COMPARED:
            tools = commands(written(count))
            runs: dict[str, list[Run]] = {name: [] for name in tools}
            for number in range(options.rounds):
                for name, command in tools.items():
                    # A peer takes minutes for the large one: once is enough to see the ratio.
                    if number == 0 or name == "cdk-pull" or count == COMPARED[0]:
                        runs[name].append(run(command))
            least = {name: min(found, key=lambda each: each.seconds) for name, found in runs.items()}
            for name, each in least.items():
                print(
                    f"{count:>6} resources  {name:<9} {each.seconds:8.2f} s  {each.cpu:8.2f} s cpu  "
                    f"{each.peak_mb:6.0f} MB  cdk-pull takes 1/{each.seconds / least['cdk-pull'].seconds:.0f}"
                )
        path = Path(folder) / "conditional.json"
        path.write_text(json.dumps(conditional()), encoding="utf-8")
        tools = {**commands(path), "CDK": [sys.executable, __file__, "--built-in", str(path)]}
        times = {name: run(command) for name, command in tools.items()}
        for name, each in times.items():
            print(
                f"41 conditions     {name:<9} {each.seconds:8.2f} s  {each.cpu:8.2f} s cpu  {each.peak_mb:6.0f} MB  "
                f"cdk-pull takes 1/{each.cpu / times['cdk-pull'].cpu:.0f}"
            )
        for count in GROWTH:
            command = commands(written(count))["cdk-pull"]
            each = min((run(command) for _ in range(options.rounds)), key=lambda run: run.seconds)
            print(
                f"{count:>6} resources  cdk-pull  {each.seconds:8.2f} s  {each.cpu:8.2f} s cpu  "
                f"{each.peak_mb:6.0f} MB  {1e6 * each.cpu / count:.0f} µs of it a resource"
            )


if __name__ == "__main__":
    main()
