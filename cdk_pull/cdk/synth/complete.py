"""The moment at which an app is complete, and nothing is fixed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct, Dependable, DependencyGroup, IConstruct

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["when_complete"]


def when_complete(construct: Construct, act: Callable[[], None]) -> None:
    """Act when CDK writes the stage or app of a construct: after all aspects, whatever is added by them or later.

    It is before CDK resolves the references between stacks, and before it names the templates of nested stacks by what is
    in them, so that a change is in the name. CDK may ask several times.
    """
    group = DependencyGroup()
    Dependable.implement(group, _Ask(act))
    construct.node.add_dependency(group)


class _Ask(Dependable):
    """What CDK asks first when the tree is complete: who depends on whom."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    @property
    def dependency_roots(self) -> list[IConstruct]:
        """Nothing to depend on."""
        self._act()
        return []
