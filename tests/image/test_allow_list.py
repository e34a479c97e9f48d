from __future__ import annotations

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.allow_list import AllowList
from cdk_pull.image.reference import ImageReference


@pytest.mark.parametrize(
    ("pattern", "image", "allowed"),
    [
        ("public.ecr.aws/datadog/*", "public.ecr.aws/datadog/agent:7", True),
        ("public.ecr.aws/datadog/*", "public.ecr.aws/datadog/a/b", True),
        ("public.ecr.aws/datadog/*", "public.ecr.aws/datadoge/agent:7", False),
        ("docker.io/library/nginx", "nginx:1.27", True),
        ("docker.io/library/nginx:1.*", "nginx:1.27", True),
        ("docker.io/library/nginx:1.*", "nginx:2", False),
        ("docker.io/library/nginx", "nginx-more", False),
        ("*/nginx", "registry.example/nginx", True),
        ("localhost/*", "localhost/app", True),
        ("registry:5000/*", "registry:5000/app@sha256:" + "a" * 64, True),
    ],
)
def test_allows(pattern: str, image: str, allowed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A pattern matches the normalised reference, with or without tag and digest."""
    assert AllowList.of([pattern]).allows(ImageReference.parse(image)) is allowed


def test_empty_list_allows_nothing() -> None:
    """Without patterns nothing is allowed."""
    assert not AllowList.of([]).allows(ImageReference.parse("nginx"))


@pytest.mark.parametrize("pattern", ["nginx", "library/nginx", "", "*"])
def test_pattern_without_registry(pattern: str) -> None:
    """A pattern that could never match, or would match everything, is refused."""
    with pytest.raises(
        InvalidValueError, match=r"allow list does not begin with a registry: .*'docker.io/library/nginx'"
    ):
        AllowList.of([pattern])


def test_text_instead_of_list() -> None:
    """A lone text is refused, because its letters would be taken for patterns."""
    with pytest.raises(InvalidValueError) as caught:
        AllowList.of("public.ecr.aws/datadog/*")
    assert str(caught.value).endswith("Write allow=['public.ecr.aws/datadog/*']")
