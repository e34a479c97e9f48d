"""PullThroughCache on an app of thirty containers over all upstreams: before, after, and what the checks say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest

import cdk_pull as pull
from cdk_pull.report.decisions import read_decisions
from tests.cdk.images.cache_apps import ENV, HOST, SECRET, images, of_type, task

DIGEST: Final = f"sha256:{'a' * 64}"
# Thirty containers over all upstreams, and as Amazon ECR's guide has them behind its caches.
IMAGES: Final = {
    **{
        f"{name}:1.{minor}": f"docker-hub/library/{name}:1.{minor}"
        for name in ("nginx", "redis")
        for minor in range(3)
    },
    "grafana/grafana:11.0.0": "docker-hub/grafana/grafana:11.0.0",
    f"nginx@{DIGEST}": f"docker-hub/library/nginx@{DIGEST}",
    **{f"public.ecr.aws/nginx/nginx:1.{minor}": f"ecr-public/nginx/nginx:1.{minor}" for minor in range(4)},
    **{
        f"quay.io/prometheus/prometheus:v2.{minor}": f"quay/prometheus/prometheus:v2.{minor}"
        for minor in range(4)
    },
    **{f"registry.k8s.io/pause:3.{minor}": f"kubernetes/pause:3.{minor}" for minor in range(4)},
    "ghcr.io/owner/repo:1": "github/owner/repo:1",
    f"ghcr.io/owner/repo:1@{DIGEST}": f"github/owner/repo:1@{DIGEST}",
    "registry.gitlab.com/group/project:1": "gitlab/group/project:1",
    "registry.gitlab.com/group/sub/project:1": "gitlab/group/sub/project:1",
    "cgr.dev/chainguard/nginx:latest": "chainguard/chainguard/nginx:latest",
    "cgr.dev/chainguard/redis": "chainguard/chainguard/redis",
    "contoso.azurecr.io/web:1": "azure/contoso/web:1",
    "contoso.azurecr.io/team/api:1": "azure/contoso/team/api:1",
    "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1": "ecr/us-east-1/web:1",
    "999988887777.dkr.ecr.us-east-1.amazonaws.com/web:1": "999988887777/us-east-1/web:1",
}
EVERYTHING: Final[dict[str, Any]] = {
    "docker_hub": SECRET,
    "github": "ecr-pullthroughcache/github",
    "gitlab": "ecr-pullthroughcache/gitlab",
    "chainguard": "ecr-pullthroughcache/chainguard",
    "azure": {"contoso.azurecr.io": "ecr-pullthroughcache/azure"},
    "ecr": ["999988887777.dkr.ecr.us-east-1.amazonaws.com", "111122223333.dkr.ecr.us-east-1.amazonaws.com"],
}


def thirty(folder: Path, *, cached: bool) -> Path:
    """Synthesize an app of thirty containers in ten tasks, with and without the line that is tested."""
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, "Shop", env=ENV)
    names = list(IMAGES)
    assert len(names) == 30
    for number in range(10):
        task(stack, *names[number * 3 : number * 3 + 3], name=f"Task{number}")
    if cached:
        cdk.Mixins.of(app).apply(pull.PullThroughCache(**EVERYTHING))
        cdk.Mixins.of(app).apply(pull.SameRegionImages())
    app.synth()
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """Return the assembly of thirty cached containers, its template, and the template without the line."""
    folder = tmp_path_factory.mktemp("after")
    read = [
        json.loads((each / "Shop.template.json").read_text(encoding="utf-8"))
        for each in (thirty(folder, cached=True), thirty(tmp_path_factory.mktemp("before"), cached=False))
    ]
    return folder, read[0], read[1]


def test_thirty_images_in_the_documented_form(shop: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    """All upstreams, tags and digests: each image is the one of Amazon ECR's guide, and SameRegionImages is content."""
    assert images(shop[1]) == [f"{HOST}/{name}" for name in IMAGES.values()]


