"""Reads whatever a user points at: a template file, a ``cdk.out``, or a folder of templates."""

from __future__ import annotations

import os
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field
from cdk_pull.template.assembly import Assembly, require_resources
from cdk_pull.template.assembly_folder import ASSEMBLY_FILES, MANIFEST
from cdk_pull.template.cloud_assembly import read_cloud_assembly
from cdk_pull.template.context import Context, Environment
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.model import Template
from cdk_pull.template.source import decode_source, from_here, read_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.template.source import Source

__all__ = ["Loaded", "load", "load_text", "template_assembly"]

_SUFFIXES: Final = frozenset({".json", ".template", ".yaml", ".yml"})
_SKIPPED: Final = frozenset({".git", ".venv", "node_modules"})
# What tells a template from the other YAML and JSON of a folder, before it is parsed. The appspec of a CodeDeploy
# deployment has its Resources in a list.
_RESOURCES: Final = lazy_pattern(rb"""\bResources["']?\s*+:""")
_BLANK: Final = lazy_pattern(rb"(?:\s|#[^\n]*+\n)*+")
_LIST: Final = lazy_pattern(rb"-\s|\[")
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
    """Read templates, each once, also below several of the paths; one that cannot be read does not keep the others from being checked.

    Args:
        paths: of template files, of cloud assemblies such as ``cdk.out``, or of folders of templates.
        account: goes before the account that an assembly states.
        region: goes before the Region that an assembly states.
    """
    loaded = Loaded()
    seen: set[object] = set()
    for path in (from_here(Path(path)) for path in paths):
        for read in _readers(path, account, region):
            # What is read, or why nothing can be.
            if read.args[0] in seen:
                continue
            seen.add(read.args[0])
            try:
                loaded.assemblies.append(read())
            except TemplateError as error:
                # A file's name may hold a line feed.
                loaded.errors.append(" ".join(str(error).split()))
    return loaded


def _readers(path: Path, account: str | None, region: str | None) -> Iterator[partial[Assembly]]:
    # Path.is_dir raises where a folder above cannot be searched; os.path tells of nothing.
    if not os.path.isdir(path):  # noqa: PTH112
        yield partial(_read_file, path, Environment(account, region))
    elif os.path.isfile(path / MANIFEST):  # noqa: PTH113
        yield partial(read_cloud_assembly, path, account=account, region=region)
    else:
        yield from _readers_in(path, account, region)


def _readers_in(path: Path, account: str | None, region: str | None) -> Iterator[partial[Assembly]]:
    """Yield the readers of the templates and cloud assemblies in a folder, and of what cannot be looked into."""
    unread: list[OSError] = []
    found: list[tuple[Path, partial[Assembly]]] = []
    for name, folders, files in os.walk(path, onerror=unread.append):
        folder = Path(name)
        folders[:] = set(folders) - _SKIPPED
        if set(files) >= ASSEMBLY_FILES:
            folders.clear()
            found.append((folder, partial(read_cloud_assembly, folder, account=account, region=region)))
            continue
        found += [
            (file, partial(_read_file, file, Environment(account, region)))
            for file in map(folder.joinpath, files)
            if _looks_like_template(file)
        ]
    found += [
        (Path(error.filename), partial(_refuse, f"{error.filename} cannot be read: {error.strerror}"))
        for error in unread
    ]
    if not found:
        what = f"{path} holds neither a manifest.json of CDK nor a CloudFormation template"
        found = [(path, partial(_refuse, what))]
    yield from (read for _, read in sorted(found, key=itemgetter(0)))


def _refuse(what: str) -> Assembly:
    raise TemplateError(what)


def load_text(data: bytes, name: str, *, account: str | None = None, region: str | None = None) -> Loaded:
    """Read a template that stands in no file, such as what standard input holds.

    Args:
        data: its bytes.
        name: what stands for a file's name.
        account: of the stack.
        region: of the stack.
    """
    loaded = Loaded()
    try:
        source = decode_source(data, name)
        loaded.assemblies.append(template_assembly(source, Path(name), Environment(account, region)))
    except TemplateError as error:
        loaded.errors.append(" ".join(str(error).split()))
    return loaded


def _read_file(path: Path, environment: Environment) -> Assembly:
    return template_assembly(read_source(path), path, environment)


def template_assembly(source: Source, path: Path, environment: Environment) -> Assembly:
    """Return a template file by itself, as something to check.

    Raises:
        TemplateError: when it has no resources.
    """
    require_resources(source.document, source.name)
    name = str(path)
    context = Context(environment, source.document, home=name)
    return Assembly(name, [Template(name, name, source.document, context, source=source, path=path)])


def _looks_like_template(file: Path) -> bool:
    if file.suffix not in _SUFFIXES or not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            head = stream.read(_SNIFFED)
    except OSError:
        # It may be one: reading it tells why nobody can say.
        return True
    return any(sign in head for sign in _SIGNS) and _has_resources(head)


def _has_resources(head: bytes) -> bool:
    """Tell whether a text has an object named Resources; what lies between the name and its value is skipped once."""
    at = 0
    while found := _RESOURCES.search(head, at):
        blank = _BLANK.match(head, found.end())
        at = blank.end() if blank else found.end()
        if not _LIST.match(head, at):
            return True
    return False
