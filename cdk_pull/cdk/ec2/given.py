"""The user data of many launch resources, read at once: CDK's own text of it takes four calls to JavaScript each."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from cdk_pull.cdk.ec2.requests import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_pull.cdk.ec2.user_data import LaunchUserData

__all__ = ["Given", "read_at_once"]


class Given(NamedTuple):
    """What a launch resource has.

    Attributes:
        text: its user data with CDK's tokens for clusters of its stack; None where anything else is open in it.
        image: its image as in the template.
    """

    text: str | None
    image: object


def read_at_once(launches: Sequence[LaunchUserData]) -> None:
    """Read the user data and the images of launch resources of one stack, in one call and one for each of them.

    The app has to be complete: CDK keeps what a lazy value comes to here. Where one of them cannot be read, nothing is:
    each is then asked by itself, and says why.
    """
    with suppress(Exception):
        _read(launches)


def _read(launches: Sequence[LaunchUserData]) -> None:
    tokens = sorted({token for launch in launches for token in launch.cluster_tokens})
    held = {str(index): _data_of(launch) for index, launch in enumerate(launches)}
    values = resolved(launches[0].stack, tokens, held)
    found: Any = values[""]
    for index, launch in enumerate(launches):
        data = found.get(str(index), {})
        names = {token: values[token] for token in tokens if token in launch.cluster_tokens}
        launch.take(Given(_text(data.get("userData"), names), data.get("imageId")))


def _data_of(launch: LaunchUserData) -> dict[str, object]:
    # Protected in JavaScript, and the one way that is there for every class of resource; one call.
    properties: Any = launch.resource._cfn_properties  # noqa: SLF001
    data = properties.get("launchTemplateData", properties)
    if not isinstance(data, dict):
        return {}
    return {key: data[key] for key in ("userData", "imageId") if data.get(key) is not None}


def _text(value: Any, names: Mapping[str, object]) -> str | None:
    """Return the text of user data, with the tokens by which clusters are named in place of CloudFormation's references."""
    text = value.get("Fn::Base64") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(text, str):
        return text
    match text:
        case {"Fn::Join": ["", [*parts]], **rest} if not rest:
            pieces = [each if isinstance(each, str) else _token_of(each, names) for each in parts]
            return None if None in pieces else "".join(map(str, pieces))
    return None


def _token_of(reference: object, names: Mapping[str, object]) -> str | None:
    return next((token for token, value in names.items() if value == reference), None)
