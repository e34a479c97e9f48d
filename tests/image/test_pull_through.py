"""Which upstream serves an image, and how the image is named behind a prefix."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.pull_through import (
    KINDS,
    ROOT,
    Upstream,
    behind,
    check_prefix,
    check_secret_name,
    default_prefix,
    name_of,
    needs_secret,
    upstream_of,
)

ECR = "111122223333.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "upstream", "prefix"),
    [
        ("docker.io", ("docker-hub", "registry-1.docker.io"), "docker-hub"),
        ("registry-1.docker.io", ("docker-hub", "registry-1.docker.io"), "docker-hub"),
        ("public.ecr.aws", ("ecr-public", "public.ecr.aws"), "ecr-public"),
        ("ecr-public.aws.com", ("ecr-public", "public.ecr.aws"), "ecr-public"),
        ("quay.io", ("quay", "quay.io"), "quay"),
        ("registry.k8s.io", ("k8s", "registry.k8s.io"), "kubernetes"),
        ("ghcr.io", ("github-container-registry", "ghcr.io"), "github"),
        ("registry.gitlab.com", ("gitlab-container-registry", "registry.gitlab.com"), "gitlab"),
        ("cgr.dev", ("chainguard", "cgr.dev"), "chainguard"),
        ("contoso.azurecr.io", ("azure-container-registry", "contoso.azurecr.io"), "azure/contoso"),
        (ECR, ("ecr", ECR), "111122223333/us-east-1"),
    ],
)
def test_every_upstream(host: str, upstream: tuple[Any, str], prefix: str) -> None:
    """A registry has one upstream, whose rule pulls from one host and has one prefix where nobody names another."""
    found = upstream_of(host)
    assert found == Upstream(host, *upstream)
    assert found is not None
    assert default_prefix(found) == check_prefix(prefix)


def test_the_own_account_is_not_in_the_prefix() -> None:
    """A registry of the own account is told by its Region alone."""
    found = upstream_of(ECR)
    assert found is not None
    assert default_prefix(found, account="111122223333") == "ecr/us-east-1"


@pytest.mark.parametrize(
    "host", ["mcr.microsoft.com", "registry.example.com", f"{ECR}.evil.example", "gcr.io", ""]
)
def test_a_registry_without_upstream(host: str) -> None:
    """What ECR cannot cache has no upstream."""
    assert upstream_of(host) is None


def test_which_upstreams_need_a_secret() -> None:
    """Five upstreams need credentials; each has a name for messages."""
    assert [kind for kind in KINDS if needs_secret(kind)] == [
        "docker-hub",
        "github-container-registry",
        "gitlab-container-registry",
        "chainguard",
        "azure-container-registry",
    ]
    assert all(name_of(kind) for kind in KINDS)


@pytest.mark.parametrize(
    ("repository", "arguments", "name"),
    [
        ("library/nginx:1.27", {"prefix": "hub", "kind": "docker-hub"}, "hub/library/nginx:1.27"),
        ("nginx:1.27", {"prefix": "hub", "kind": "docker-hub"}, "hub/library/nginx:1.27"),
        ("nginx:1.27", {"prefix": "quay", "kind": "quay"}, "quay/nginx:1.27"),
        ("percona/percona-server", {"prefix": "hub", "kind": "docker-hub"}, "hub/percona/percona-server"),
        ("library/nginx", {"prefix": "hub", "kind": "docker-hub", "upstream_prefix": "library"}, "hub/nginx"),
        ("grafana/grafana", {"prefix": "hub", "kind": "docker-hub", "upstream_prefix": "library"}, ""),
        ("library/nginx", {"prefix": ROOT, "kind": "docker-hub"}, "library/nginx"),
    ],
)
def test_a_name_behind_a_prefix(repository: str, arguments: dict[str, str], name: str) -> None:
    """Official images of Docker Hub have library/, no others have; the upstream's prefix gives way to the rule's."""
    assert behind(repository, **arguments) == name


@pytest.mark.parametrize(
    "prefix", ["", "a", "A", "Docker", "a" * 31, "-a", "a/", "/a", "a//b", "a b", "a..b", None, 7]
)
def test_a_malformed_prefix(prefix: Any) -> None:
    """A prefix that Amazon ECR rejects is refused with what it accepts."""
    with pytest.raises(InvalidValueError, match=r"prefix of a pull-through cache is malformed: .*2 to 30"):
        check_prefix(prefix)


@pytest.mark.parametrize(
    "name",
    ["", "docker-hub", "ecr-pullthroughcache", "ecr-pullthroughcache/", "ecr-pullthroughcache/a b", None],
)
def test_a_wrong_name_of_a_secret(name: Any) -> None:
    """A secret that Amazon ECR does not read is refused with the name it has to have."""
    with pytest.raises(InvalidValueError, match=r"'?ecr-pullthroughcache/'?"):
        check_secret_name(name)


@given(st.from_regex(r"[a-z0-9]+([._/-][a-z0-9]+){0,3}", fullmatch=True))
def test_a_name_is_behind_its_prefix(repository: str) -> None:
    """Behind any prefix a name ends with the repository, and at ROOT it is the repository."""
    assert behind(repository, "my/hub").startswith("my/hub/")
    assert behind(repository, "my/hub").endswith(repository)
    assert behind(repository, ROOT) == repository
