from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import pytest

from cdk_pull import records

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def _classes(of: Any) -> tuple[Any, ...]:
    """Define the same classes by the standard library's decorator or by ours."""
    dataclass, field = of.dataclass, of.field

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Frozen:
        a: int
        b: str = "b"
        c: dict[Any, Any] = field(default_factory=dict, compare=False)
        kind: ClassVar = "x"

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError(self.a)

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        one: int
        two: str = field(default="", repr=False)

    @dataclass(frozen=True)
    class Cached:
        a: int = 1

        @cached_property
        def double(self) -> int:
            return 2 * self.a

    @dataclass(eq=False)
    class Mutable:
        a: list[int] = field(default_factory=list)
        b: int = field(default=3, init=False)

    @dataclass
    class Child(Mutable):
        c: int = 0

    @dataclass(frozen=True, slots=True)
    class Of(Generic[T]):
        value: T

    @dataclass(frozen=True)
    class Empty:
        pass

    @dataclass(frozen=True)
    class Own:
        a: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    return Frozen, Ordered, Cached, Mutable, Child, Of, Empty, Own


STANDARD, OURS = _classes(dataclasses), _classes(records)


def _told(call: Callable[[], object]) -> str:
    try:
        return repr(call())
    except Exception as error:  # noqa: BLE001 - what is compared
        return type(error).__name__


@pytest.mark.parametrize(
    "call",
    [
        lambda f, *_: f(a=1),
        lambda f, *_: f(1),
        lambda f, *_: f(a=1, d=2),
        lambda f, *_: f(),
        lambda f, *_: f(a=-1),
        lambda f, *_: f(a=1, c={1: 2}) == f(a=1),
        lambda f, *_: hash(f(a=1)) == hash(f(a=1, c={1: 2})),
        lambda f, *_: f(a=1).c is f(a=1).c,
        lambda f, *_: setattr(f(a=1), "a", 2),
        lambda f, *_: delattr(f(a=1), "a"),
        lambda f, *_: hasattr(f(a=1), "__dict__"),
        lambda f, *_: (f.kind, f.__match_args__, f.__qualname__.split(".")[-1]),
        lambda f, *_: dataclasses.replace(f(a=1), b="c"),
        lambda f, *_: dataclasses.replace(f(a=1), a=-1),
        lambda f, *_: dataclasses.asdict(f(a=1, c={"x": (1, 2)})),
        lambda f, *_: [
            (each.name, each.type, each.init, each.compare, each.kw_only) for each in dataclasses.fields(f)
        ],
        lambda f, *_: dataclasses.is_dataclass(f),
        lambda f, *_: copy.deepcopy(f(a=1, c={1: []})),
        lambda _, o, *__: [o(1) < o(2), o(1, "a") >= o(1, "b"), o(1) <= o(1), o(2) > o(1)],
        lambda _, o, *__: o(1) < 3,
        lambda _, o, *__: (o(1, "x"), o.__match_args__, o(1) == o(1, "x"), o(1) == 1),
        lambda *c: (c[2]().double, c[2](4), c[2](4) == c[2](4), c[2](4) != c[2](5)),
        lambda *c: (c[3](), c[3]([1]).a, c[3]().a is c[3]().a, c[3]() == c[3](), c[3](b=2)),
        lambda *c: (c[3]().b, len({c[3](), c[3]()})),
        lambda *c: (c[4]([1], 2), c[4]() == c[4](), c[4]() == c[3]()),
        lambda *c: hash(c[4]()),
        lambda *c: (c[5](3), c[5](3) == c[5](3)),
        lambda *c: (c[6](), c[6]() == c[6](), len({c[6](), c[6]()})),
        lambda *c: (c[7](3), hash(c[7](3)), c[7](1) == c[7](2)),
    ],
)
def test_a_record_behaves_as_a_class_of_the_standard_library(call: Callable[..., object]) -> None:
    """A record answers every use as the standard library's dataclass of the same declaration does."""
    assert _told(lambda: call(*OURS)) == _told(lambda: call(*STANDARD))


@records.dataclass(frozen=True, slots=True)
class Pickled:
    """A record that pickle can name."""

    a: int
    b: tuple[int, ...] = ()


def test_a_frozen_record_with_slots_is_pickled() -> None:
    """A frozen record with slots comes back from pickle as it was."""
    assert pickle.loads(pickle.dumps(Pickled(1, (2,)))) == Pickled(1, (2,))  # noqa: S301 - our own bytes


def test_replace_and_fields_know_what_init_does_not_take() -> None:
    """A value that the initializer does not take stays out of a copy, and is among the fields."""
    mutable = OURS[3]
    assert repr(records.replace(mutable([1]), a=[2])).endswith("Mutable(a=[2], b=3)")
    assert [each.name for each in records.fields(mutable)] == ["a", "b"]
