from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.template.context import Context, Environment
from cdk_pull.template.image_region import locate_image
from cdk_pull.template.intrinsics import evaluate

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
ARN = {"Fn::GetAtt": ["Repo", "Arn"]}
DOCUMENT = {
    "Parameters": {"Image": {"Type": "String"}, "Tag": {"Type": "String"}},
    "Resources": {"Repo": {"Type": "AWS::ECR::Repository"}},
}


def uri_of(arn: object, name: object = "app") -> dict[str, Any]:
    """Return the URI that CDK makes of a repository's ARN."""
    parts = {"Fn::Split": [":", arn]}
    account, region = {"Fn::Select": [4, parts]}, {"Fn::Select": [3, parts]}
    host = [account, ".dkr.ecr.", region, ".", {"Ref": "AWS::URLSuffix"}]
    return {"Fn::Join": ["", [*host, "/", name, ":1"]]}


def locate(image: object, region: str | None) -> tuple[str, str | None, str]:
    """Evaluate and locate an image."""
    context = Context(environment=Environment(region=region), document=DOCUMENT)
    place = locate_image(evaluate(image, context), region)
    return place.verdict, place.region, place.reason


@pytest.mark.parametrize(
    ("image", "region", "verdict", "image_region"),
    [
        (f"{ECR}/app:1", "eu-west-1", "same", "eu-west-1"),
        (f"{ECR}/app:1", "us-east-1", "elsewhere", "eu-west-1"),
        ("nginx", "us-east-1", "outside", None),
        ("public.ecr.aws/nginx/nginx:1", None, "outside", None),
        ({"Fn::Sub": "public.ecr.aws/nginx/nginx:${Tag}"}, "us-east-1", "outside", None),
        (uri_of(ARN), "us-east-1", "same", "us-east-1"),
        (uri_of(ARN, {"Ref": "Repo"}), None, "same", None),
        ({"Fn::Sub": "${Repo.RepositoryUri}:1"}, None, "same", None),
        (
            {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/a-${AWS::Region}:1"},
            None,
            "same",
            None,
        ),
        (
            {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app:${Tag}"},
            "eu-west-3",
            "same",
            "eu-west-3",
        ),
        (
            {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.us-west-2.amazonaws.com/app:1"},
            "eu-west-3",
            "elsewhere",
            "us-west-2",
        ),
        (uri_of("arn:aws:ecr:us-west-2:111122223333:repository/app"), "eu-west-1", "elsewhere", "us-west-2"),
        (f"{ECR}/app:{{{{resolve:ssm:/tag}}}}", "us-west-2", "elsewhere", "eu-west-1"),
        (f"{ECR}/{{{{resolve:ssm:/name}}}}:v-{{{{resolve:ssm:/tag}}}}", "eu-west-1", "same", "eu-west-1"),
        (
            uri_of({"Fn::Sub": "arn:${AWS::Partition}:ecr:us-west-2:111122223333:repository/app"}),
            "us-west-2",
            "same",
            "us-west-2",
        ),
    ],
)
def test_known(image: object, region: str | None, verdict: str, image_region: str | None) -> None:
    """The Region is read from the registry, from an ARN, or known to be the stack's own."""
    assert locate(image, region) == (verdict, image_region, "")


@pytest.mark.parametrize(
    ("image", "region", "image_region", "reason"),
    [
        ({"Ref": "Image"}, "eu-west-1", None, "parameter Image has no default"),
        ({"Fn::Sub": "${Image}/app:1"}, "eu-west-1", None, "parameter Image has no default"),
        ("{{resolve:ssm:/app}}", "eu-west-1", None, "{{resolve:ssm:/app}} is resolved at deployment"),
        (uri_of({"Fn::ImportValue": "repo"}), "eu-west-1", None, "export repo belongs to another stack"),
        (
            f"{ECR}/app:1",
            None,
            "eu-west-1",
            "the image is in eu-west-1 and the stack can be deployed to any Region",
        ),
    ],
)
def test_unknown(image: object, region: str | None, image_region: str | None, reason: str) -> None:
    """What only the deployment knows is unknown, with the reason."""
    assert locate(image, region) == ("unknown", image_region, reason)


@pytest.mark.parametrize("image", ["Nginx", "", ["nginx"], {"a": 1}, None])
def test_malformed(image: object) -> None:
    """What is no image reference is malformed, with the reason."""
    verdict, _, reason = locate(image, "eu-west-1")
    assert verdict == "malformed"
    assert reason


def test_shown() -> None:
    """An image is shown normalised where it is known, and with ${…} where it is not."""
    context = Context(environment=Environment(region=None), document=DOCUMENT)
    uri = evaluate({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.us-west-2.amazonaws.com/app:${Tag}"}, context)
    assert locate_image("nginx", None).image == "docker.io/library/nginx"
    place = locate_image(uri, None)
    assert place.image == "${AWS::AccountId}.dkr.ecr.us-west-2.amazonaws.com/app:${Tag}"
    assert str(place.reference) == "000000000000.dkr.ecr.us-west-2.amazonaws.com/app:unknown"
