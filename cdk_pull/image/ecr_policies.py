"""What Amazon ECR, and the roles that pull through its caches, have to be allowed: statements and policies on plain data.

Sources: data/pull_permissions.json; Amazon ECR User Guide, Private image pull and pull through cache permissions; Setting
up permissions for cross-account ECR to ECR PTC; Creating an IAM role for repository creation templates.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data import facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CACHE_SERVICE",
    "CREATION_SERVICE",
    "cache_pull_statements",
    "creation_statements",
    "expiry_policy",
    "pull_statements",
    "upstream_statements",
]

CACHE_SERVICE: Final = "pullthroughcache.ecr.amazonaws.com"
"""What assumes the role of a rule whose upstream is another Amazon ECR registry."""
CREATION_SERVICE: Final = "ecr.amazonaws.com"
"""What assumes the role of a repository creation template."""

_IMPORT: Final = (
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
)
_UPLOAD: Final = (
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
_CREATE: Final = ("ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource")
_USE_KEY: Final = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")


def pull_statements(repositories: Sequence[str]) -> list[dict[str, Any]]:
    """Return what a role needs to pull.

    Args:
        repositories: the ARNs of the repositories.
    """
    purposes = _purposes()
    actions = sorted({*purposes["pull"], *purposes["pull_recommended"]})
    return [_allow(actions, repositories), _allow(purposes["token"], ["*"])]


def cache_pull_statements(repositories: Sequence[str]) -> list[dict[str, Any]]:
    """Return what a role needs to pull through caches, the first pull of an image included.

    Args:
        repositories: the ARNs of the repositories in the caches, with ``*`` for those of a prefix.
    """
    purposes = _purposes()
    actions = sorted({*purposes["pull"], *purposes["pull_recommended"], *purposes["first_pull"]})
    return [_allow(actions, repositories), _allow(purposes["token"], ["*"])]


def upstream_statements(upstream: Sequence[str], cached: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the role of a rule needs whose upstream is another Amazon ECR registry.

    Args:
        upstream: the ARNs of the repositories there.
        cached: those of the repositories in the cache.
    """
    return [
        _allow(_IMPORT, [*upstream, *cached]),
        _allow(_UPLOAD, cached),
        _allow(_purposes()["token"], ["*"]),
    ]


def creation_statements(repositories: Sequence[str], keys: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return what the role of a repository creation template needs that has tags or a KMS key.

    Args:
        repositories: the ARNs of the repositories that are created.
        keys: those of the KMS keys that encrypt them.
    """
    return [_allow(_CREATE, repositories), *([_allow(_USE_KEY, keys)] if keys else [])]


def expiry_policy(days: int) -> str:
    """Return the life-cycle policy of a cache: an image goes by its age there, whatever its tags, and is fetched again."""
    return json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": f"Expire cached images after {days} days; the next pull fetches them again",
                    "selection": {
                        "tagStatus": "any",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": days,
                    },
                    "action": {"type": "expire"},
                }
            ]
        },
        separators=(",", ":"),
    )


def _allow(actions: Sequence[str], on: Sequence[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(on)}


@cache
def _purposes() -> dict[str, list[str]]:
    purposes: dict[str, list[str]] = facts_of("pull_permissions")["purposes"]
    return purposes
