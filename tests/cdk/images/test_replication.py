"""Copies in other Regions and accounts: their settings, what was there before, and handles for their stacks."""

from __future__ import annotations

import json
from typing import Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.errors import CdkPullError

FRANKFURT: Final = cdk.Environment(account="111122223333", region="eu-central-1")
OREGON: Final = cdk.Environment(account="111122223333", region="us-west-2")
THEIRS: Final = cdk.Environment(account="999988887777", region="us-west-2")


def images(app: cdk.App, **settings: Any) -> pull.ImageRepository:
    """Return a repository with copies."""
    stack = cdk.Stack(app, "Images", env=FRANKFURT)
    return pull.ImageRepository(stack, "Web", repository_name="shop/web", **settings)


def of_type(stack: cdk.Stack, kind: str) -> list[dict[str, Any]]:
    """Return the properties of the resources of a type."""
    return [each["Properties"] for each in Template.from_stack(stack).find_resources(kind).values()]


def replica(app: cdk.App, name: str) -> cdk.Stack:
    """Return the stack of a destination."""
    found = app.node.try_find_child(name)
    assert isinstance(found, cdk.Stack)
    return found


def test_settings_hold_at_the_copy() -> None:
    """Each destination has a template with tags, life cycle and policy of the repository, before the first copy."""
    app = cdk.App()
    repository = images(app, mutable_tags=["dev-*"], replicate_to=["us-west-2", "eu-west-1"])
    repository.add_lifecycle_rule(max_image_count=50)
    repository.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["ecr:BatchGetImage"], principals=[iam.ArnPrincipal("arn:aws:iam::999988887777:root")]
        )
    )
    for region in ("us-west-2", "eu-west-1"):
        (template,) = of_type(
            replica(app, f"CdkPullReplicas-{region}"), "AWS::ECR::RepositoryCreationTemplate"
        )
        assert json.loads(template.pop("LifecyclePolicy"))["rules"][0]["selection"]["countNumber"] == 50
        assert json.loads(template.pop("RepositoryPolicy"))["Statement"][0]["Action"] == "ecr:BatchGetImage"
        assert template == {
            "AppliedFor": ["REPLICATION"],
            "Description": "Copies of shop/",
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": [
                {
                    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                    "ImageTagMutabilityExclusionFilterValue": "dev-*",
                }
            ],
            "Prefix": "shop",
        }
    before = [each.stack_name for each in cdk.Stack.of(repository).dependencies]
    assert sorted(before) == ["CdkPullReplicas-eu-west-1", "CdkPullReplicas-us-west-2"]


def test_copies_are_created_by_their_namespace() -> None:
    """Repositories of a namespace share one template; settings that differ are a warning; a name without one has ROOT."""
    app = cdk.App()
    first = images(app, replicate_to=["us-west-2"])
    home = cdk.Stack.of(first)
    pull.ImageRepository(
        home, "Same", repository_name="shop/api", replicate_to=["us-west-2"], mutable_tags=["dev-*"]
    )
    pull.ImageRepository(home, "Other", repository_name="shop/job", replicate_to=["us-west-2"])
    pull.ImageRepository(home, "Alone", repository_name="alone", replicate_to=["us-west-2"])
    messages = [
        message.entry.data
        for artifact in app.synth().stacks
        for message in artifact.messages
        if "replicaSettings" in str(message.entry.data)
    ]
    templates = of_type(replica(app, "CdkPullReplicas-us-west-2"), "AWS::ECR::RepositoryCreationTemplate")
    assert [(each["Prefix"], each["Description"]) for each in templates] == [
        ("shop", "Copies of shop/"),
        ("ROOT", "Copies of all repositories"),
    ]
    assert messages == [
        (
            f"its copies get the settings of {first.node.path}, which differ: Amazon ECR creates copies by their namespace, "
            "shop; give both the same settings, or names in different namespaces [ack: cdk-pull:replicaSettings]"
        )
    ]


