"""What an image is, from the context: CDK's own way to look something up once and stay offline after."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.context import PROVIDER, context_key, facts_from_context
from cdk_pull.image.platform import Platform
from cdk_pull.image.reference import ImageReference

if TYPE_CHECKING:
    from constructs import Construct

    from cdk_pull.image.profile import ImageProfile

__all__ = ["COMMAND", "look_up_image"]

COMMAND: Final = "cdk-pull lookup"
"""What looks up every image that an app needs."""

_NOT_THE_CLI: Final = "the CDK CLI cannot look images up and stops here; it needs no update"
_WARNING: Final = "cdk-pull:imageFactsMissing"


def look_up_image(scope: Construct, image: str, *, platform: str = "linux/amd64") -> ImageProfile | None:
    """Return what an image is, looked up once by ``cdk-pull lookup`` and kept in ``cdk.context.json``.

    For the constructs that take a profile::

        FargateTask(self, "Worker", image=ecs.ContainerImage.from_registry("nginx:1.27"),
                    image_profile=look_up_image(self, "nginx:1.27"), start_within=cdk.Duration.minutes(1))

    Like every look-up of CDK it never asks the network itself. While the context does not have the image, it returns
    None, which the constructs take as "not known"; it adds a warning with the command to run, and lists the context
    key as missing. The CDK CLI then stops, as it does for its own look-ups with ``--no-lookups``, until the command
    has been run. In a stack without account and Region, where CDK has no look-ups, it stays at the warning.

    Args:
        scope: where the image is used.
        image: the reference, such as ``nginx:1.27``; no token.
        platform: of the task, such as ``linux/arm64`` or ``windows(10.0.20348)/amd64``.

    Raises:
        InvalidValueError: for a token, an invalid image or platform, or if the context was edited.
    """
    if cdk.Token.is_unresolved(image):
        raise InvalidValueError(
            "image to look up is a token, which only the deployment knows",
            image,
            allowed="the text of an image reference",
            fix="Give the sizes of an image of this app by hand, or its profile",
        )
    reference, wanted = ImageReference.parse(image), Platform.parse(platform)
    key = context_key(reference, wanted)
    stored = facts_from_context({key: scope.node.try_get_context(key)}, reference, wanted)
    if stored is None:
        _report_missing(scope, reference, wanted)
        return None
    return stored.facts.profile


def _report_missing(scope: Construct, reference: ImageReference, platform: Platform) -> None:
    message = f"{reference} ({platform}) has not been looked up: run `{COMMAND}` in the folder of cdk.json and commit cdk.context.json"
    cdk.Annotations.of(scope).add_warning_v2(_WARNING, message)
    stack = cdk.Stack.of(scope)
    if cdk.Token.is_unresolved(stack.account) or cdk.Token.is_unresolved(stack.region):
        return
    # The CLI stops at a missing key before it shows any annotation, and blames its own version for the key.
    sys.stderr.write(f"cdk-pull: {message} ({_NOT_THE_CLI})\n")
    cdk.ContextProvider.get_value(
        scope,
        provider=PROVIDER,
        dummy_value={},
        include_environment=False,
        props={"platform": str(platform), "ref": str(reference)},
    )
