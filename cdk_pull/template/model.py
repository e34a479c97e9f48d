"""A template and its resources, as rules see them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field
from cdk_pull.shapes import as_object
from cdk_pull.template.assembly_folder import is_assembly
from cdk_pull.template.conditions import can_exist
from cdk_pull.template.context import TOO_LARGE, Context, section
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.loops import has_loops, write_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from cdk_pull.template.source import Source

__all__ = ["ConstructFacts", "PathStep", "Resource", "Template"]

PathStep = str | int

_TRANSFORM = "Fn::Transform"
# Looking through so many lines for those that findings are about takes a second.
_MOST_LINES = 5_000_000
_UNKNOWN = lazy_pattern(r"\$\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class ConstructFacts:
    """What a cloud assembly says of the constructs of one template.

    Attributes:
        paths: by logical id, the construct's path, such as ``App/Service/TaskDef/Resource``.
        created: by logical id, the file and line of the user's code that created it, where the assembly has it.
        acknowledged: by construct path, then by rule id, the reason given to ``Validations.acknowledge``.
        unread: why the rest could not be read, a line; empty when it could.
    """

    paths: Mapping[str, str] = field(default_factory=dict)
    created: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unread: str = ""


@dataclass(eq=False)
class Template:
    """One template: a stack, a nested stack, or a document in memory.

    Attributes:
        key: what no other template of the assembly has; unknowns carry it as their ``home``.
        name: how reports call the stack, such as ``Prod/Api``.
        document: the template in long form.
        context: what its values are evaluated against.
        source: its text, or None for a document in memory.
        path: its file, or None.
        read_facts: reads what the assembly says of its constructs; called once, and only when asked for.
        may_acknowledge: tells, without reading them, whether something is acknowledged on its constructs.
    """

    key: str
    name: str
    document: dict[str, Any]
    context: Context
    source: Source | None = None
    path: Path | None = None
    read_facts: Callable[[], ConstructFacts] = ConstructFacts
    may_acknowledge: Callable[[], bool] = bool
    _made: dict[str, Resource] = field(default_factory=dict, init=False, repr=False)
    _present: dict[str, list[Resource]] = field(default_factory=dict, init=False, repr=False)
    _places: dict[str, tuple[PathStep, ...]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if has_loops(self.document):
            self.context.resources, self._places = write_out(self.context, evaluate)

    @cached_property
    def facts(self) -> ConstructFacts:
        """What the assembly says of the constructs."""
        return self.read_facts()

    @cached_property
    def acknowledged_here(self) -> dict[str, list[tuple[str, str]]]:
        """The acknowledgements on its constructs, as construct path and rule id.

        They stand by the logical id of the first resource at or below the construct.
        """
        if not self.may_acknowledge():
            return {}
        first: dict[str, str] = {}
        for logical_id, path in self.facts.paths.items():
            while path and path not in first:
                first[path] = logical_id
                path = path.rpartition("/")[0]  # noqa: PLW2901 - from the resource up to its stack
        found: dict[str, list[tuple[str, str]]] = {}
        for path, rules in self.facts.acknowledged.items():
            if path in first and f"{path}/".startswith(f"{self.name}/"):
                found.setdefault(first[path], []).extend((path, rule_id) for rule_id in rules)
        return found

    @cached_property
    def is_in_assembly(self) -> bool:
        """Whether its file lies in a folder that CDK wrote."""
        return self.path is not None and is_assembly(self.path.parent)

    @property
    def unread(self) -> str:
        """Why a part of what was asked for could not be read or evaluated, in one line; or empty."""
        if self.context.cut_off:
            return f"{self.name} is {TOO_LARGE} in full; write its values out, or split it into smaller templates"
        return self.facts.unread if "facts" in vars(self) else ""

    @cached_property
    def _ids_by_type(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for logical_id, body in self.context.resources.items():
            if isinstance(body, dict) and isinstance(kind := body.get("Type"), str):
                found.setdefault(kind, []).append(logical_id)
        return found

    @property
    def types(self) -> Iterable[str]:
        """The types of its resources."""
        return self._ids_by_type.keys()

    def evaluate(self, value: Any) -> Any:
        """Return what a value of the template comes to."""
        return evaluate(value, self.context)

    def of_type(self, kind: str) -> list[Resource]:
        """Return the resources of a type, in the template's order, without those whose condition is false."""
        if kind not in self._present:
            resources = (self.resource(logical_id) for logical_id in self._ids_by_type.get(kind, ()))
            self._present[kind] = [each for each in resources if each is not None and each.exists]
        return self._present[kind]

    def annotated(self) -> list[Resource]:
        """Return the resources whose metadata or acknowledgements say something to cdk-pull."""
        ids = [
            logical_id
            for logical_id, body in self.context.resources.items()
            if isinstance(body, dict) and "Metadata" in body
        ]
        resources = (self.resource(logical_id) for logical_id in ids)
        said = [each for each in resources if each is not None and each.metadata]
        others = set(self.acknowledged_here) - {each.logical_id for each in said}
        return said + [each for each in map(self.resource, sorted(others)) if each is not None]

    def place(self, logical_id: str) -> tuple[PathStep, ...]:
        """Return where a resource stands in the document: below ``Resources``, or in a loop there."""
        return self._places.get(logical_id, ("Resources", logical_id))

    def resource(self, logical_id: str) -> Resource | None:
        """Return a resource by its logical id."""
        found = self._made.get(logical_id)
        if found is None:
            # Most resources of a large template are of no interest: only those that are asked for are made.
            body = self.context.resources.get(logical_id)
            if isinstance(body, dict) and isinstance(body.get("Type"), str):
                found = self._made[logical_id] = Resource(self, logical_id, body)
        return found


