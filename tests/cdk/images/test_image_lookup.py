from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from cdk_pull.cdk.images.image_lookup import look_up_image
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.context import to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.profile import ImageProfile

if TYPE_CHECKING:
    from pathlib import Path

KEY = "cdk-pull:image:platform=linux/amd64:ref=docker.io/library/nginx$:1.27"
ENV = cdk.Environment(account="111122223333", region="eu-west-1")
PROFILE = ImageProfile.of_size(compressed_bytes=80_000_000, uncompressed_bytes=200_000_000)
FACTS = to_context(ImageFacts(reference="nginx", digest="sha256:1", profile=PROFILE), date(2026, 11, 23))


def test_known() -> None:
    """What the context knows is returned, without a word."""
    stack = cdk.Stack(cdk.App(context={KEY: FACTS}), "S", env=ENV)
    assert look_up_image(stack, "nginx:1.27") == PROFILE
    assert Annotations.from_stack(stack).find_warning("*", Match.any_value()) == []


def test_missing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What nobody has looked up is None, a warning with the command, and a missing key of the form of the facts'."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "S", env=ENV)
    assert look_up_image(stack, "nginx:1.27") is None
    message = "docker.io/library/nginx:1.27 (linux/amd64) has not been looked up: run `cdk-pull lookup` in the folder of cdk.json and commit cdk.context.json"
    stops = "the CDK CLI cannot look images up and stops here; it needs no update"
    assert capfd.readouterr().err == f"cdk-pull: {message} ({stops})\n"
    app.synth()
    manifest: dict[str, Any] = json.loads((tmp_path / "manifest.json").read_text())
    assert [entry["key"] for entry in manifest["missing"]] == [KEY]
    Annotations.from_stack(stack).has_warning("/S", Match.string_like_regexp("run `cdk-pull lookup`"))


def test_missing_in_a_stack_for_any_environment() -> None:
    """Where CDK has no look-ups it is a warning alone."""
    stack = cdk.Stack(cdk.App(), "S")
    assert look_up_image(stack, "nginx:1.27", platform="linux/arm64") is None
    Annotations.from_stack(stack).has_warning(
        "/S", Match.string_like_regexp("linux/arm64.*run `cdk-pull lookup`")
    )


def test_tokens_and_edited_values() -> None:
    """A token and an edited value are errors that say what to do."""
    stack = cdk.Stack(cdk.App(context={KEY: {"layers": 1}}), "S", env=ENV)
    with pytest.raises(InvalidValueError, match="is a token, which only the deployment knows"):
        look_up_image(stack, f"{stack.url_suffix}/app:1")
    with pytest.raises(InvalidValueError, match="cdk-pull lookup --refresh looks it up again"):
        look_up_image(stack, "nginx:1.27")
