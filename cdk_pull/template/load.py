"""Reads whatever a user points at: a template file, a ``cdk.out``, or a folder of templates."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_pull.template.assembly import Assembly, require_resources
from cdk_pull.template.cloud_assembly import MANIFEST, read_cloud_assembly
from cdk_pull.template.context import Context, Environment
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.model import Template
from cdk_pull.template.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Loaded", "load"]

_SUFFIXES: Final = frozenset({".json", ".template", ".yaml", ".yml"})
_SKIPPED: Final = frozenset({".git", ".venv", "node_modules"})
# What tells a template from the other YAML and JSON of a folder, before it is parsed. The appspec of a CodeDeploy
# deployment has its Resources in a list.
_RESOURCES: Final = re.compile(rb"""\bResources["']?\s*:(?!(?:\s|#[^\n]*\n)*(?:-\s|\[))""")
_SIGNS: Final = (b"AWSTemplateFormatVersion", b"AWS::")
_SNIFFED: Final = 1 << 20


@dataclass
class Loaded:
    """What has been read.

    Attributes:
        assemblies: what can be checked.
        errors: one line for each file that cannot.
    """

    assemblies: list[Assembly] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def load(paths: Iterable[Path | str], *, account: str | None = None, region: str | None = None) -> Loaded:
    """Read templates; one that cannot be read does not keep the others from being checked.

    Args:
        paths: of template files, of cloud assemblies such as ``cdk.out``, or of folders of templates.
        account: goes before the account that an assembly states.
        region: goes before the Region that an assembly states.
    """
    loaded = Loaded()
    for path in map(Path, paths):
        for read in _readers(path, account, region):
            try:
                loaded.assemblies.append(read())
            except TemplateError as error:
                # A file's name may hold a line feed.
                loaded.errors.append(" ".join(str(error).split()))
    return loaded


def _readers(path: Path, account: str | None, region: str | None) -> Iterator[Callable[[], Assembly]]:
    environment = Environment(account, region)
    if not path.is_dir():
        yield partial(_read_file, path, environment)
    elif (path / MANIFEST).is_file():
        yield partial(read_cloud_assembly, path, account=account, region=region)
    else:
        files = [file for file in sorted(path.rglob("*")) if _looks_like_template(file, path)]
        yield from (partial(_read_file, file, environment) for file in files or (path,))


def _read_file(path: Path, environment: Environment) -> Assembly:
    if path.is_dir():
        raise TemplateError(f"{path} holds neither a manifest.json of CDK nor a CloudFormation template")
    source = read_source(path)
    require_resources(source.document, source.name)
    name = str(path)
    context = Context(environment, source.document, home=name)
    return Assembly(name, [Template(name, name, source.document, context, source=source, path=path)])


def _looks_like_template(file: Path, root: Path) -> bool:
    if file.suffix not in _SUFFIXES or _SKIPPED & set(file.relative_to(root).parts) or not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            head = stream.read(_SNIFFED)
    except OSError:
        return False
    return any(sign in head for sign in _SIGNS) and _RESOURCES.search(head) is not None
