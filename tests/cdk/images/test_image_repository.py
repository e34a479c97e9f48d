from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Template

from cdk_pull.cdk.images.image_repository import ImageRepository
from cdk_pull.errors import ConflictError, InvalidValueError, UnsupportedError

FRANKFURT = cdk.Environment(account="111122223333", region="eu-central-1")


def stack_in(
    app: cdk.App | None = None, name: str = "Stack", env: cdk.Environment | None = FRANKFURT
) -> cdk.Stack:
    """Return a new stack."""
    return cdk.Stack(app or cdk.App(), name, env=env)


def only(stack: cdk.Stack, kind: str) -> Any:
    """Return the only resource of a type."""
    ((_, resource),) = Template.from_stack(stack).find_resources(kind).items()
    return resource


def decided(repository: ImageRepository) -> list[str]:
    """Return what was recorded."""
    return [entry.data["decided"] for entry in repository.node.metadata if entry.type == "cdk-pull:decision"]


def test_defaults() -> None:
    """Tags are immutable, images scanned, untagged ones expire, and the repository stays."""
    stack = stack_in()
    repository = ImageRepository(stack, "Images")
    resource = only(stack, "AWS::ECR::Repository")
    policy = json.loads(resource["Properties"].pop("LifecyclePolicy")["LifecyclePolicyText"])
    assert resource == {
        "Type": "AWS::ECR::Repository",
        "Properties": {
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "ImageTagMutability": "IMMUTABLE",
        },
        "UpdateReplacePolicy": "Retain",
        "DeletionPolicy": "Retain",
    }
    (rule,) = policy["rules"]
    assert rule["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 14,
    }
    assert rule["action"] == {"type": "expire"}
    assert decided(repository) == ["tags immutable, untagged images expire after 14 days"]
    assert isinstance(repository, ecr.Repository)


def test_mutable_tags() -> None:
    """With tags that may move nothing expires, for the image of a running service may be untagged."""
    stack = stack_in()
    repository = ImageRepository(stack, "Images", mutable_tags=["latest", "dev-*"])
    properties = only(stack, "AWS::ECR::Repository")["Properties"]
    assert properties == {
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": [
            {
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": "latest",
            },
            {
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": "dev-*",
            },
        ],
    }
    assert decided(repository) == ["tags immutable but for latest, dev-*, nothing expires"]


def test_expiry_beside_mutable_tags() -> None:
    """An expiry beside mutable tags is refused, because it could remove what runs."""
    with pytest.raises(ConflictError) as caught:
        ImageRepository(
            stack_in(), "Images", mutable_tags=["latest"], expire_untagged_after=cdk.Duration.days(30)
        )
    assert str(caught.value) == (
        "expire_untagged_after=30 days beside mutable_tags=['latest']: a tag that moves leaves the image of a running "
        "service untagged, and ECS could no longer start it. Leave one of the two out"
    )


