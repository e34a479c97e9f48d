"""PullThroughCache: stacks, secrets, roles, existing rules and warnings."""

from __future__ import annotations

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
from tests.cdk.images.cache_apps import ENV, HOST, SECRET, images, of_type, task, warnings, written


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
