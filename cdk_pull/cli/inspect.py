"""`cdk-pull inspect`: the layers, sizes and base of images, and the expected start of a Fargate task of each."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from cdk_pull.cli._dockerfile import Advised, BuildOptions, build_options
from cdk_pull.cli._look_up import RegistryOptions, in_words, look_up, parse_references, registry_options
from cdk_pull.cli._region import region_option
from cdk_pull.cli._streams import echo_json
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.choose import Choice, choose
from cdk_pull.image.dockerfile.build import build_of_image, layers_of_image
from cdk_pull.image.dockerfile.history import instruction_of
from cdk_pull.image.platform import Platform
from cdk_pull.report.advice_text import advice_text
from cdk_pull.report.console import print_all
from cdk_pull.report.size_text import sizes_table, ways_text
from cdk_pull.units import format_bytes
from cdk_pull.windows.base import CachedBase, cached_base
from cdk_pull.windows.window import to_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.image.facts import ImageFacts
    from cdk_pull.image.profile import Layer
    from cdk_pull.image.registry.many import LookUp

__all__ = ["command"]

# What is longer is in --json.
_STEP_CHARACTERS: Final = 72
_ARCHITECTURES: Final[dict[str, Architecture]] = {"amd64": "x86_64", "arm64": "arm64"}


@click.command("inspect")
@click.argument("images", metavar="[IMAGE...]", nargs=-1)
@click.option(
    "--platform",
    help="Read the image for this platform, such as linux/arm64.  [default: linux/amd64, or the image's only one]",
)
@region_option
@click.option(
    "--date",
    "on",
    metavar="YYYY-MM-DD",
    help="Judge the cache of Windows hosts on this day.  [default: today]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@build_options
@registry_options
def command(
    images: tuple[str, ...],
    *,
    build: BuildOptions,
    platform: str | None,
    region: str | None,
    on: str | None,
    registry: RegistryOptions,
    as_json: bool,
) -> int:
    """Show the layers, sizes and base of each IMAGE, and the expected start of a Fargate task that runs it.

    Each layer comes with the step of the Dockerfile that made it, as far as the image records it. Only manifests,
    configurations and a few bytes of each layer are read, never a layer. What would make the image smaller is said with
    what it saves where that is known. The exit status is 1 when an image cannot be looked up; the others are shown
    nevertheless.

    With --dockerfile or --history and no IMAGE, no registry is asked.
    """
    build.check(images)
    if not images:
        return _without_image(build, as_json=as_json)
    day = datetime.now().astimezone().date() if on is None else to_date(on)
    requested = Platform.parse(platform) if platform else None
    references, invalid = parse_references(images)
    if not references:
        raise next(iter(invalid.values()))
    results = look_up([(reference, requested) for reference in references], registry)
    shown = [_Shown(result.facts, day, region, build) for result in results if result.facts]
    failed = [result for result in results if result.error]
    if as_json:
        errors = [_error(result) for result in failed]
        errors += [
            {"reference": text, "problem": "reference", "error": str(error)}
            for text, error in invalid.items()
        ]
        echo_json({"images": [one.to_json() for one in shown], "errors": errors})
    else:
        for number, one in enumerate(shown):
            print_all([*([""] if number else []), *one.parts()])
    for result in failed:
        click.echo(f"cdk-pull: {in_words(result)}", err=True)
    for error in invalid.values():
        click.echo(f"cdk-pull: {error}", err=True)
    return 1 if failed or invalid else 0


def _without_image(build: BuildOptions, *, as_json: bool) -> int:
    if not build.given:
        raise click.UsageError("Missing argument 'IMAGE...', or --dockerfile PATH.")
    advised = Advised.on_options(build)
    if as_json:
        echo_json({"images": [], "errors": [], **advised.to_json()})
    else:
        print_all(list(advice_text(advised.advice, advised.not_evaluated)))
    return 0


def _advised(facts: ImageFacts, build: BuildOptions) -> Advised:
    layers = layers_of_image(facts)
    if build.given:
        return Advised.on_options(build, layers)
    # Of an official image the name itself tells, of another its base where it names it.
    bases = [Advised.on_build(build_of_image(layers, base)) for base in (facts.base, facts.reference) if base]
    return max(bases, key=lambda each: len(each.advice))


class _Shown:
    """One image, with all that is shown of it."""

    def __init__(self, facts: ImageFacts, day: date, region: str | None, build: BuildOptions) -> None:
        self.facts = facts
        self.advised = _advised(facts, build) if facts.profile.os == "linux" else None
        profile = facts.profile
        self.base: CachedBase | None = cached_base(profile, day) if profile.os == "windows" else None
        to_pull = self.base.uncached(profile) if self.base else profile
        self.choice: Choice | None = None
        self.cannot_run = ""
        if profile.architecture not in _ARCHITECTURES:
            self.cannot_run = f"Fargate runs amd64 and arm64, not {profile.architecture}"
            return
        try:
            self.choice = choose(
                to_pull,
                cpu=256,
                memory_mib=512,
                architecture=_ARCHITECTURES[profile.architecture],
                os=profile.os,
                region=region,
            )
        except InvalidValueError as error:
            self.cannot_run = str(error)

    @property
    def steps(self) -> list[str | None]:
        """The instruction that made each layer, or None where the image does not say."""
        if not self.facts.steps:
            return [None] * len(self.facts.profile.layers)
        return [instruction_of(step) or None for step in self.facts.steps]

    def to_json(self) -> dict[str, Any]:
        facts, profile = self.facts, self.facts.profile
        return {
            "reference": facts.reference,
            "digest": facts.digest,
            "manifest_digest": profile.digest,
            "os": profile.os,
            "architecture": profile.architecture,
            "os_version": profile.os_version or None,
            "compressed_bytes": profile.compressed_bytes,
            "uncompressed_bytes": profile.uncompressed_bytes,
            "layers": [
                _layer(layer) | {"step": step} for layer, step in zip(profile.layers, self.steps, strict=True)
            ],
            "base": self.base.to_json() if self.base else {"name": facts.base or None},
            "candidates": [candidate.to_json() for candidate in self.choice.candidates]
            if self.choice
            else [],
            "ways": [way.to_json() for way in self.choice.ways] if self.choice else [],
            "notes": [*facts.notes, *([self.cannot_run] if self.cannot_run else [])],
            **(self.advised.to_json() if self.advised else {}),
        }

    def parts(self) -> Iterator[RenderableType]:
        """Yield what a rich console prints."""
        from rich.text import Text  # noqa: PLC0415 - `--json` does without it

        facts, profile = self.facts, self.facts.profile
        version = f" {profile.os_version}" if profile.os_version else ""
        yield Text(facts.reference, "bold")
        yield Text(f"{profile.os}{version} {profile.architecture}, {facts.digest}")
        yield Text(f"base: {self.base.reason if self.base else facts.base or 'not named by the image'}")
        yield Text()
        yield self._layers()
        for note in facts.notes:
            yield Text(f"note: {note}", "dim")
        if self.choice is None:
            yield Text(self.cannot_run, "yellow")
        else:
            yield Text()
            yield sizes_table(self.choice)
            coverage = self.choice.candidate.start.coverage
            share = "coverage unknown" if coverage is None else f"{coverage:.0%} of the starts"
            yield Text(f"In brackets the interval: {share}.", "dim")
            yield from ways_text(self.choice)
        if self.advised:
            yield Text()
            yield from advice_text(self.advised.advice, self.advised.not_evaluated)

    def _layers(self) -> Table:
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        profile = self.facts.profile
        table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True)
        estimated = any(layer.uncompressed_source == "estimated" for layer in profile.layers)
        total = ("~" if estimated else "") + format_bytes(profile.uncompressed_bytes or 0)
        table.add_column("Layer", "all", no_wrap=True)
        table.add_column("Compression", no_wrap=True)
        table.add_column("Compressed", format_bytes(profile.compressed_bytes), justify="right", no_wrap=True)
        table.add_column("Unpacked", total, justify="right", no_wrap=True)
        table.add_column("Step", overflow="fold")
        for layer, step in zip(profile.layers, self.steps, strict=True):
            sizes = (format_bytes(layer.compressed_bytes), _unpacked(layer))
            table.add_row(layer.digest[7:19], str(layer.compression), *sizes, Text(_short(step)))
        return table


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "digest": layer.digest,
        "diff_id": layer.diff_id or None,
        "media_type": layer.media_type,
        "compression": str(layer.compression),
        "compressed_bytes": layer.compressed_bytes,
        "uncompressed_bytes": layer.uncompressed_bytes,
        "uncompressed_source": layer.uncompressed_source,
    }


def _error(result: LookUp) -> dict[str, Any]:
    problem = str(result.error.problem) if result.error else ""
    return {"reference": str(result.reference), "problem": problem, "error": str(result.error)}


def _short(step: str | None) -> str:
    if step is None:
        return "not recorded"
    return step if len(step) <= _STEP_CHARACTERS else f"{step[: _STEP_CHARACTERS - 1]}…"


def _unpacked(layer: Layer) -> str:
    about = "~" if layer.uncompressed_source == "estimated" else ""
    return about + format_bytes(layer.uncompressed_bytes or 0)
