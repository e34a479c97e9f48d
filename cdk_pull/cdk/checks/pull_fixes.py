"""Fixes what the checks find, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from cdk_pull.cdk.checks.selected_fixes import SelectedFixes
from cdk_pull.cdk.checks.task_fixes import TaskFixes
from cdk_pull.cdk.ec2.capacity import identity, is_cluster
from cdk_pull.cdk.ec2.scopes import StageUserData
from cdk_pull.cdk.synth.complete import when_complete
from cdk_pull.errors import UnsupportedError
from cdk_pull.rules.support.image_facts import ImageFactsBook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct

__all__ = ["PullFixes"]


class PullFixes(cdk.Mixin):
    """Fix what PullChecks and ``cdk-pull check`` find, where it is certain what was meant.

    Apply it to an app, a stage, a stack or a construct, for all that is below, what comes later included::

        cdk.Mixins.of(app).apply(PullFixes())
        cdk.Mixins.of(app).apply(PullFixes(unsafe=["PULL112"]))

    A safe fix does no more than the app evidently asks for: it corrects a line of user data that the ECS agent would
    ignore, or a task size that Fargate would refuse. What a person has to weigh is opted in to by the id of its rule.
    ``cdk-pull explain PULL…`` says what a fix does and what it changes in the deployed stack: user data reaches new
    instances only, and a task size is a new revision with a new price. No logical id changes.

    Each edit of user data counts only where the reader of user data finds less to warn of after it, and all other
    settings are as they were; what cannot be fixed stays, and the checks go on finding it. What is acknowledged or
    suppressed with a reason is left alone. Each fix is a decision that ``cdk-pull decisions`` prints.

    Args:
        select: ids, or beginnings of ids such as ``PULL1``, of the rules to fix; all with a safe fix by default.
        ignore: those of rules not to fix.
        unsafe: ids of rules to fix also by what is not safe.
        images: what is known of images, such as ``{"web:1": {"compressed": "800MB", "uncompressed": "2.4GB"}}``; what
            ``cdk-pull lookup`` has written into ``cdk.context.json`` is known as well.

    Raises:
        InvalidValueError: for a rule that there is not or that has no unsafe fix, and for facts in another form.
    """

    def __init__(
        self,
        *,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        unsafe: Sequence[str] = (),
        images: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__()
        self._fixes = SelectedFixes.of(select, ignore, unsafe)
        self._images = {} if images is None else images
        # What is wrong with the facts is said here rather than in the midst of a synth.
        ImageFactsBook.of_context({"images": self._images})
        self._covered: set[str] = set()

    def supports(self, construct: IConstruct) -> bool:
        """Tell whether this is something to apply to; CDK asks for each construct below the one it applies to."""
        key = identity(construct)
        if key in self._covered:
            self._covered.discard(key)
            return False
        return True

    def apply_to(self, construct: IConstruct) -> None:
        """Fix all below a construct when CDK writes the templates.

        Raises:
            UnsupportedError: for a cluster, whose capacity and task definitions may be anywhere in the app.
        """
        if is_cluster(construct):
            raise UnsupportedError(
                f"PullFixes cannot be applied to the cluster {construct.node.path}, whose capacity and task definitions "
                "may be anywhere in the app; apply it to the stack or the app"
            )
        below = construct.node.find_all()
        # CDK goes on to everything below, which is covered from here.
        self._covered = {identity(each) for each in below} - {identity(construct)}
        stages = [each for each in below if isinstance(each, cdk.Stage) and identity(each) in self._covered]
        # CDK writes the templates of a stage before those of the app around it.
        for scope in (*stages, construct):
            stage, tasks = StageUserData.of(scope), TaskFixes(scope, self._fixes, self._images)
            stage.fix_within(self._fixes, scope)
            when_complete(stage, tasks.fix_nested)
            scope.node.add_validation(tasks)
