"""PULL001: metadata for cdk-pull that has no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.engine.suppress import misstated, no_effect
from cdk_pull.rules.support.fargate_facts import start_target
from cdk_pull.rules.support.image_facts import profile_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.model import Resource

__all__ = ["metadata_without_effect"]

_KEYS: Final = ("behavior", "images", "soci", "start-within", "suppress")
_PATH: Final = ("Metadata", "cdk-pull")


@rule(
    "PULL001",
    "cdk-pull metadata that has no effect",
    severity=Severity.WARNING,
    on="annotated",
    fix="Give each suppression the id of a rule and a reason; spell the keys as in the message",
    sources=(
        "cdk_pull.rules.engine.suppress",
        "cdk_pull.rules.support.image_facts",
    ),
)
def metadata_without_effect(resource: Resource, _context: CheckContext) -> Iterator[Problem]:
    """Metadata for cdk-pull has no effect.

    ## What it does
    Checks `Metadata: {cdk-pull: …}` of every resource, and the acknowledgements of constructs: suppressions without
    a reason or of a rule that does not exist, keys that nothing reads, and image facts, a start target or a SOCI setting in an invalid form.

    ## Why it matters
    A suppression that names no rule, or a fact in an invalid form, is ignored: the finding stays, or the rule that
    needs the fact is not evaluated.

    ## Example
    ```yaml
    Metadata:
      cdk-pull:
        suppress: [{id: PULL101}]
    ```

    ## Use instead
    ```yaml
    Metadata:
      cdk-pull:
        suppress: [{id: PULL101, reason: "the default is right for a registry on the same host"}]
    ```

    ## Fix safety
    The metadata changes nothing in the deployed resource.

    ## References
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-metadata.html
    """
    for where, rule_id in resource.template.acknowledged_here.get(resource.logical_id, ()):
        if why := misstated(rule_id):
            yield Problem(message=f"the acknowledgement of {rule_id!r} on {where} has no effect: {why}")
    metadata = resource.metadata
    for key, value in metadata.items():
        # The constructs of this package leave their decisions here for a reader.
        if key not in _KEYS and Decision.from_template("fix", value) is None:
            yield Problem(message=f"nothing reads {key!r}; known are {', '.join(_KEYS)}", path=(*_PATH, key))
    yield from _suppressions(metadata.get("suppress", []))
    yield from _facts(metadata)


def _suppressions(listed: object) -> Iterator[Problem]:
    if not isinstance(listed, list):
        yield Problem(message="suppress must be a list of {id, reason}", path=(*_PATH, "suppress"))
        return
    for index, entry in enumerate(listed):
        if why := no_effect(entry):
            yield Problem(message=f"this suppression has no effect: {why}", path=(*_PATH, "suppress", index))


def _facts(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    target, soci = metadata.get("start-within"), metadata.get("soci", False)
    if target is not None and start_target(target) is None:
        yield Problem(
            message=f"start-within must be a number of seconds: {target!r}; write 60 or 60s",
            path=(*_PATH, "start-within"),
        )
    if not isinstance(soci, bool):
        yield Problem(message=f"soci must be true or false: {soci!r}", path=(*_PATH, "soci"))
    images = metadata.get("images", {})
    for name, facts in images.items() if isinstance(images, dict) else (("images", images),):
        try:
            profile_from_json(facts, name)
        except InvalidValueError as error:
            yield Problem(message=str(error), path=(*_PATH, "images", name))
