"""Which element of a network a value of a template stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.values import Unknown, as_text, is_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.model import Resource
    from cdk_pull.template.outsiders import Outsiders

__all__ = ["Elements", "flag", "number"]

_DEFAULTS: Final = ("DefaultNetworkAcl", "DefaultSecurityGroup")
_VPC: Final = "AWS::EC2::VPC"


class Elements:
    """The resources of an assembly's network, and the keys and names by which the model calls them.

    A key is the resource's place; for what is not in the templates, its id or what refers to it.
    """

    def __init__(self, assembly: Assembly, outsiders: Outsiders) -> None:
        self.assembly = assembly
        self.outsiders = outsiders

    def of_type(self, kind: str) -> Iterator[Resource]:
        """Yield the resources of a type below ``AWS::EC2::``."""
        for template in self.assembly.templates:
            yield from template.of_type(f"AWS::EC2::{kind}")

    def key_of(self, resource: Resource) -> Hashable:
        """Return the key of a resource."""
        return resource.template.key, resource.logical_id

    def key(self, value: Any) -> Hashable:
        """Return the key of what a value stands for; None where that is not known at all."""
        resource = self.assembly.find(value)
        if resource is not None:
            for attribute in _DEFAULTS:
                if resource.type == _VPC and value.symbol.endswith(f".{attribute}"):
                    return "default", self.key_of(resource)
            return self.key_of(resource)
        if isinstance(value, str):
            return "id", value
        if isinstance(value, Unknown) and value.symbol:
            return "symbol", value.home, value.symbol
        return None

    def resource(self, key: Hashable) -> Resource | None:
        """Return the resource of a key; that of the VPC for what a VPC has by itself."""
        match key:
            case ("default" | "main", tuple() as vpc):
                return self.resource(vpc)
            case (str() as home, str() as logical_id):
                return self.assembly.resource(home, logical_id)
        return None

    def keys(self, values: Any) -> tuple[Hashable, ...] | None:
        """Return the keys of a list; None where the list is not known."""
        if values is None:
            return ()
        if isinstance(values, str):
            values = values.split(",")
        return tuple(self.key(each) for each in values) if isinstance(values, list) else None

    def cidr(self, value: Any) -> str | None:
        """Return a block of addresses, that of a VPC by its attribute as well; None where it is not known."""
        if isinstance(value, str):
            return value
        resource = self.assembly.find(value)
        if resource is not None and resource.type == _VPC and value.symbol.endswith(".CidrBlock"):
            stated = resource.values.get("CidrBlock")
            return stated if isinstance(stated, str) else None
        return None

    def unclear(self, resource: Resource) -> str:
        """Return why a resource may be more than the templates say; empty where it is not."""
        outsider = self.outsiders.on(resource)
        if outsider:
            return f"{outsider} may change that"
        if self.outsiders.exported(resource):
            return "it is exported, so that another stack may change that"
        return ""


def flag(value: Any, default: bool | None) -> bool | None:  # noqa: FBT001 - as of dict.get
    """Return a switch; None where it is not known."""
    if value is None:
        return default
    return {"true": True, "false": False}.get(as_text(value).lower()) if is_text(value) else None


def number(value: Any) -> int | None:
    """Return a number, which may be written as text; None where it is not known."""
    text = as_text(value).strip() if is_text(value) else ""
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 9 else None  # noqa: PLR2004 - more is no number here
