"""What the mixin takes, refuses and changes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.agent import cfn
from tests.cdk.ec2.ec2_apps import (
    LAUNCH_TEMPLATES,
    TYPE,
    behaviors,
    join,
    new_cluster,
    new_group,
    new_stack,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = str(Path(__file__).relative_to(Path.cwd()))

# Two values, and other things that show when the template is written.


def test_two_values_for_one_capacity_name_both_places() -> None:
    """Two different behaviours on one group stop the synth, with the line of each."""
    stack = new_stack()
    group = new_group(stack)
    one, other = pull.ImagePullBehavior.once(), pull.ImagePullBehavior.prefer_cached()
    group.with_(one)
    cdk.Mixins.of(group).apply(other)

    message = refusal(stack)

    place = f"{HERE}:{_line_of('one, other = pull')}"
    assert message == (
        "[cdk-pull] Stack/Group/LaunchTemplate/Resource: two values for the same capacity: "
        f"ECS_IMAGE_PULL_BEHAVIOR: 'once' ({place}) and 'prefer-cached' ({place}); "
        "keep one, or give each its own capacity"
    )


def _line_of(text: str) -> int:
    """Return the first line of this file that holds a text."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_same_value_twice_is_one_value() -> None:
    """The same behaviour from two places is written once."""
    stack = new_stack()
    cluster = new_cluster(stack)
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())
    join(cluster, new_group(stack).with_(pull.ImagePullBehavior.once()))  # type: ignore[arg-type] # with_ returns it

    text = json.dumps(Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate"))

    assert text.count("ECS_IMAGE_PULL_BEHAVIOR") == 1


def test_different_settings_add_up() -> None:
    """Two mixins that set different variables are both written."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.once())
    group.with_(pull.ImagePullBehavior(pull.AgentSettings(image_cleanup_interval=timedelta(hours=2))))

    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()

    assert dict(cfn.read_value(template["Properties"]["LaunchTemplateData"]["UserData"]).settings) == {
        "ECS_IMAGE_PULL_BEHAVIOR": "once",
        "ECS_IMAGE_CLEANUP_INTERVAL": "2h0m0s",
    }


def test_settings_that_undo_one_another_are_refused() -> None:
    """A cleanup setting from one mixin beside another's prefer-cached is refused, with the reason."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.prefer_cached())
    group.with_(pull.ImagePullBehavior(pull.AgentSettings(num_images_delete_per_cycle=9)))

    assert "num_images_delete_per_cycle has no effect: prefer-cached switches image cleanup off" in refusal(
        stack
    )


def test_two_operating_systems_are_refused() -> None:
    """One capacity runs one operating system."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.once(operating_system="linux"))
    group.with_(pull.ImagePullBehavior.once(operating_system="windows"))

    assert "two operating systems for the same capacity: linux and windows (" in refusal(stack)


def test_bottlerocket_without_its_image_type_names_the_fix() -> None:
    """A forgotten machine_image_type puts shell into Bottlerocket's TOML: the error says what to pass."""
    stack = new_stack()
    group = new_group(stack, machine_image=ecs.BottleRocketImage())
    join(new_cluster(stack), group)
    group.with_(pull.ImagePullBehavior.once())

    assert refusal(stack) == (
        "[cdk-pull] Stack/Group/LaunchTemplate/Resource: the image is Bottlerocket, but its user data is a "
        "shell script, which Bottlerocket cannot read: pass machine_image_type=ecs.MachineImageType.BOTTLEROCKET to "
        "the AsgCapacityProvider or to add_capacity"
    )


@pytest.mark.parametrize(
    "name",
    ["/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id", "/golden/bottlerocket", "/golden/image"],
)
def test_bottlerocket_by_ssm_parameter(name: str) -> None:
    """CDK takes such an image for Linux and puts a shebang before its TOML, which TOML takes for a comment."""
    stack = new_stack()
    group = new_group(stack, machine_image=ec2.MachineImage.from_ssm_parameter(name))
    join(new_cluster(stack), group, machine_image_type=ecs.MachineImageType.BOTTLEROCKET)
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())

    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()
    text = cfn.to_text(template["Properties"]["LaunchTemplateData"]["UserData"]).text
    assert text.startswith('#!/bin/bash\n[settings.ecs]\nimage-pull-behavior = "once"\ncluster = ')


def _group_with_a_table_of_its_own() -> cdk.Stack:
    stack = new_stack()
    group = new_group(stack, machine_image=ecs.BottleRocketImage())
    join(new_cluster(stack), group, machine_image_type=ecs.MachineImageType.BOTTLEROCKET)
    group.add_user_data('[settings.ecs]\nloglevel = "debug"')
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())
    return stack


def test_a_table_beside_cdk_s_own_names_the_fix() -> None:
    """Two tables of one name make Bottlerocket drop the whole document: the error says how to write the keys."""
    assert refusal(_group_with_a_table_of_its_own()) == (
        "[cdk-pull] Stack/Group/LaunchTemplate/Resource: the user data declares [settings.ecs] twice (line 4, column 14), "
        "and Bottlerocket accepts nothing of it; CDK writes [settings.ecs] itself, when the group joins its cluster. Add "
        "your keys after that without the header, or apply PullFixes, which joins the two tables"
    )


