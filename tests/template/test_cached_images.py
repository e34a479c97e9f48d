"""How an image is pulled through a cache, on plain data."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.image.allow_list import AllowList
from cdk_pull.template.cached_images import Cached, CachePlan, KnownRule, Left, registry_host
from cdk_pull.template.context import Context, Environment
from cdk_pull.template.intrinsics import evaluate

HERE = Environment("111122223333", "eu-west-1")
DIGEST = f"sha256:{'a' * 64}"
OWN = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
THEIRS = "999988887777.dkr.ecr.us-east-1.amazonaws.com"
ALL = CachePlan(
    urls=frozenset(
        {
            "registry-1.docker.io",
            "public.ecr.aws",
            "quay.io",
            "registry.k8s.io",
            "ghcr.io",
            "registry.gitlab.com",
            "cgr.dev",
            "contoso.azurecr.io",
            THEIRS,
        }
    ),
    own_regions=True,
    arguments={"docker-hub": "docker_hub", "azure-container-registry": "azure", "ecr": "ecr", "quay": "quay"},
)
PARAMETERS = {"Parameters": {"Tag": {"Type": "String", "Default": "1"}, "Repo": {"Type": "String"}}}


def planned(image: Any, plan: CachePlan = ALL, here: Environment = HERE, **container: Any) -> Any:
    """Return how an image of a template is pulled."""
    context = Context(here, {"Resources": {}, **PARAMETERS}, home="T")
    return plan.of(image, evaluate(image, context), here, container)


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("nginx", "docker-hub/library/nginx"),
        ("nginx:1.27", "docker-hub/library/nginx:1.27"),
        (f"nginx:1.27@{DIGEST}", f"docker-hub/library/nginx:1.27@{DIGEST}"),
        (f"nginx@{DIGEST}", f"docker-hub/library/nginx@{DIGEST}"),
        ("docker.io/library/nginx:1", "docker-hub/library/nginx:1"),
        ("index.docker.io/nginx:1", "docker-hub/library/nginx:1"),
        ("registry-1.docker.io/nginx:1", "docker-hub/library/nginx:1"),
        ("percona/percona-server:8.0", "docker-hub/percona/percona-server:8.0"),
        ("public.ecr.aws/nginx/nginx:1.27", "ecr-public/nginx/nginx:1.27"),
        ("quay.io/prometheus/node-exporter:v1.8.0", "quay/prometheus/node-exporter:v1.8.0"),
        ("registry.k8s.io/pause:3.9", "kubernetes/pause:3.9"),
        ("ghcr.io/o/r:1", "github/o/r:1"),
        ("registry.gitlab.com/g/s/p:1", "gitlab/g/s/p:1"),
        ("cgr.dev/chainguard/nginx:latest", "chainguard/chainguard/nginx:latest"),
        ("contoso.azurecr.io/web:1", "azure/contoso/web:1"),
        (f"{OWN}/team/web:1", "ecr/us-east-1/team/web:1"),
        (f"{THEIRS}/web:1", "999988887777/us-east-1/web:1"),
    ],
)
def test_all_upstreams_in_the_documented_form(image: str, path: str) -> None:
    """The prefix goes before the repository; tag and digest stay; official images of Docker Hub are in library/."""
    found = planned(image)
    assert isinstance(found, Cached)
    assert (found.path, found.rest) == (path, ())


@pytest.mark.parametrize(
    ("image", "path", "rest"),
    [
        ({"Fn::Sub": "nginx:${Tag}"}, "docker-hub/library/nginx:", ({"Fn::Sub": "${Tag}"},)),
        ({"Fn::Join": ["", ["nginx:", {"Ref": "Tag"}]]}, "docker-hub/library/nginx:", ({"Ref": "Tag"},)),
        (
            {"Fn::Join": ["", ["quay.io/", {"Ref": "Repo"}, ":", {"Ref": "Tag"}]]},
            "quay/",
            ({"Ref": "Repo"}, ":", {"Ref": "Tag"}),
        ),
        ({"Fn::Sub": "111122223333.dkr.ecr.us-east-1.${AWS::URLSuffix}/web:1"}, "ecr/us-east-1/web:1", ()),
    ],
)
def test_what_the_deployment_fills_in_stays(image: Any, path: str, rest: tuple[Any, ...]) -> None:
    """A parameter of the name is in the name behind the cache, too: its default is not taken for its value."""
    found = planned(image)
    assert isinstance(found, Cached)
    assert (found.path, found.rest) == (path, rest)


@pytest.mark.parametrize(
    "image",
    [
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1",
        "999988887777.dkr.ecr.eu-west-1.amazonaws.com/web:1",
    ],
)
def test_an_image_of_the_own_region_is_not_for_a_cache(image: str) -> None:
    """It is as near as a cache would be."""
    assert planned(image) is None


def test_an_allowed_image_stays() -> None:
    """What is allowed elsewhere is neither cached nor warned of."""
    plan = CachePlan(urls=ALL.urls, allow=AllowList.of(["docker.io/library/*"]))
    assert planned("nginx:1", plan) is None


@pytest.mark.parametrize(
    ("image", "plan", "here", "container", "reason"),
    [
        (
            "mcr.microsoft.com/windows:1",
            ALL,
            HERE,
            {},
            "ECR's pull-through cache does not serve mcr.microsoft.com; copy the image to Amazon ECR",
        ),
        (
            "nginx",
            CachePlan(arguments=ALL.arguments),
            HERE,
            {},
            "Docker Hub needs credentials; pass docker_hub=secret",
        ),
        (
            "contoso.azurecr.io/web:1",
            CachePlan(arguments=ALL.arguments),
            HERE,
            {},
            "Azure Container Registry needs credentials; pass azure={'contoso.azurecr.io': secret}",
        ),
        (
            "quay.io/a/b",
            CachePlan(arguments=ALL.arguments),
            HERE,
            {},
            "it is switched off; pass quay=True",
        ),
        ("quay.io/a/b", CachePlan(), HERE, {}, "no rule for quay.io is given"),
        (
            "quay.io/a/b",
            ALL,
            HERE,
            {"RepositoryCredentials": {"CredentialsParameter": "x"}},
            "the container has repository credentials of its own, which Amazon ECR does not accept; remove them to cache it",
        ),
        (
            {"Ref": "Repo"},
            ALL,
            HERE,
            {},
            "its registry is not known: parameter Repo has no default",
        ),
        (
            {"Fn::Join": ["", ["docker.io/", {"Ref": "Repo"}]]},
            ALL,
            HERE,
            {},
            "its repository is known at deployment only; name it in full",
        ),
        (
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1",
            CachePlan(arguments=ALL.arguments),
            HERE,
            {},
            "it is in us-east-1; pass ecr=True",
        ),
        (
            "999988887777.dkr.ecr.us-west-2.amazonaws.com/web:1",
            ALL,
            HERE,
            {},
            "it is in another account's registry; pass ecr=['999988887777.dkr.ecr.us-west-2.amazonaws.com'] once that registry's policy allows it",
        ),
        (
            f"{OWN}/web:1",
            ALL,
            Environment(None, "eu-west-1"),
            {},
            f"it is in a registry whose account may be another than the stack's; pass ecr=['{OWN}'] once that registry's policy allows it",
        ),
        (
            f"{OWN}/web:1",
            ALL,
            Environment(),
            {},
            "it is in us-east-1, and the stack can be deployed to any Region; give the stack its Region (env)",
        ),
        (
            f"{OWN}/web:1",
            ALL,
            Environment("111122223333", "cn-north-1"),
            {},
            "nothing is pulled from partition aws to aws-cn; push the image to both",
        ),
        (
            f"{THEIRS}/web:1",
            ALL,
            Environment("111122223333", "cn-north-1"),
            {},
            "nothing is pulled from partition aws to aws-cn; push the image to both",
        ),
        (
            f"{'a' * 40}.azurecr.io/web:1",
            CachePlan(urls=frozenset({f"{'a' * 40}.azurecr.io"})),
            HERE,
            {},
            f"its prefix azure/{'a' * 40} exceeds 30 characters; name another: prefixes={{'{'a' * 40}.azurecr.io': '…'}}",
        ),
    ],
)
def test_what_stays_and_why(
    image: Any, plan: CachePlan, here: Environment, container: dict[str, Any], reason: str
) -> None:
    """An image that is not cached is named with the reason and what to do."""
    found = planned(image, plan, here, **container)
    assert isinstance(found, Left)
    assert found.reason == reason


def test_an_existing_rule_counts_first() -> None:
    """Its prefix is used, and the part of the upstream that it is about."""
    plan = CachePlan(
        urls=ALL.urls,
        existing=(
            KnownRule("registry-1.docker.io", "official", "library"),
            KnownRule("registry-1.docker.io", "ROOT", "team"),
        ),
    )
    names = [planned(image, plan).path for image in ("nginx:1", "team/web:1", "other/web:1")]
    assert names == ["official/nginx:1", "web:1", "docker-hub/other/web:1"]


@pytest.mark.parametrize(
    ("here", "host"),
    [
        (HERE, "111122223333.dkr.ecr.eu-west-1.amazonaws.com"),
        (Environment("111122223333", "cn-north-1"), "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        (Environment(), "AWS::AccountId.dkr.ecr.AWS::Region.AWS::URLSuffix"),
    ],
)
def test_the_own_registry(here: Environment, host: str) -> None:
    """What is known stands in the name, and the rest is a reference."""
    assert "".join(each if isinstance(each, str) else each["Ref"] for each in registry_host(here)) == host


@given(
    repository=st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8}){1,2}", fullmatch=True),
    tag=st.from_regex(r"(:[a-z0-9]{1,8})?", fullmatch=True),
    digest=st.sampled_from(["", f"@{DIGEST}"]),
)
def test_any_name_keeps_its_repository_tag_and_digest(repository: str, tag: str, digest: str) -> None:
    """Whatever the name, what comes after the registry comes after the prefix."""
    found = planned(f"quay.io/{repository}{tag}{digest}")
    assert isinstance(found, Cached)
    assert found.path == f"quay/{repository}{tag}{digest}"
    assert found.repository == f"quay/{repository}"
