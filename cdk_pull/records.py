"""What :mod:`dataclasses` does, for less: a command line defines a hundred classes before it does anything.

The standard library compiles six methods for each class, and imports ``inspect`` for its documentation: 0.5 ms a class,
half of the time that checking a small template took. Here ``__init__`` alone is compiled, and the other methods are
shared. Type checkers see the standard library's names, and its own functions work on these classes.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field, fields, replace

__all__ = ["dataclass", "field", "fields", "replace"]

_MISSING: Final = object()
_ORDER: Final = ("lt", "le", "gt", "ge")


class _Field:
    """What is declared of one attribute."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name", "repr", "type")

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002 - the standard library's name
        compare: bool = True,
        kw_only: bool | None = None,
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.kw_only = kw_only
        self.name = self.type = ""

    @property
    def optional(self) -> bool:
        """Whether ``__init__`` can do without a value."""
        return self.default is not _MISSING or self.default_factory is not _MISSING


if not TYPE_CHECKING:
    field = _Field

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """Give a class the methods that its annotations ask for: ``eq``, ``order``, ``frozen``, ``kw_only``, ``slots``."""
        return (lambda cls: _make(cls, **options)) if cls is None else _make(cls, **options)

    def fields(record: Any) -> tuple[_Field, ...]:
        """Return what is declared of a class, or of the class of an instance; each has a ``name``."""
        return record.__record__

    def replace(record: Any, /, **changes: Any) -> Any:
        """Return a copy of a record in which some values are others."""
        for each in record.__record__:
            if each.init and each.name not in changes:
                changes[each.name] = getattr(record, each.name)
        return type(record)(**changes)


class _StandardFields:
    """Makes of a class what the standard library's functions look for, when one of them looks."""

    def __get__(self, _record: object, cls: Any) -> dict[str, Any]:
        import dataclasses  # noqa: PLC0415 - takes a while

        def standard(each: _Field) -> Any:
            stated = {"default": each.default, "default_factory": each.default_factory}
            stated = {key: value for key, value in stated.items() if value is not _MISSING}
            more = {key: getattr(each, key) for key in ("init", "repr", "compare", "kw_only")}
            return dataclasses.field(**stated, **more)

        body = [(each.name, each.type, standard(each)) for each in cls.__record__]
        cls.__dataclass_fields__ = vars(dataclasses.make_dataclass(cls.__name__, body))[
            "__dataclass_fields__"
        ]
        found: dict[str, Any] = cls.__dataclass_fields__
        return found


def _make(
    cls: type,
    *,
    eq: bool = True,
    order: bool = False,
    frozen: bool = False,
    kw_only: bool = False,
    slots: bool = False,
) -> type:
    declared = {each.name: each for base in cls.__mro__[:0:-1] for each in vars(base).get("__record__", ())}
    declared |= {each.name: each for each in _own_fields(cls, kw_only=kw_only)}
    found = tuple(declared.values())
    methods: dict[str, Any] = {
        "__record__": found,
        "__dataclass_fields__": _StandardFields(),
        "__match_args__": tuple(each.name for each in found if each.init and not each.kw_only),
    }
    compared = [each.name for each in found if each.compare]
    values = operator.attrgetter(*compared) if compared else _no_values
    if order:
        methods |= {f"__{name}__": _comparison(getattr(operator, name), values) for name in _ORDER}
    if eq:
        methods["__eq__"] = _comparison(operator.eq, values)
        methods["__hash__"] = _hash(values) if frozen else None
    if frozen:
        methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
    own = vars(cls)
    methods |= {"__init__": _init(cls, found, frozen=frozen), "__repr__": _repr}
    methods = {name: method for name, method in methods.items() if own.get(name) is None}
    if not slots:
        for name, method in methods.items():
            setattr(cls, name, method)
        return cls
    # A class cannot be given slots: another takes its place, as in the standard library.
    methods |= {"__getstate__": _state, "__setstate__": _set_state}
    inherited = {name for base in cls.__mro__[1:-1] for name in vars(base).get("__slots__", ())}
    left = {*declared, "__dict__", "__weakref__"}
    body = {name: value for name, value in own.items() if name not in left}
    body["__slots__"] = tuple(name for name in declared if name not in inherited)
    return type(cls)(cls.__name__, cls.__bases__, {**body, **methods, "__qualname__": cls.__qualname__})


def _own_fields(cls: type, *, kw_only: bool) -> list[_Field]:
    found = []
    for name, annotation in cls.__annotations__.items():
        if annotation.startswith("ClassVar"):
            continue
        default = vars(cls).get(name, _MISSING)
        each = default if isinstance(default, _Field) else _Field(default=default)
        each.name, each.type = name, annotation
        each.kw_only = kw_only if each.kw_only is None else each.kw_only
        found.append(each)
        if each is default and each.default is _MISSING:
            delattr(cls, name)
        elif each is default:
            setattr(cls, name, each.default)
    return found


def _init(cls: type, found: tuple[_Field, ...], *, frozen: bool) -> Any:
    """Compile the method that takes the values."""
    known: dict[str, Any] = {"_missing": _MISSING, "_set": object.__setattr__}
    positional = ["self"]
    named: list[str] = []
    lines: list[str] = []
    for each in found:
        name = value = each.name
        if each.default_factory is not _MISSING:
            known[f"_new_{name}"] = each.default_factory
            known[f"_default_{name}"] = _MISSING
            value = f"_new_{name}() if {name} is _missing else {name}" if each.init else f"_new_{name}()"
        elif each.default is not _MISSING:
            known[f"_default_{name}"] = each.default
            value = name if each.init else f"_default_{name}"
        if each.init:
            taken = f"{name}=_default_{name}" if each.optional else name
            (named if each.kw_only else positional).append(taken)
        if each.init or each.optional:
            lines.append(f" _set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    arguments = ", ".join([*positional, "*", *named] if named else positional)
    exec(f"def __init__({arguments}):\n" + ("\n".join(lines) or " pass"), known)  # noqa: S102 - names in our own source
    init = known["__init__"]
    init.__qualname__, init.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return init


def _no_values(_record: object) -> tuple[()]:
    return ()


def _comparison(compare: Callable[[Any, Any], bool], values: Callable[[Any], Any]) -> Any:
    def compared(self: Any, other: Any) -> Any:
        return compare(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

    return compared


def _hash(values: Callable[[Any], Any]) -> Any:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


def _repr(self: Any) -> str:
    values = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in self.__record__ if each.repr)
    return f"{type(self).__qualname__}({values})"


def _refuse(self: Any, name: str, _value: Any = None) -> NoReturn:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - takes a while

    raise FrozenInstanceError(f"cannot assign to field {name!r} of {type(self).__name__}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in self.__record__]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(self.__record__, state, strict=True):
        object.__setattr__(self, each.name, value)