def test_three_regions_and_two_accounts() -> None:
    """Another account accepts the copies by its registry policy; no pull of a stack leaves its Region."""
    app = cdk.App()
    repository = images(app, replicate_to=["us-west-2", "eu-west-1", THEIRS])
    second = pull.ImageRepository(
        cdk.Stack.of(repository),
        "Api",
        repository_name="shop/api",
        replicate_to=["us-west-2", "eu-west-1", THEIRS],
    )
    for name, env, copy in (
        ("Home", FRANKFURT, repository),
        ("Oregon", OREGON, repository.in_region("us-west-2")),
        ("Theirs", THEIRS, repository.in_region("us-west-2", account="999988887777")),
    ):
        stack = cdk.Stack(app, name, env=env)
        task = ecs.FargateTaskDefinition(stack, "Task")
        task.add_container("web", image=ecs.ContainerImage.from_ecr_repository(copy, "1.2.3"))
    cdk.Mixins.of(app).apply(pull.SameRegionImages())
    app.synth()
    (rule,) = of_type(cdk.Stack.of(second), "AWS::ECR::ReplicationConfiguration")[0][
        "ReplicationConfiguration"
    ]["Rules"]
    assert rule["Destinations"] == [
        {"Region": "us-west-2", "RegistryId": "111122223333"},
        {"Region": "eu-west-1", "RegistryId": "111122223333"},
        {"Region": "us-west-2", "RegistryId": "999988887777"},
    ]
    (policy,) = of_type(replica(app, "CdkPullReplicas-999988887777-us-west-2"), "AWS::ECR::RegistryPolicy")
    statements = policy["PolicyText"]["Statement"]
    assert [each["Action"] for each in statements] == [["ecr:CreateRepository", "ecr:ReplicateImage"]] * 2
    assert [each["Sid"] for each in statements] == ["ReplicateShopWeb", "ReplicateShopApi"]
    assert "111122223333:root" in json.dumps(statements[0]["Principal"])
    assert "repository/shop/web*" in json.dumps(statements[0]["Resource"])


def test_a_copy_is_pulled_by_its_own_name() -> None:
    """The handle names the copy's registry, and its grants are about the copy."""
    app = cdk.App()
    repository = images(app, replicate_to=["us-west-2"])
    copy = repository.in_region("us-west-2")
    stack = cdk.Stack(app, "Api", env=OREGON)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("web", image=ecs.ContainerImage.from_ecr_repository(copy, "1"))
    (definition,) = of_type(stack, "AWS::ECS::TaskDefinition")
    assert "111122223333.dkr.ecr.us-west-2." in json.dumps(definition["ContainerDefinitions"][0]["Image"])
    assert "arn:aws:ecr:us-west-2:111122223333:repository/shop/web" in json.dumps(
        of_type(stack, "AWS::IAM::Policy")
    )
    assert repository.in_region("eu-central-1").repository_name == "shop/web"
    assert repository.in_region("us-west-2").node.path == copy.node.path


def test_deletions_are_copied() -> None:
    """The rule of a repository whose deletions are copied has them on; another rule has not."""
    app = cdk.App()
    repository = images(app, replicate_to=["us-west-2"], delete_replicated=True)
    pull.ImageRepository(cdk.Stack.of(repository), "Api", repository_name="api", replicate_to=["us-west-2"])
    rules = of_type(cdk.Stack.of(repository), "AWS::ECR::ReplicationConfiguration")[0][
        "ReplicationConfiguration"
    ]["Rules"]
    assert [each.get("DeleteReplication") for each in rules] == [{"Enabled": True}, None]


