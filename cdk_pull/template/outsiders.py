"""Resources whose effect nobody can read from the templates, and what they are given to work on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.context import section
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.model import Resource

__all__ = ["Outsiders"]

_NESTED: Final = "AWS::CloudFormation::Stack"
_CUSTOM: Final = ("Custom::", "AWS::CloudFormation::CustomResource")
# What CDK's own custom resources do is known, and none of it adds a route, a rule or a policy.
_HARMLESS: Final = frozenset(
    {
        "Custom::CDKBucketDeployment",
        "Custom::CrossRegionExportReader",
        "Custom::CrossRegionExportWriter",
        "Custom::ECRAutoDeleteImages",
        "Custom::LogRetention",
        "Custom::S3AutoDeleteObjects",
        "Custom::SociIndexBuild",
        "Custom::SociIndexV2Build",
        "Custom::VpcRestrictDefaultSG",
    }
)


class Outsiders:
    """Custom resources, nested stacks that are not read, and exports that no stack of the assembly imports."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def on(self, resource: Resource) -> str:
        """Return who may change a resource, in words; empty where nobody is given it."""
        return self._given.get((resource.template.key, resource.logical_id), "")

    @cached_property
    def _given(self) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for template in self._assembly.templates:
            for kind in template.types:
                if kind.startswith(_CUSTOM) and kind not in _HARMLESS:
                    for resource in template.of_type(kind):
                        for key in _symbols(resource.values, 0):
                            found.setdefault(key, f"custom resource {resource.logical_id}")
            for resource in template.of_type(_NESTED):
                if self._assembly.nested(resource) is None:
                    for key in _symbols(resource.values, 0):
                        found.setdefault(key, f"nested stack {resource.logical_id}, which is not read")
        return found

    def exported(self, resource: Resource) -> bool:
        """Tell whether a stack that is not read may refer to a resource: it is exported, and nobody here imports it."""
        return (resource.template.key, resource.logical_id) in self._exports

    @cached_property
    def _exports(self) -> frozenset[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        if len(self._assembly.templates) > 1:
            # Several stacks were given: what refers to what is followed.
            return frozenset()
        for template in self._assembly.templates:
            for output in section(template.document, "Outputs").values():
                if isinstance(output, dict) and isinstance(output.get("Export"), dict):
                    found.update(_symbols(template.evaluate(output.get("Value")), 0))
        return frozenset(found)


_MAX_DEPTH: Final = 60


def _symbols(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the resources that a value names, each by its template and logical id."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Unknown):
        if value.symbol:
            yield value.home, value.logical_id
        for piece in value.pieces:
            yield from _symbols(piece, depth + 1)
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _symbols(member, depth + 1)
