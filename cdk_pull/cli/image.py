"""`cdk-pull image`: the parts of an image reference."""

from __future__ import annotations

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.image.ecr import EcrRegistry, registry_kind
from cdk_pull.image.reference import ImageReference
from cdk_pull.image.regions import check_known_region
from cdk_pull.report.console import fact_table, print_all

__all__ = ["command"]


@click.command("image")
@click.argument("reference", metavar="REF")
@click.option("--region", metavar="REGION", help="Exit with 1 unless the image is in this Region.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(reference: str, region: str | None, *, as_json: bool) -> int:
    """Parse the image reference REF into registry, account, Region, repository, tag and digest.

    With --region the exit status is 1 unless the image is in that Region.
    """
    image = ImageReference.parse(reference)
    registry = EcrRegistry.of_host(image.registry)
    asked = None if region is None else check_known_region(region)
    same = registry.region == asked if registry and asked else None
    facts = {
        "reference": str(image),
        "registry": image.registry,
        "kind": registry_kind(image.registry),
        "account": registry.account if registry else None,
        "region": registry.region if registry else None,
        "repository": image.repository,
        "tag": image.tag,
        "digest": image.digest,
        "mutable": image.mutable,
        "same_region": same,
    }
    if as_json:
        echo_json(facts)
    else:
        print_all([fact_table({key.replace("_", " "): _shown(value) for key, value in facts.items()})])
    if asked is None or same:
        return 0
    where = f"is in {registry.region}" if registry else "is in a registry whose name holds no Region"
    click.echo(f"cdk-pull: image {image} {where}; asked for {asked}", err=True)
    return 1


def _shown(value: str | bool | None) -> str:  # noqa: FBT001
    if value is None:
        return "-"
    return ("yes" if value else "no") if isinstance(value, bool) else value