def test_a_backfill() -> None:
    """A custom resource asks for it after the configuration, by a role that may do nothing else."""
    app = cdk.App()
    repository = images(app, replicate_to=["us-west-2"], backfill=True)
    pull.ImageRepository(
        cdk.Stack.of(repository), "Api", repository_name="api", replicate_to=["eu-west-1"], backfill=True
    )
    stack = cdk.Stack.of(repository)
    template = Template.from_stack(stack)
    ((_, resource),) = template.find_resources("Custom::CdkPullReplicationBackfill").items()
    assert resource["Properties"]["Destinations"] == [
        {"region": "us-west-2", "registryId": "111122223333"},
        {"region": "eu-west-1", "registryId": "111122223333"},
    ]
    (configuration,) = template.find_resources("AWS::ECR::ReplicationConfiguration")
    assert configuration in resource["DependsOn"]
    (policy,) = of_type(stack, "AWS::IAM::Policy")
    assert policy["PolicyDocument"]["Statement"] == [
        {"Action": "ecr:StartReplicationBackfill", "Effect": "Allow", "Resource": "*"}
    ]
    (role,) = of_type(stack, "AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    (function,) = of_type(stack, "AWS::Lambda::Function")
    assert len(function["Code"]["ZipFile"]) <= 4096


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"backfill": True},
            "backfill=True without replicate_to: there is no copy; name the Regions, or leave it out",
        ),
        (
            {"delete_replicated": True},
            "delete_replicated=True without replicate_to: there is no copy; name the Regions",
        ),
        ({"replicate_to": ["Ireland"]}, "Region is malformed: 'Ireland'"),
        ({"replicate_to": "us-west-2"}, "replicate_to must be a list, not a string: 'us-west-2'"),
        (
            {"replicate_to": [7]},
            "destination of replication is not a Region: 7; allowed: a Region, or cdk.Environment(",
        ),
        (
            {"replicate_to": [cdk.Environment(account="999988887777")]},
            "destination of replication is not a Region: ",
        ),
        ({"replicate_to": [cdk.Environment(account="9", region="us-west-2")]}, "account is malformed: '9'"),
        (
            {"replicate_to": ["eu-central-1"]},
            "Images/Web cannot be replicated to its own Region: 'eu-central-1'",
        ),
        ({"replicate_to": [FRANKFURT]}, "Images/Web cannot be replicated to its own Region: 'eu-central-1'"),
        (
            {"replicate_to": [cdk.Environment(account="999988887777", region="cn-north-1")]},
            "Images/Web cannot be replicated to another partition than that of eu-central-1: 'cn-north-1'",
        ),
        (
            {
                "replicate_to": [
                    f"us-{side}-{number}" for side in ("west", "east", "north") for number in range(1, 5)
                ],
                "backfill": True,
            },
            "Images/CdkPullReplication asks for 12 backfills; Amazon ECR runs 10 in a registry at once",
        ),
    ],
)
def test_bad_input(settings: dict[str, Any], message: str) -> None:
    """What Amazon ECR would reject is refused at the call."""
    with pytest.raises(CdkPullError) as raised:
        images(cdk.App(), **settings)
    assert str(raised.value).startswith(message)


def test_a_region_without_a_copy() -> None:
    """A handle is for a copy that there is, of a repository whose name is known."""
    app = cdk.App()
    repository = images(app, replicate_to=["us-west-2"])
    with pytest.raises(CdkPullError) as raised:
        repository.in_region("eu-west-1")
    assert str(raised.value) == (
        "Images/Web has no copy in the Region: 'eu-west-1'; allowed: us-west-2. Add it to replicate_to"
    )
    unnamed = pull.ImageRepository(cdk.Stack.of(repository), "Other", replicate_to=["us-west-2"])
    with pytest.raises(
        CdkPullError, match="Images/Other has a generated name, which other Regions do not know"
    ):
        unnamed.in_region("us-west-2")


def test_too_many_sets_of_destinations() -> None:
    """A registry has 25 rules; the repository that is one too many is refused."""
    stack = cdk.Stack(cdk.App(), "S", env=FRANKFURT)
    for number in range(25):
        account = cdk.Environment(account=f"{number:012d}", region="us-west-2")
        pull.ImageRepository(stack, f"R{number}", replicate_to=[account], copy_settings=False)
    with pytest.raises(
        CdkPullError, match="has 26 different sets of destinations; Amazon ECR accepts 25 in a registry"
    ):
        pull.ImageRepository(stack, "Last", replicate_to=["us-west-2"], copy_settings=False)


def test_a_policy_that_other_regions_cannot_resolve() -> None:
    """A policy with a reference to its stack is not copied, and a warning says so."""
    app = cdk.App()
    repository = images(app, replicate_to=["us-west-2"])
    role = iam.Role(cdk.Stack.of(repository), "Role", assumed_by=iam.AccountRootPrincipal())
    repository.add_to_resource_policy(iam.PolicyStatement(actions=["ecr:BatchGetImage"], principals=[role]))
    (template,) = of_type(replica(app, "CdkPullReplicas-us-west-2"), "AWS::ECR::RepositoryCreationTemplate")
    assert "RepositoryPolicy" not in template
    artifact = app.synth().get_stack_artifact(cdk.Stack.of(repository).artifact_id)
    assert any("the copies have no policy" in str(each.entry.data) for each in artifact.messages)
