"""How often PULL302 speaks of one registry."""

from __future__ import annotations

from typing import Any

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document


def _task(*images: str, **more: Any) -> dict[str, Any]:
    containers = [{"Name": f"c{index}", "Image": image} for index, image in enumerate(images)]
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": containers}, **more}


def _said(**resources: Any) -> list[str]:
    result = check(
        [from_document({"Resources": resources}, region="eu-west-1")], Options(select=("PULL302",))
    )
    return [f"{each.logical_id}: {each.message}" for each in result.findings]


SUPPRESSED = {"cdk-pull": {"suppress": [{"id": "PULL302", "reason": "mirrored by hand"}]}}


def test_once_for_each_registry() -> None:
    """All images of one registry in a template are one finding, at the first of them."""
    found = _said(
        A=_task("nginx:1.27.2", "public.ecr.aws/nginx/nginx:1.27"),
        B=_task("redis:7.4.1", "public.ecr.aws/nginx/nginx:1.28", "redis:7.4.2"),
    )
    assert found == [
        "A: nginx:1.27.2 and 2 more images of this template come from docker.io at every pull",
        "A: public.ecr.aws/nginx/nginx:1.27 and 1 more image of this template come from public.ecr.aws at every pull",
    ]


def test_what_is_suppressed_does_not_speak_for_the_others() -> None:
    """A suppression is about its own task: the finding moves to the next one."""
    found = _said(A=_task("nginx:1.27.2", Metadata=SUPPRESSED), B=_task("redis:7.4.1"))
    assert found == ["B: redis:7.4.1 comes from docker.io at every pull"]


def test_each_image_that_a_cache_has() -> None:
    """What a cache of the template could serve is told image by image, as each has its own name there."""
    cache = {
        "Type": "AWS::ECR::PullThroughCacheRule",
        "Properties": {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"},
    }
    found = _said(A=_task("quay.io/a/b:1", "quay.io/a/c:1", "nginx:1.27.2"), Cache=cache)
    there = "comes from quay.io at every pull, although a pull-through cache for it is in these templates"
    assert found == [
        f"A: quay.io/a/b:1 {there}",
        f"A: quay.io/a/c:1 {there}",
        "A: nginx:1.27.2 comes from docker.io at every pull",
    ]


def test_a_name_that_is_no_image_needs_no_cache() -> None:
    """Advice on caches is not given on names that nobody can pull."""
    assert (
        _said(A=_task("docker.io/111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1", f"sha256:{'a' * 64}"))
        == []
    )
