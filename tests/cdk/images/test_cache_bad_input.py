"""What PullThroughCache rejects, each with what is wrong, the value and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

import cdk_pull as pull
from cdk_pull.errors import CdkPullError

if TYPE_CHECKING:
    from collections.abc import Callable

ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
NAME: Final = "ecr-pullthroughcache/hub"
ALLOWED: Final = (
    "a secret of AWS Secrets Manager, its ARN, or its name, which begins with 'ecr-pullthroughcache/'"
)
PREFIXES: Final = "prefixes by upstream, such as {'docker_hub': 'docker-hub'}"
UPSTREAMS: Final = "chainguard, docker_hub, ecr_public, github, gitlab, k8s, quay, or the host of a registry that ECR can cache"
PREFIX: Final = "2 to 30 lower-case letters, digits, '.', '_', '-' and '/', such as 'docker-hub'; or 'ROOT'"

AT_THE_CALL: Final[list[tuple[dict[str, Any], str]]] = [
    (
        {"docker_hub": "docker-hub"},
        f"docker_hub is not a secret that Amazon ECR reads: 'docker-hub'; allowed: {ALLOWED}",
    ),
    ({"docker_hub": ""}, f"docker_hub is not a secret that Amazon ECR reads: ''; allowed: {ALLOWED}"),
    ({"github": True}, f"github is not a secret: True; allowed: {ALLOWED}"),
    ({"gitlab": 7}, f"gitlab is not a secret: 7; allowed: {ALLOWED}"),
    ({"chainguard": {}}, f"chainguard is not a secret: {{}}; allowed: {ALLOWED}"),
    (
        {"docker_hub": "arn:aws:s3:::bucket"},
        f"docker_hub is not the ARN of a secret: 'arn:aws:s3:::bucket'; allowed: {ALLOWED}",
    ),
    (
        {"docker_hub": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub"},
        f"docker_hub is not a secret that Amazon ECR reads: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub'; allowed: {ALLOWED}",
    ),
    ({"quay": "yes"}, "quay must be True or False: 'yes'; allowed: True or False"),
    ({"k8s": NAME}, f"k8s must be True or False: '{NAME}'; allowed: True or False"),
    ({"ecr_public": 1}, "ecr_public must be True or False: 1; allowed: True or False"),
    (
        {"azure": NAME},
        f"azure must be a mapping: '{NAME}'; allowed: secrets by host, such as {{'contoso.azurecr.io': secret}}",
    ),
    (
        {"azure": {"contoso": NAME}},
        (
            "azure has a host that is not of Azure Container Registry: 'contoso'; allowed: secrets by host, such as "
            "{'contoso.azurecr.io': secret}"
        ),
    ),
    (
        {"azure": {"quay.io": NAME}},
        (
            "azure has a host that is not of Azure Container Registry: 'quay.io'; allowed: secrets by host, such as "
            "{'contoso.azurecr.io': secret}"
        ),
    ),
    (
        {"azure": {"contoso.azurecr.io": "x"}},
        f"azure['contoso.azurecr.io'] is not a secret that Amazon ECR reads: 'x'; allowed: {ALLOWED}",
    ),
    (
        {"ecr": "111122223333.dkr.ecr.us-east-1.amazonaws.com"},
        (
            "ecr must be a list: '111122223333.dkr.ecr.us-east-1.amazonaws.com'; allowed: "
            "['111122223333.dkr.ecr.us-east-1.amazonaws.com']"
        ),
    ),
    (
        {"ecr": ["us-east-1"]},
        (
            "ecr has something that is not a private Amazon ECR registry: 'us-east-1'; allowed: hosts such as "
            "'111122223333.dkr.ecr.us-east-1.amazonaws.com'"
        ),
    ),
    ({"ecr": 7}, "ecr must be a list: 7; allowed: [7]"),
    ({"prefixes": "hub"}, f"prefixes must be a mapping: 'hub'; allowed: {PREFIXES}"),
    (
        {"prefixes": {"docker_hub": "H"}},
        f"prefix of a pull-through cache is malformed: 'H'; allowed: {PREFIX}",
    ),
    (
        {"prefixes": {"docker_hub": "a" * 31}},
        f"prefix of a pull-through cache is malformed: '{'a' * 31}'; allowed: {PREFIX}",
    ),
    (
        {"prefixes": {"docker_hub": None}},
        f"prefix of a pull-through cache is malformed: None; allowed: {PREFIX}",
    ),
    ({"prefixes": {"hub": "hub"}}, f"unknown upstream in prefixes: 'hub'; allowed: {UPSTREAMS}"),
    (
        {"prefixes": {"mcr.microsoft.com": "mcr"}},
        f"unknown upstream in prefixes: 'mcr.microsoft.com'; allowed: {UPSTREAMS}",
    ),
    (
        {"prefixes": {"docker_hub": "hub", "quay": "hub"}},
        "two upstreams have one prefix: 'hub'; allowed: another prefix for each",
    ),
    (
        {"gcr": NAME},
        "unknown upstream: 'gcr'; allowed: azure, chainguard, docker_hub, ecr, ecr_public, github, gitlab, k8s, quay",
    ),
    (
        {"allow": "docker.io/library/*"},
        "allow list is a string: 'docker.io/library/*'; allowed: a list of patterns. Write allow=['docker.io/library/*']",
    ),
    (
        {"allow": ["nginx"]},
        (
            "pattern of the allow list does not begin with a registry: 'nginx'; allowed: patterns such as "
            "'public.ecr.aws/datadog/*' or 'docker.io/library/nginx'"
        ),
    ),
    ({"expire_after": 30}, "expire_after must be a duration: 30; allowed: cdk.Duration.days(30)"),
    (
        {"expire_after": cdk.Duration.hours(30)},
        "expire_after is not a whole number of days: '1 day 6 hours'; allowed: cdk.Duration.days(1) or more",
    ),
    (
        {"expire_after": cdk.Duration.days(0)},
        "expire_after is not a whole number of days: '0 days'; allowed: cdk.Duration.days(1) or more",
    ),
    (
        {"expire_after": cdk.Duration.days(3), "never_expire": True},
        "expire_after and never_expire=True exclude one another: leave one of them out",
    ),
    ({"never_expire": "no"}, "never_expire must be True or False: 'no'; allowed: True or False"),
    ({"encryption_key": "alias/mine"}, "encryption_key is not a KMS key: 'alias/mine'; allowed: a kms.Key"),
    ({"tags": ["team"]}, "tags must be strings by strings: ['team']; allowed: {'team': 'web'}"),
    ({"tags": {"team": 7}}, "tags must be strings by strings: {'team': 7}; allowed: {'team': 'web'}"),
    ({"alarm": None}, "alarm must be True or False: None; allowed: True or False"),
    (
        {"alarm_topics": "arn:aws:sns:eu-west-1:111122223333:ops"},
        "alarm_topics must be a list: 'arn:aws:sns:eu-west-1:111122223333:ops'; allowed: ['arn:aws:sns:eu-west-1:111122223333:ops']",
    ),
    ({"alarm_topics": [7]}, "alarm_topics has something that is not a topic: 7; allowed: sns.Topic"),
]


@pytest.mark.parametrize(("arguments", "message"), AT_THE_CALL)
def test_at_the_call(arguments: dict[str, Any], message: str) -> None:
    """What cannot be right is refused where it is written."""
    with pytest.raises(CdkPullError) as raised:
        pull.PullThroughCache(**arguments)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("prefixes", "message"),
    [
        ({}, f"no existing rule is given: {{}}; allowed: {PREFIXES}"),
        ("docker-hub", f"prefixes must be a mapping: 'docker-hub'; allowed: {PREFIXES}"),
        ({"docker": "hub"}, f"unknown upstream in prefixes: 'docker'; allowed: {UPSTREAMS}"),
    ],
)
def test_existing_rules(prefixes: Any, message: str) -> None:
    """Existing rules are named by upstream."""
    with pytest.raises(CdkPullError) as raised:
        pull.PullThroughCache.from_prefixes(prefixes)
    assert str(raised.value) == message


def _named(stack: cdk.Stack, **arguments: Any) -> secretsmanager.ISecret:
    return secretsmanager.Secret(stack, "Hub", **arguments)


SECRETS: Final[dict[str, tuple[Callable[[cdk.Stack], Any], str]]] = {
    "no name": (_named, "CloudFormation gives it a name; set secret_name='ecr-pullthroughcache/…'"),
    "another name": (
        lambda stack: _named(stack, secret_name="hub"),  # noqa: S106 - its name
        "its name is hub; allowed: a name that begins with ecr-pullthroughcache/",
    ),
    "a key": (
        lambda stack: _named(stack, secret_name=NAME, encryption_key=kms.Key(stack, "Key")),
        "it is encrypted with a key of your own; Amazon ECR reads only secrets that are encrypted with the default key aws/secretsmanager",
    ),
    "other keys": (
        lambda stack: _named(
            stack,
            secret_name=NAME,
            secret_object_value={
                "username": cdk.SecretValue.unsafe_plain_text("me"),
                "password": cdk.SecretValue.unsafe_plain_text("x"),
            },
        ),
        "it has no key accessToken; Amazon ECR reads username and accessToken",
    ),
    "a generated string": (
        lambda stack: _named(stack, secret_name=NAME),
        "it has no key username and no key accessToken; Amazon ECR reads username and accessToken",
    ),
    "an imported name": (
        lambda stack: secretsmanager.Secret.from_secret_name_v2(stack, "Hub", "hub"),
        "its name is hub; allowed: a name that begins with ecr-pullthroughcache/",
    ),
    "an imported ARN of another Region": (
        lambda stack: secretsmanager.Secret.from_secret_complete_arn(
            stack, "Hub", f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{NAME}-AbCdEf"
        ),
        (
            "it is in Region us-east-1, and the rule in eu-west-1; create a secret of one name in each, and pass the name: "
            "'ecr-pullthroughcache/…'"
        ),
    ),
    "an ARN of another account": (
        lambda stack: f"arn:aws:secretsmanager:eu-west-1:999988887777:secret:{NAME}-AbCdEf",  # noqa: ARG005
        (
            "it is in account 999988887777, and the rule in 111122223333; create a secret of one name in each, and pass the "
            "name: 'ecr-pullthroughcache/…'"
        ),
    ),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_that_amazon_ecr_does_not_read(kind: str) -> None:
    """What is visible of a secret is held to what Amazon ECR reads, with the task that needs it."""
    make, message = SECRETS[kind]
    app = cdk.App()
    stack = cdk.Stack(app, "S", env=ENV)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("web", image=ecs.ContainerImage.from_registry("nginx:1"))
    cdk.Mixins.of(app).apply(pull.PullThroughCache(docker_hub=make(stack)))
    with pytest.raises(RuntimeError) as raised:
        app.synth()
    (line,) = [each for each in str(raised.value).splitlines() if "S/Task/Resource" in each]
    assert "of docker_hub cannot be used by S: " in line
    assert line.endswith(message)


def test_a_prefix_that_is_taken() -> None:
    """A rule of the app with the prefix and another upstream is named."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    ecr.CfnPullThroughCacheRule(
        stack, "Theirs", ecr_repository_prefix="quay", upstream_registry_url="public.ecr.aws"
    )
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("web", image=ecs.ContainerImage.from_registry("quay.io/a/b"))
    cdk.Mixins.of(stack).apply(pull.PullThroughCache())
    with pytest.raises(
        RuntimeError,
        match=r"prefix quay for quay.io is that of S/Theirs, which caches public.ecr.aws: name another by prefixes=",
    ):
        cdk.Stage.of(stack).synth()  # type: ignore[union-attr] # a stack in an app has a stage


