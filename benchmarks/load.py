"""How processor time grows with the input: ``make bench-load`` writes the table into README.md.

Each load is doubled twice up to its full size, and goes through the command line. The exponent is that of the last
doubling, the start of the command apart: 1 is linear. Processor time is measured, the least of the rounds, so that a
busy machine changes little.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.check_speed import template

if TYPE_CHECKING:
    from collections.abc import Callable

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- load table -->\n", "<!-- end of the load table -->\n"
COMMAND = [sys.executable, "-m", "cdk_pull.cli"]
DOUBLINGS = (4, 2, 1)


class Load(NamedTuple):
    """One kind of input.

    Attributes:
        name: in the table.
        full: its largest size.
        write: writes an input of a size into a folder, and returns the arguments of the command.
    """

    name: str
    full: int
    write: Callable[[Path, int], list[str]]


def _write(path: Path, document: dict[str, Any]) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def _task(image: str) -> dict[str, Any]:
    size = {"Cpu": "256", "Memory": "512", "RequiresCompatibilities": ["FARGATE"], "NetworkMode": "awsvpc"}
    containers = [{"Name": "web", "Image": image}]
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": {**size, "ContainerDefinitions": containers}}


def resources(folder: Path, count: int) -> list[str]:
    """Write a template of so many resources, as check_speed.py has it."""
    return ["check", _write(folder / "template.json", template(count))]


def capacities(folder: Path, count: int) -> list[str]:
    """Write a cluster with so many services, and as many capacities that they may be placed on."""
    found: dict[str, Any] = {"Cluster": {"Type": "AWS::ECS::Cluster"}}
    for number in range(count):
        script = {
            "Fn::Join": [
                "",
                ["#!/bin/bash\necho ECS_CLUSTER=", {"Ref": "Cluster"}, " >> /etc/ecs/ecs.config\n"],
            ]
        }
        task = _task(f"web:{number}")
        del task["Properties"]["RequiresCompatibilities"]
        found[f"Task{number}"] = task
        data = {"ImageId": "ami-0123456789abcdef0", "UserData": {"Fn::Base64": script}}
        found[f"Launch{number}"] = {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {"LaunchTemplateData": data},
        }
        service = {
            "Cluster": {"Ref": "Cluster"},
            "LaunchType": "EC2",
            "TaskDefinition": {"Ref": f"Task{number}"},
        }
        found[f"Service{number}"] = {"Type": "AWS::ECS::Service", "Properties": service}
    return ["check", _write(folder / "template.json", {"Resources": found})]


def endpoints(folder: Path, count: int) -> list[str]:
    """Write a VPC with so many services on Fargate, each in a subnet and a security group of its own, and as many endpoints."""
    found: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/8"}},
        "Cluster": {"Type": "AWS::ECS::Cluster"},
    }
    vpc = {"VpcId": {"Ref": "Vpc"}}
    for number in range(count):
        subnet, group = {"Ref": f"Subnet{number}"}, {"Fn::GetAtt": [f"Group{number}", "GroupId"]}
        found[f"Subnet{number}"] = {
            "Type": "AWS::EC2::Subnet",
            "Properties": {**vpc, "CidrBlock": "10.0.0.0/24"},
        }
        found[f"Group{number}"] = {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {**vpc, "GroupDescription": "g"},
        }
        name = ("ecr.api", "ecr.dkr", "logs", "ssm")[number % 4]
        endpoint = {
            **vpc,
            "VpcEndpointType": "Interface",
            "ServiceName": {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{name}"},
            "SubnetIds": [subnet],
            "SecurityGroupIds": [group],
            "PrivateDnsEnabled": True,
        }
        found[f"Endpoint{number}"] = {"Type": "AWS::EC2::VPCEndpoint", "Properties": endpoint}
        image = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:{number}"
        found[f"Task{number}"] = _task(image)
        network = {"AwsvpcConfiguration": {"Subnets": [subnet], "SecurityGroups": [group]}}
        service = {
            "Cluster": {"Ref": "Cluster"},
            "LaunchType": "FARGATE",
            "TaskDefinition": {"Ref": f"Task{number}"},
            "NetworkConfiguration": network,
        }
        found[f"Service{number}"] = {"Type": "AWS::ECS::Service", "Properties": service}
    return ["check", "--region", "eu-west-1", _write(folder / "template.json", {"Resources": found})]


def stacks(folder: Path, count: int) -> list[str]:
    """Write a cloud assembly of so many stacks with a task each."""
    artifacts: dict[str, Any] = {}
    for number in range(count):
        name = f"Stack{number}"
        _write(folder / f"{name}.template.json", {"Resources": {"Task": _task(f"web:{number}")}})
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111122223333/eu-west-1",
            "properties": {"templateFile": f"{name}.template.json"},
        }
    _write(folder / "manifest.json", {"version": "48.0.0", "artifacts": artifacts})
    return ["check", str(folder)]


def images(folder: Path, count: int) -> list[str]:
    """Write a template of so many tasks with an image each, and what is known of the images."""
    known = {f"web{number}:1": {"compressed": "800MB", "uncompressed": "2.4GB"} for number in range(count)}
    facts = _write(folder / "facts.json", {"images": known})
    tasks = {f"Task{number}": _task(f"web{number}:1") for number in range(count)}
    return ["check", "--facts", facts, _write(folder / "template.json", {"Resources": tasks})]


def events(folder: Path, count: int) -> list[str]:
    """Write so many events of tasks that started."""
    path = folder / "events.json"
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            second = f"{number % 60:02}"
            detail = {
                "taskArn": f"arn:aws:ecs:eu-west-1:111122223333:task/c/{number:032x}",
                "lastStatus": "RUNNING",
                "launchType": "FARGATE",
                "cpu": "256",
                "memory": "512",
                "group": f"service:web{number % 20}",
                "createdAt": f"2026-11-20T10:00:{second}Z",
                "pullStartedAt": f"2026-11-20T10:01:{second}Z",
                "pullStoppedAt": f"2026-11-20T10:02:{second}Z",
                "startedAt": f"2026-11-20T10:03:{second}Z",
                "containers": [{"name": "web", "image": f"web{number % 20}:1"}],
            }
            line = {"detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": detail}
            file.write(json.dumps(line) + "\n")
    return ["measure", str(path), "--json"]


LOADS = (
    Load("resources", 50_000, resources),
    Load("services on one cluster, and as many capacities", 2_000, capacities),
    Load("services in one VPC, and as many endpoints", 2_000, endpoints),
    Load("stacks of one `cdk.out`", 2_000, stacks),
    Load("images, all of known size", 2_000, images),
    Load("events, by `cdk-pull measure`", 100_000, events),
)


def cost(arguments: list[str], folder: Path) -> float:
    """Return the seconds of processor time of one command."""
    # Bytecode is kept, as it is where a package is installed.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    command = [*COMMAND, *arguments]
    # The pipe is read to its end before the process is waited for.
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, cwd=folder
    ) as process:
        error = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise SystemExit(f"{arguments} ended with {process.returncode}: {error.decode()[-500:]}")
    return usage.ru_utime + usage.ru_stime


def row(load: Load, rounds: int, start: float) -> str:
    """Measure a load, and return its row of the table."""
    seconds = []
    for part in DOUBLINGS:
        with tempfile.TemporaryDirectory() as folder:
            arguments = load.write(Path(folder), load.full // part)
            seconds.append(min(cost(arguments, Path(folder)) for _ in range(rounds)))
    exponent = math.log2((seconds[-1] - start) / (seconds[-2] - start))
    times = " | ".join(f"{each:.2f} s" for each in seconds)
    return f"| {load.full:,} {load.name} | {times} | {exponent:.2f} |\n"


def main() -> None:
    """Measure all, print the table, and write it into README.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each size (default: 3)")
    parser.add_argument("--only", default="", help="the loads in whose name this is")
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small = resources(Path(folder), 36)
        start = min(cost(small, Path(folder)) for _ in range(5))
    table = "| load | a quarter | half | all | exponent |\n|---|---|---|---|---|\n"
    print(table, end="")
    for load in LOADS:
        if options.only in load.name:
            line = row(load, options.rounds, start)
            print(line, end="", flush=True)
            table += line
    if options.write:
        before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
        README.write_text(f"{before}{BEGIN}{table}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
