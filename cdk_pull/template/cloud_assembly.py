"""Reads a ``cdk.out``: its stacks, the stages within it, and the nested stacks that its manifest leaves out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.template.assembly import Assembly, require_resources
from cdk_pull.template.assembly_folder import AssemblyFolder, assembly_folders
from cdk_pull.template.construct_metadata import StackMetadata, acknowledged_in_report
from cdk_pull.template.context import Context, Environment, section
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.model import Template
from cdk_pull.template.source import read_source

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_pull.template.model import Resource
    from cdk_pull.template.source import Source

__all__ = ["AssemblyStack", "read_cloud_assembly", "read_stacks"]

_NESTED: Final = "AWS::CloudFormation::Stack"
_HASH: Final = lazy_pattern(r"/([0-9a-f]{64})\.(?:json|ya?ml|template)$")
_MAX_STACKS: Final = 10_000
_MAX_NESTING: Final = 50


def read_cloud_assembly(folder: Path, *, account: str | None = None, region: str | None = None) -> Assembly:
    """Read the cloud assembly in a folder.

    Args:
        folder: what ``cdk synth`` has written, such as ``cdk.out``.
        account: goes before the account of every stack.
        region: goes before the Region of every stack.

    Raises:
        TemplateError: when the manifest or a template in it cannot be read.
    """
    return _Reader(folder, account, region).assembly()


def read_stacks(folder: Path) -> list[AssemblyStack]:
    """Read the stacks of the cloud assembly in a folder, those of its stages included.

    Raises:
        TemplateError: when the manifest or a template in it cannot be read.
    """
    reader = _Reader(folder, None, None)
    reader.assembly()
    return reader.stacks


@dataclass(frozen=True, kw_only=True)
class AssemblyStack:
    """One stack of a cloud assembly.

    Attributes:
        path: its construct path, stages included.
        environment: where it goes, such as ``aws://123456789012/eu-west-1``.
        metadata: what the assembly says of its constructs.
        templates: its own, then those of the stacks nested in it.
    """

    path: str
    environment: str
    metadata: StackMetadata
    templates: list[Template]


class _Reader:
    """Gathers templates, and which of them is nested in which resource."""

    def __init__(self, root: Path, account: str | None, region: str | None) -> None:
        self.root, self.account, self.region = root, account, region
        self.templates: list[Template] = []
        self.stacks: list[AssemblyStack] = []
        self.nested: list[tuple[Resource, Template]] = []
        self.sources: dict[Path, Source] = {}
        self.folders: list[AssemblyFolder] = []

    @cached_property
    def acknowledged(self) -> dict[str, dict[str, str]]:
        return acknowledged_in_report(self.root)

    def assembly(self) -> Assembly:
        for folder in assembly_folders(self.root):
            self.folders.append(folder)
            for name, artifact in folder.stacks:
                self.read_stack(name, artifact, folder)
        if not self.templates:
            raise TemplateError(f"{self.root} holds no stack; run cdk synth first")
        assembly = Assembly(str(self.root), self.templates, self.image_platforms)
        for parent, child in self.nested:
            assembly.nest(parent, child)
        return assembly

    def image_platforms(self) -> dict[str, str]:
        """Return the platforms of the image assets, by tag."""
        found: dict[str, str] = {}
        for folder in self.folders:
            found |= folder.image_platforms
        return found

    def read_stack(self, name: str, artifact: dict[str, Any], folder: AssemblyFolder) -> None:
        properties = section(artifact, "properties")
        display = str(artifact.get("displayName") or name)
        metadata = StackMetadata(folder, artifact, display, lambda: self.acknowledged)
        environment = str(artifact.get("environment", ""))
        first = len(self.templates)
        template = self.add(
            folder.file(properties.get("templateFile")),
            name=display,
            stack_name=str(properties.get("stackName") or name),
            environment=self.environment(environment),
        )
        self.tell(template, metadata, display)
        self.read_nested(template, display, metadata, folder, 0)
        self.stacks.append(
            AssemblyStack(
                path=display,
                environment=environment,
                metadata=metadata,
                templates=self.templates[first:],
            )
        )

    def read_nested(
        self, parent: Template, parent_path: str, metadata: StackMetadata, folder: AssemblyFolder, level: int
    ) -> None:
        for resource in parent.of_type(_NESTED):
            file = _nested_file(resource, folder)
            if file is None or level > _MAX_NESTING:
                continue
            path = metadata.nested_path(parent_path, resource.logical_id)
            child = self.add(
                folder.file(file),
                name=path,
                stack_name=None,
                environment=parent.context.environment,
            )
            self.tell(child, metadata, path)
            self.nested.append((resource, child))
            self.read_nested(child, path, metadata, folder, level + 1)

    def add(self, path: Path, *, name: str, stack_name: str | None, environment: Environment) -> Template:
        if len(self.templates) >= _MAX_STACKS:
            raise TemplateError(f"{path} is one stack more than the {_MAX_STACKS} that are read")
        # CDK writes nested stacks that are alike once.
        source = self.sources.get(path) or read_source(path)
        self.sources[path] = source
        # CDK writes no such section for a stack without resources, and deploys none of it.
        if "Resources" in source.document:
            require_resources(source.document, source.name)
        key = f"{len(self.templates)}:{name}"
        context = Context(environment, source.document, stack_name=stack_name, home=key)
        template = Template(key, name, source.document, context, source=source, path=path)
        self.templates.append(template)
        return template

    def tell(self, template: Template, metadata: StackMetadata, path: str) -> None:
        """Let a template ask the metadata of its stack."""
        template.read_facts = lambda: metadata.facts(path)
        template.may_acknowledge = metadata.may_acknowledge

    def environment(self, text: str) -> Environment:
        account, _, region = text.removeprefix("aws://").partition("/")
        return Environment(
            self.account or (account if account.isdecimal() else None),
            self.region or (region if region and region != "unknown-region" else None),
        )


def _nested_file(resource: Resource, folder: AssemblyFolder) -> str | None:
    """Return the file of a nested stack's template, by its metadata or by the hash in its URL."""
    stated = section(resource.body, "Metadata").get("aws:asset:path")
    if isinstance(stated, str):
        return stated
    url = evaluate(section(resource.body, "Properties").get("TemplateURL"), resource.template.context)
    match = _HASH.search(str(url))
    return folder.files_by_hash.get(match.group(1)) if match else None
