"""The small variants of official images that a template names."""

from __future__ import annotations

import pytest

from cdk_pull.rules.support.slim_variants import slim_variant
from cdk_pull.template.ecs.images import Image

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image", "slim"),
    [
        ("python", "python:slim"),
        ("python:3.14-rc", "python:3.14-rc-slim"),
        ("python:3.12-bookworm", "python:3.12-slim-bookworm"),
        ("node:20-bookworm", "node:20-bookworm-slim"),
        ("node:lts", "node:lts-slim"),
        ("debian", "debian:stable-slim"),
        ("debian:bookworm", "debian:bookworm-slim"),
        ("php:8.3-fpm", "php:8.3-fpm-alpine"),
        ("elixir:1.17-otp-27", "elixir:1.17-otp-27-slim"),
        ("docker.io/library/ruby:3.3.0", "docker.io/library/ruby:3.3.0-slim"),
        ("public.ecr.aws/docker/library/rust:1", "public.ecr.aws/docker/library/rust:1-slim"),
        (f"{ECR}/hub/library/perl:5.38", f"{ECR}/hub/library/perl:5.38-slim"),
        (
            f"{ECR}/ecr-public/docker/library/golang:1.23",
            f"{ECR}/ecr-public/docker/library/golang:1.23-alpine",
        ),
    ],
)
def test_a_full_image_has_a_small_variant_of_the_same_version(image: str, slim: str) -> None:
    """Each image puts its tags together in its own way, wherever it is pulled from."""
    found = slim_variant(Image.of(image, "eu-west-1"))
    assert found is not None
    assert found.image == slim


@pytest.mark.parametrize(
    "image",
    [
        "python:3.12-slim",
        "python:3.12-alpine3.20",
        "python:3.12-windowsservercore-ltsc2022",
        f"python:3.12@sha256:{'a' * 64}",
        "php:8.3-apache",
        "golang:1.23-bookworm",
        "node:8-onbuild",
        "node:alpine",
        "debian:bookworm-backports",
        "perl:5.38-threaded",
        "nginx:1.27",
        "bitnami/python:3.12",
        "quay.io/library/python:3.12",
        f"{ECR}/python:3.12",
    ],
)
def test_what_has_none_or_is_no_official_image_is_left_alone(image: str) -> None:
    """A variant that may not exist is not proposed."""
    assert slim_variant(Image.of(image, "eu-west-1")) is None