def test_the_fix_that_it_names_works() -> None:
    """With PullFixes, the two tables are one with the settings in it."""
    stack = _group_with_a_table_of_its_own()
    cdk.Mixins.of(stack).apply(pull.PullFixes())
    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()
    reading = cfn.read_value(template["Properties"]["LaunchTemplateData"]["UserData"])
    assert (reading.settings["ECS_IMAGE_PULL_BEHAVIOR"], reading.warnings) == ("once", ())


def test_a_setting_may_hold_a_token() -> None:
    """The URI of a repository of the app is a reference in the user data."""
    stack = new_stack()
    join(new_cluster(stack), group := new_group(stack))
    repository = ecr.Repository(stack, "Repo")
    group.with_(
        pull.ImagePullBehavior.once(
            enable_untracked_image_cleanup=True,
            exclude_untracked_image=[repository.repository_uri, "amazon/amazon-ecs-agent"],
        )
    )
    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()
    marked = cfn.to_text(template["Properties"]["LaunchTemplateData"]["UserData"])
    (line,) = [each for each in marked.text.splitlines() if "ECS_EXCLUDE_UNTRACKED_IMAGE" in each]
    assert {"Ref": "Repo02AC86CF"} in marked.pieces
    assert ".dkr.ecr." in line
    assert ",amazon/amazon-ecs-agent" in line
    assert "cdkpulltoken" not in line


@pytest.mark.parametrize("settings", ["prefer-cached", pull.PullBehavior.PREFER_CACHED])
def test_a_pull_behaviour_by_its_name(settings: Any) -> None:
    """A string that is a pull behavior is taken for one."""
    stack = new_stack()
    join(new_cluster(stack), group := new_group(stack))
    group.with_(pull.ImagePullBehavior(settings))
    assert behaviors(stack) == {"Group": "prefer-cached"}


@pytest.mark.parametrize(
    ("settings", "rest"),
    [
        ("prefer_cached", ". Did you mean prefer-cached?"),
        ("ONCE", ". Did you mean once?"),
        (7, ""),
        (None, ""),
    ],
)
def test_what_is_no_pull_behaviour_is_refused_where_it_is_written(settings: Any, rest: str) -> None:
    """Anything else is an error at the line of the call, with the names."""
    with pytest.raises(pull.InvalidValueError) as error:
        pull.ImagePullBehavior(settings)
    assert str(error.value) == (
        f"settings must be AgentSettings or a pull behavior: {settings!r}; allowed: AgentSettings(…), or one of default, "
        f"always, once, prefer-cached{rest}"
    )


def test_a_value_behind_an_intrinsic_is_seen() -> None:
    """What the user data sets through Fn::Sub counts: another value there is a conflict, with its line."""
    stack = new_stack()
    group = new_group(stack)
    group.add_user_data(
        cdk.Fn.sub("echo ECS_IMAGE_PULL_BEHAVIOR=always >> /etc/ecs/ecs.config # ${AWS::Region}")
    )
    group.with_(pull.ImagePullBehavior.once())

    assert refusal(stack) == (
        "[cdk-pull] Stack/Group/LaunchTemplate/Resource: the user data sets ECS_IMAGE_PULL_BEHAVIOR to "
        "'always' on line 2, and 'once' is asked for; remove one of the two"
    )


def test_user_data_over_the_limit_is_refused_with_its_size() -> None:
    """EC2 takes 16 KB: more is refused with the number of bytes."""
    stack = new_stack()
    group = new_group(stack)
    group.add_user_data("# " + "x" * 16_400)
    group.with_(pull.ImagePullBehavior.once())

    message = refusal(stack)

    assert "the user data exceeds the EC2 limit of 16 KB: '16" in message
    assert message.endswith(
        " bytes'; allowed: up to 16384 bytes before base64. "
        "Move a part of it to an S3 object that it fetches, or into the image."
    )


@pytest.mark.parametrize("before", [True, False])
def test_an_override_and_the_settings_do_not_lose_one_another(*, before: bool) -> None:
    """An escape hatch that replaces the user data, before or after the mixin, stops the synth."""
    stack = new_stack()
    group = new_group(stack)
    resource = group.node.find_child("LaunchTemplate").node.default_child
    assert isinstance(resource, ec2.CfnLaunchTemplate)
    if not before:
        group.with_(pull.ImagePullBehavior.once())
    resource.add_property_override("LaunchTemplateData.UserData", cdk.Fn.base64("#!/bin/bash\nls"))
    if before:
        group.with_(pull.ImagePullBehavior.once())

    assert refusal(stack) == (
        "[cdk-pull] Stack/Group/LaunchTemplate/Resource: the settings are not in its user data, which an "
        "add_property_override replaces: pass that as the user data itself"
    )


# What adopting it changes.


