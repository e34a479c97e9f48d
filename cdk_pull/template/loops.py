"""Writes out ``Fn::ForEach`` of CloudFormation's language extensions: what a loop makes are resources like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.errors import TemplateError
from cdk_pull.template.values import as_text, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_pull.template.context import Context

    Place = tuple[str | int, ...]

__all__ = ["has_loops", "write_out"]

_TRANSFORM: Final = "AWS::LanguageExtensions"
_LOOP: Final = "Fn::ForEach::"
# Far more than the 500 resources and 1 MB that CloudFormation takes once its loops are written out.
_MAX_CHARACTERS: Final = 5_000_000


def has_loops(document: Mapping[str, Any]) -> bool:
    """Tell whether a template uses the language extensions."""
    transform = document.get("Transform")
    return _TRANSFORM in (transform if isinstance(transform, list) else (transform,))


def write_out(
    context: Context, evaluate: Callable[[Any, Context], Any]
) -> tuple[dict[str, Any], dict[str, Place]]:
    """Return a template's resources with the loops written out, and where in the template each of them stands.

    A loop over something that only the deployment knows is written out once, its variable left as it is: its
    resources are then checked as far as they do not depend on it.

    Raises:
        TemplateError: when that makes more values than a template may have.
    """
    writer = _Writer(context, evaluate)
    resources: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for key, item, named, place in writer.members(context.resources, {}, ("Resources",)):
        resources[key], places[key] = writer.value(item, named), place
    return resources, places


class _Writer:
    def __init__(self, context: Context, evaluate: Callable[[Any, Context], Any]) -> None:
        self.context, self.evaluate = context, evaluate
        self.characters = 0

    def members(
        self, value: Mapping[str, Any], named: Mapping[str, str], place: Place
    ) -> Iterator[tuple[str, Any, Mapping[str, str], Place]]:
        """Yield an object's members: key, value, the variables of the loops around it, and its place."""
        for key, item in value.items():
            match item:
                case [str() as variable, items, dict() as body] if str(key).startswith(_LOOP):
                    for each in self.items(items, named):
                        inner = named if each is None else {**named, variable: each}
                        yield from self.members(body, inner, (*place, key, 2))
                case _:
                    yield self.filled(str(key), named), item, named, (*place, key)

    def items(self, value: Any, named: Mapping[str, str]) -> list[str | None]:
        """Return what a loop goes over; None stands for what cannot be known."""
        items = self.evaluate(self.value(value, named), self.context)
        if not isinstance(items, list):
            return [None]
        return [as_text(item) if is_text(item) else None for item in items]

    def value(self, value: Any, named: Mapping[str, str]) -> Any:
        """Return a value with the loops in it written out and their variables filled in."""
        self.take(20)
        if isinstance(value, str):
            return self.filled(value, named)
        if isinstance(value, list):
            return [self.value(item, named) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and isinstance(name := value.get("Ref"), str) and name in named:
            return named[name]
        return {key: self.value(item, inner) for key, item, inner, _ in self.members(value, named, ())}

    def filled(self, text: str, named: Mapping[str, str]) -> str:
        """Return a text with the variables' values in their places."""
        for name, value in named.items():
            for mark in (f"${{{name}}}", f"&{{{name}}}"):
                if mark in text:
                    self.take(text.count(mark) * len(value))
                    form = value if mark[0] == "$" else "".join(filter(str.isalnum, value))
                    text = text.replace(mark, form)
        return text

    def take(self, characters: int) -> None:
        """Count what is written, before it is."""
        self.characters += characters
        if self.characters > _MAX_CHARACTERS:
            raise TemplateError(
                f"{self.context.home} makes more than {_MAX_CHARACTERS} characters by Fn::ForEach"
            )
