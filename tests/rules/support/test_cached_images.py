from __future__ import annotations

from typing import Any

from cdk_pull.rules.support.cached_images import cached_images
from cdk_pull.template.assembly import from_document

OWN = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
RULE = {
    "Type": "AWS::ECR::PullThroughCacheRule",
    "Properties": {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"},
}


def _found(*images: str, prefixes: tuple[str, ...] = ()) -> list[str]:
    task: dict[str, Any] = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "ContainerDefinitions": [{"Name": str(n), "Image": each} for n, each in enumerate(images)]
        },
    }
    assembly = from_document(
        {"Resources": {"Rule": RULE, "Task": task}}, account="111122223333", region="eu-west-1"
    )
    return [str(reference) for reference, _ in cached_images([assembly], prefixes)[0]]


def test_images_behind_a_rule_of_the_templates() -> None:
    """Only images of the own registry below the prefix of a rule are cached ones."""
    assert _found(f"{OWN}/quay/team/app:1", f"{OWN}/web:1", "quay.io/team/app:1", "nginx:1") == [
        f"{OWN}/quay/team/app:1"
    ]


def test_images_behind_a_rule_of_the_account() -> None:
    """A prefix that is named counts as well, in the own registry alone."""
    images = (f"{OWN}/hub/library/nginx:1", f"{OWN}/hubble/app:1", "ghcr.io/hub/app:1")
    assert _found(*images, prefixes=("hub",)) == [f"{OWN}/hub/library/nginx:1"]
