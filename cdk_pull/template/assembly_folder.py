"""The one walk through a cloud assembly: its folder and those of its stages, and nothing outside of them."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.context import section
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.source import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ASSEMBLY_FILES", "MANIFEST", "AssemblyFolder", "assembly_folders", "is_assembly"]

MANIFEST: Final = "manifest.json"
ASSEMBLY_FILES: Final = frozenset({MANIFEST, "cdk.out"})
"""What CDK puts into the folder of each cloud assembly; other tools' folders have a manifest.json as well."""

_STACK: Final = "aws:cloudformation:stack"
_STAGE: Final = "cdk:cloud-assembly"
_ASSETS: Final = "cdk:asset-manifest"
_MAX_FOLDERS: Final = 1000


def is_assembly(folder: Path) -> bool:
    """Tell whether CDK wrote a folder."""
    return all(os.path.isfile(folder / name) for name in ASSEMBLY_FILES)  # noqa: PTH113 - is_file raises where the folder cannot be searched


class AssemblyFolder:
    """One folder with a manifest: the assembly's own, or a stage's.

    Args:
        path: of the folder, as messages name it.
        root: the assembly's own folder, which no file may lead out of; the same folder when left out.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self.path = path
        self._root = (root or path).resolve()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What its manifest says.

        Raises:
            TemplateError: when it cannot be read, or leads out of the assembly.
        """
        return self.read_json(MANIFEST)

    def file(self, name: object) -> Path:
        """Return the path of a file or folder that the manifest names.

        Raises:
            TemplateError: when it is no name, or leads out of the assembly, by links too.
        """
        path = self.path / str(name)
        try:
            inside = isinstance(name, str) and path.resolve().is_relative_to(self._root)
        except (
            OSError,
            RuntimeError,
            ValueError,
        ):  # a loop of links, or characters that no file name can have
            inside = False
        if not inside:
            raise TemplateError(
                f"{self.path / MANIFEST} names {name!r}, which is not a file of the assembly; run cdk synth again"
            )
        return path

    def read_json(self, name: object) -> dict[str, Any]:
        """Read a JSON object of the folder.

        Raises:
            TemplateError: when it lies outside, cannot be read or is not a JSON object.
        """
        path = self.file(name)
        try:
            document = json.loads(read_bytes(path))
        except (ValueError, RecursionError):
            raise TemplateError(f"{path} is not JSON") from None
        if not isinstance(document, dict):
            raise TemplateError(f"{path} is not a JSON object")
        return document

    def artifacts(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the artifacts of a type, by id, in the manifest's order."""
        return [
            (name, artifact)
            for name, artifact in section(self.manifest, "artifacts").items()
            if isinstance(artifact, dict) and artifact.get("type") == kind
        ]

    @property
    def stacks(self) -> list[tuple[str, dict[str, Any]]]:
        """The stacks, by artifact id."""
        return self.artifacts(_STACK)

    @property
    def stages(self) -> list[Path]:
        """The folders of its stages."""
        return [
            self.file(section(artifact, "properties").get("directoryName"))
            for _, artifact in self.artifacts(_STAGE)
        ]

    @cached_property
    def files_by_hash(self) -> dict[str, str]:
        """The files of its asset manifests, by the hash that a URL names them by."""
        found = {}
        for _, artifact in self.artifacts(_ASSETS):
            manifest = self.read_json(section(artifact, "properties").get("file"))
            for key, asset in section(manifest, "files").items():
                path = section(asset, "source").get("path") if isinstance(asset, dict) else None
                if isinstance(path, str):
                    found[key] = path
        return found

    @cached_property
    def image_platforms(self) -> dict[str, str]:
        """The platforms of its image assets, by tag; empty for that of the machine that deploys."""
        found = {}
        for _, artifact in self.artifacts(_ASSETS):
            manifest = self.read_json(section(artifact, "properties").get("file"))
            for asset in section(manifest, "dockerImages").values():
                source = section(asset, "source") if isinstance(asset, dict) else {}
                platform = source.get("platform", "")
                # What a command builds has the platform that the command says, which nobody here reads.
                if "directory" not in source or not isinstance(platform, str):
                    continue
                for destination in section(asset, "destinations").values():
                    tag = destination.get("imageTag") if isinstance(destination, dict) else None
                    if isinstance(tag, str):
                        found[tag] = platform
        return found


def assembly_folders(root: Path) -> Iterator[AssemblyFolder]:
    """Yield the folder of a cloud assembly, then those of its stages, each before the stages within it.

    Raises:
        TemplateError: for a manifest that cannot be read, a folder that leads outside, one that two artifacts name,
            as a stage that contains itself is, and for more stages than any app has.
    """
    seen = set()
    waiting = [root]
    while waiting:
        path = waiting.pop()
        if (real := path.resolve()) in seen:
            raise TemplateError(
                f"{path} is a stage that contains itself, or is named twice; run cdk synth again"
            )
        seen.add(real)
        if len(seen) > _MAX_FOLDERS:
            raise TemplateError(f"{root} has more than {_MAX_FOLDERS} stages; check them one by one")
        folder = AssemblyFolder(path, root)
        yield folder
        waiting += reversed(folder.stages)
