"""`cdk-pull replicated`: whether the copies of an image have arrived in other Regions and accounts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

import click

from cdk_pull.aws import AwsClient
from cdk_pull.cli._look_up import require_network
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import EcrRegistry, check_region
from cdk_pull.image.reference import ImageReference
from cdk_pull.units import parse_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["command"]

_PAUSE: Final = 5.0
_COMPLETE: Final = "COMPLETE"
_FAILED: Final = "FAILED"
_NONE: Final = "not replicated there"


@click.command("replicated")
@click.argument("image", metavar="IMAGE")
@click.option(
    "--region",
    "regions",
    metavar="REGION",
    multiple=True,
    help="Ask for the copy in this Region. Repeatable.  [default: all]",
)
@click.option(
    "--wait",
    metavar="DURATION",
    help="Ask again until all copies are there, or this time is over: 10m.  [default: ask once]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(image: str, *, regions: tuple[str, ...], wait: str | None, as_json: bool) -> int:
    """Tell whether the copies of IMAGE have arrived.

    IMAGE is the image that was pushed, such as 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2. Use it in a pipeline
    before the deployment to another Region. The role needs ecr:DescribeImageReplicationStatus. Exit status: 0 all copies are
    there, 1 a copy is missing, on its way or failed, 2 invalid input.
    """
    reference, registry = _image(image)
    for region in regions:
        check_region(region)
    seconds = 0.0 if wait is None else parse_seconds(wait, "--wait")
    require_network()
    states = _until(lambda: _states(reference, registry, regions), seconds)
    if as_json:
        click.echo(json.dumps({"image": str(reference), "copies": states}, indent=2))
    else:
        for state in states:
            click.echo(
                f"{state['region']} {state['account']}: {state['status'].lower().replace('_', ' ')}{state['reason']}"
            )
        if not states:
            click.echo(f"no replication rule of {registry.region} is about {reference.repository}")
    return 0 if states and all(each["status"] == _COMPLETE for each in states) else 1


def _image(text: str) -> tuple[ImageReference, EcrRegistry]:
    reference = ImageReference.parse(text)
    registry = EcrRegistry.of_host(reference.registry)
    if registry is None:
        raise InvalidValueError(
            "image is not in private Amazon ECR",
            text,
            allowed="the image that was pushed, such as '111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.2'",
        )
    if reference.tag is None and reference.digest is None:
        raise InvalidValueError("image has no tag and no digest", text, allowed=f"{text}:<tag>")
    return reference, registry


def _until(ask: Callable[[], list[dict[str, str]]], seconds: float) -> list[dict[str, str]]:
    """Ask until nothing is on its way, or the time is over."""
    ends = time.monotonic() + seconds
    while True:
        states = ask()
        if all(each["status"] in {_COMPLETE, _FAILED} for each in states) and states:
            return states
        left = ends - time.monotonic()
        if left <= 0:
            return states
        time.sleep(min(_PAUSE, left))


def _states(reference: ImageReference, registry: EcrRegistry, regions: Iterable[str]) -> list[dict[str, str]]:
    """Return the state of each copy.

    Raises:
        AwsError: if Amazon ECR refuses to say.
    """
    client = AwsClient(
        "ecr",
        name="Amazon ECR",
        about=f"the copies of {reference}",
        check="the image, its Region, the credentials and the permission ecr:DescribeImageReplicationStatus",
        region=registry.region,
    )
    image = {"imageDigest": reference.digest} if reference.digest else {"imageTag": reference.tag}
    answer = client.call(
        "describe_image_replication_status",
        registryId=registry.account,
        repositoryName=reference.repository,
        imageId=image,
    )
    found = [
        {
            "region": each.get("region", ""),
            "account": each.get("registryId", ""),
            "status": each.get("status", ""),
            "reason": f" ({each['failureCode']})" if each.get("failureCode") else "",
        }
        for each in answer.get("replicationStatuses", [])
    ]
    wanted = list(regions)
    if not wanted:
        return found
    missing = [each for each in wanted if all(one["region"] != each for one in found)]
    return [
        *(each for each in found if each["region"] in wanted),
        *({"region": each, "account": registry.account, "status": _NONE, "reason": ""} for each in missing),
    ]
