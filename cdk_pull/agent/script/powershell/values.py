"""What an expression is worth, with unknown pieces marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.script.powershell.methods import MATCHES, METHODS, STATICS, calculated, formatted, matched
from cdk_pull.agent.script.powershell.operators import COMPARES, ORDERS, plus
from cdk_pull.agent.script.powershell.parse import inner
from cdk_pull.agent.script.powershell.world import Block, Value, text
from cdk_pull.agent.script.tree import text_of
from cdk_pull.agent.variables import variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tree_sitter import Node

    from cdk_pull.agent.script.powershell.world import World

__all__ = ["Values", "arguments_of", "member", "named"]

# PowerShell takes typographic quotes for quotes, too.
_SINGLE = "'\u2018\u2019\u201a\u201b"
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\033",
}
_CONSTANTS: Mapping[str, Value] = {"true": True, "false": False, "null": None}
_OPERATORS = {"expression_with_unary_operator", "cast_expression"}


class Values:
    """Computes expressions in one world.

    Args:
        world: the variables, and the results of what the statement has run.
        unknown: makes the mark for what cannot be known.
        is_open: whether a text has an unknown piece.
        lines: the line of the user data for each line of the script.
    """

    def __init__(
        self,
        world: World,
        unknown: Callable[[str, Node], str],
        is_open: Callable[[str], bool],
        lines: Callable[[int], int],
    ) -> None:
        self._world = world
        self._unknown = unknown
        self._is_open = is_open
        self._lines = lines

    def of(self, node: Node) -> Value:
        """Return the value of an expression."""
        node = inner(node)
        if node.id in self._world.results:
            return self._world.results[node.id]
        compute = _KINDS.get(node.type)
        try:
            return self.lost(node) if compute is None else compute(self, node)
        except (ValueError, TypeError):  # a text where a number has to be, or other arguments
            return self.lost(node)

    def truth(self, value: Value) -> bool | None:
        """Return whether PowerShell takes a value for true; None where nobody can tell."""
        match value:
            case str():
                return None if self._is_open(value) else bool(value)
            case list():
                return self.truth(value[0]) if len(value) == 1 else bool(value)
            case None | bool() | int():
                return bool(value)
            case _:
                return True

    def lost(self, node: Node) -> str:
        """Return the mark for an expression that cannot be computed."""
        return self._unknown(f"{text_of(node).strip()[:60]} is not known", node)

    def variable(self, node: Node) -> Value:
        """Return the value of ``$name``."""
        name = named(text_of(node))
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        return self._world.variables[name] if name in self._world.variables else self.lost(node)

    def verbatim(self, node: Node) -> str:
        """Return the value of ``'...'``."""
        return re.sub(f"([{_SINGLE}])[{_SINGLE}]", r"\1", text_of(node)[1:-1])

    def template(self, node: Node) -> str:
        """Return the value of a string with variables in it."""
        source = node.text or b""
        found, position = "", 0
        for child in node.children:
            start = child.start_byte - node.start_byte
            found += _unescaped(source[position:start].decode("utf-8", "replace"))
            found += '"' if child.type == '""' else text(self.of(child))
            position = child.end_byte - node.start_byte
        return found + _unescaped(source[position:].decode("utf-8", "replace"))

    def token(self, node: Node) -> Value:
        """Return the value of a bare word."""
        found = text_of(node)
        return self.lost(node) if "$" in found else _unescaped(found)

    def hash(self, node: Node) -> Value:
        """Return the value of ``@{ name = value }``."""
        found: dict[str, Value] = {}
        for entry in _entries(node):
            key, value = entry.named_children[0], entry.named_children[-1]
            plain = inner(key)
            name = text_of(key).strip() if plain.type == "simple_name" else text(self.of(key))
            found[name] = self.of(value)
        return found

    def array(self, node: Node) -> Value:
        """Return the value of ``a, b``."""
        return [self.of(child) for child in node.named_children]

    def sum(self, node: Node) -> Value:
        """Return the value of ``a + b``."""
        terms: list[Node] = []
        while node.type in {"additive_expression", "additive_argument_expression"} and node.child_count > 1:
            left, operator, right = node.children[0], node.children[1], node.children[-1]
            if text_of(operator) != "+":
                return self.product(node) if not terms else self.lost(node)
            terms.append(right)
            node = inner(left)
        first, *rest = [self.of(each) for each in (node, *reversed(terms))]
        for each in rest:
            if isinstance(first, list):
                first = [*first, *(each if isinstance(each, list) else [each])]
            elif isinstance(first, dict) and isinstance(each, dict):
                first = first | each
            else:
                first = plus(first, each)
        return first

    def unary(self, node: Node) -> Value:
        """Return the value of ``-not a``, ``!a`` and ``[type]a``."""
        operator, operand = node.children[0], node.children[-1]
        if operator.is_named and len(node.children) == 1:
            return self.of(operator)
        if text_of(operator).lower() in {"-not", "!"}:
            answer = self.truth(self.of(operand))
            return self.lost(node) if answer is None else not answer
        if text_of(operator) == "-":
            return -int(text(self.of(operand)))
        return self.lost(node)

    def product(self, node: Node) -> Value:
        """Return the value of ``a * b`` and its kin."""
        one, other = self.of(node.children[0]), self.of(node.children[-1])
        if self._is_open(text(one) + text(other)):
            return self.lost(node)
        return calculated(text_of(node.children[1]), one, other)

    def cast(self, node: Node) -> Value:
        """Return the value of ``[type]a``, of which only the type changes."""
        return self.of(node.named_children[-1])

    def logic(self, node: Node) -> Value:
        """Return the value of ``a -and b`` and ``a -or b``."""
        operands: list[tuple[str, Node]] = []
        while node.type == "logical_expression" and node.child_count > 1:
            operands.append((text_of(node.children[1]).lower(), node.children[-1]))
            node = inner(node.children[0])
        answer = self.truth(self.of(node))
        for operator, right in reversed(operands):
            decided = {"-and": False, "-or": True}.get(operator)
            other = self.truth(self.of(right))
            if decided is None:
                answer = None
            elif decided in {answer, other}:
                answer = decided
            elif None in {answer, other}:
                answer = None
            else:
                answer = not decided
        return self.lost(node) if answer is None else answer

    def compare(self, node: Node) -> Value:
        """Return the value of ``a -eq b`` and its kin."""
        left, operator, right = node.children[0], node.children[1], node.children[-1]
        name = text_of(operator).strip().lower().removeprefix("-")
        name = name[1:] if name.startswith("i") and name[1:] in {*COMPARES, *ORDERS} else name
        one, other = self.of(left), self.of(right)
        if name in MATCHES:
            return self.lost(node) if self._is_open(text(one) + text(other)) else matched(name, one, other)
        if name in {"in", "notin"}:
            one, other, name = other, one, name.replace("in", "contains")
        if isinstance(one, list):
            return self._compare_list(node, name, one, other)
        return self._compare_one(node, name, one, other)

    def _compare_list(self, node: Node, name: str, one: list[Value], other: Value) -> Value:
        if name == "join":
            return text(other).join(map(text, one))
        if name not in {"contains", "notcontains"} or any(
            self._is_open(text(each)) for each in (*one, other)
        ):
            return self.lost(node)
        found = text(other).lower() in [text(each).lower() for each in one]
        return found == (name == "contains")

    def _compare_one(self, node: Node, name: str, one: Value, other: Value) -> Value:
        if name not in {*COMPARES, *ORDERS} or self._is_open(text(one) + text(other)):
            return self.lost(node)
        if one is None or other is None:
            return (one is other) == (name in {"eq", "ceq"}) if name[-2:] in {"eq", "ne"} else self.lost(node)
        if isinstance(one, int) and not isinstance(one, bool):
            # The left side says what the right one is taken for.
            return ORDERS[name](one, int(text(other))) if name in ORDERS else self.lost(node)
        return COMPARES[name](text(one), text(other)) if name in COMPARES else self.lost(node)

    def format(self, node: Node) -> Value:
        """Return the value of ``'{0}' -f a``."""
        pattern, given = text(self.of(node.children[0])), self.of(node.children[-1])
        found = formatted(pattern, given if isinstance(given, list) else [given])
        return self.lost(node) if found is None else found

    def range(self, node: Node) -> Value:
        """Return the value of ``1..3``."""
        first, last = (int(text(self.of(each))) for each in (node.children[0], node.children[-1]))
        return [*range(first, last + 1)] if last - first < 100 else self.lost(node)  # noqa: PLR2004 - more is not followed

    def access(self, node: Node) -> Value:
        """Return the value of ``a.b`` and ``[type]::b``."""
        owner, name = node.named_children[0], text_of(node.named_children[-1])
        if inner(owner).type == "type_literal":
            return name
        return self._member(node, self.of(owner), name.strip("'\""))

    def element(self, node: Node) -> Value:
        """Return the value of ``a[b]``."""
        owner, key = self.of(node.named_children[0]), text(self.of(node.named_children[-1]))
        if isinstance(owner, list) and re.fullmatch("-?[0-9]+", key):
            return owner[int(key)] if -len(owner) <= int(key) < len(owner) else None
        return self._member(node, owner, key) if not self._is_open(key) else self.lost(node)

    def block(self, node: Node) -> Value:
        """Return a script block."""
        return Block(node, self._lines)

    def method(self, node: Node) -> Value:
        """Return the value of ``a.Method(b)`` and ``[type]::Method(b)``, of those that are followed."""
        parts = [each for each in node.named_children if each.type not in {"argument_list", "comment"}]
        owner, name = parts[0], text_of(parts[-1]).lower()
        given = [self.of(each) for each in arguments_of(node)]
        if any(self._is_open(text(each)) for each in given):
            return self.lost(node)
        found: Value = None
        if text_of(owner).startswith("["):
            type_ = re.sub(r"[\[\]\s]", "", text_of(owner)).replace("::", ".").lower().removeprefix("system.")
            if (type_, name) == ("environment", "getenvironmentvariable"):
                return self._of_the_machine(node, *map(text, given))
            compute = STATICS.get(f"{type_}.{name}")
            found = None if compute is None else compute(*given)
            return self.lost(node) if found is None else found
        value = self.of(owner)
        if name == "getenumerator" and isinstance(value, dict):
            return [{"Key": key, "Name": key, "Value": each} for key, each in value.items()]
        known = isinstance(value, str | bool) and not self._is_open(text(value))
        if name in METHODS and known:
            return METHODS[name](text(value), *map(text, given))
        return self.lost(node)

    def _of_the_machine(self, node: Node, name: str, target: str = "") -> Value:
        """Return one of the agent's variables, which the image is taken not to set."""
        if target.lower() not in {"machine", "2"} or name.upper() not in variables() or self._world.anything:
            return self.lost(node)
        found = self._world.machine.get(name.upper())
        return None if found is None else found.value

    def _member(self, node: Node, owner: Value, name: str) -> Value:
        if isinstance(owner, dict):
            return member(owner, name)
        if isinstance(owner, list) and name.lower() in {"count", "length"}:
            return len(owner)
        return self.lost(node)