def test_two_requests_at_one_distance() -> None:
    """Two mixins on one scope that differ are an error that names both call sites."""
    app = cdk.App()
    stack = cdk.Stack(app, "S", env=ENV)
    ecs.FargateTaskDefinition(stack, "Task").add_container(
        "web", image=ecs.ContainerImage.from_registry("quay.io/a/b")
    )
    cdk.Mixins.of(app).apply(pull.PullThroughCache(), pull.PullThroughCache(quay=False))
    with pytest.raises(
        RuntimeError, match="two different requests at the same distance: PullThroughCache on the app"
    ):
        app.synth()


def test_an_image_that_the_construct_cannot_cache() -> None:
    """The construct refuses an image without a rule, and one that is here already, with the reason."""
    caches = pull.PullThroughCacheRules(cdk.Stack(cdk.App(), "S", env=ENV), "Caches")
    with pytest.raises(
        CdkPullError, match="nginx cannot be pulled through a cache here: Docker Hub needs credentials"
    ):
        caches.image("nginx")
    with pytest.raises(CdkPullError, match="it is in this registry already"):
        caches.image("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1")
    with pytest.raises(
        CdkPullError,
        match="Not An Image cannot be pulled through a cache here: the image has blanks in its name",
    ):
        caches.image("Not An Image")