def test_nothing_of_the_app_moves(shop: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    """Every resource is there under its logical id; but for images, roles and the order, it is as it was."""
    _, after, before = shop
    for key, resource in before["Resources"].items():
        found = json.loads(json.dumps(after["Resources"][key]))
        found.pop("DependsOn", None)
        if resource["Type"] == "AWS::ECS::TaskDefinition":
            found["Properties"].pop("ExecutionRoleArn")
            for mine, theirs in zip(
                found["Properties"]["ContainerDefinitions"],
                resource["Properties"]["ContainerDefinitions"],
                strict=True,
            ):
                mine["Image"] = theirs["Image"]
        assert found == resource
    added = {
        after["Resources"][key]["Type"] for key in after["Resources"].keys() - before["Resources"].keys()
    }
    assert added == {
        "AWS::CloudWatch::Alarm",
        "AWS::ECR::PullThroughCacheRule",
        "AWS::ECR::RepositoryCreationTemplate",
        "AWS::Events::Rule",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
    }


def test_one_rule_after_its_template_for_each_upstream(
    shop: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    """Ten upstreams have ten rules; each waits for the template of its prefix, and tasks wait for their rules."""
    template = shop[1]
    rules = of_type(template, "AWS::ECR::PullThroughCacheRule")
    assert {each["EcrRepositoryPrefix"]: each["UpstreamRegistryUrl"] for each in rules.values()} == {
        "docker-hub": "registry-1.docker.io",
        "ecr-public": "public.ecr.aws",
        "quay": "quay.io",
        "kubernetes": "registry.k8s.io",
        "github": "ghcr.io",
        "gitlab": "registry.gitlab.com",
        "chainguard": "cgr.dev",
        "azure/contoso": "contoso.azurecr.io",
        "ecr/us-east-1": "111122223333.dkr.ecr.us-east-1.amazonaws.com",
        "999988887777/us-east-1": "999988887777.dkr.ecr.us-east-1.amazonaws.com",
    }
    templates = of_type(template, "AWS::ECR::RepositoryCreationTemplate")
    for key, rule in rules.items():
        (before,) = template["Resources"][key]["DependsOn"]
        assert templates[before] == {
            "AppliedFor": ["PULL_THROUGH_CACHE"],
            "Description": "Repositories of a pull-through cache",
            "ImageTagMutability": "MUTABLE",
            "LifecyclePolicy": '{"rules":[{"rulePriority":1,"description":"Expire cached images after 90 days; the next pull '
            'fetches them again","selection":{"tagStatus":"any","countType":"sinceImagePushed","countUnit":"days",'
            '"countNumber":90},"action":{"type":"expire"}}]}',
            "Prefix": rule["EcrRepositoryPrefix"],
        }
    (waits,) = [
        each["DependsOn"]
        for key, each in template["Resources"].items()
        if key.startswith("Task0") and "Family" in each["Properties"]
    ]
    assert [rules[key]["EcrRepositoryPrefix"] for key in waits] == ["docker-hub"]


def test_grants_are_exact(shop: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    """An execution role may pull, import and create below the prefixes of its own images, and nothing else."""
    policies = of_type(shop[1], "AWS::IAM::Policy")
    (policy,) = [each for key, each in policies.items() if key.startswith("Task4ExecutionRole")]
    prefixes = {IMAGES[name].partition("/")[0] for name in list(IMAGES)[12:15]}
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:BatchImportUpstreamImage",
                "ecr:CreateRepository",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Effect": "Allow",
            "Resource": _arn(*prefixes),
        },
        {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"},
    ]


def _arn(prefix: str) -> dict[str, Any]:
    return {
        "Fn::Join": [
            "",
            ["arn:", {"Ref": "AWS::Partition"}, f":ecr:eu-west-1:111122223333:repository/{prefix}/*"],
        ]
    }


def test_the_role_of_another_registry(shop: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    """ECR to ECR has a role that Amazon ECR assumes: to read there, and to write below the prefix here."""
    template = shop[1]
    rules = of_type(template, "AWS::ECR::PullThroughCacheRule").values()
    (rule,) = [each for each in rules if each["EcrRepositoryPrefix"] == "999988887777/us-east-1"]
    name = rule["CustomRoleArn"]["Fn::GetAtt"][0]
    trust = template["Resources"][name]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert trust["Principal"] == {"Service": "pullthroughcache.ecr.amazonaws.com"}
    (policy,) = [
        each for each in of_type(template, "AWS::IAM::Policy").values() if each["Roles"] == [{"Ref": name}]
    ]
    there = {
        "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":ecr:us-east-1:999988887777:repository/*"]]
    }
    here = _arn("999988887777/us-east-1")
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Action": [
                "ecr:BatchGetImage",
                "ecr:BatchImportUpstreamImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetImageCopyStatus",
            ],
            "Effect": "Allow",
            "Resource": [there, here],
        },
        {
            "Action": [
                "ecr:CompleteLayerUpload",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            "Effect": "Allow",
            "Resource": here,
        },
        {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"},
    ]


def test_an_alarm_on_failing_upstreams(shop: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    """One rule matches whatever did not succeed, and one alarm counts its matches."""
    (event,) = of_type(shop[1], "AWS::Events::Rule").values()
    assert event["EventPattern"] == {
        "source": ["aws.ecr"],
        "detail-type": ["ECR Pull Through Cache Action"],
        "detail": {"sync-status": [{"anything-but": ["SUCCESS"]}]},
    }
    (alarm,) = of_type(shop[1], "AWS::CloudWatch::Alarm").values()
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == (
        "AWS/Events",
        "TriggeredRules",
        1,
    )


def test_the_checks_find_nothing_left(shop: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    """`cdk-pull check` and cfn-lint are content with the whole assembly."""
    folder = shop[0]
    done = subprocess.run(
        [sys.executable, "-m", "cdk_pull.cli", "check", str(folder), "--format", "json"],
        check=False,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)["findings"]
    # The images' sizes are not known here, and a moving tag is a moving tag behind a cache, too.
    assert [each for each in found if each["rule"].startswith("PULL3")] == []
    lint = subprocess.run(
        [str(Path(sys.executable).parent / "cfn-lint"), str(folder / "Shop.template.json")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (lint.returncode, lint.stdout) == (0, "")


def test_each_task_says_what_became_of_its_images(shop: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    """The decisions name every image and the repository in the cache, and what it costs."""
    decisions = [
        decision.decision
        for each in read_decisions(shop[0])
        for decision in each.decisions
        if decision.decision.topic == "pull-through-cache"
    ]
    assert len(decisions) == 10
    assert decisions[0].decided == "3 of 3 images are pulled through a cache in the own registry"
    assert "$0.10 per GB and month" in decisions[0].cost
