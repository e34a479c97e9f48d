"""What ``${…}`` makes of a variable, an array or the arguments, and how arrays are kept.

The elements of an array are variables of the names ``array[key]``; ``array[*]`` marks one of unknown elements.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.script.bash.arithmetic import compute
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.agent.script.bash.world import World

__all__ = ["NEXT", "Parameter", "elements", "lookup", "store", "store_array", "transformed"]

NEXT: Final = "\ufdd3"
"""Stands between the words of ``$@`` and ``${array[@]}``."""
_ALL: Final = frozenset({"@", "*"})
_PARAMETER: Final = lazy_pattern(r"([!#]?)([A-Za-z_]\w*|[0-9]+|[@*])(?:\[([^\]]*)\])?")
_KEYED: Final = lazy_pattern(r"\[([^\]]+)\]=(.*)", re.DOTALL)
# Cutting by a pattern tries each length.
_LONGEST: Final = 500


class Parameter:
    """The parameter of ``${…}``.

    Args:
        text: what stands between the braces.

    Attributes:
        sigil: ``!``, ``#`` or nothing.
        name: the variable.
        key: the key of the element; None where it is no array.
        length: how much of the text it takes; 0 for none.
    """

    def __init__(self, text: str) -> None:
        found = _PARAMETER.match(text)
        self.sigil: str = found[1] if found is not None else ""
        self.name: str = found[2] if found is not None else ""
        self.key: str | None = found[3] if found is not None else None
        self.length = found.end() if found is not None else 0

    def value(self, world: World) -> str | None:
        """Return the value before any operator; None where nobody knows it."""
        if self.key in _ALL or self.name in _ALL:
            found = elements(self.name, world)
            if found is None:
                return None
            if self.sigil == "#":
                return str(len(found))
            words = found.keys() if self.sigil == "!" else found.values()
            star = "*" in {self.key, self.name}
            return (world.variables.get("IFS", " ")[:1] if star else NEXT).join(words)
        name = self.name if self.key is None else _element(self.name, self.key, world)
        value = lookup(name, world)
        if value is None or not self.sigil:
            return value
        return str(len(value)) if self.sigil == "#" else lookup(value, world)


def elements(name: str, world: World) -> dict[str, str] | None:
    """Return the elements of an array, or the arguments, by key; None where nobody knows them."""
    if name in _ALL:
        return {str(number): each for number, each in enumerate(world.arguments, 1)}
    start = f"{name}["
    found = {key[len(start) : -1]: each for key, each in world.variables.items() if key.startswith(start)}
    if not found and name in world.variables:
        found = {"0": world.variables[name]}
    if not found or "*" in found:
        return None
    if all(map(str.isdigit, found)):
        return {key: found[key] for key in sorted(found, key=int)}
    return found


def lookup(name: str, world: World) -> str | None:
    """Return the value of a variable, an element or an argument; None where the user data does not set it."""
    if name == "#":
        return str(len(world.arguments))
    if name.isdigit() and 0 < int(name) <= len(world.arguments):
        return world.arguments[int(name) - 1]
    if name in _ALL:
        return NEXT.join(world.arguments) if name == "@" else " ".join(world.arguments)
    return world.variables.get(name, world.variables.get(f"{name}[0]"))


def store(name: str, value: str, world: World) -> None:
    """Set a variable, or an element by ``array[key]``."""
    array, bracket, key = name.partition("[")
    world.variables[_element(array, key.removesuffix("]"), world) if bracket else name] = value


def store_array(name: str, words: Iterable[str], world: World, *, added: bool = False) -> None:
    """Set an array to the words of ``(…)``, or add them to it."""
    known = (elements(name, world) or {}) if added else {}
    for key in [each for each in world.variables if each == name or each.startswith(f"{name}[")]:
        if not added or key == name:
            del world.variables[key]
    if added and "0" in known:
        world.variables[f"{name}[0]"] = known["0"]
    number = len(known)
    for word in words:
        keyed = _KEYED.fullmatch(word)
        world.variables[f"{name}[{keyed[1] if keyed else number}]"] = keyed[2] if keyed else word
        number += keyed is None


def transformed(operator: str, value: str, operand: str) -> str | None:
    """Return what an operator and its operand make of a value; None where that is not computed."""
    if len(value) + len(operand) > _LONGEST:
        return None
    found: str | None = None
    if operator in {",,", "^^", ",", "^"} and not operand:
        end = len(value) if len(operator) > 1 else 1
        head = value[:end].lower() if operator[0] == "," else value[:end].upper()
        found = head + value[end:]
    elif operator in {"#", "##", "%", "%%"}:
        cuts = range(len(value) + 1)
        first = operator in {"#", "%%"}
        for cut in cuts if first else reversed(cuts):
            part = value[:cut] if operator[0] == "#" else value[cut:]
            if fnmatchcase(part, operand):
                return value[cut:] if operator[0] == "#" else value[:cut]
        found = value
    elif operator in {"/", "//"}:
        pattern, _, replacement = operand.partition("/")
        if pattern and not set(pattern) & set("*?[#%") and "&" not in replacement:
            found = value.replace(pattern, replacement, -1 if operator == "//" else 1)
    elif operator == ":":
        cut_out = re.fullmatch(r"[ \t]*\(?(-?[0-9]+)\)?(?::[ \t]*(-?[0-9]+))?", operand)
        if cut_out is not None:
            start = int(cut_out[1])
            start = max(len(value) + start, 0) if start < 0 else start
            size = int(cut_out[2]) if cut_out[2] else len(value)
            found = value[start : size if size < 0 else start + size]
    return found


def _element(name: str, key: str, world: World) -> str:
    """Return the variable's name of an element: by its key, or by the number that the key comes to."""
    key = re.sub(r"[\"']|^\$\(\(|\)\)$", "", key)
    simple = re.fullmatch(r"\$\{?([A-Za-z_]\w*|[0-9])\}?", key)
    key = (lookup(simple[1], world) or key) if simple is not None else key
    known = elements(name, world) or {}
    if key in known or f"{name}[*]" in world.variables:
        return f"{name}[{key if key in known else '*'}]"
    number = compute(key, world)
    if number is not None and number < 0:
        number = int([*known][number]) if len(known) >= -number else number
    return f"{name}[{key if number is None else number}]"
