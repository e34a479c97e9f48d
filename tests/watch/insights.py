"""An evaluation of Logs Insights queries by their documented meaning, as far as the watch's queries use it.

It shares no code with the package: commands run one after another over rows, a missing field makes an expression
null, strings that look like numbers are numbers in arithmetic, and aggregates leave nulls out. ``pct`` is the value
below which that share of the values lies.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = dict[str, Any]
Expression = "Callable[[Row], Any]"

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|"(?P<string>[^"]*)"|/(?P<regex>(?:[^/\\]|\\.)+)/(?=\s|$|\))
    |(?P<name>[@A-Za-z_][\w.@]*)|(?P<sign>>=|<=|!=|[-+*/%()=<>,]))""",
    re.VERBOSE,
)


def run(query: str, documents: Iterable[Row]) -> list[Row]:
    """Return the rows that a query gives for JSON log events."""
    rows = [_flat(each) for each in documents]
    for command in re.split(r"\n\| |(?<=\S) \| ", query):
        name, _, rest = command.strip().partition(" ")
        rows = _COMMANDS[name](rest, rows)
    return rows


def _flat(document: Row, prefix: str = "") -> Row:
    row: Row = {}
    for key, value in document.items():
        if isinstance(value, dict):
            row |= _flat(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            row[prefix + key] = value
    return row


def _filter(text: str, rows: list[Row]) -> list[Row]:
    condition = _parsed(text)
    return [row for row in rows if condition(row)]


def _parse(text: str, rows: list[Row]) -> list[Row]:
    field, pattern = re.fullmatch(r"(\S+) /(.*)/", text).groups()  # type: ignore[union-attr]
    names = re.compile(pattern.replace("(?<", "(?P<"))
    for row in rows:
        found = names.search(str(row.get(field) or ""))
        row.update(found.groupdict() if found else {})
    return rows


def _fields(text: str, rows: list[Row]) -> list[Row]:
    named = [_named(each) for each in _split(text)]
    for row in rows:
        row.update({name: expression(row) for name, expression in named})
    return rows


def _stats(text: str, rows: list[Row]) -> list[Row]:
    head, _, tail = text.partition(" by ")
    keys = _split(tail) if tail else []
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.get(key) for key in keys)].append(row)
    aggregates = [_aggregate(each) for each in _split(head)]
    return [
        {**dict(zip(keys, key, strict=True)), **{name: value(members) for name, value in aggregates}}
        for key, members in groups.items()
    ]


def _sort(text: str, rows: list[Row]) -> list[Row]:
    name, _, order = text.partition(" ")
    return sorted(rows, key=lambda row: row.get(name) or 0, reverse=order == "desc")


_COMMANDS = {"filter": _filter, "parse": _parse, "fields": _fields, "stats": _stats, "sort": _sort}


def _aggregate(text: str) -> tuple[str, Callable[[list[Row]], Any]]:
    call, _, alias = text.partition(" as ")
    name, inner = re.fullmatch(r"(\w+)\((.*)\)", call.strip()).groups()  # type: ignore[union-attr]
    arguments = _split(inner)
    if name == "count":
        return alias or call, len
    value = _parsed(arguments[0])

    def values(rows: list[Row]) -> list[Any]:
        return [found for row in rows if (found := value(row)) is not None]

    functions: dict[str, Callable[[list[Row]], Any]] = {
        "max": lambda rows: max(values(rows), default=None),
        "count_distinct": lambda rows: len(set(values(rows))),
        "pct": lambda rows: _percentile(sorted(values(rows)), float(arguments[1])),
    }
    return alias or call, functions[name]


def _percentile(values: list[float], percent: float) -> float | None:
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)] if values else None


def _named(text: str) -> tuple[str, Callable[[Row], Any]]:
    expression, _, alias = text.rpartition(" as ")
    return (alias, _parsed(expression)) if expression else (text.strip(), _parsed(text))


def _split(text: str) -> list[str]:
    """Split at the commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]


def _parsed(text: str) -> Callable[[Row], Any]:
    tokens = [match for match in _TOKEN.finditer(text) if match.group().strip()]
    assert "".join(match.group() for match in tokens).replace(" ", "") == text.replace(" ", ""), text
    parser = _Parser(tokens)
    found = parser.either()
    assert not parser.tokens, text
    return found


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _either(one: Callable[[Row], Any], other: Callable[[Row], Any]) -> Callable[[Row], Any]:
    return lambda row: one(row) or other(row)


def _both(one: Callable[[Row], Any], other: Callable[[Row], Any]) -> Callable[[Row], Any]:
    return lambda row: one(row) and other(row)


class _Parser:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens = tokens

    def _next(self, *texts: str) -> str | None:
        if self.tokens and self.tokens[0].group().strip() in texts:
            return self.tokens.pop(0).group().strip()
        return None

    def either(self) -> Callable[[Row], Any]:
        one = self._both()
        while self._next("or"):
            one = _either(one, self._both())
        return one

    def _both(self) -> Callable[[Row], Any]:
        one = self._compared()
        while self._next("and"):
            one = _both(one, self._compared())
        return one

    def _compared(self) -> Callable[[Row], Any]:
        one = self._sum()
        if self._next("like"):
            pattern = re.compile(self.tokens.pop(0)["regex"])
            return lambda row: bool(pattern.search(str(one(row) or "")))
        sign = self._next("=", ">=")
        if sign is None:
            return one
        other = self._sum()
        if sign == "=":
            return lambda row: one(row) is not None and str(one(row)) == str(other(row))
        return lambda row: (left := _number(one(row))) is not None and left >= (_number(other(row)) or 0)

    def _sum(self) -> Callable[[Row], Any]:
        return self._chain(self._product, {"+": lambda a, b: a + b, "-": lambda a, b: a - b})

    def _product(self) -> Callable[[Row], Any]:
        return self._chain(self._value, {"*": lambda a, b: a * b, "/": lambda a, b: a / b, "%": math.fmod})

    def _chain(
        self, part: Callable[[], Callable[[Row], Any]], signs: dict[str, Callable[[float, float], float]]
    ) -> Callable[[Row], Any]:
        one = part()
        while sign := self._next(*signs):
            one = self._arithmetic(one, part(), signs[sign])
        return one

    @staticmethod
    def _arithmetic(
        one: Callable[[Row], Any], other: Callable[[Row], Any], sign: Callable[[float, float], float]
    ) -> Callable[[Row], Any]:
        def value(row: Row) -> float | None:
            left, right = _number(one(row)), _number(other(row))
            return None if left is None or right is None else sign(left, right)

        return value

    def _value(self) -> Callable[[Row], Any]:
        if self._next("("):
            inner = self.either()
            self._next(")")
            return inner
        token = self.tokens.pop(0)
        if token["number"] is not None:
            number = float(token["number"])
            return lambda _: number
        if token["string"] is not None:
            string = token["string"]
            return lambda _: string
        name = token["name"]
        if not self._next("("):
            return lambda row: row.get(name)
        arguments = [self.either()]
        while self._next(","):
            arguments.append(self.either())
        self._next(")")
        if name == "ispresent":
            return lambda row: arguments[0](row) is not None
        assert name == "greatest", name

        def greatest(row: Row) -> float | None:
            values = [_number(each(row)) for each in arguments]
            return None if None in values else max(value for value in values if value is not None)

        return greatest
