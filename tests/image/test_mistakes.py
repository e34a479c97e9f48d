"""Texts that name no image, and what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.mistakes import Mistake, beginning_mistake, name_mistake
from cdk_pull.image.reference import ImageReference

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
HEX = "8795397484604bc67cfcda4f4245dd248b172df523ce9778209e735ffe370426"


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("", "the image is empty", "Write [registry/]repository[:tag]"),
        ("  ", "the image is empty", "Write [registry/]repository[:tag]"),
        ("nginx:1 ", "the image has blanks in its name: 'nginx:1 '", "Write nginx:1"),
        ("docker pull nginx", "the image has blanks in its name: 'docker pull nginx'", "Write the name alone, without blanks"),
        (f"http://{ECR}/web:1", f"http://{ECR}/web:1 begins with http://, and the name of an image has no scheme", f"Write {ECR}/web:1"),
        ("docker://nginx", "docker://nginx begins with docker://, and the name of an image has no scheme", "Write nginx"),
        (HEX, f"{HEX} is an image ID, which Docker looks up on Docker Hub as the name of a repository",
         f"Write the repository before it: <repository>@sha256:{HEX}"),
        (f"web:sha256:{HEX}", f"web:sha256:{HEX} has a digest after a colon", f"Write web@sha256:{HEX}"),
        ("web:1:2", "web:1:2 has two tags", "Write one of them: web:1"),
        (f"{ECR}/a/web:1:2", f"{ECR}/a/web:1:2 has two tags", f"Write one of them: {ECR}/a/web:1"),
        ("web:", "web: ends in a colon with an empty tag",
         "Give the tag a value, such as web:1.0.0; a parameter for it needs a default that is not empty"),
        ("web@", "web@ ends in @ with an empty digest", "Write web@sha256:<digest>, or leave out the @"),
        (f"{ECR}/Acme/Web:V1", f"{ECR}/Acme/Web:V1 has upper-case letters in the name of its repository", f"Write {ECR}/acme/web:V1"),
        (ECR, f"{ECR} names a registry and no repository, so that Docker Hub is asked for it", f"Write {ECR}/<repository>:<tag>"),
        ("quay.io", "quay.io names a registry and no repository, so that Docker Hub is asked for it", "Write quay.io/<repository>:<tag>"),
        ("docker.io/quay.io/acme/web:1", "docker.io/quay.io/acme/web:1 is looked up on Docker Hub, where quay.io is not",
         "Leave out docker.io/: write quay.io/acme/web:1"),
        ("docker.io/a/b/c:1", "docker.io/a/b/c:1 has 3 parts, and a repository of Docker Hub has a namespace and a name",
         "Write <namespace>/<name>, or the registry before it"),
        *((text, f"{text} has a placeholder in it: {found}", "Write the image that it stands for")
          for text, found in (("<IMAGE1_NAME>", "<IMAGE1_NAME>"), ("{{ image }}:1", "{{ image }}"), ("$IMAGE", "$IMAGE"), ("quay.io/a/<name>:1", "<name>"))),
        *((f"{host}/nginx:1", f"{host}/nginx:1 has no namespace, and a repository of {host} has a namespace and a name", f"Write {host}/<namespace>/nginx:1")
          for host in ("quay.io", "ghcr.io", "public.ecr.aws")),
        *((f"{host}/web:1", f"{host}/web:1 names no registry of Amazon ECR: {why}",
           "Write <account of twelve digits>.dkr.ecr.<Region>.amazonaws.com/web:1; in a template, !Sub '${Repository.RepositoryUri}:<tag>'")
          for host, why in (
              ("11112222333.dkr.ecr.eu-west-1.amazonaws.com", "'11112222333' is not an account of twelve digits"),
              ("aws_account_id.dkr.ecr.region.amazonaws.com", "'aws_account_id' is not an account of twelve digits"),
              ("111122223333.dkr.ecr.region.amazonaws.com", "'region' is not a Region"),
              ("111122223333.dkr.ecr.amazonaws.com", "the Region is missing"),
              ("my-account.dkr-ecr.eu-west-1.on.aws", "'my-account' is not an account of twelve digits"),
          )),
    ],
)  # fmt: skip
def test_mistakes(text: str, what: str, fix: str) -> None:
    """Each says what is wrong with the text, and what to write."""
    assert name_mistake(text) == Mistake(what, fix)


@pytest.mark.parametrize(
    "text",
    [
        "nginx", "nginx:1.27", "acme/web", f"web@sha256:{HEX}", f"web:1@sha256:{HEX}", f"{ECR}/a/b/c:1", "localhost/web",
        "localhost:5000/a/b/c", "quay.io/a/b/c", "index.docker.io/acme/web", "docker.io/nginx", "registry.example/web", "web.example:1",
        "000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566/web:1", "dkr.ecr.example/web:1", "registry.k8s.io/pause:3.10", "gcr.io/a/b", "111122223333.dkr.ecr.eu-west-1.amazonaws.com:443/web:1",
    ],
)  # fmt: skip
def test_names(text: str) -> None:
    """What can be pulled is no mistake."""
    assert name_mistake(text) is None


def test_a_beginning() -> None:
    """Of a text whose end is not known, the beginning may be enough."""
    assert beginning_mistake("https://${Host}/web", "https://") == Mistake(
        "https://${Host}/web begins with https://, and the name of an image has no scheme",
        "Write ${Host}/web",
    )
    assert beginning_mistake("web-${Name}", "web-") is None


@given(st.text("aA0.:/@- _$", max_size=30))
def test_what_cannot_be_read_is_a_mistake(text: str) -> None:
    """A text that no client reads is a mistake, whatever it is, and its fix is one line."""
    try:
        ImageReference.parse(text)
    except InvalidValueError:
        mistake = name_mistake(text)
        assert mistake is not None
        assert "\n" not in mistake.fix


def test_a_namespace_that_the_deployment_gives() -> None:
    """What only the deployment knows may be a namespace and a name."""
    assert name_mistake("quay.io/${Image}:1", "quay.io/unknown:1") is None
    assert name_mistake("public.ecr.aws/${Image}", "public.ecr.aws/unknown") is None