class Resource:
    """One resource of a template.

    Attributes:
        template: where it stands.
        logical_id: its name there.
        body: what the template says of it.
    """

    __slots__ = ("__dict__", "body", "logical_id", "template")

    def __init__(self, template: Template, logical_id: str, body: dict[str, Any]) -> None:
        self.template = template
        self.logical_id = str(logical_id)
        self.body = body
        self._looked_at = 0
        self._texts: dict[tuple[PathStep, ...], list[tuple[tuple[PathStep, ...], list[str]]]] = {}

    def __repr__(self) -> str:
        return f"<{self.type} {self.logical_id} of {self.template.name}>"

    @property
    def type(self) -> str:
        """Its CloudFormation type."""
        return str(self.body["Type"])

    @property
    def exists(self) -> bool:
        """Whether its condition, if it has one, can hold."""
        return can_exist(self.body, self.template.context, evaluate)

    @cached_property
    def values(self) -> dict[str, Any]:
        """Its properties, evaluated; empty where they cannot be known."""
        values = evaluate(self.body.get("Properties"), self.template.context)
        return as_object(values)

    @property
    def is_whole(self) -> bool:
        """Whether all that it says is here: no macro of the template, or include in it, is left to add something."""
        stated = self.template.document.get("Transform", [])
        macros = stated if isinstance(stated, list) else [stated]
        own = (each for each in macros if not (isinstance(each, str) and each.startswith("AWS::")))
        return not any(
            (*own, *(_TRANSFORM in part for part in (self.body, section(self.body, "Properties"))))
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """What its metadata says to cdk-pull, such as image facts or a suppression; empty for nearly all."""
        return section(section(self.body, "Metadata"), "cdk-pull")

    @property
    def is_cdks(self) -> bool:
        """Whether CDK wrote it: it has a construct, or its template lies in a cloud assembly."""
        return bool(self.construct_path) or self.template.is_in_assembly

    @property
    def construct_path(self) -> str:
        """The path of its construct, without a leading slash; empty where none is known."""
        stated = section(self.body, "Metadata").get("aws:cdk:path")
        if isinstance(stated, str):
            return stated
        return self.template.facts.paths.get(self.logical_id, "")

    def line(self, *path: PathStep, inner_line: int = 0, quote: str = "") -> int | None:
        """Return the line of the template file at which something below this resource stands.

        Args:
            path: below the resource, such as ``"Properties", "Cpu"``.
            inner_line: a line, from 1, within the text at that path.
            quote: that line, by which it is found where the text is put together from several.
        """
        source = self.template.source
        if source is None:
            return None
        # Of a line with an unknown piece in it, the template may have each side in a text of its own.
        known = max(_UNKNOWN.split(quote), key=len)
        for part in dict.fromkeys((quote, known)) if inner_line and known.strip() else ():
            if found := self._text_with(part, inner_line, path):
                path, inner_line = found
                break
        return source.line_of((*self.template.place(self.logical_id), *path), inner_line)

    def _text_with(
        self, quote: str, wanted: int, path: tuple[PathStep, ...]
    ) -> tuple[tuple[PathStep, ...], int] | None:
        """Return the path of the first text below a path that holds a line, and the line's number in that text.

        There may be thousands of findings on one text: after so many lines that were looked at, a finding stands at
        the text as a whole.
        """
        for here, lines in self._lines_below(path):
            if 0 < wanted <= len(lines) and quote in lines[wanted - 1]:
                return here, wanted
            self._looked_at += len(lines)
            if self._looked_at > _MOST_LINES:
                return None
            number = next((number for number, line in enumerate(lines, 1) if quote in line), 0)
            if number:
                return here, number
        return None

    def _lines_below(self, path: tuple[PathStep, ...]) -> list[tuple[tuple[PathStep, ...], list[str]]]:
        """Return the lines of each text below a path, with its own path."""
        if path not in self._texts:
            value: Any = self.body
            for step in path:
                value = value.get(step) if isinstance(value, dict) else None
            self._texts[path] = [(here, text.split("\n")) for here, text in _texts_in(path, value)]
        return self._texts[path]


def _texts_in(path: tuple[PathStep, ...], value: Any) -> Iterator[tuple[tuple[PathStep, ...], str]]:
    """Yield the texts in a value, in order, with their paths."""
    stack: list[tuple[tuple[PathStep, ...], Any]] = [(path, value)]
    while stack:
        here, value = stack.pop()
        if isinstance(value, str):
            yield here, value
        elif isinstance(value, dict):
            stack += [((*here, key), member) for key, member in reversed(value.items())]
        elif isinstance(value, list):
            stack += [((*here, index), member) for index, member in reversed(list(enumerate(value)))]