def test_expiry_of_ones_own() -> None:
    """The days until untagged images expire can be set."""
    stack = stack_in()
    ImageRepository(stack, "Images", expire_untagged_after=cdk.Duration.hours(72))
    policy = only(stack, "AWS::ECR::Repository")["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
    assert json.loads(policy)["rules"][0]["selection"]["countNumber"] == 3


@pytest.mark.parametrize("duration", [cdk.Duration.hours(12), cdk.Duration.hours(36), cdk.Duration.days(0)])
def test_expiry_not_in_days(duration: cdk.Duration) -> None:
    """An expiry that Amazon ECR cannot express is refused."""
    with pytest.raises(
        InvalidValueError, match=r"expire_untagged_after is not a whole number of days: .*days\(1\)"
    ):
        ImageRepository(stack_in(), "Images", expire_untagged_after=duration)


def test_replication() -> None:
    """The repositories of a stack share one configuration, grouped by the Regions they are copied to."""
    stack = stack_in()
    ImageRepository(stack, "Aa", repository_name="aa", replicate_to=["us-east-1", "eu-west-1", "us-east-1"])
    ImageRepository(stack, "Bb", repository_name="bb", replicate_to=["us-east-1", "eu-west-1"])
    ImageRepository(stack, "Cc", replicate_to=["ap-south-1"])
    rules = only(stack, "AWS::ECR::ReplicationConfiguration")["Properties"]["ReplicationConfiguration"][
        "Rules"
    ]
    first, second = rules
    names = [[entry["Filter"]["Ref"][:2] for entry in rule.pop("RepositoryFilters")] for rule in rules]
    assert names == [["Aa", "Bb"], ["Cc"]]
    assert first == {
        "Destinations": [
            {"Region": "us-east-1", "RegistryId": "111122223333"},
            {"Region": "eu-west-1", "RegistryId": "111122223333"},
        ],
    }
    assert second["Destinations"] == [{"Region": "ap-south-1", "RegistryId": "111122223333"}]


def test_replication_to_own_region() -> None:
    """A copy to where the image already is is refused."""
    with pytest.raises(
        InvalidValueError, match="Stack/Images cannot be replicated to its own Region: 'eu-central-1'"
    ):
        ImageRepository(stack_in(), "Images", replicate_to=["us-east-1", "eu-central-1"])


def test_replication_to_no_region() -> None:
    """A text that is no Region is refused."""
    with pytest.raises(InvalidValueError, match="Region is malformed: 'Ireland'"):
        ImageRepository(stack_in(), "Images", replicate_to=["Ireland"])


def test_one_replication_for_a_registry() -> None:
    """The stacks of a stage share the configuration of their registry; another registry has its own."""
    app = cdk.App()
    first, second = stack_in(app, "A"), stack_in(app, "B")
    other = stack_in(app, "C", cdk.Environment(account="111122223333", region="us-east-1"))
    for stack, name in ((first, "aa"), (second, "bb"), (other, "cc")):
        ImageRepository(
            stack, "Images", repository_name=name, replicate_to=["eu-west-1"], copy_settings=False
        )
    rules = only(first, "AWS::ECR::ReplicationConfiguration")["Properties"]["ReplicationConfiguration"][
        "Rules"
    ]
    assert [each["Filter"] for each in rules[0]["RepositoryFilters"]][1:] == ["bb"]
    assert len(rules) == 1
    Template.from_stack(second).resource_count_is("AWS::ECR::ReplicationConfiguration", 0)
    Template.from_stack(other).resource_count_is("AWS::ECR::ReplicationConfiguration", 1)


def test_two_stages_configure_one_registry() -> None:
    """Two stages that configure one registry stop the synth: the later one would take the place of the earlier."""
    app = cdk.App()
    for name in ("Beta", "Prod"):
        ImageRepository(
            cdk.Stack(cdk.Stage(app, name, env=FRANKFURT), "S"), "Images", replicate_to=["eu-west-1"]
        )
    with pytest.raises(
        RuntimeError,
        match="a registry has one configuration: put the repositories that replicate into one stage",
    ):
        app.synth()


def test_a_generated_name_in_another_stack() -> None:
    """The configuration of another stack names a repository by its name, which has to be known."""
    app = cdk.App()
    ImageRepository(stack_in(app, "A"), "Images", replicate_to=["eu-west-1"])
    with pytest.raises(UnsupportedError) as error:
        ImageRepository(stack_in(app, "B"), "Images", replicate_to=["eu-west-1"])
    assert str(error.value) == (
        "B/Images has a generated name, and the replication of its registry is configured in A: set repository_name"
    )


def test_replication_of_an_agnostic_stack() -> None:
    """A stack that can go anywhere replicates within its own account."""
    stack = stack_in(env=None)
    ImageRepository(stack, "Images", replicate_to=["eu-west-1"])
    (rule,) = only(stack, "AWS::ECR::ReplicationConfiguration")["Properties"]["ReplicationConfiguration"][
        "Rules"
    ]
    assert rule["Destinations"] == [{"Region": "eu-west-1", "RegistryId": {"Ref": "AWS::AccountId"}}]


@pytest.mark.parametrize("name", ["mutable_tags", "replicate_to"])
def test_a_text_is_no_list(name: str) -> None:
    """A single tag or Region given as a text is not taken for a list of its letters."""
    stack = cdk.Stack(cdk.App(), "Stack")
    with pytest.raises(
        InvalidValueError,
        match=rf"^{name} must be a list, not a string: 'dev'; allowed: a list\. Write {name}=",
    ):
        ImageRepository(stack, "Repository", **{name: "dev"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("env", "regions"), [(FRANKFURT, ["cn-north-1"]), (None, ["eu-west-1", "us-gov-west-1"])]
)
def test_replication_stays_in_a_partition(env: cdk.Environment | None, regions: list[str]) -> None:
    """Amazon ECR copies to no other partition, which no deployment would say before it fails."""
    with pytest.raises(InvalidValueError) as error:
        ImageRepository(stack_in(env=env), "Images", replicate_to=regions)
    home = "eu-central-1" if env else "eu-west-1"
    assert str(error.value) == (
        f"Stack/Images cannot be replicated to another partition than that of {home}: '{regions[-1]}'; allowed: Regions of "
        "the partition aws. Amazon ECR replicates within a partition alone: push the images to both"
    )
