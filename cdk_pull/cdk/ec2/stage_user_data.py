"""The launch resources of a stage that agent settings or fixes are asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from cdk_pull.agent.decisions import applied_decision, docker_decision, pre_pull_decision, pull_decision
from cdk_pull.cdk.ec2.batch import BatchEnvironments
from cdk_pull.cdk.ec2.capacity import LAUNCH_TYPES, launches_of_group, user_data_in
from cdk_pull.cdk.ec2.given import read_at_once
from cdk_pull.cdk.ec2.images_on_capacity import images_on_capacity
from cdk_pull.cdk.ec2.not_reached import BESIDE, not_reached
from cdk_pull.cdk.ec2.pre_pull_disk import fit_disk
from cdk_pull.cdk.ec2.pull_grants import grant_pulls
from cdk_pull.cdk.ec2.requests import DOWNLOADS, CapacityApplication
from cdk_pull.cdk.ec2.user_data import LaunchUserData, known_text
from cdk_pull.cdk.synth.constructs import identity, select, warn
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.stage_work import NOT_REACHED, ON_A_CLUSTER, ON_IT, StageWork
from cdk_pull.cdk.synth.written import logical_ids, written_template
from cdk_pull.image.reference import in_full
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import aws_cdk as cdk
    from constructs import IConstruct

    from cdk_pull.cdk.ec2.capacity import LaunchResource
    from cdk_pull.cdk.ec2.requests import PrePullRequest
    from cdk_pull.cdk.synth.stage_work import Application
    from cdk_pull.decision import Decision
    from cdk_pull.image.profile import ImageProfile
    from cdk_pull.rules.fixes.selected import SelectedFixes

__all__ = ["StageUserData"]

_NO_CAPACITY = (
    "no EC2 capacity {}, so the pull behavior has no effect: Fargate and Managed Instances have no such setting, and an "
    "imported group is configured where it is defined"
)


class StageUserData(StageWork):
    """Puts the agent settings of a stage's applications, and the fixes, into the user data that they are for."""

    mixin: ClassVar = "ImagePullBehavior"
    resource_types: ClassVar = LAUNCH_TYPES
    beside: ClassVar = (*BESIDE, *LAUNCH_TYPES)
    order: ClassVar = 2
    nothing_id: ClassVar = "cdk-pull:noCapacity"
    nothing: ClassVar = _NO_CAPACITY.format("for Amazon ECS is in this scope")

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(stage)
        self._launches: dict[str, LaunchUserData] = {}
        self._images: dict[str, object] = {}
        self._batch = BatchEnvironments()
        self._environments: dict[str, str] = {}
        self._recorded: dict[str, list[Decision]] = {}
        self._granted: dict[str, PrePullRequest] = {}
        self._disks: dict[str, str] = {}
        self._profiles: Mapping[str, Sequence[ImageProfile]] | None = None

    @property
    def pre_pulled(self) -> frozenset[str]:
        """The images that instances pull before their tasks, by their names in full."""
        names = {name for each in self._granted.values() for name in each.images}
        return frozenset(in_full(name) for name in names)

    def fix(self, resource: LaunchResource, fixes: SelectedFixes) -> None:
        """Fix the user data of a launch resource, if it is ECS capacity."""
        self._launch(resource).fix(fixes)

    def complete(self) -> None:
        """Write the user data of all capacity there is."""
        self._forget()
        self._look()

    def check(self) -> list[str]:
        """Write what was not known before, and return why settings are not in user data."""
        self._look()
        found = self._find_images()
        if found or not all(each.served for each in self.applications):
            # Only now does CDK know what the reference to a cluster of another stack is.
            self._forget()
            for launch in self._launches.values():
                launch.refresh()
        for launch in self._launches.values():
            self._grant(launch)
            self._record(launch)
        self._warn_of_other_launches()
        return [
            f"{launch.resource.node.path}: {launch.problem}"
            for launch in self._launches.values()
            if launch.problem
        ]

    def unserved(self) -> list[str]:
        """Warn of a scope without capacity, and refuse a cluster without any."""
        return [
            *super().unserved(),
            *(
                f"{each.scope.node.path}: {_NO_CAPACITY.format('joins this cluster')}"
                for each in self.applications
                if each.nearness == ON_A_CLUSTER and not each.served
            ),
        ]

    def warns(self, application: Application) -> bool:
        """Tell whether an application to nothing is a warning; to a cluster it is an error."""
        return application.nearness != ON_A_CLUSTER

    def not_reached(self, resources: Sequence[cdk.CfnResource]) -> Iterable[tuple[cdk.CfnResource, str]]:
        """Return the EC2 capacity of ECS that no agent setting reaches, with what to do."""
        launches = {identity(each): self._launches.get(identity(each)) for each in resources}
        yield from not_reached(self.stage, [each for each in resources if launches[identity(each)] is None])
        for resource in resources:
            launch = launches[identity(resource)]
            if launch is not None and launch.unread:
                yield resource, f"{launch.unread}; or apply it to this itself, if it is capacity of ECS"

    def _warn_of_other_launches(self) -> None:
        """Warn of a launch template of a mixed instances policy that does not join the cluster of the others."""
        on_a_cluster = any(each.nearness == ON_A_CLUSTER for each in self.applications)
        # Where all have joined, no group need be asked what it launches from.
        if not on_a_cluster or all(each.combined for each in self._launches.values()):
            return
        for group in select(self.stage, "AWS::AutoScaling::AutoScalingGroup"):
            launches = [self._launches.get(identity(each)) for each in launches_of_group(group)]
            joined = next((each.combined for each in launches if each is not None and each.combined), None)
            for launch in launches:
                if (
                    joined is None
                    or launch is None
                    or launch.combined
                    or identity(launch.resource) in self._left
                ):
                    continue
                self._left.add(identity(launch.resource))
                why = f"{joined.applications[0]} does not reach it: it launches for {group.node.path}, and its user data joins no cluster"
                warn(launch.resource, NOT_REACHED, f"{why}; write ECS_CLUSTER into its user data too")

    def _forget(self) -> None:
        for launch in self._launches.values():
            launch.forget()

    def _look(self) -> None:
        for resource, applications in self.reached():
            launch = self._launch(resource)
            launch.ask(
                [each for each in applications if each.nearness == ON_IT],
                [
                    each
                    for each in applications
                    if isinstance(each, CapacityApplication)
                    and each.nearness != ON_IT
                    and self._may_hold(each, launch)
                ],
            )
        for launches in _by_stack(each for each in self._launches.values() if each.is_open):
            read_at_once(launches)
        waiting: list[LaunchUserData] = []
        unsure: list[LaunchUserData] = []
        for launch in self._launches.values():
            if launch.has_to_write():
                waiting.append(launch)
            elif launch.unsure and not launch.referred:
                unsure.append(launch)
        for launch in _launched_by_providers(_by_stack(unsure)):
            launch.referred = True
            launch.forget()
            if launch.has_to_write():
                waiting.append(launch)
        for launches in _by_stack(waiting):
            self._put_in_place(launches)

        for launch in self._launches.values():
            self._grant(launch)

    def _grant(self, launch: LaunchUserData) -> None:
        """Let the instances pull what they pre-pull, once."""
        pre_pull = None if launch.problem else launch.pre_pull
        if pre_pull is not None and self._granted.get(identity(launch.resource)) != pre_pull:
            self._granted[identity(launch.resource)] = pre_pull
            grant_pulls(launch.resource, filter(None, (*pre_pull.images, pre_pull.bottlerocket_image)))

    def _find_images(self) -> bool:
        """Find the images of the services on each launch resource, where somebody asks for them; tell whether anybody does."""
        asking = [
            launch
            for launch in self._launches.values()
            if launch.combined and (pre_pull := launch.combined.request.pre_pull) and pre_pull.finds
        ]
        if asking:
            found = images_on_capacity(self.stage, [launch.resource for launch in asking])
            for launch, images in zip(asking, found, strict=True):
                launch.found_images = images
        return bool(asking)

    def _put_in_place(self, launches: list[LaunchUserData]) -> None:
        """Write the user data of launch resources of one stack, but for those that somebody else has overridden."""
        stack = launches[0].stack
        template = written_template(stack)["Resources"]
        written = {
            name: user_data_in(body) for name, body in template.items() if body.get("Type") in LAUNCH_TYPES
        }
        known = [each for each in self._launches.values() if each.stack is stack]
        # Where the template has what each of the constructs has, nothing is overridden, and no logical id is needed.
        there = Counter(map(known_text, written.values()))
        if len(known) == len(launches) == len(written) and there == Counter(
            known_text(each.original) for each in launches
        ):
            for launch in launches:
                launch.put_in_place(launch.original)
            return
        ids = logical_ids(stack, [each.resource for each in launches])
        for launch, logical_id in zip(launches, ids, strict=True):
            launch.put_in_place(written.get(logical_id))

    def _may_hold(self, application: CapacityApplication, launch: LaunchUserData) -> bool:
        """Tell whether a launch resource may join: nothing joins a cluster of another account or Region."""
        if application.cluster is None:
            return True
        key = identity(launch.stack)
        if key not in self._environments:
            self._environments[key] = launch.stack.environment
        return application.cluster.environment == self._environments[key]

    def _record(self, launch: LaunchUserData) -> None:
        """Leave the decisions on a launch resource, each once."""
        decisions = launch.decisions()
        if launch.combined and not launch.problem:
            found = launch.combined
            request = found.request
            made = []
            if request.decision or request.settings.to_environment():
                decision = request.decision or pull_decision(request.settings, found.call_sites)
                where = ", ".join(dict.fromkeys(each.path for each in found.applications))
                instead = [
                    (what, str(each)) for what, each in found.overridden if not what.startswith(DOWNLOADS)
                ]
                made.append(applied_decision(decision, request.settings, where, instead))
            if (pre_pull := launch.pre_pull) is not None:
                made.append(
                    pre_pull_decision(
                        len(pre_pull.images),
                        pre_pull.within_seconds,
                        found.call_sites,
                        finds=pre_pull.finds,
                        disk=self._disk(launch, pre_pull),
                    )
                )
            if (downloads := request.max_concurrent_downloads) is not None:
                instead = [(what, str(each)) for what, each in found.overridden if what.startswith(DOWNLOADS)]
                made.append(docker_decision(downloads, found.call_sites, instead))
            decisions = [*made, *decisions]
        told = self._recorded.setdefault(identity(launch.resource), [])
        for decision in decisions:
            if decision not in told:
                told.append(decision)
                record(launch.node, decision)

    def _disk(self, launch: LaunchUserData, pre_pull: PrePullRequest) -> str:
        """Size the disk of a launch resource for what it pulls, once; return what the decision says."""
        key = identity(launch.resource)
        if key not in self._disks:
            if self._profiles is None:
                known: Mapping[str, Any] = self.stage.node.get_all_context()
                self._profiles = ImageFactsBook.of_context(known).profiles
            images = [in_full(name) for name in pre_pull.images]
            self._disks[key] = fit_disk(launch.resource, images, launch.os or "linux", self._profiles)
        return self._disks[key]

    def _launch(self, resource: LaunchResource) -> LaunchUserData:
        launch = self._launches.get(identity(resource))
        if launch is None:
            stack = self.stack_of(resource)
            launch = self._launches[identity(resource)] = LaunchUserData(
                resource, stack, self._images, self._batch
            )
        return launch


def _by_stack(launches: Iterable[LaunchUserData]) -> list[list[LaunchUserData]]:
    found: dict[str, list[LaunchUserData]] = {}
    for each in launches:
        found.setdefault(identity(each.stack), []).append(each)
    return list(found.values())


def _launched_by_providers(unsure: Iterable[Sequence[LaunchUserData]]) -> Iterator[LaunchUserData]:
    """Yield what capacity providers launch, of the launches of each stack that nothing else tells to be ECS capacity."""
    for launches in unsure:
        stack = launches[0].stack
        capacities = EcsView(from_document(written_template(stack))).capacities
        launched = {each.resource.logical_id for each in capacities if each.providers}
        ids = logical_ids(stack, [each.resource for each in launches])
        yield from (
            launch for launch, logical_id in zip(launches, ids, strict=True) if logical_id in launched
        )
