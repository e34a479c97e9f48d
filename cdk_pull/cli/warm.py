"""`cdk-pull warm`: makes Amazon ECR fetch the images behind pull-through caches before a task asks for them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cdk_pull.cli._look_up import RegistryOptions, in_words, look_up, registry_options
from cdk_pull.errors import UnsupportedError
from cdk_pull.image.ecr import check_account, check_region
from cdk_pull.image.pull_through import check_prefix
from cdk_pull.rules.support.cached_images import cached_images
from cdk_pull.template.load import load
from cdk_pull.units import format_bytes

__all__ = ["command"]


@click.command("warm")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--account", metavar="ID", help="Use this account for every stack.")
@click.option("--region", metavar="REGION", help="Use this Region for every stack.")
@click.option(
    "--prefix",
    "prefixes",
    metavar="PREFIX",
    multiple=True,
    help="Count images below this prefix of a rule that is in no template. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@registry_options
def command(
    paths: tuple[Path, ...],
    *,
    account: str | None,
    region: str | None,
    prefixes: tuple[str, ...],
    registry: RegistryOptions,
    as_json: bool,
) -> int:
    """Pull the manifest of each image that tasks pull through a cache, once, after a deployment.

    PATH is a CloudFormation template, a folder of templates or a cdk.out.  [default: cdk.out] Amazon ECR fetches an image
    when its manifest is first pulled, so that the first task finds it in the Region; subnets without a way to the internet
    can pull it then. Nothing else is changed. The role needs the permissions of a pull, ecr:BatchImportUpstreamImage and
    ecr:CreateRepository. Exit status: 0 all images are in the cache, 1 an image cannot be pulled, 2 invalid input.
    """
    if account is not None:
        check_account(account)
    if region is not None:
        check_region(region)
    for prefix in prefixes:
        check_prefix(prefix)
    loaded = load(paths or (Path("cdk.out"),), account=account, region=region)
    if not loaded.assemblies:
        raise UnsupportedError("; ".join(loaded.errors))
    wanted, left_out = cached_images(loaded.assemblies, prefixes)
    results = look_up(list(wanted), registry) if wanted else []
    pulled = {str(each.reference): each.facts for each in results if each.facts is not None}
    failed = {str(each.reference): in_words(each) for each in results if each.facts is None}
    if as_json:
        document = {
            "pulled": {image: facts.digest for image, facts in pulled.items()},
            "failed": failed,
            "left_out": left_out,
            "unread": loaded.errors,
        }
        click.echo(json.dumps(document, indent=2))
    else:
        lines = [
            f"pulled   {image}: {facts.digest[:19]}, {format_bytes(facts.profile.compressed_bytes)} compressed"
            for image, facts in pulled.items()
        ]
        lines += [f"left out {image}: {why}" for image, why in left_out.items()]
        count = len(wanted) + len(left_out)
        summary = f"{len(pulled)} of {count} images behind pull-through caches are in the cache"
        lines.append(summary if count else "no task of these templates pulls through a cache")
        click.echo("\n".join(lines))
    for error in [*loaded.errors, *failed.values()]:
        click.echo(f"cdk-pull: {error}", err=True)
    return 1 if failed or left_out or loaded.errors else 0
