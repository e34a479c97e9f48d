"""`cdk-pull lookup`: writes facts of the images of an app or a template to ``cdk.context.json``."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cdk_pull.cli._app import app_settings, synthesize
from cdk_pull.cli._look_up import RegistryOptions, in_words, look_up, registry_options
from cdk_pull.cli._streams import echo_json
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.context import ContextFile, context_key, facts_from_context, parse_key, to_context
from cdk_pull.image.ecr import check_account
from cdk_pull.records import dataclass, field
from cdk_pull.shapes import as_object
from cdk_pull.template.assembly_folder import MANIFEST
from cdk_pull.template.load import load
from cdk_pull.template.needed_images import NeededImages, images_of, needed_images
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from cdk_pull.image.platform import Platform
    from cdk_pull.image.reference import ImageReference
from cdk_pull.image.regions import check_known_region

__all__ = ["command"]

_CONTEXT: Final = "cdk.context.json"


@click.command("lookup")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--app", help="Read this cdk.out, or run this command.  [default: app of cdk.json]")
@click.option("--account", metavar="ID", help="Use this account for every stack.")
@click.option("--region", metavar="REGION", help="Use this Region for every stack.")
@click.option("--refresh", is_flag=True, help="Look up known images again, and report tags that have moved.")
@click.option("--prune", is_flag=True, help="Remove images that are no longer used.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@registry_options
def command(
    paths: tuple[Path, ...],
    *,
    app: str | None,
    account: str | None,
    region: str | None,
    refresh: bool,
    prune: bool,
    registry: RegistryOptions,
    as_json: bool,
) -> int:
    """Look up every image of the app in this folder, or of each PATH, and write cdk.context.json.

    PATH is a CloudFormation template, a folder of templates or a cdk.out. Known images are kept. Commit the file:
    every synth and every cdk-pull check after that reads it, offline. The exit status is 1 when an image cannot be
    looked up or a PATH cannot be read; the other images are written nevertheless.
    """
    if account is not None:
        check_account(account)
    if region is not None:
        check_known_region(region)
    file = ContextFile(Path(_CONTEXT))
    report = _Report()
    needed = _of_paths(paths, app, account, region, report) if paths else _needed(app, file, account, region)
    report.left_out = needed.left_out
    if prune:
        wanted = {context_key(*image) for image in needed.images}
        report.removed = [key for key in file.ours if key not in wanted]
        for key in report.removed:
            del file.content[key]
    wanted_now = [image for image in needed.images if refresh or context_key(*image) not in file.content]
    report.kept = len(needed.images) - len(wanted_now)
    if wanted_now:
        _look_up(wanted_now, file, report, registry, datetime.now().astimezone().date())
    report.written = file.save()
    if as_json:
        echo_json(report.to_json())
    else:
        click.echo("\n".join(report.lines()))
    for error in [*report.unread, *report.failed.values()]:
        click.echo(f"cdk-pull: {error}", err=True)
    return 1 if report.failed or report.unread else 0


@dataclass
class _Report:
    """What was done."""

    left_out: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    kept: int = 0
    written: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "found": sorted(self.found),
            "moved": self.moved,
            "failed": self.failed,
            "unread": self.unread,
            "kept": self.kept,
            "removed": self.removed,
            "left_out": self.left_out,
            "written": self.written,
        }

    def lines(self) -> list[str]:
        lines = [f"found    {image}: {what}" for image, what in self.found.items()]
        lines += [f"moved    {image}: {what}" for image, what in self.moved.items()]
        lines += [f"removed  {_name(key)}" for key in self.removed]
        lines += [f"left out {image}: {why}" for image, why in self.left_out.items()]
        counts = f"{len(self.found)} found, {self.kept} known already, {len(self.failed)} failed"
        return [*lines, f"{counts}; {_CONTEXT} {'written' if self.written else 'is as it was'}"]


def _of_paths(
    paths: tuple[Path, ...], app: str | None, account: str | None, region: str | None, report: _Report
) -> NeededImages:
    """Return the images of templates and cloud assemblies.

    Raises:
        InvalidValueError: if there is an app as well, or nothing that can be read.
    """
    if app is not None:
        raise InvalidValueError("--app is given beside a PATH", app, allowed="one of the two")
    loaded = load(paths, account=account, region=region)
    report.unread = loaded.errors
    if not loaded.assemblies:
        raise UnsupportedError("; ".join(loaded.errors))
    return images_of(loaded.assemblies)


def _needed(app: str | None, file: ContextFile, account: str | None, region: str | None) -> NeededImages:
    """Return the images of a ``cdk.out``, or of an app that is run for it."""
    settings = app_settings(Path())
    app = app or settings.get("app")
    if not isinstance(app, str):
        raise InvalidValueError(
            "app is missing", app, allowed="PATH, a cdk.out or a command with --app, or app in cdk.json"
        )
    if (Path(app) / MANIFEST).is_file():
        return needed_images(Path(app), account=account, region=region)
    context = settings.get("context")
    with tempfile.TemporaryDirectory(prefix="cdk-pull-") as folder:
        output = Path(folder) / "cdk.out"
        output.mkdir()
        merged = {**as_object(context), **file.content}
        assembly = synthesize(app, Path(), merged, output)
        return needed_images(assembly, account=account, region=region)


def _look_up(
    images: list[tuple[ImageReference, Platform]],
    file: ContextFile,
    report: _Report,
    registry: RegistryOptions,
    today: date,
) -> None:
    """Put the facts of images into the context."""
    results = look_up(images, registry)
    # What the image is built for instead, so that a check knows, too, which platform is missing.
    others = [
        (each.reference, each.error.platforms[0]) for each in results if each.error and each.error.platforms
    ]
    instead = dict.fromkeys(each for each in others if each not in images)
    for result in (*results, *(look_up(list(instead), registry) if instead else ())):
        platform = result.platform
        if platform is None:
            raise AssertionError(result)  # pragma: no cover - each was asked for with its platform
        name, key = f"{result.reference} ({platform})", context_key(result.reference, platform)
        if result.facts is None:
            report.failed[name] = in_words(result)
            continue
        before = _digest_before(file, result.reference, platform)
        if before and before[0] != result.facts.digest:
            report.moved[name] = f"was {before[0]} on {before[1]}, is {result.facts.digest}"
        elif before and to_context(result.facts, before[1]) == file.content[key]:
            # Nothing new but the day: a diff of the file shows what has changed in the registry, and only that.
            report.kept += 1
            continue
        file.content[key] = to_context(result.facts, today)
        profile = result.facts.profile
        report.found[name] = (
            f"{len(profile.layers)} layers, {format_bytes(profile.compressed_bytes)} compressed"
        )


def _digest_before(
    file: ContextFile, reference: ImageReference, platform: Platform
) -> tuple[str, date] | None:
    try:
        stored = facts_from_context(file.content, reference, platform)
    except InvalidValueError:
        return None  # somebody edited it; it is looked up anew
    return (stored.facts.digest, stored.looked_up) if stored else None


def _name(key: str) -> str:
    try:
        reference, platform = parse_key(key)
    except InvalidValueError:
        return key
    return f"{reference} ({platform})"
