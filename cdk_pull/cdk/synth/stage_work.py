"""What the mixins of one kind do in one stage: when it is complete, and before its templates are written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self, TypeVar, cast

import aws_cdk as cdk
import jsii
from constructs import Construct, IValidation

from cdk_pull.cdk.synth.complete import when_complete
from cdk_pull.cdk.synth.constructs import depth_of, identity, select, stage_of, warn
from cdk_pull.errors import CdkPullError, ConflictError
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from constructs import IConstruct

__all__ = [
    "NOT_REACHED",
    "ON_A_CLUSTER",
    "ON_IT",
    "Application",
    "Reached",
    "StageLeaf",
    "StageWork",
    "failure",
    "nearest",
    "reason",
]

_ID: Final = "cdk-pull"

ON_IT: Final = 1_000_000
"""How near an application to one thing is: nearer than any scope."""
ON_A_CLUSTER: Final = ON_IT - 1
"""How near an application to a cluster is to the capacity that joins it."""

NOT_REACHED: Final = "cdk-pull:notReached"
"""The id of the warning for what is in a scope, and is not served."""
_WRITTEN_FIRST = (
    "its stage was made after {} was applied to what is around it, and CDK writes a stage first: apply the mixin after "
    "making the stage and before pipeline.add_stage, or to the stage in its own __init__"
)


@dataclass(kw_only=True, slots=True, eq=False)
class Application:
    """One application of a mixin to one construct.

    Attributes:
        mixin: the name of the mixin's class.
        request: what it asks for, of the mixin's own type; two that are equal ask for the same.
        scope: the construct that it was applied to.
        path: of the scope, in words for a message.
        call_site: the file and line where the mixin was made.
        nearness: the depth of the scope, ON_A_CLUSTER or ON_IT; of several that reach one resource the greatest counts.
        changes: whether it changes templates. What only looks also looks at a stage that is written already.
        served: whether there was anything for it.
    """

    mixin: str
    request: Any
    scope: IConstruct
    path: str
    call_site: str
    nearness: int
    changes: bool = True
    served: bool = False

    @classmethod
    def to(
        cls,
        scope: IConstruct,
        request: object,
        *,
        mixin: str,
        call_site: str,
        nearness: int | None = None,
        changes: bool = True,
    ) -> Self:
        """Return the application of a request to a construct, as near as the construct is deep in the tree."""
        return cls(
            mixin=mixin,
            request=request,
            scope=scope,
            path=scope.node.path or "the app",
            call_site=call_site,
            nearness=depth_of(scope) if nearness is None else nearness,
            changes=changes,
        )

    def __str__(self) -> str:
        return f"{self.mixin} on {self.path} ({self.call_site})"


class Reached(NamedTuple):
    """A resource and all that is asked for it, the nearest application first."""

    resource: cdk.CfnResource
    applications: Sequence[Application]


@dataclass(frozen=True, eq=False, slots=True)
class _Within:
    application: Application
    root: IConstruct


def nearest(resource: cdk.CfnResource, applications: Sequence[Application]) -> Application:
    """Return the application that counts for a resource.

    Args:
        resource: the resource.
        applications: all that reach it, the nearest first.

    Raises:
        ConflictError: when two at one distance ask for different things.
    """
    first = applications[0]
    for other in applications[1:]:
        if other.nearness == first.nearness and other.request != first.request:
            raise ConflictError(
                f"{resource.node.path}: two different requests at the same distance: {first} and {other}; keep one of them, or apply "
                "the exception nearer to what it is for"
            )
    return first


def failure(mixin: str, path: str, error: BaseException) -> str:
    """Return the line that says which construct a mixin failed on, and what to do."""
    text = reason(mixin, error)
    return text if text.startswith(path) and isinstance(error, CdkPullError) else f"{path}: {text}"


def reason(mixin: str, error: BaseException) -> str:
    """Return why a mixin failed on a construct, and what to do."""
    if isinstance(error, CdkPullError):
        return str(error)
    return (
        f"{mixin} failed with {type(error).__name__}: {error}; apply {mixin} elsewhere, so that this construct is not below "
        "it, and report the error"
    )


class StageWork:
    """What is asked in one stage by the mixins of one kind, and what they do about it.

    A subclass says which resources it serves, and serves them in ``complete`` (all constructs are there, all aspects have
    run, the templates of nested stacks have no name yet) or in ``check`` (the references between stacks are known). CDK
    may ask for either several times.

    Attributes:
        stage: the stage or app.
        applications: those to this stage and to scopes in and around it.
        checked: whether CDK has asked for problems, as it does before it writes the stage.
        reached_keys: the identities of the resources that ``reached`` has returned the last time.
    """

    mixin: ClassVar[str]
    """The name of the mixin, for messages."""
    resource_types: ClassVar[tuple[str, ...]]
    """The CloudFormation types of what it serves."""
    order: ClassVar[int] = 0
    """Works of a lower order come first."""
    beside: ClassVar[tuple[str, ...]] = ()
    """The CloudFormation types of what a scope may have that is of this kind, and is not served."""
    nothing_id: ClassVar[str]
    """The id of the warning for a scope in which there is nothing to serve."""
    nothing: ClassVar[str]
    """Its message."""

    def __init__(self, stage: IConstruct) -> None:
        self.stage = stage
        self.applications: list[Application] = []
        self.checked = False
        self._identity = identity(stage)
        self._on: dict[str, tuple[cdk.CfnResource, list[Application]]] = {}
        self._within: list[_Within] = []
        self._stages: dict[str, IConstruct] = {}
        self._stacks: dict[str, cdk.Stack] = {}
        self._warned: set[int] = set()
        self._problems: dict[str, None] = {}
        self.reached_keys: set[str] = set()
        self._left: set[str] = set()

    @classmethod
    def of(cls, construct: IConstruct) -> Self:
        """Return the one of a construct's stage, which gets a leaf for it."""
        return StageLeaf.of(construct).work(cls)

    @classmethod
    def known(cls, stage: IConstruct) -> Self | None:
        """Return the one of a stage, if there is any."""
        leaf = stage.node.try_find_child(_ID)
        return leaf.works.get(cls) if isinstance(leaf, StageLeaf) else None  # type: ignore[return-value] # by its class

    @classmethod
    def serves_any(cls, stage: IConstruct) -> bool:
        """Tell whether there is something to serve in a stage."""
        return bool(select(stage, *cls.resource_types))

    def apply_to(self, application: Application, resources: Iterable[cdk.CfnResource]) -> None:
        """Take an application to one thing, which these resources stand for."""
        application.served = True
        self.applications.append(application)
        for resource in resources:
            self._on.setdefault(identity(resource), (resource, []))[1].append(application)

    def apply_within(self, application: Application, root: IConstruct) -> None:
        """Take an application to all that is below a root, what comes later included."""
        self.applications.append(application)
        self._within.append(_Within(application, root))

    def reached(self) -> list[Reached]:
        """Return each resource of this stage that anything is asked for, and of others where nobody else looks at them."""
        found: dict[str, tuple[cdk.CfnResource, list[Application]]] = {
            key: (resource, list(applications)) for key, (resource, applications) in self._on.items()
        }
        for each in self._within:
            for resource in select(each.root, *self.resource_types):
                if self.is_mine(resource) or (
                    not each.application.changes and not self._is_looked_after(resource)
                ):
                    found.setdefault(identity(resource), (resource, []))[1].append(each.application)
        self.reached_keys = set(found)
        return [
            Reached(resource, sorted(applications, key=lambda one: -one.nearness))
            for resource, applications in found.values()
        ]

    def for_each(self, act: Callable[[Reached, Application], None]) -> None:
        """Do something for each resource with the application that counts for it; what fails is a problem of its own."""
        for each in self.reached():
            for application in each.applications:
                application.served = True
            self.guard(each.resource, partial(_with_nearest, act, each))

    def guard(self, resource: cdk.CfnResource, act: Callable[[], None]) -> None:
        """Do something for a resource; what fails is one line with the path of the resource when CDK asks for problems."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a synth never ends in an exception without a path
            line = failure(self.mixin, resource.node.path, error)
            self._problems[line] = None

    def complete(self) -> None:
        """Serve what can be served when all constructs are there."""

    def check(self) -> list[str]:
        """Serve what is left, and return one line for each problem."""
        return []

    def warns(self, application: Application) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether an application that serves nothing is a warning."""
        return True

    def not_reached(self, resources: Sequence[cdk.CfnResource]) -> Iterable[tuple[cdk.CfnResource, str]]:
        """Return those of the resources in a scope that an application is for and does not reach, with what to do."""
        return [(each, "") for each in resources]

    def serves_late(self, resource: cdk.CfnResource, application: Application) -> bool:  # noqa: ARG002 - for subclasses
        """Tell whether an application would have served a resource of a stage that is written already."""
        return True

    def is_mine(self, resource: cdk.CfnResource) -> bool:
        """Tell whether a resource is written with this stage."""
        return identity(self._stage_of_stack(self.stack_of(resource))) == self._identity

    def stack_of(self, resource: cdk.CfnResource) -> cdk.Stack:
        """Return the stack of a resource, asked for once."""
        key = identity(resource)
        if key not in self._stacks:
            self._stacks[key] = cdk.Stack.of(resource)
        return self._stacks[key]

    def _stage_of_stack(self, stack: cdk.Stack) -> IConstruct:
        """Return the stage of a stack; many resources are in one."""
        key = identity(stack)
        if key not in self._stages:
            self._stages[key] = stage_of(stack)
        return self._stages[key]

    def run_complete(self) -> None:
        """Serve, and keep what goes wrong for the moment at which CDK asks for problems."""
        self._problems.clear()
        self._run(self.complete)

    def run_check(self) -> list[str]:
        """Serve, and return all that went wrong."""
        found: list[str] = []
        self._run(lambda: found.extend(self.check()))
        self.checked = True
        self._run(self._warn_of_the_rest)
        return [*self._problems, *found, *self._late(), *self.unserved()]

    def unserved(self) -> list[str]:
        """Warn of each scope without anything to serve, or return a line for it where that is an error."""
        for application in self.applications:
            if (
                not application.served
                and self.warns(application)
                and id(application) not in self._warned
                and identity(stage_of(application.scope)) == self._identity
            ):
                self._warned.add(id(application))
                warn(application.scope, self.nothing_id, f"{self.nothing} ({application.call_site})")
        return []

    def _warn_of_the_rest(self) -> None:
        """Warn of each resource that a scope has, and its application does not reach."""
        found = {
            identity(resource): (resource, each.application)
            for each in self._within
            if self.beside and each.application.nearness != ON_A_CLUSTER
            for resource in select(each.root, *self.beside)
            if self.is_mine(resource)
        }
        for resource, why in self.not_reached([resource for resource, _ in found.values()]):
            key = identity(resource)
            if key not in self._left:
                self._left.add(key)
                warn(resource, NOT_REACHED, f"{found[key][1]} does not reach it: {why}")

    def _run(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a synth never ends in an exception without a path
            self._problems[failure(self.mixin, self.stage.node.path or "the app", error)] = None

    def _is_looked_after(self, resource: cdk.CfnResource) -> bool:
        """Tell whether the resource's own stage has something for it, and was in time: that counts, being nearer."""
        other = self.known(self._stage_of_stack(self.stack_of(resource)))
        return other is not None and other.checked and identity(resource) in other.reached_keys

    def _late(self) -> list[str]:
        """Return one line for each resource in a stage that was written without what is asked for it."""
        late: dict[str, str] = {}
        for each in self._within:
            if not each.application.changes or each.application.nearness == ON_A_CLUSTER:
                # What joins a cluster is in the cluster's own stage: CDK refers to nothing in another one.
                continue
            for resource in select(each.root, *self.resource_types):
                if (
                    not self.is_mine(resource)
                    and not self._is_looked_after(resource)
                    and self.serves_late(resource, each.application)
                ):
                    late[identity(resource)] = (
                        f"{resource.node.path}: {_WRITTEN_FIRST.format(each.application.mixin)}"
                    )
                    each.application.served = True
        return list(late.values())


def _with_nearest(act: Callable[[Reached, Application], None], reached: Reached) -> None:
    act(reached, nearest(reached.resource, reached.applications))


_Work = TypeVar("_Work", bound=StageWork)


@jsii.implements(IValidation)
class StageLeaf(Construct):
    """One leaf in a stage, by which CDK asks when the stage is complete and before it is written."""

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(cast("Construct", stage), _ID)
        self.works: dict[type[StageWork], StageWork] = {}
        self._stage = stage
        when_complete(self, self._complete)
        self.node.add_validation(cast("IValidation", self))

    @classmethod
    def of(cls, construct: IConstruct) -> StageLeaf:
        """Return the leaf of a construct's stage."""
        stage = stage_of(construct)
        known = stage.node.try_find_child(_ID)
        return known if isinstance(known, cls) else cls(stage)

    def work(self, kind: type[_Work]) -> _Work:
        """Return what the mixins of a kind do in this stage."""
        if kind not in self.works:
            self.works[kind] = kind(self._stage)
            self.works = dict(sorted(self.works.items(), key=lambda item: item[0].order))
        return cast("_Work", self.works[kind])

    def validate(self) -> list[str]:
        """Return what CDK prints when it refuses to write the templates."""
        return [line for work in self.works.values() for line in work.run_check()]

    def _complete(self) -> None:
        for work in list(self.works.values()):
            work.run_complete()
