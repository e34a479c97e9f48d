"""PULL001: metadata for cdk-pull that has no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import find_rule, rule
from cdk_pull.rules.support.fargate_facts import start_target
from cdk_pull.rules.support.image_facts import profile_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Metadata for cdk-pull is not in a form that has an effect.

    ## What it does
    Checks `Metadata: {cdk-pull: …}` of every resource: suppressions without a reason or of a rule that there is
    not, keys that nothing reads, and image facts, a start or a wish for SOCI in another form.

    ## Why it matters
    A suppression that names no rule, or a fact that nobody can read, is passed over: the finding stays, or the
    check that needed the fact is silent.

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
    metadata = resource.metadata
    for key, value in metadata.items():
        # The constructs of this package leave their decisions here for a reader.
        if key not in _KEYS and Decision.from_template("fix", value) is None:
            yield Problem(message=f"nothing reads {key!r}; known are {', '.join(_KEYS)}", path=(*_PATH, key))
    listed = metadata.get("suppress", [])
    if not isinstance(listed, list):
        yield Problem(message="suppress is not a list of {id, reason}", path=(*_PATH, "suppress"))
        listed = []
    for index, entry in enumerate(listed):
        why = _why_not(entry)
        if why:
            yield Problem(message=f"this suppression has no effect: {why}", path=(*_PATH, "suppress", index))
    target, soci = metadata.get("start-within"), metadata.get("soci", False)
    if target is not None and start_target(target) is None:
        yield Problem(
            message=f"start-within is no number of seconds: {target!r}; write 60 or 60s",
            path=(*_PATH, "start-within"),
        )
    if not isinstance(soci, bool):
        yield Problem(message=f"soci is neither true nor false: {soci!r}", path=(*_PATH, "soci"))
    images = metadata.get("images", {})
    for name, facts in images.items() if isinstance(images, dict) else (("images", images),):
        try:
            profile_from_json(facts, name)
        except InvalidValueError as error:
            yield Problem(message=str(error), path=(*_PATH, "images", name))


def _why_not(entry: object) -> str:
    if not isinstance(entry, dict) or not isinstance(rule_id := entry.get("id"), str):
        return "it names no rule by id"
    try:
        find_rule(rule_id)
    except InvalidValueError as error:
        return str(error)
    reason = entry.get("reason")
    return "" if isinstance(reason, str) and reason.strip() else "it gives no reason"
