"""The launch resources of a stage that agent settings were asked for, by themselves or by what they join."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
import jsii
from constructs import Construct, IConstruct, IValidation

from cdk_pull.cdk.ec2.capacity import identity, launch_resources_below, stage_of
from cdk_pull.cdk.ec2.decision import pull_decision
from cdk_pull.cdk.ec2.user_data import LaunchUserData
from cdk_pull.cdk.synth.complete import when_complete
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.written import written_properties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.cdk.checks.selected_fixes import SelectedFixes
    from cdk_pull.cdk.ec2.capacity import LaunchResource
    from cdk_pull.cdk.ec2.requests import Reach, Request

__all__ = ["WRITTEN_BEFORE", "StageUserData"]

_ID = "cdk-pull"
WRITTEN_BEFORE = (
    "its stage was made after {} was applied to what is around it, and is written first: "
    "apply it after making the stage, or to the stage"
)
"""What is wrong with a resource that a mixin reaches too late."""

_NO_CAPACITY = (
    "no EC2 capacity {}, so a pull behaviour has no effect: Fargate and Managed Instances have none to set, and an "
    "imported group is configured where it is defined"
)


@dataclass(frozen=True, eq=False)
class _Look:
    reach: Reach
    root: IConstruct
    stages: Sequence[cdk.Stage]


@dataclass(frozen=True, eq=False)
class _FixLook:
    fixes: SelectedFixes
    root: IConstruct


@jsii.implements(IValidation)
class StageUserData(Construct):
    """One leaf in a stage: it looks for capacity when the stage is complete, and reports what went wrong."""

    def __init__(self, stage: Construct) -> None:
        super().__init__(stage, _ID)
        self._stage = stage
        self._launches: dict[str, LaunchUserData] = {}
        self._late: dict[str, LaunchResource] = {}
        self._images: dict[str, object] = {}
        self._recorded: set[Request] = set()
        self._looks: list[_Look] = []
        self._fix_looks: list[_FixLook] = []
        self._unfixed: dict[str, LaunchResource] = {}
        self._taken: set[tuple[str, _Look]] = set()
        self._stacks: dict[str, tuple[str, str]] = {}
        when_complete(self, self._complete)
        self.node.add_validation(self)

    @classmethod
    def of(cls, construct: IConstruct) -> StageUserData:
        """Return the one of a construct's stage."""
        stage = stage_of(construct)
        known = stage.node.try_find_child(_ID)
        return known if isinstance(known, cls) else cls(cast("Construct", stage))

    def ask(self, resource: LaunchResource, request: Request) -> None:
        """Put a request on a launch resource, whatever it joins."""
        self._launch(resource, cdk.Stack.of(resource)).ask(request)

    def ask_within(self, reach: Reach, root: IConstruct, stages: Sequence[cdk.Stage] = ()) -> None:
        """Put a request on all that a reach holds below a root, now and when the stage is complete.

        Args:
            reach: the request, and what it holds for.
            root: where to look.
            stages: the stages below the root, which look after themselves.
        """
        look = _Look(reach, root, stages)
        self._looks.append(look)
        self._take(look)

    def fix_within(self, fixes: SelectedFixes, root: IConstruct) -> None:
        """Fix the user data of all ECS capacity of this stage below a root, now and when the stage is complete."""
        look = _FixLook(fixes, root)
        self._fix_looks.append(look)
        self._fix(look)

    @property
    def fixes(self) -> bool:
        """Whether anything is to be fixed in this stage."""
        return bool(self._fix_looks)

    @classmethod
    def has_fixes(cls, construct: IConstruct) -> bool:
        """Tell whether anything is to be fixed in the stage of a construct."""
        known = stage_of(construct).node.try_find_child(_ID)
        return isinstance(known, cls) and known.fixes

    def _complete(self) -> None:
        """Look for capacity that has come since."""
        for launch in self._launches.values():
            launch.forget()
        self._look()

    def validate(self) -> list[str]:
        """Return what CDK prints when it refuses to write the template."""
        self._look()
        if not all(look.reach.found for look in self._looks):
            # Only now does CDK know what the reference to a cluster of another stack is.
            for launch in self._launches.values():
                launch.forget()
                launch.resolve()
        self._record()
        problems = [
            f"{launch.resource.node.path}: {problem}"
            for launch in self._launches.values()
            if (problem := launch.problem)
        ]
        problems += [
            f"{resource.node.path}: {WRITTEN_BEFORE.format('ImagePullBehavior')}"
            for resource in self._late.values()
        ]
        problems += [
            f"{resource.node.path}: {WRITTEN_BEFORE.format('PullFixes')}"
            for resource in self._unfixed.values()
            if not self.has_fixes(resource)
        ]
        for reach in (look.reach for look in self._looks if not look.reach.found):
            if reach.cluster is not None:
                problems.append(f"{reach.scope.node.path}: {_NO_CAPACITY.format('joins this cluster')}")
            elif identity(stage_of(reach.scope)) == identity(self._stage):
                cdk.Annotations.of(reach.scope).add_warning_v2(
                    "cdk-pull:noCapacity", _NO_CAPACITY.format("of ECS is in here")
                )
        return problems

    def _record(self) -> None:
        """Leave one decision for each request that holds somewhere, where it was applied."""
        own = [(launch.resource, request) for launch in self._launches.values() for request in launch.own]
        within = [(look.reach.scope, look.reach.request) for look in self._looks if look.reach.found]
        for construct, request in [*own, *within]:
            if request not in self._recorded:
                self._recorded.add(request)
                record(construct.node, request.decision or pull_decision(request.settings, request.place))
        for launch in self._launches.values():
            for decision in launch.decisions():
                record(launch.resource.node, decision)

    def _look(self) -> None:
        for look in self._looks:
            self._take(look)
        for fix_look in self._fix_looks:
            self._fix(fix_look)
        waiting: dict[str, list[LaunchUserData]] = {}
        for launch in self._launches.values():
            if launch.has_to_write():
                waiting.setdefault(identity(launch.stack), []).append(launch)
        for launches in waiting.values():
            for launch, properties in zip(
                launches, written_properties([each.resource for each in launches]), strict=True
            ):
                launch.put_in_place(properties)

    def _fix(self, look: _FixLook) -> None:
        for resource in launch_resources_below(look.root):
            stack = cdk.Stack.of(resource)
            stage, _ = self._stack_facts(stack)
            if stage == identity(self._stage):
                self._launch(resource, stack).fix(look.fixes)
            else:
                self._unfixed[identity(resource)] = resource

    def _take(self, look: _Look) -> None:
        others = {identity(each) for stage in look.stages for each in launch_resources_below(stage)}
        for resource in launch_resources_below(look.root):
            key = identity(resource)
            if key in others or (key, look) in self._taken:
                continue
            self._taken.add((key, look))
            stack = cdk.Stack.of(resource)
            stage, environment = self._stack_facts(stack)
            if stage != identity(self._stage):
                # What joins a cluster is in the cluster's own stage: CDK refers to nothing in another one.
                if look.reach.cluster is None:
                    self._late[key] = resource
            # Nothing joins a cluster of another account or Region, and CDK refuses to name it there.
            elif look.reach.cluster is None or look.reach.cluster.environment == environment:
                self._launch(resource, stack).ask_within(look.reach)

    def _launch(self, resource: LaunchResource, stack: cdk.Stack) -> LaunchUserData:
        launch = self._launches.get(identity(resource))
        if launch is None:
            launch = self._launches[identity(resource)] = LaunchUserData(resource, stack, self._images)
        return launch

    def _stack_facts(self, stack: cdk.Stack) -> tuple[str, str]:
        """Return the stage and the environment of a stack; many capacities are in one."""
        key = identity(stack)
        if key not in self._stacks:
            self._stacks[key] = identity(stage_of(stack)), stack.environment
        return self._stacks[key]
