"""Templates that refer to one another: the stacks, stages and nested stacks of one ``cdk.out``, or one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.conditions import can_exist
from cdk_pull.template.context import Context, Environment, section
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.model import Template
from cdk_pull.template.source import check_shape
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cdk_pull.template.model import Resource

__all__ = ["Assembly", "from_document", "require_resources"]

_NESTED: Final = "AWS::CloudFormation::Stack"
_WRITER: Final = "Custom::CrossRegionExportWriter"


class Assembly:
    """All templates that are checked together.

    Attributes:
        name: what was asked to be checked, such as ``cdk.out``.
        templates: in the order in which they were found.
        read_assets: reads what ``image_platforms`` gives; called once, and only when asked for.
    """

    def __init__(
        self,
        name: str,
        templates: Iterable[Template],
        read_assets: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.name = name
        self._read_assets = read_assets
        self.templates = list(templates)
        self._by_key = {template.key: template for template in self.templates}
        self._children: dict[tuple[str, str], Template] = {}
        guard = self.templates[0].context.guard if self.templates else None
        for template in self.templates:
            template.context.links = self
            if guard:
                template.context.guard = guard

    @cached_property
    def image_platforms(self) -> Mapping[str, str]:
        """The platforms that images are built for at the deployment, by tag; empty for that of the machine that deploys."""
        return self._read_assets()

    def nest(self, parent: Resource, child: Template) -> None:
        """Say that a nested-stack resource stands for a template, whose parameters it fills."""
        self._children[parent.template.key, parent.logical_id] = child
        given = section(section(parent.body, "Properties"), "Parameters")
        child.context.arguments = _Arguments(given, parent.template.context, child.key)

    def nested(self, parent: Resource) -> Template | None:
        """Return the template that a nested-stack resource stands for; None where it is not among those that were read."""
        return self._children.get((parent.template.key, parent.logical_id))

    def resource(self, home: str, logical_id: str) -> Resource | None:
        """Return a resource by the key of its template and its logical id."""
        template = self._by_key.get(home)
        return template.resource(logical_id) if template else None

    def find(self, value: Any) -> Resource | None:
        """Return the resource that an unknown stands for, such as what ``Ref`` of it came to."""
        if not isinstance(value, Unknown) or not value.symbol:
            return None
        return self.resource(value.home, value.logical_id)

    def exported(self, name: str, environment: Environment) -> Any:
        """Return the value that a stack of this environment exports under a name."""
        declared = self._exports.get((environment, name))
        if declared is None:
            return Unknown(reason=f"no stack here exports {name}", origin={"Fn::ImportValue": name})
        value, context = declared
        return evaluate(value, context)

    def nested_output(self, home: str, logical_id: str, output: str) -> Any:
        """Return an output of the nested stack that a resource stands for."""
        child = self._children.get((home, logical_id))
        declared = section(child.document, "Outputs").get(output) if child else None
        if child is None or not isinstance(declared, dict):
            return Unknown(reason=f"nested stack {logical_id} has no output {output} here")
        return evaluate(declared.get("Value"), child.context)

    def sent_across_regions(self, name: str) -> Any:
        """Return the value that a stack of another Region hands over, as CDK's cross-region references do."""
        declared = self._sent.get(name)
        if declared is None:
            return Unknown(reason=f"no stack here sends {name} to other Regions")
        value, context = declared
        return evaluate(value, context)

    def stack_output(self, stack_name: str, output: str, region: str | None) -> Any:
        """Return an output of the stack of this name in a Region, or in any when the Region is None."""
        for template in self.templates:
            context = template.context
            declared = section(template.document, "Outputs").get(output)
            named = context.stack_name == stack_name and region in {None, context.environment.region}
            if named and isinstance(declared, dict):
                return evaluate(declared.get("Value"), context)
        return Unknown(reason=f"no stack {stack_name} with an output {output} is here")

    @cached_property
    def _exports(self) -> dict[tuple[Environment, str], tuple[Any, Context]]:
        found = {}
        for template in self.templates:
            for output in section(template.document, "Outputs").values():
                if isinstance(output, dict) and isinstance(export := output.get("Export"), dict):
                    if not can_exist(output, template.context, evaluate):
                        continue
                    name = evaluate(export.get("Name"), template.context)
                    if isinstance(name, str):
                        found[template.context.environment, name] = (output.get("Value"), template.context)
        return found

    @cached_property
    def _sent(self) -> dict[str, tuple[Any, Context]]:
        return {
            name: (value, template.context)
            for template in self.templates
            for writer in template.of_type(_WRITER)
            for name, value in section(
                section(section(writer.body, "Properties"), "WriterProps"), "exports"
            ).items()
        }


class _Arguments(Mapping[str, Any]):
    """The parameters of a nested stack, each evaluated in its parent when it is first read."""

    def __init__(self, given: Mapping[str, Any], context: Context, child: str) -> None:
        self._given = given
        self._context = context
        self._child = child

    def __contains__(self, name: object) -> bool:
        return name in self._given

    def __getitem__(self, name: str) -> Any:
        step = ("argument", self._child, name)
        return self._context.guard.once(name, step, lambda: evaluate(self._given[name], self._context))

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


def require_resources(document: dict[str, Any], name: str) -> None:
    """Refuse a document that is no template.

    Raises:
        TemplateError: when it has no object named Resources.
    """
    if not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{name} has no Resources object, so it is not a CloudFormation template")


def from_document(
    document: Mapping[str, Any],
    *,
    name: str = "template",
    account: str | None = None,
    region: str | None = None,
) -> Assembly:
    """Return the assembly of one template that is in memory, in JSON's types.

    Raises:
        TemplateError: when the document is no template, is nested too deeply or contains itself.
    """
    whole = check_shape(dict(document) if isinstance(document, Mapping) else document, name)
    require_resources(whole, name)
    context = Context(Environment(account, region), whole, home=name)
    return Assembly(name, [Template(key=name, name=name, document=whole, context=context)])
