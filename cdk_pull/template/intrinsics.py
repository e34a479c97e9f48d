"""Evaluates CloudFormation's intrinsic functions as far as the template allows; the rest is an explicit unknown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.patterns import lazy_pattern
from cdk_pull.template.attributes import attribute, reference
from cdk_pull.template.conditions import choose, condition
from cdk_pull.template.context import TOO_LARGE, Context, section
from cdk_pull.template.values import MAX_TEXT, NO_VALUE, Unknown, as_text, concat, is_text, split, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Context", "evaluate"]

# Each level takes up to eight Python frames, of which there are a thousand with those of who calls.
_MAX_DEPTH: Final = 100
_VARIABLE: Final = lazy_pattern(r"\$\{(!?)([^{}]*)\}")
# A tuple, which isinstance takes in half the time of a union.
_NESTS: Final = (dict, list)


def evaluate(value: Any, context: Context) -> Any:  # noqa: PLR0911 - the first returns are what is cheap
    """Return what a value of a template comes to: JSON, or an :class:`Unknown` in place of what nobody can know.

    A text of which only a part is unknown keeps its known pieces. An object or a list is evaluated member by
    member; a member that is ``AWS::NoValue`` is left out. Nothing is raised, whatever the value is.
    """
    if not isinstance(value, _NESTS):
        return value
    guard = context.guard
    if guard.depth >= _MAX_DEPTH:
        return Unknown(reason=f"nested more than {_MAX_DEPTH} levels deep", origin=None)
    if not guard.depth:
        context.begin()
    if not context.take(len(value) + 1):
        return Unknown(reason=TOO_LARGE)
    guard.depth += 1
    try:
        if isinstance(value, list):
            return [
                found
                for item in value
                if (found := evaluate(item, context) if isinstance(item, _NESTS) else item) is not NO_VALUE
            ]
        if len(value) == 1:
            ((name, argument),) = value.items()
            function = _FUNCTIONS.get(name)
            if function is not None:
                return _keep_origin(function(argument, context), value)
            if isinstance(name, str) and name.startswith("Fn::"):
                return Unknown(reason=f"{name} is not evaluated", origin=value)
        return {
            key: found
            for key, item in value.items()
            if (found := evaluate(item, context) if isinstance(item, _NESTS) else item) is not NO_VALUE
        }
    finally:
        guard.depth -= 1


def _keep_origin(result: Any, value: dict[str, Any]) -> Any:
    if isinstance(result, Unknown) and result.origin is None and not result.pieces:
        return Unknown(
            reason=result.reason, symbol=result.symbol, home=result.home, never=result.never, origin=value
        )
    return result


def _malformed(name: str) -> Unknown:
    return Unknown(reason=f"{name} is malformed")


def _ref(argument: Any, context: Context) -> Any:
    if not isinstance(argument, str):
        return _malformed("Ref")
    if argument.startswith("AWS::"):
        return context.pseudo(argument)
    if argument in context.parameters:
        return context.parameter(argument)
    return reference(argument, context, evaluate)


def _get_att(argument: Any, context: Context) -> Any:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not (isinstance(argument, list) and len(argument) > 1 and isinstance(argument[0], str)):
        return _malformed("Fn::GetAtt")
    _, name, *more = argument
    if more or not isinstance(name, str):
        name = concat(evaluate(part, context) for part in (name, *more))
    if isinstance(name, Unknown):
        return name
    return attribute(argument[0], name, context, evaluate)


def _join(argument: Any, context: Context) -> Any:
    match argument:
        case [str() as delimiter, parts]:
            items = evaluate(parts, context)
        case _:
            return _malformed("Fn::Join")
    if isinstance(items, Unknown):
        return items
    if not isinstance(items, list):
        return _malformed("Fn::Join")
    return _text(
        [part for index, item in enumerate(items) for part in ((delimiter, item) if index else (item,))],
        context,
    )


def _text(parts: list[Any], context: Context) -> Any:
    """Join the parts of a text, unless it would be too large."""
    characters = sum(
        len(part) if isinstance(part, str) else 32 * len(part.pieces) if isinstance(part, Unknown) else 0
        for part in parts
    )
    return concat(parts) if context.take(len(parts), characters) else Unknown(reason=TOO_LARGE)


def _sub(argument: Any, context: Context) -> Any:
    variables: dict[str, Any] = {}
    match argument:
        case str() as text:
            pass
        case [str() as text, dict() as given]:
            variables = given
        case [str() as text]:
            pass
        case _:
            return _malformed("Fn::Sub")
    parts: list[Any] = []
    seen: dict[str, Any] = {}
    end = 0
    for match in _VARIABLE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        literal, name = match.group(1), match.group(2).strip()
        if literal:
            parts.append(f"${{{name}}}")
            continue
        if name not in seen:
            seen[name] = _substitute(name, variables, context)
        parts.append(seen[name])
    parts.append(text[end:])
    return _text(parts, context)


def _substitute(name: str, variables: dict[str, Any], context: Context) -> Any:
    if name in variables:
        value = evaluate(variables[name], context)
    elif "." in name:
        value = _keep_origin(_get_att(name, context), {"Fn::GetAtt": name.split(".", 1)})
    else:
        value = _keep_origin(_ref(name, context), {"Ref": name})
    return "" if value is NO_VALUE else value


def _select(argument: Any, context: Context) -> Any:
    if not (isinstance(argument, list) and len(argument) == 2):  # noqa: PLR2004 - index and list
        return _malformed("Fn::Select")
    index, items = evaluate(argument[0], context), evaluate(argument[1], context)
    for part in (index, items):
        if isinstance(part, Unknown):
            return part if not part.pieces else Unknown(reason=part.reason)
    if not isinstance(items, list) or not as_text(index).isdecimal():
        return _malformed("Fn::Select")
    position = int(as_text(index)[:9])
    if position >= len(items):
        return Unknown(reason=f"Fn::Select asks for item {position} of {len(items)}")
    return items[position]


def _split(argument: Any, context: Context) -> Any:
    match argument:
        case [str() as delimiter, value]:
            text = text_of(evaluate(value, context))
            if text is None:
                return _malformed("Fn::Split")
            known = (text,) if isinstance(text, str) else text.pieces
            items = sum(part.count(delimiter) for part in known if isinstance(part, str)) if delimiter else 0
            return split(delimiter, text) if context.take(items + len(known)) else Unknown(reason=TOO_LARGE)
    return _malformed("Fn::Split")


def _find_in_map(argument: Any, context: Context) -> Any:
    if not (isinstance(argument, list) and len(argument) in {3, 4}):
        return _malformed("Fn::FindInMap")
    found: Any = section(context.document, "Mappings")
    keys: list[str] = []
    for part in argument[:3]:
        key = text_of(evaluate(part, context))
        if isinstance(key, Unknown):
            return Unknown(reason=key.reason)
        keys.append(str(key))
        found = found.get(key) if isinstance(found, dict) and key is not None else None
    if found is not None:
        if not isinstance(found, list):
            return found
        step = ("mapping", context.home, *keys)
        return context.guard.once(" / ".join(keys), step, lambda: evaluate(found, context))
    if len(argument) == 4 and isinstance(argument[3], dict) and "DefaultValue" in argument[3]:  # noqa: PLR2004
        return evaluate(argument[3]["DefaultValue"], context)
    mapping, *path = keys
    there = mapping in section(context.document, "Mappings")
    return Unknown(
        reason=f"mapping {mapping} has no {' / '.join(path)}"
        if there
        else f"what mapping {mapping} holds is not known here"
    )


def _if(argument: Any, context: Context) -> Any:
    match argument:
        case [str() as name, when_true, when_false]:
            return choose(
                condition(name, context, evaluate),
                lambda: evaluate(when_true, context),
                lambda: evaluate(when_false, context),
            )
    return _malformed("Fn::If")


def _import_value(argument: Any, context: Context) -> Any:
    name = text_of(evaluate(argument, context))
    if name is None:
        return _malformed("Fn::ImportValue")
    if isinstance(name, Unknown):
        return Unknown(reason=name.reason)
    if context.links is None:
        return Unknown(reason=f"export {name} belongs to another stack")
    links = context.links
    environment = context.environment
    return context.guard.once(name, ("export", environment, name), lambda: links.exported(name, environment))


def _stack_output(argument: Any, context: Context) -> Any:
    """Follow ``Fn::GetStackOutput``, as CDK's weak references write it; an ARN may stand for the stack's name."""
    if not isinstance(argument, dict):
        return _malformed("Fn::GetStackOutput")
    stack, output, region = (
        text_of(evaluate(argument.get(key, ""), context)) for key in ("StackName", "OutputName", "Region")
    )
    if isinstance(region, Unknown) and region.symbol == "AWS::Region":
        region = None
    for part in (stack, output, region):
        if isinstance(part, Unknown):
            return Unknown(reason=part.reason)
    if not (isinstance(stack, str) and isinstance(output, str) and isinstance(region, str | None)):
        return _malformed("Fn::GetStackOutput")
    if context.links is None:
        return Unknown(reason=f"output {output} belongs to stack {stack}")
    links = context.links
    name = stack.partition(":stack/")[2].partition("/")[0] or stack
    return context.guard.once(
        output,
        ("output", name, output, region),
        lambda: links.stack_output(name, output, region or None),
    )


def _to_json(argument: Any, context: Context) -> Any:
    value = evaluate(argument, context)
    size = _json_size(value)
    if size > MAX_TEXT or not context.take(0, size):
        context.cut_off = True
        return Unknown(reason=TOO_LARGE)
    unknown = next(_unknowns(value), None)
    if unknown is not None:
        return Unknown(reason=unknown.reason)
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return Unknown(reason="Fn::ToJsonString holds what has no form in JSON")
    # Each quote and backslash takes two characters: nested, they double.
    if len(text) <= MAX_TEXT:
        return text
    context.cut_off = True
    return Unknown(reason=TOO_LARGE)


def _unknowns(value: Any) -> Iterator[Unknown]:
    """Yield the unknown parts of a value."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, Unknown):
            yield each
        elif isinstance(each, _NESTS):
            stack += each.values() if isinstance(each, dict) else each


def _json_size(value: Any) -> int:
    """Return about how many characters a value has in JSON, or more than a text may have."""
    size = 0
    stack = [value]
    while stack and size <= MAX_TEXT:
        each = stack.pop()
        size += len(each) + 2 if isinstance(each, str) else 4
        if isinstance(each, dict):
            size += sum(map(len, map(str, each)))
            stack += each.values()
        elif isinstance(each, list):
            stack += each
    return size


def _length(argument: Any, context: Context) -> Any:
    value = evaluate(argument, context)
    if isinstance(value, list):
        return len(value)
    return Unknown(reason=value.reason) if isinstance(value, Unknown) else _malformed("Fn::Length")


def _base64(argument: Any, context: Context) -> Any:
    """Leave the text as it is: nobody reads the encoded form, and every reader would decode it again."""
    value = evaluate(argument, context)
    return value if isinstance(value, Unknown) or is_text(value) else _malformed("Fn::Base64")


_FUNCTIONS: Final[dict[Any, Callable[[Any, Context], Any]]] = {
    "Ref": _ref,
    "Fn::Base64": _base64,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::GetStackOutput": _stack_output,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json,
}
