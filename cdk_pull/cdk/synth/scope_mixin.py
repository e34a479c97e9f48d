"""The base of every mixin: what it covers, and what it says where it covers nothing."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import aws_cdk as cdk

from cdk_pull.cdk.synth.call_site import call_site
from cdk_pull.cdk.synth.constructs import (
    class_name,
    identity,
    is_scope,
    is_synthesized,
    select,
    stage_of,
    stages_below,
)
from cdk_pull.cdk.synth.stage_work import ON_IT, Application, StageLeaf, StageWork, failure
from cdk_pull.errors import CdkPullError, ConflictError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

__all__ = ["ScopeMixin"]

_WRITTEN = (
    "{stage} is synthesized already (pipeline.add_stage, synth and Template.from_stack write a stage at once, and aspects of "
    "an app run after its stages are written), so {mixin} cannot change anything in it; apply {mixin} before that, or to "
    "the stage in its own __init__"
)


class ScopeMixin(cdk.Mixin):
    """A mixin that reaches what it names, or says so.

    It is applied to one thing that it serves (a task definition, an Auto Scaling group), or to a scope: an app, a stage, a
    stack, a nested stack, a construct of the user's own. A scope covers all that is below it in the tree when CDK writes
    the templates: nested stacks, stages, and what is made after the mixin was applied. Of several applications that reach
    one resource the nearest counts: to the thing itself, to its cluster, then to the innermost scope.

    - One thing that it cannot serve is an error at the call.
    - A scope in which there is nothing to serve is a warning, with an id to acknowledge it by.
    - A stage that is written already, as ``pipeline.add_stage`` does, is an error at the call. A stage that is made after
      the mixin was applied to what is around it is an error of the synth: CDK writes it before it asks anybody.

    A subclass gives its ``work`` and implements ``resources_of`` and ``refusal``.

    Args:
        request: what is asked for; two that are equal ask for the same.
    """

    work: ClassVar[type[StageWork]]
    """What carries it out in each stage."""

    def __init__(self, request: object) -> None:
        super().__init__()
        self.request: Any = request
        self.call_site = call_site()
        self._covered: set[str] = set()
        self._scopes: list[IConstruct] = []

    @abstractmethod
    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the resources that one thing stands for; nothing for a scope, and for what it cannot serve.

        Raises:
            UnsupportedError: for one thing that it cannot serve, where there is more to say than in ``refusal``.
        """

    @abstractmethod
    def refusal(self, construct: IConstruct) -> str:
        """Return why one thing cannot be served and what to do instead; nothing where it is not of that kind."""

    def supports(self, construct: IConstruct) -> bool:
        """Tell whether this is to be applied to a construct; CDK asks for each that is below the one it applies to.

        Whatever is not covered yet is: what cannot be served has to be refused.
        """
        key = identity(construct)
        if key in self._covered:
            self._covered.discard(key)
            return False
        # What came since under a scope that is covered: as an aspect, CDK asks for each.
        return not isinstance(construct, StageLeaf) and (
            not self._scopes or not self._is_within(construct) or bool(self._resources(construct))
        )

    def apply_to(self, construct: IConstruct) -> None:
        """Apply to one thing, or to a scope for all that it serves there, what comes later included.

        Raises:
            UnsupportedError: for what it cannot serve, with what to do instead; or for a stage that is written already.
        """
        try:
            self._apply_to(construct)
        except CdkPullError as error:
            path = construct.node.path
            if str(error).startswith(path):
                raise
            raise _type_of(error)(f"{path}: {error}") from error
        except Exception as error:
            raise CdkPullError(failure(self.name, construct.node.path, error)) from error

    @property
    def changes(self) -> bool:
        """Whether it changes templates."""
        return True

    @property
    def name(self) -> str:
        """The name of its class, for messages."""
        return self.work.mixin

    def application(self, construct: IConstruct, nearness: int | None = None) -> Application:
        """Return the application of this to a construct."""
        return Application.to(
            construct,
            self.request,
            mixin=self.name,
            call_site=self.call_site,
            nearness=nearness,
            changes=self.changes,
        )

    def apply_to_scope(self, construct: IConstruct, below: list[IConstruct]) -> None:
        """Take in all that is below a scope."""
        application = self.application(construct)
        self.refuse_written(construct, below)
        for stage in stages_below(construct, below):
            if not self._is_written(stage, below):
                self.work.of(stage).apply_within(application, stage)
            elif self.changes and self.work.serves_any(stage):
                raise UnsupportedError(_WRITTEN.format(stage=stage.node.path, mixin=self.name))
        self.work.of(construct).apply_within(application, construct)

    def apply_to_resources(self, application: Application, resources: Sequence[cdk.CfnResource]) -> None:
        """Take in one thing, by the resources that it stands for."""
        self.work.of(resources[0]).apply_to(application, resources)

    def apply_to_other(self, construct: IConstruct) -> bool:  # noqa: ARG002 - for subclasses
        """Apply to what is neither one thing nor a scope, and tell whether it was."""
        return False

    def refuse_written(self, construct: IConstruct, below: Sequence[IConstruct] = ()) -> None:
        """Raise where the stage of a construct is written already: nobody would be asked again."""
        if isinstance(construct, cdk.Stage):
            written = self._is_written(construct, below)
        else:
            stack = next((each for each in construct.node.scopes if isinstance(each, cdk.Stack)), None)
            written = stack is not None and is_synthesized(stack)
        if written:
            stage = stage_of(construct).node.path or "the app"
            raise UnsupportedError(_WRITTEN.format(stage=stage, mixin=self.name))

    def _apply_to(self, construct: IConstruct) -> None:
        below = construct.node.find_all()
        # CDK goes on to everything below, which is covered from here.
        self._covered = {identity(each) for each in below} - {identity(construct)}
        if any(identity(each) == identity(construct) for each in self._scopes):
            return
        if resources := self.resources_of(construct):
            self.refuse_written(resources[0])
            self.apply_to_resources(self.application(construct, ON_IT), resources)
        elif self.apply_to_other(construct):
            return
        elif reason := self.refusal(construct):
            raise UnsupportedError(f"{self.name} cannot be applied to it: {reason}")
        elif is_scope(construct) or select(construct, *self.work.resource_types):
            self._scopes.append(construct)
            self.apply_to_scope(construct, below)
        else:
            raise UnsupportedError(
                f"{self.name} cannot be applied to {class_name(construct)}: {self.work.nothing}"
            )

    def _is_written(self, stage: cdk.Stage, below: Sequence[IConstruct]) -> bool:
        """Tell whether a stage is written already."""
        own = identity(stage)
        stacks = (each for each in below if isinstance(each, cdk.Stack) and identity(stage_of(each)) == own)
        return any(is_synthesized(each) for each in stacks)

    def _resources(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        try:
            return self.resources_of(construct)
        except CdkPullError:
            return ()

    def _is_within(self, construct: IConstruct) -> bool:
        scopes = {identity(each) for each in construct.node.scopes}
        return any(identity(each) in scopes for each in self._scopes)


def _type_of(error: CdkPullError) -> type[CdkPullError]:
    """Return the class of an error that is made of a message alone, or the base of all."""
    return type(error) if type(error) in {ConflictError, UnsupportedError} else CdkPullError