@pytest.mark.parametrize("launch_templates", [False, True], ids=["launch-configuration", "launch-template"])
def test_adopting_it_changes_user_data_and_nothing_else(snapshot: Any, *, launch_templates: bool) -> None:
    """Logical ids, update policies, metadata and every property but the user data stay as they were."""

    def template(*, adopted: bool) -> Any:
        app = cdk.App(context={LAUNCH_TEMPLATES: launch_templates})
        stack = cdk.Stack(app, "Stack", env=cdk.Environment(region="us-east-1"))
        cluster = new_cluster(stack)
        cluster.add_capacity("Added", instance_type=TYPE)
        group = new_group(
            stack,
            update_policy=autoscaling.UpdatePolicy.rolling_update(),
            signals=autoscaling.Signals.wait_for_all(),
        )
        join(cluster, group)
        if adopted:
            cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.prefer_cached())
            cdk.Mixins.of(app).apply(pull.ImagePullBehavior.prefer_cached())
            group.with_(pull.ImagePullBehavior.prefer_cached())
        return Template.from_stack(stack).to_json()

    before, after = template(adopted=False), template(adopted=True)

    changed = dict(_differences(before, after))
    assert {path.rsplit("/", maxsplit=1)[1] for path in changed} == {"UserData"}
    assert changed == snapshot


def _differences(one: Any, other: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return the path and the new value of the user data, and of everything else that differs."""
    if isinstance(one, dict) and isinstance(other, dict) and not path.endswith("UserData"):
        return [
            each
            for key in {**one, **other}
            for each in _differences(one.get(key), other.get(key), f"{path}/{key}")
        ]
    return [] if one == other else [(path, other)]


def test_the_decision_is_in_the_assembly() -> None:
    """What was asked for, where, and what it costs is recorded beside the template."""
    stack = new_stack()
    group = new_group(stack)
    group.with_(pull.ImagePullBehavior.prefer_cached(image_pull_timeout=timedelta(hours=1)))
    Template.from_stack(stack)

    resource = group.node.find_child("LaunchTemplate").node.find_child("Resource")
    (data,) = [each.data for each in resource.node.metadata if each.type == "cdk-pull:decision"]

    place = f"{HERE}:{_line_of('(image_pull_timeout=timedelta(hours=1))')}"
    assert (data["topic"], data["decided"]) == (
        "image-pull-behavior",
        "prefer-cached, ECS_IMAGE_PULL_TIMEOUT=1h0m0s",
    )
    assert data["why"] == (
        f"requested in {place}: starts from the copy on the instance without asking the registry"
    )


def test_two_synths_are_identical() -> None:
    """The same app gives the same template, byte by byte."""

    def text() -> str:
        stack = new_stack()
        join(new_cluster(stack), new_group(stack))
        cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())
        return json.dumps(Template.from_stack(stack).to_json())

    assert text() == text()


# What the mixin takes.


def test_a_pull_behaviour_alone_is_enough() -> None:
    """The constructor takes a PullBehavior for its settings."""
    stack = new_stack()
    new_group(stack).with_(pull.ImagePullBehavior(pull.PullBehavior.ALWAYS))

    assert behaviors(stack) == {"Group": "always"}


@pytest.mark.parametrize(
    ("mixin", "settings"),
    [
        (lambda: pull.ImagePullBehavior.default(), {"ECS_IMAGE_PULL_BEHAVIOR": "default"}),  # noqa: PLW0108 - the name is resolved late
        (
            lambda: pull.ImagePullBehavior.always(image_pull_timeout=cdk.Duration.minutes(20)),
            {"ECS_IMAGE_PULL_BEHAVIOR": "always", "ECS_IMAGE_PULL_TIMEOUT": "20m0s"},
        ),
        (
            lambda: pull.ImagePullBehavior.once(num_images_delete_per_cycle=20),
            {"ECS_IMAGE_PULL_BEHAVIOR": "once", "ECS_NUM_IMAGES_DELETE_PER_CYCLE": "20"},
        ),
        (
            lambda: pull.ImagePullBehavior.prefer_cached(image_pull_inactivity_timeout=timedelta(minutes=10)),
            {
                "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
                "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT": "10m0s",
            },
        ),
    ],
)
def test_each_behaviour_takes_the_settings_that_go_with_it(
    mixin: Callable[[], pull.ImagePullBehavior], settings: dict[str, str]
) -> None:
    """The class methods take the settings that mean something beside their behaviour."""
    stack = new_stack()
    new_group(stack).with_(mixin())
    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()

    reading = cfn.read_value(template["Properties"]["LaunchTemplateData"]["UserData"])

    assert dict(reading.settings) == settings


def test_settings_that_mean_nothing_are_refused_where_they_are_written() -> None:
    """A cleanup interval beside prefer-cached is refused by the constructor, in Python."""
    with pytest.raises(pull.InvalidValueError, match="image_cleanup_interval has no effect: prefer-cached"):
        pull.ImagePullBehavior.prefer_cached(image_cleanup_interval=timedelta(hours=1))  # type: ignore[call-arg]


def test_an_unknown_operating_system_is_refused_where_it_is_written() -> None:
    """The constructor refuses an operating system that there is none."""
    with pytest.raises(pull.InvalidValueError, match="invalid operating_system: 'beos'"):
        pull.ImagePullBehavior.once(operating_system="beos")
