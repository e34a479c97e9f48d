"""Images behind a pull-through cache of the templates."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.rules.engine.context import CheckContext
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.rules.support.pull_through import cached_name, upstream_of
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.images import Image

HERE = "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com"
FAR = "111122223333.dkr.ecr.us-east-1.amazonaws.com"


def _cached(image: str, **rule: Any) -> str:
    document = {"Resources": {"Cache": {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": rule}}}
    assembly = from_document(document, region="eu-west-1")
    named = Image.of(image, "eu-west-1")
    upstream = upstream_of(named)
    if upstream is None:
        return "no upstream"
    context = CheckContext(assembly, ImageFactsBook())
    return cached_name(named, upstream, context, assembly.templates[0].context)


@pytest.mark.parametrize(
    ("image", "rule", "name"),
    [
        (
            "nginx:1.27",
            {"EcrRepositoryPrefix": "hub", "UpstreamRegistryUrl": "registry-1.docker.io"},
            "hub/library/nginx:1.27",
        ),
        (
            "nginx:1.27",
            {"EcrRepositoryPrefix": "hub", "UpstreamRegistry": "docker-hub"},
            "hub/library/nginx:1.27",
        ),
        (
            "nginx:1.27",
            {"EcrRepositoryPrefix": "ROOT", "UpstreamRegistryUrl": "https://registry-1.docker.io/"},
            "library/nginx:1.27",
        ),
        (
            "nginx:1.27",
            {
                "EcrRepositoryPrefix": "hub",
                "UpstreamRegistryUrl": "registry-1.docker.io",
                "UpstreamRepositoryPrefix": "library",
            },
            "hub/nginx:1.27",
        ),
        (
            "ecr-public.aws.com/nginx/nginx:1.27",
            {"EcrRepositoryPrefix": "public", "UpstreamRegistryUrl": "public.ecr.aws"},
            "public/nginx/nginx:1.27",
        ),
        (
            "a.azurecr.io/web:1",
            {"EcrRepositoryPrefix": "az", "UpstreamRegistryUrl": "a.azurecr.io"},
            "az/web:1",
        ),
        (f"{FAR}/web:1", {"EcrRepositoryPrefix": "central", "UpstreamRegistryUrl": FAR}, "central/web:1"),
    ],
)
def test_an_image_is_named_by_the_rule_that_caches_its_registry(
    image: str, rule: dict[str, Any], name: str
) -> None:
    """The prefix of the rule goes before the image's path, in the place of the upstream's."""
    assert _cached(image, **rule) == f"{HERE}/{name}"


@pytest.mark.parametrize(
    ("image", "rule"),
    [
        ("nginx:1.27", {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"}),
        ("nginx:1.27", {"UpstreamRegistryUrl": "registry-1.docker.io"}),
        (
            "nginx:1.27",
            {"EcrRepositoryPrefix": {"Ref": "Cache"}, "UpstreamRegistryUrl": "registry-1.docker.io"},
        ),
        (
            "grafana/grafana:11.0.0",
            {
                "EcrRepositoryPrefix": "hub",
                "UpstreamRegistryUrl": "registry-1.docker.io",
                "UpstreamRepositoryPrefix": "library",
            },
        ),
        ("a.azurecr.io/web:1", {"EcrRepositoryPrefix": "az", "UpstreamRegistryUrl": "b.azurecr.io"}),
        ("a.azurecr.io/web:1", {"EcrRepositoryPrefix": "az", "UpstreamRegistry": "azure-container-registry"}),
    ],
)
def test_a_rule_for_something_else_names_nothing(image: str, rule: dict[str, Any]) -> None:
    """Another registry, another repository, or a prefix that nobody knows: there is no name to propose."""
    assert _cached(image, **rule) == ""


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.com/web:1",
        "mcr.microsoft.com/windows/servercore:ltsc2022",
        f"{FAR}.evil.example/web:1",
    ],
)
def test_a_registry_that_ecr_cannot_cache_has_no_upstream(image: str) -> None:
    """ECR's pull-through cache knows certain registries alone."""
    assert _cached(image) == "no upstream"