def arguments_of(call: Node) -> list[Node]:
    """Return the arguments of a method call."""
    return [
        each
        for child in call.children
        if child.type == "argument_list"
        for arguments in child.named_children
        for each in arguments.named_children
        if each.type == "argument_expression"
    ]


def member(owner: Mapping[str, Value], name: str) -> Value:
    """Return the value of a hash table's key, or of one of its own properties."""
    found = next((key for key in owner if key.lower() == name.lower()), None)
    if found is not None:
        return owner[found]
    own: dict[str, Value] = {"keys": [*owner], "values": [*owner.values()], "count": len(owner)}
    return own.get(name.lower())


def named(reference: str) -> str:
    """Return the name of a variable in lower case, without the scopes that the script alone has."""
    name = reference.strip().lstrip("$@").strip("{}").lower()
    return re.sub(r"^(?:script|global|local|private|variable):", "", name)


def _entries(node: Node) -> list[Node]:
    return [
        entry
        for child in node.named_children
        for entry in ([child] if child.type == "hash_entry" else child.named_children)
        if entry.type == "hash_entry"
    ]


def _unescaped(found: str) -> str:
    return re.sub("`(.)", lambda match: _ESCAPES.get(match[1], match[1]), found, flags=re.DOTALL)


def _here(found: str) -> str:
    lines = found.split("\n")[1:-1]
    return "\n".join(line.removesuffix("\r") for line in lines)


_KINDS: Mapping[str, Callable[[Values, Node], Value]] = {
    "variable": Values.variable,
    "verbatim_string_characters": Values.verbatim,
    "verbatim_here_string_characters": lambda _values, node: _here(text_of(node)),
    "expandable_string_literal": lambda values, node: values.template(node)[1:-1],
    "expandable_here_string_literal": lambda values, node: _here(values.template(node)),
    "generic_token": Values.token,
    "simple_name": Values.token,
    "decimal_integer_literal": lambda _values, node: int(text_of(node)),
    "hash_literal_expression": Values.hash,
    "array_literal_expression": Values.array,
    "additive_expression": Values.sum,
    "additive_argument_expression": Values.sum,
    "multiplicative_expression": Values.product,
    "multiplicative_argument_expression": Values.product,
    "expression_with_unary_operator": Values.unary,
    "cast_expression": Values.cast,
    "logical_expression": Values.logic,
    "comparison_expression": Values.compare,
    "comparison_argument_expression": Values.compare,
    "format_expression": Values.format,
    "range_expression": Values.range,
    "member_access": Values.access,
    "element_access": Values.element,
    "script_block_expression": Values.block,
    "invokation_expression": Values.method,
}
