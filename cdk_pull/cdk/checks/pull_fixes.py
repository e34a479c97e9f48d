"""Fixes what the checks find, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.cdk.checks.stage_fixes import FixRequest, StageFixes
from cdk_pull.cdk.ec2.capacity import is_capacity, launch_resources, why_imported
from cdk_pull.cdk.synth.constructs import is_cluster
from cdk_pull.cdk.synth.tasks import TaskMixin
from cdk_pull.rules.fixes.selected import SelectedFixes
from cdk_pull.rules.support.image_facts import ImageFactsBook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aws_cdk as cdk
    from constructs import IConstruct

__all__ = ["PullFixes"]


class PullFixes(TaskMixin):
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
        InvalidValueError: for an unknown rule or one without an unsafe fix, and for facts in another form.
    """

    work = StageFixes

    def __init__(
        self,
        *,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        unsafe: Sequence[str] = (),
        images: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Fix what PullChecks and ``cdk-pull check`` find, where it is certain what was meant."""
        known = {} if images is None else images
        # An invalid fact is an error here rather than in the midst of a synth.
        ImageFactsBook.of_context({"images": known})
        super().__init__(FixRequest(fixes=SelectedFixes.of(select, ignore, unsafe), images=known))

    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the task definition, or the launch templates and configurations, that a construct stands for.

        Raises:
            UnsupportedError: for capacity whose user data is not defined in this app.
        """
        return launch_resources(construct) if is_capacity(construct) else super().resources_of(construct)

    def refusal(self, construct: IConstruct) -> str:
        """Return why a construct has nothing that can be fixed, and what to do instead."""
        if is_cluster(construct):
            return "the capacity and task definitions of a cluster may be anywhere in the app; apply it to the stack or the app"
        return super().refusal(construct) or why_imported(construct)
