from __future__ import annotations

import pytest

from cdk_pull.agent.decisions import applied_decision, capacity_decision, pre_pull_decision, pull_decision
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.volume import ImageVolume
from cdk_pull.decision import Decision

ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE, num_images_delete_per_cycle=9)
ONCE_ENVIRONMENT = {"ECS_IMAGE_PULL_BEHAVIOR": "once", "ECS_NUM_IMAGES_DELETE_PER_CYCLE": "9"}
OF_ONCE = "a tag that moves is not noticed: use unique tags or digests"
NEW_ONLY = "reaches new instances only"
VOLUME = ImageVolume(
    size_gib=60, device_name="/dev/xvda", versions=3, why="2 GB of images", usd_per_month=4.8
)


def test_pull_decision() -> None:
    """A pull behavior is reported with what it does, what it costs and the settings beside it."""
    assert pull_decision(ONCE, "app.py:7") == Decision(
        topic="image-pull-behavior",
        decided="once, ECS_NUM_IMAGES_DELETE_PER_CYCLE=9",
        why="requested in app.py:7: pulls an image name once per instance, with cleanup on",
        cost=f"{OF_ONCE}; {NEW_ONLY}",
        details={"settings": ONCE_ENVIRONMENT},
    )


def test_settings_without_a_behavior() -> None:
    """Settings without a pull behavior are reported by themselves."""
    assert pull_decision(AgentSettings(num_images_delete_per_cycle=9), "app.py:7") == Decision(
        topic="image-pull-behavior",
        decided="ECS_NUM_IMAGES_DELETE_PER_CYCLE=9",
        why="requested in app.py:7",
        cost=NEW_ONLY,
        details={"settings": {"ECS_NUM_IMAGES_DELETE_PER_CYCLE": "9"}},
    )


@pytest.mark.parametrize(
    ("region", "price", "usd"),
    [
        ("us-east-1", "$4.80 a month and instance in us-east-1", 4.8),
        ("eu-west-1", "gp3 price in eu-west-1 unknown", None),
        (None, "gp3 price in the Region unknown", None),
    ],
)
def test_capacity_decision(region: str | None, price: str, usd: float | None) -> None:
    """The volume of a capacity provider has a price in the Region that the package knows it for, and in no other."""
    decision = capacity_decision(ONCE, VOLUME, "chosen", region)
    assert decision.cost == f"60 GiB for 2 GB of images, {price}; {OF_ONCE}; {NEW_ONLY}"
    assert decision.details == {
        "settings": ONCE_ENVIRONMENT,
        "volume_gib": 60,
        "versions": 3,
        "usd_per_month": usd,
    }


@pytest.mark.parametrize(("images", "words"), [(1, "1 image"), (2, "2 images")])
def test_pre_pull_decision(images: int, words: str) -> None:
    """A pre-pull is reported with the number of its images."""
    decision = pre_pull_decision(images, 90, "app.py:7")
    assert decision.decided == f"{words} pulled at boot, within 90 s"
    assert decision.details == {"within_seconds": 90, "images": images}


def test_applied_decision() -> None:
    """What counts of several requests is reported, with what does not count and who asks for it."""
    nearest = pull_decision(AgentSettings(image_pull_behavior=PullBehavior.ONCE), "app.py:7")
    overridden = [("ECS_IMAGE_PULL_BEHAVIOR=always", "ImagePullBehavior on the app (app.py:3)")]
    applied = applied_decision(nearest, ONCE, "Stack/Group", overridden)
    assert applied == Decision(
        topic="image-pull-behavior",
        decided="once, ECS_NUM_IMAGES_DELETE_PER_CYCLE=9",
        why=f"{nearest.why}; in place of ECS_IMAGE_PULL_BEHAVIOR=always, which {overridden[0][1]} asks for",
        cost=nearest.cost,
        details={
            "settings": ONCE_ENVIRONMENT,
            "applied_to": "Stack/Group",
            "instead_of": {overridden[0][1]: "ECS_IMAGE_PULL_BEHAVIOR=always"},
        },
    )
    alone = applied_decision(nearest, AgentSettings(image_pull_behavior=PullBehavior.ONCE), "Stack/Group", [])
    assert (alone.decided, alone.why) == ("once", nearest.why)
    assert alone.details == {
        "settings": {"ECS_IMAGE_PULL_BEHAVIOR": "once"},
        "applied_to": "Stack/Group",
    }
