"""PullThroughCache: images, rules, grants and warnings in the templates of an app."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.report.decisions import read_decisions

ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
HOST: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
SECRET: Final = "ecr-pullthroughcache/hub"  # noqa: S105 - its name
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


def task(stack: cdk.Stack, *images: str, name: str = "Task") -> ecs.FargateTaskDefinition:
    """Return a task definition with a container for each image."""
    made = ecs.FargateTaskDefinition(stack, name, cpu=1024, memory_limit_mib=4096)
    for number, image in enumerate(images):
        made.add_container(f"c{number}", image=ecs.ContainerImage.from_registry(image))
    return made


def written(stack: cdk.Stack) -> dict[str, Any]:
    """Return the template of a stack."""
    return dict(Template.from_stack(stack).to_json())


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of a type."""
    return {
        key: each.get("Properties", {}) for key, each in template["Resources"].items() if each["Type"] == kind
    }


def images(template: dict[str, Any]) -> list[Any]:
    """Return the images of all containers."""
    tasks = of_type(template, "AWS::ECS::TaskDefinition").values()
    return [container["Image"] for each in tasks for container in each["ContainerDefinitions"]]


def warnings(stack: cdk.Stack) -> list[str]:
    """Return our warnings on a stack."""
    stage = cdk.Stage.of(stack)
    assert stage is not None
    messages = stage.synth(force=True).get_stack_artifact(stack.artifact_id).messages
    return [str(each.entry.data) for each in messages if "[ack: cdk-pull:" in str(each.entry.data)]


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


def test_several_stacks_and_regions() -> None:
    """Each registry has its rules once, in a stack that depends on no other that uses them; the others wait for it."""
    app = cdk.App()
    shared = cdk.Stack(app, "Web", env=ENV)
    made = task(shared, "nginx:1")
    other = cdk.Stack(app, "Jobs", env=ENV)
    topic = sns.Topic(other, "Topic")
    made.add_to_task_role_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn]))
    task(other, "redis:7")
    nested = cdk.NestedStack(shared, "Nested")
    task(nested, "nginx:1")
    far = cdk.Stack(app, "Far", env=cdk.Environment(account="111122223333", region="us-west-2"))
    task(far, "nginx:1")
    cdk.Mixins.of(app).apply(pull.PullThroughCache(docker_hub=SECRET))
    counts = {
        each.stack_name: len(of_type(written(each), "AWS::ECR::PullThroughCacheRule"))
        for each in (shared, other, far)
    }
    # Web uses a topic of Jobs, so that the rules are in Jobs, which comes first.
    assert counts == {"Web": 0, "Jobs": 1, "Far": 1}
    assert [each.stack_name for each in shared.dependencies] == ["Jobs"]
    assert images(written(far)) == ["111122223333.dkr.ecr.us-west-2.amazonaws.com/docker-hub/library/nginx:1"]
    assert images(dict(Template.from_stack(nested).to_json())) == [f"{HOST}/docker-hub/library/nginx:1"]


def test_a_stack_for_anywhere() -> None:
    """Account and Region of the deployment are filled in by CloudFormation."""
    stack = cdk.Stack(cdk.App(), "S")
    task(stack, "public.ecr.aws/nginx/nginx:1")
    cdk.Mixins.of(stack).apply(pull.PullThroughCache())
    assert images(written(stack)) == [
        {
            "Fn::Join": [
                "",
                [
                    {"Ref": "AWS::AccountId"},
                    ".dkr.ecr.",
                    {"Ref": "AWS::Region"},
                    ".",
                    {"Ref": "AWS::URLSuffix"},
                    "/ecr-public/nginx/nginx:1",
                ],
            ]
        }
    ]


def test_a_secret_of_the_app() -> None:
    """The rules stand in the secret's stack, which the others depend on, and name it by its ARN."""
    app = cdk.App()
    stack = cdk.Stack(app, "Web", env=ENV)
    task(stack, "nginx:1")
    keys = cdk.Stack(app, "Keys", env=ENV)
    secret = secretsmanager.Secret(
        keys,
        "Hub",
        secret_name=SECRET,
        secret_object_value={
            "username": cdk.SecretValue.unsafe_plain_text("me"),
            "accessToken": cdk.SecretValue.unsafe_plain_text("token"),
        },
    )
    cdk.Mixins.of(app).apply(pull.PullThroughCache(docker_hub=secret))
    (rule,) = of_type(written(keys), "AWS::ECR::PullThroughCacheRule").values()
    assert list(rule["CredentialArn"]) == ["Ref"]
    assert [each.stack_name for each in stack.dependencies] == ["Keys"]


