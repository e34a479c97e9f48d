"""Pulls the images of a stage's task definitions through caches, once the tree is complete."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.ec2.stage_user_data import StageUserData
from cdk_pull.cdk.images.cache_grants import grant_cache_pulls
from cdk_pull.cdk.images.cache_home import home_of
from cdk_pull.cdk.images.cache_rules import CacheRules
from cdk_pull.cdk.images.cache_secrets import secret_stack
from cdk_pull.cdk.images.cached_task import CachedTask, decision_of, written_name
from cdk_pull.cdk.synth.constructs import identity, select, warn
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.depend import depend
from cdk_pull.cdk.synth.environment import environment_of, top_level
from cdk_pull.cdk.synth.stage_work import StageWork
from cdk_pull.cdk.synth.tasks import TASK
from cdk_pull.cdk.synth.unwritten import UnwrittenApp
from cdk_pull.cdk.synth.written import logical_ids
from cdk_pull.errors import ConflictError
from cdk_pull.image.pull_through import ROOT
from cdk_pull.records import replace
from cdk_pull.rules.fixes.task_patches import written_image
from cdk_pull.template.cached_images import Cached, KnownRule, Left
from cdk_pull.template.ecs.first_pull import closed_first_pulls
from cdk_pull.template.ecs.task_shapes import EXPRESS_SERVICE, JOB_DEFINITION
from cdk_pull.template.ecs.view import EcsView
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from constructs import IConstruct

    from cdk_pull.cdk.images.cache_request import CacheRequest
    from cdk_pull.cdk.synth.stage_work import Application, Reached
    from cdk_pull.template.context import Environment
    from cdk_pull.template.ecs.tasks import TaskDefinition

    _KnownRules: TypeAlias = Mapping[tuple[Environment, str], tuple[KnownRule, ecr.CfnPullThroughCacheRule]]

__all__ = ["StageCaches"]

_RULE: Final = "AWS::ECR::PullThroughCacheRule"
_NETWORK: Final = ("AWS::EC2::Subnet", "AWS::EC2::VPCEndpoint", "AWS::EC2::SecurityGroup")
_NOT_CACHED: Final = "cdk-pull:notCached"
_FIRST_PULL: Final = "cdk-pull:firstPull"
_PRE_PULLED: Final = "cdk-pull:prePullCached"
_ID: Final = "CdkPullThroughCache"
_CONDITIONAL: Final = "the container is known at deployment only"
_IN_ANOTHER_STACK: Final = "its repository is in another stack of this app; name it as a string to cache it"


class StageCaches(StageWork):
    """Makes the rules of a stage's registries, and names the images of its tasks behind them."""

    mixin: ClassVar = "PullThroughCache"
    resource_types: ClassVar = (TASK,)
    beside: ClassVar = (EXPRESS_SERVICE, JOB_DEFINITION)
    nothing_id: ClassVar = "cdk-pull:noImagesToCache"
    nothing: ClassVar = "no ECS task definition is in this scope, so there is no image to cache: imported ones are changed where they are defined"

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(stage)
        self.made: set[tuple[Environment, str]] = set()
        self._tasks: dict[str, CachedTask] = {}
        self._images: dict[tuple[str, str], object] = {}
        self._rules: dict[tuple[Environment, int], CacheRules] = {}
        self._requests: list[tuple[Environment, CacheRequest]] = []
        self._told: set[str] = set()

    def not_reached(self, resources: Sequence[cdk.CfnResource]) -> Iterable[tuple[cdk.CfnResource, str]]:
        """Return what has containers without a task definition."""
        why = (
            "its images are not in a task definition: write their names behind the cache yourself, as in "
            "<account>.dkr.ecr.<Region>.amazonaws.com/<prefix>/<image>"
        )
        return [(each, why) for each in resources]

    def image(self, task: IConstruct, container: str) -> object | None:
        """Return the image of a container behind a cache; None for one that is not cached."""
        return self._images.get((identity(task), container))

    def complete(self) -> None:
        """Plan every image, then change the tree."""
        found: list[tuple[ecs.CfnTaskDefinition, CacheRequest]] = []

        def sort(reached: Reached, application: Application) -> None:
            if identity(reached.resource) not in self._tasks:
                found.append((cast("ecs.CfnTaskDefinition", reached.resource), application.request))

        self.for_each(sort)
        if not found:
            return
        known = self._known_rules()
        read = UnwrittenApp(self.stage).task_definitions([definition for definition, _ in found])
        planned = [
            self._plan(definition, request, read[identity(definition)], known)
            for definition, request in found
        ]
        self._tasks |= {identity(task.definition): task for task in planned}
        homes = self._homes(planned)
        for task in planned:
            self.guard(task.definition, partial(self._apply, task, homes, known))

    def check(self) -> list[str]:
        """Say what is not cached, and what the first pull of the others needs."""
        unclear = [task.definition for task in self._tasks.values() if task.unclear]
        read = UnwrittenApp(self.stage).task_definitions(unclear) if unclear else {}
        for key, task in self._tasks.items():
            left = [*task.left, *(self._left_now(task, read[key]) if key in read else ())]
            if key not in self._told:
                self._told.add(key)
                for name, each in left:
                    message = (
                        f"image {each.image} of container {name} is not pulled through a cache: {each.reason}"
                    )
                    warn(task.definition, _NOT_CACHED, message)
                record(task.definition.node, decision_of(task, left))
        self._check_pre_pulls()
        self._check_first_pulls()
        return self._made_twice()

    def _plan(
        self,
        definition: ecs.CfnTaskDefinition,
        request: CacheRequest,
        read: TaskDefinition,
        known: _KnownRules,
    ) -> CachedTask:
        """Return how the images of a task definition are pulled."""
        stack = self.stack_of(definition)
        environment = environment_of(stack)
        here = tuple(rule for (where, _), (rule, _) in known.items() if where == environment)
        plan = replace(request.plan, existing=(*request.plan.existing, *here))
        task = CachedTask(definition, stack, replace(request, plan=plan), {}, [], set())
        for container in read.containers:
            index, written = container.path[-1], written_image(read, container)
            if container.image is None or not isinstance(index, int):
                continue
            if written is None:
                task.left.append((container.name, Left(str(container.image), _CONDITIONAL)))
                continue
            result = plan.of(written, container.image.value, environment, container.values)
            if isinstance(result, Cached):
                task.images[index] = result
                self._images[identity(definition), container.name] = written_name(result, environment)
            elif isinstance(result, Left) and isinstance(container.image.value, Unknown):
                # A reference to another stack is followed when CDK has resolved it.
                task.unclear.add(index)
            elif isinstance(result, Left):
                task.left.append((container.name, result))
        if not read.containers:
            task.left.append(("?", Left("?", _CONDITIONAL)))
        return task

    def _left_now(self, task: CachedTask, read: TaskDefinition) -> Iterator[tuple[str, Left]]:
        """Yield what stays where it is of the images that were not known before CDK had resolved references."""
        for container in read.containers:
            if container.path[-1] in task.unclear and container.image is not None:
                written = written_image(read, container)
                environment = environment_of(task.stack)
                found = task.request.plan.of(written, container.image.value, environment, container.values)
                if isinstance(found, Cached):
                    yield container.name, Left(found.image, _IN_ANOTHER_STACK)
                elif found is not None:
                    yield container.name, found

    def _known_rules(self) -> _KnownRules:
        """Return the rules that others have made in this stage, by where they are and their prefix."""
        found: dict[tuple[Environment, str], tuple[KnownRule, ecr.CfnPullThroughCacheRule]] = {}
        for rule in select(self.stage, _RULE):
            if not isinstance(rule, ecr.CfnPullThroughCacheRule) or not self.is_mine(rule):
                continue
            if any(
                isinstance(each, CacheRules) and each.node.id.startswith(_ID) for each in rule.node.scopes
            ):
                continue
            prefix, url = rule.ecr_repository_prefix, rule.upstream_registry_url
            if isinstance(prefix, str) and isinstance(url, str) and not cdk.Token.is_unresolved(prefix + url):
                known = KnownRule(
                    url.removeprefix("https://").rstrip("/"), prefix, rule.upstream_repository_prefix or ROOT
                )
                found[environment_of(cdk.Stack.of(rule)), prefix] = known, rule
        return found

    def _homes(self, planned: Sequence[CachedTask]) -> dict[Environment, cdk.Stack]:
        """Return the stack of the rules that are to be made, by account and Region."""
        users: dict[Environment, dict[str, cdk.Stack]] = {}
        secrets: dict[Environment, list[cdk.Stack]] = {}
        for task in planned:
            environment = environment_of(task.stack)
            for image in task.images.values():
                if image.rule.exists:
                    continue
                stack = top_level(task.stack)
                users.setdefault(environment, {})[identity(stack)] = stack
                _, secret = task.request.secrets.get(image.rule.upstream.url, ("", None))
                maker = None if secret is None else secret_stack(secret)
                if maker is not None and environment_of(maker) == environment:
                    secrets.setdefault(environment, []).append(maker)
        return {
            environment: home_of(list(stacks.values()), self.stage, secrets.get(environment, ()))
            for environment, stacks in users.items()
        }

    def _apply(
        self,
        task: CachedTask,
        homes: Mapping[Environment, cdk.Stack],
        known: _KnownRules,
    ) -> None:
        """Name the images of a task behind rules, which it waits for, and let its role pull them."""
        environment = environment_of(task.stack)
        rules: dict[str, ecr.CfnPullThroughCacheRule] = {}
        for image in task.images.values():
            if not image.rule.exists:
                self._refuse_taken(image, environment, known)
                rules[image.rule.prefix] = self._rules_of(task, homes[environment]).rule(image.rule)
                self.made.add((environment, image.rule.prefix))
            elif (environment, image.rule.prefix) in known:
                rules[image.rule.prefix] = known[environment, image.rule.prefix][1]
        for index, image in task.images.items():
            task.definition.add_property_override(
                f"ContainerDefinitions.{index}.Image", written_name(image, environment)
            )
        for rule in rules.values():
            depend(task.definition, rule)
        if task.images:
            grant_cache_pulls(task.definition, list(task.images.values()))

    def _rules_of(self, task: CachedTask, home: cdk.Stack) -> CacheRules:
        environment = environment_of(task.stack)
        requests = [request for where, request in self._requests if where == environment]
        number = next(
            (
                index
                for index, each in enumerate(requests)
                if each.settings == task.request.settings and each.secrets == task.request.secrets
            ),
            None,
        )
        if number is None:
            number = len(requests)
            self._requests.append((environment, task.request))
            name = _ID if number == 0 else f"{_ID}{number + 1}"
            self._rules[environment, number] = CacheRules(home, name, task.request)
        return self._rules[environment, number]

    def _refuse_taken(
        self,
        image: Cached,
        environment: Environment,
        known: _KnownRules,
    ) -> None:
        taken = known.get((environment, image.rule.prefix))
        if taken is not None:
            raise ConflictError(
                f"prefix {image.rule.prefix} for {image.rule.upstream.url} is that of {taken[1].node.path}, which caches "
                f"{taken[0].url}: name another by prefixes={{'{image.rule.upstream.url}': '…'}}"
            )

    def _check_pre_pulls(self) -> None:
        """Warn of instances that pull an image before its task by another name than the task's: it is pulled twice."""
        capacity = StageUserData.known(self.stage)
        pre_pulled = capacity.pre_pulled if capacity is not None else frozenset()
        for key, task in self._tasks.items():
            for image in task.images.values():
                if image.image not in pre_pulled or f"{key} {image.image}" in self._told:
                    continue
                self._told.add(f"{key} {image.image}")
                name = written_name(image, environment_of(task.stack))
                shown = name if isinstance(name, str) else f"…/{image.path}"
                warn(
                    task.definition,
                    _PRE_PULLED,
                    f"PrePulledImages pulls {image.image}, and this task pulls it as {shown}: pass that name to PrePulledImages",
                )

    def _check_first_pulls(self) -> None:
        """Warn of subnets from which nothing can be fetched that is not in the cache yet."""
        cached = [task for task in self._tasks.values() if task.images]
        if not cached or not select(self.stage, "AWS::ECS::Service"):
            return
        # What is said of the network may be in other stacks than the tasks.
        around = select(self.stage, TASK, "AWS::ECS::Service", *_NETWORK)
        stacks = {
            identity(stack): stack for each in around if self.is_mine(each) and (stack := self.stack_of(each))
        }
        view = EcsView(UnwrittenApp(self.stage).assembly(stacks.values()))
        ids = {
            (identity(task.stack), logical_id): task
            for task in cached
            for logical_id in logical_ids(task.stack, [task.definition])
        }
        found = {
            id(task): ids[key]
            for task in view.tasks
            if (key := (task.resource.template.key, task.resource.logical_id)) in ids
        }
        for task, puller, verdict in closed_first_pulls(
            view, [each for each in view.tasks if id(each) in found]
        ):
            mine = found[id(task)]
            said = f"{identity(mine.definition)} {verdict}"
            if said in self._told:
                continue
            self._told.add(said)
            warn(
                mine.definition,
                _FIRST_PULL,
                f"the first pull through a cache needs a way to the internet from {puller.source.subnet_name or 'its subnet'}, "
                f"and there is none: {verdict}. {verdict.fix}; or run `cdk-pull warm` after each deployment, which makes "
                "Amazon ECR fetch what is new",
            )

    def _made_twice(self) -> list[str]:
        """Return one line for each rule that another stage has made for the same registry."""
        lines = []
        own = identity(self.stage)
        for other in self.stage.node.root.node.find_all():
            if not isinstance(other, cdk.Stage) or identity(other) == own:
                continue
            theirs = self.known(other)
            for environment, prefix in sorted(self.made & theirs.made, key=str) if theirs is not None else ():
                if environment.account is not None and environment.region is not None:
                    lines.append(
                        f"{self.stage.node.path or 'the app'}: {other.node.path or 'the app'} makes the pull-through cache "
                        f"{prefix} for account {environment.account} and {environment.region}, too, and a registry has it once: "
                        f"apply PullThroughCache.from_prefixes to one of them"
                    )
        return lines
