"""Reported failures, each as a small template: what is said of it, at which line, and what to do.

The inputs are in tests/rules/reported; those of CDK are in tests/cdk/checks/test_reported_apps.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.load import load

REPORTED = Path(__file__).parent / "reported"
Said = tuple[str, str, int, str, str]

SAID: dict[str, list[Said]] = {
    "docker-io-in-front-of-ecr": [
        (
            "PULL307",
            "error",
            11,
            "docker.io/111122223333.dkr.ecr.eu-west-2.amazonaws.com/demo:1.2.3 is looked up on Docker Hub, where 111122223333.dkr.ecr.eu-west-2.amazonaws.com is not",
            "Leave out docker.io/: write 111122223333.dkr.ecr.eu-west-2.amazonaws.com/demo:1.2.3",
        ),
        (
            "PULL307",
            "error",
            12,
            "https://111122223333.dkr.ecr.eu-west-2.amazonaws.com/side:1.2.3 begins with https://, and the name of an image has no scheme",
            "Write 111122223333.dkr.ecr.eu-west-2.amazonaws.com/side:1.2.3",
        ),
    ],
    "express-gateway-service": [
        (
            "PULL201",
            "error",
            8,
            "cpu and memory are not a Fargate task size on Linux: '256/4096'; allowed: the nearest are 256/1024, 256/2048, 512/3072, 512/4096. Set both to one of these pairs",
            'Set Cpu: "512" and Memory: "4096"',
        ),
        (
            "PULL301",
            "warning",
            12,
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/api:1.4.2 is pulled from us-east-1 to eu-west-1",
            "Replicate the repository to the stack's Region, cache it by pull-through, or push to both; then name the image there",
        ),
    ],
    "image-is-a-bare-digest": [
        (
            "PULL307",
            "error",
            11,
            "sha256:8795397484604bc67cfcda4f4245dd248b172df523ce9778209e735ffe370426 is an image ID, which Docker looks up on Docker Hub as the name of a repository",
            "Write the repository before it: <repository>@sha256:8795397484604bc67cfcda4f4245dd248b172df523ce9778209e735ffe370426",
        ),
    ],
    "ipv6-default-route": [
        (
            "PULL303",
            "error",
            28,
            "the tasks in subnet Public cannot reach Amazon ECR (ecr.api): the task has no public address for internet gateway Igw, and AWS Fargate asks Amazon ECR by IPv4 unless the subnet is IPv6 only, so that a route for IPv6 does not do",
            "Set AssignPublicIp: ENABLED, or use subnets with a NAT gateway, or an endpoint for ecr.api",
        ),
    ],
    "ipv6-egress-only": [
        (
            "PULL303",
            "error",
            26,
            "the tasks in subnet Public cannot reach Amazon ECR (ecr.api): route table Routes of subnet Public has no route to 0.0.0.0/0, and AWS Fargate asks Amazon ECR by IPv4 unless the subnet is IPv6 only, so that a route for IPv6 does not do (line 6)",
            "Add a route 0.0.0.0/0 to a NAT gateway, or an endpoint for ecr.api",
        ),
    ],
    "lifecycle-batch": [
        (
            "PULL304",
            "warning",
            8,
            "rule 1 of the policy expires any image beyond the newest 100, and ${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/upload:prod-5f1e2a9 runs",
            "Expire untagged images only, in a repository with immutable tags, as ImageRepository does; put before it a rule that keeps 9999 of the tags that run; or give builds that never run, such as those of pull requests, a prefix of their own and expire that",
        ),
    ],
    "lifecycle-state-machine": [
        (
            "PULL304",
            "warning",
            8,
            "rule 1 of the policy expires any image beyond the newest 100, and ${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/upload:prod-5f1e2a9 runs",
            "Expire untagged images only, in a repository with immutable tags, as ImageRepository does; put before it a rule that keeps 9999 of the tags that run; or give builds that never run, such as those of pull requests, a prefix of their own and expire that",
        ),
    ],
    "no-default-route": [
        (
            "PULL303",
            "error",
            25,
            "the tasks in subnet Public cannot reach Amazon ECR (ecr.api), Amazon ECR (ecr.dkr) and Amazon S3 (image layers): route table Routes of subnet Public has no route to 0.0.0.0/0 (line 6)",
            "Add a route 0.0.0.0/0 to internet gateway Igw, or endpoints for ecr.api, ecr.dkr and s3",
        ),
    ],
    "no-execution-role": [
        (
            "PULL306",
            "error",
            4,
            "a Fargate task with an image in private Amazon ECR needs an execution role, and Task names none",
            "Set ExecutionRoleArn to a role that ecs-tasks.amazonaws.com can assume, with the AWS managed policy AmazonECSTaskExecutionRolePolicy; in CDK, use ContainerImage.from_ecr_repository",
        ),
    ],
    "ptc-library-namespaced": [
        (
            "PULL309",
            "error",
            14,
            "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/percona/percona-xtradb-cluster-operator:1.14.0 is looked up as library/percona/percona-xtradb-cluster-operator in docker-hub, which has no such repository",
            "Write ${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/percona/percona-xtradb-cluster-operator:1.14.0",
        ),
    ],
    "sg-egress-without-s3": [
        (
            "PULL303",
            "error",
            33,
            "the tasks in subnet Private cannot reach Amazon S3 (image layers): security group TaskGroup lets nothing out on port 443 to Amazon S3 (line 12)",
            "Allow TCP port 443 out to the prefix list com.amazonaws.<Region>.s3, or to 0.0.0.0/0",
        ),
    ],
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name: str) -> None:
    """Each is found at its line, with a message that names the cause and a fix that can be typed in."""
    loaded = load([REPORTED / f"{name}.yaml"], region="eu-west-1")
    result = check(loaded.assemblies, Options())
    assert [
        (each.rule, each.severity.value, each.line, each.message, each.fix) for each in result.findings
    ] == SAID[name]


def test_each_input_is_held() -> None:
    """No input is left without what is said of it."""
    assert sorted(SAID) == sorted(path.stem for path in REPORTED.glob("*.yaml"))