def test_rules_of_the_app_are_used() -> None:
    """A rule that is there is not made again; its prefix names the images, and the task waits for it."""
    app = cdk.App()
    stack = cdk.Stack(app, "S", env=ENV)
    rule = ecr.CfnPullThroughCacheRule(
        stack,
        "Hub",
        ecr_repository_prefix="hub",
        upstream_registry_url="registry-1.docker.io",
        credential_arn=f"arn:aws:secretsmanager:eu-west-1:111122223333:secret:{SECRET}",
    )
    task(stack, "nginx:1", "quay.io/a/b:1")
    cdk.Mixins.of(app).apply(pull.PullThroughCache())
    template = written(stack)
    assert images(template) == [f"{HOST}/hub/library/nginx:1", f"{HOST}/quay/a/b:1"]
    assert len(of_type(template, "AWS::ECR::PullThroughCacheRule")) == 2
    (key,) = of_type(template, "AWS::ECS::TaskDefinition")
    assert stack.resolve(rule.logical_id) in template["Resources"][key]["DependsOn"]


def test_rules_of_the_account_are_used() -> None:
    """from_prefixes makes no rule, no template and no alarm: it names images and allows roles."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    task(stack, "nginx:1", "quay.io/a/b:1")
    cdk.Mixins.of(stack).apply(pull.PullThroughCache.from_prefixes({"docker_hub": "hub"}))
    template = written(stack)
    assert images(template) == [f"{HOST}/hub/library/nginx:1", "quay.io/a/b:1"]
    assert {each["Type"] for each in template["Resources"].values()} == {
        "AWS::ECS::TaskDefinition",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
    }
    (warning,) = warnings(stack)
    assert warning == (
        "image quay.io/a/b:1 of container c1 is not pulled through a cache: no rule for quay.io is given "
        "[ack: cdk-pull:notCached]"
    )


def test_an_l1_task_definition_and_its_roles() -> None:
    """An L1 is changed like any other: by a role of the app, by a new one, or with a warning of what to allow."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    l1 = iam.CfnRole(stack, "Role", assume_role_policy_document={"Version": "2012-10-17", "Statement": []})
    l2 = iam.Role(stack, "Role2", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    fixed = iam.Role.from_role_arn(stack, "Fixed", "arn:aws:iam::111122223333:role/fixed", mutable=False)
    ecs.FargateTaskDefinition(stack, "L2", execution_role=fixed).add_container(
        "web", image=ecs.ContainerImage.from_registry("quay.io/a/b:1")
    )
    for number, arn in enumerate([l1.attr_arn, l2.role_arn, None, "arn:aws:iam::111122223333:role/theirs"]):
        ecs.CfnTaskDefinition(
            stack,
            f"Task{number}",
            execution_role_arn=arn,
            container_definitions=[
                ecs.CfnTaskDefinition.ContainerDefinitionProperty(name="web", image="quay.io/a/b:1")
            ],
        )
    cdk.Mixins.of(stack).apply(pull.PullThroughCache())
    template = written(stack)
    assert images(template) == [f"{HOST}/quay/a/b:1"] * 5
    roles = [each["Roles"] for each in of_type(template, "AWS::IAM::Policy").values()]
    assert sorted(each["Ref"][:8] for (each,) in roles) == ["Role", "Role2919", "Task2Exe"]
    warned = warnings(stack)
    assert len(warned) == 2
    warning = warned[0]
    assert warning.startswith(
        "the execution role is not in this app, and pulls through caches: allow it ecr:BatchCheckLayerAvailability, "
    )
    assert warning.endswith("[ack: cdk-pull:cacheRole]")


def test_tags_and_a_key_have_a_role() -> None:
    """Amazon ECR creates repositories with tags or a KMS key by a role alone, which may do that and nothing else."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    key = kms.Key(stack, "Key")
    task(stack, "quay.io/a/b:1")
    cdk.Mixins.of(stack).apply(
        pull.PullThroughCache(
            encryption_key=key, tags={"team": "web"}, expire_after=cdk.Duration.days(7), alarm=False
        )
    )
    template = written(stack)
    (found,) = of_type(template, "AWS::ECR::RepositoryCreationTemplate").values()
    role = found.pop("CustomRoleArn")["Fn::GetAtt"][0]
    assert '"countNumber":7' in found["LifecyclePolicy"]
    assert found["ResourceTags"] == [{"Key": "team", "Value": "web"}]
    assert found["EncryptionConfiguration"]["EncryptionType"] == "KMS"
    assert not of_type(template, "AWS::CloudWatch::Alarm")
    trust = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert trust["Principal"] == {"Service": "ecr.amazonaws.com"}
    (policy,) = [
        each for each in of_type(template, "AWS::IAM::Policy").values() if each["Roles"] == [{"Ref": role}]
    ]
    assert [each["Action"] for each in policy["PolicyDocument"]["Statement"]] == [
        ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
        ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
    ]


def test_the_first_pull_needs_a_way_out() -> None:
    """Endpoints for Amazon ECR are not enough for what is not in the cache yet: a warning names the element."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        availability_zones=["eu-west-1a"],
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="in", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        ],
    )
    ecs.FargateService(
        stack,
        "Service",
        cluster=ecs.Cluster(stack, "C", vpc=vpc),
        task_definition=task(stack, "quay.io/a/b:1"),
    )
    cdk.Mixins.of(stack).apply(pull.PullThroughCache())
    (warning,) = warnings(stack)
    assert "the first pull through a cache needs a way to the internet" in warning
    assert "has no route to 0.0.0.0/0" in warning
    assert "cdk-pull warm" in warning
    assert warning.endswith("[ack: cdk-pull:firstPull]")


