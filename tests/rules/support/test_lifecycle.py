"""What a life-cycle policy takes away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_pull.rules.support.lifecycle import read_policy, taking
from cdk_pull.template.ecs.images import Image
from cdk_pull.template.values import Unknown, concat

REPO = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web"
DIGEST = f"{REPO}@sha256:{'a' * 64}"
UNKNOWN_TAG = concat((f"{REPO}:", Unknown(reason="a parameter", symbol="Tag")))


def _rule(priority: int, status: str = "any", number: int = 10, **more: Any) -> dict[str, Any]:
    selection = {"tagStatus": status, "countType": "imageCountMoreThan", "countNumber": number, **more}
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def _taken(image: object, *rules: dict[str, Any]) -> int | None:
    """Return the priority of the rule that can take away an image."""
    text = image if isinstance(image, str | Unknown) else ""
    found = taking(read_policy(json.dumps({"rules": rules})), Image.of(text, "eu-west-1"))
    return found.priority if found else None


SHIELD: dict[str, Any] = {"status": "tagged", "number": 9999, "tagPrefixList": ["1."]}


@pytest.mark.parametrize(
    ("image", "rules", "priority"),
    [
        pytest.param(f"{REPO}:1.2.3", [_rule(1)], 1, id="any"),
        pytest.param(f"{REPO}:1.2.3", [_rule(2), _rule(1, **SHIELD)], None, id="shielded"),
        pytest.param(f"{REPO}:2.0.0", [_rule(2), _rule(1, **SHIELD)], 2, id="shield for others"),
        pytest.param(DIGEST, [_rule(2), _rule(1, **SHIELD)], None, id="shielded by an unknown tag perhaps"),
        pytest.param(
            UNKNOWN_TAG, [_rule(1, "tagged", tagPrefixList=["pr-"]), _rule(2)], 2, id="taken by either"
        ),
        pytest.param(DIGEST, [_rule(1, "tagged", tagPatternList=["*"])], 1, id="every tag"),
        pytest.param(REPO, [_rule(1, "tagged", tagPatternList=["lat*st"])], 1, id="no tag is latest"),
        pytest.param(
            f"{REPO}:1.2.3", [_rule(1, "tagged", tagPrefixList=["1.", "pr-"])], None, id="all of two prefixes"
        ),
        pytest.param(f"{REPO}:1.2.3", [_rule(1, "tagged", tagPrefixList=["1", "1."])], 1, id="both prefixes"),
        pytest.param(f"{REPO}:1.2.3", [_rule(1, number=1000)], None, id="keeps all"),
        pytest.param(f"{REPO}:1.2.3", [_rule(1, "untagged")], None, id="untagged"),
        pytest.param(
            f"{REPO}:1.2.3", [_rule(1, countType="sinceImageTransitioned")], None, id="archived images"
        ),
    ],
)
def test_the_first_rule_about_an_image_decides(
    image: object, rules: list[dict[str, Any]], priority: int | None
) -> None:
    """As in ECR, by priority; where that depends on tags that nobody knows, nothing is said."""
    assert _taken(image, *rules) == priority


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (_rule(1), "expires any image beyond the newest 10"),
        (
            _rule(1, "tagged", tagPatternList=["a*"], tagPrefixList=["b"]),
            "expires images tagged b* and a* beyond the newest 10",
        ),
        (_rule(1, countType="sinceImagePushed"), "expires any image 10 days after the push"),
        (_rule(1, countType="sinceImagePulled"), "expires any image 10 days after the last pull"),
        (
            {**_rule(1, "untagged"), "action": {"type": "transition", "targetStorageClass": "archive"}},
            "archives untagged images beyond the newest 10",
        ),
    ],
)
def test_a_rule_is_told_in_words(rule: dict[str, Any], words: str) -> None:
    """What it does with which images, and when."""
    (selection,) = read_policy({"rules": [rule]})
    assert f"{selection.does} {selection.what} {selection.when}" == words


def test_a_policy_with_values_of_the_deployment_is_read_around_them() -> None:
    """A number that the deployment gives is shown by its name; a prefix that it gives decides nothing."""
    hole = Unknown(reason="a parameter", symbol="P")
    text = concat(
        (
            '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPrefixList": ["',
            hole,
            '-"], "countType": "imageCountMoreThan", "countNumber": ',
            hole,
            "}}]}",
        )
    )
    (selection,) = read_policy(text)
    assert selection.when == "beyond the newest ${P}"
    assert taking([selection], Image.of(f"{REPO}:prod-1", "eu-west-1")) is None


@pytest.mark.parametrize(
    "text",
    ["", "{not json", "[]", '{"rules": 7}', '{"rules": [{"selection": []}]}', Unknown(reason="?"), None, 3],
)
def test_what_is_no_policy_takes_nothing_away(text: object) -> None:
    """A malformed policy is CloudFormation's to refuse."""
    assert read_policy(text) == []