def test_one_image_in_one_stack() -> None:
    """The construct makes the rules that are asked for, and gives images for the containers of its stack."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    caches = pull.PullThroughCacheRules(stack, "Caches", docker_hub=SECRET)
    made = ecs.FargateTaskDefinition(stack, "Task")
    made.add_container("web", image=caches.image("nginx:1.27"))
    made.add_container("side", image=caches.image("quay.io/a/b:1"))
    template = written(stack)
    assert images(template) == [f"{HOST}/docker-hub/library/nginx:1.27", f"{HOST}/quay/a/b:1"]
    prefixes = [
        each["EcrRepositoryPrefix"] for each in of_type(template, "AWS::ECR::PullThroughCacheRule").values()
    ]
    assert prefixes == ["docker-hub", "quay"]


def test_two_stages_of_one_registry() -> None:
    """A rule is in a registry once: the second stage that makes it is told to use it."""
    app = cdk.App()
    for name in ("Beta", "Prod"):
        task(cdk.Stack(cdk.Stage(app, name, env=ENV), "S"), "quay.io/a/b:1")
    cdk.Mixins.of(app).apply(pull.PullThroughCache())
    with pytest.raises(
        RuntimeError, match="makes the pull-through cache quay for account 111122223333 and eu-west-1, too"
    ):
        app.synth()


def test_with_other_mixins_and_ec2() -> None:
    """A task for EC2 is cached like any other; an image held to the Region is content; a pre-pull by the old name is not."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = ec2.Vpc(stack, "Vpc", availability_zones=["eu-west-1a"], nat_gateways=1)
    group = autoscaling.AutoScalingGroup(
        stack,
        "Group",
        vpc=vpc,
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
    )
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
    cluster.add_asg_capacity_provider(ecs.AsgCapacityProvider(stack, "Provider", auto_scaling_group=group))
    made = ecs.Ec2TaskDefinition(stack, "Task")
    made.add_container("web", image=pull.SameRegionImage("nginx:1"), memory_limit_mib=128)
    group.with_(pull.PrePulledImages([made]))
    cdk.Mixins.of(stack).apply(pull.PullThroughCache(docker_hub=SECRET))
    assert images(written(stack)) == [f"{HOST}/docker-hub/library/nginx:1"]
    (warning,) = [each for each in warnings(stack) if "prePullCached" in each]
    assert warning == (
        f"PrePulledImages pulls docker.io/library/nginx:1, and this task pulls it as {HOST}/docker-hub/library/nginx:1: pass "
        "that name to PrePulledImages [ack: cdk-pull:prePullCached]"
    )
