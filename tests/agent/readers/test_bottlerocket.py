from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.readers import bottlerocket
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.writers import bottlerocket as bottlerocket_writer
from cdk_pull.errors import ConflictError, UnsupportedError

B = "ECS_IMAGE_PULL_BEHAVIOR"
ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
ALL = AgentSettings(
    image_pull_behavior=PullBehavior.ALWAYS,
    image_cleanup_interval=timedelta(minutes=15),
    image_minimum_cleanup_age=timedelta(hours=1, seconds=1.5),
    num_images_delete_per_cycle=7,
    disable_image_cleanup=False,
    warm_pools_check=True,
    engine_task_cleanup_wait_duration=timedelta(minutes=10),
)
ECS = {
    "image-pull-behavior": "always",
    "image-cleanup-wait": "15m0s",
    "image-cleanup-age": "1h0m1.5s",
    "image-cleanup-delete-per-cycle": 7,
    "image-cleanup-enabled": True,
    "task-cleanup-wait": "10m0s",
}
# The ECS settings model of Bottlerocket.
DURATION = re.compile(
    r"(([0-9]+\.)?[0-9]+h)?(([0-9]+\.)?[0-9]+m)?(([0-9]+\.)?[0-9]+s)?(([0-9]+\.)?[0-9]+ms)?(([0-9]+\.)?[0-9]+(u|\u00b5)s)?"
    r"(([0-9]+\.)?[0-9]+ns)?"
)


@pytest.mark.parametrize(
    "user_data",
    [
        '[settings.ecs]\nimage-pull-behavior = "once"\n',
        'settings.ecs.image-pull-behavior = "once"',
        "[settings]\necs.image-pull-behavior = 'once'",
        '[settings]\necs = { image-pull-behavior = "once" }',
        '[settings."ecs"]\ncluster = "${Token[TOKEN.1]}"\n"image-pull-behavior" = "once"',
        '[settings.ecs]\ncluster = ${Token[TOKEN.1]}\nimage-pull-behavior = "once" # ${Token[TOKEN.2]}',
    ],
)
def test_reads_once(user_data: str) -> None:
    """However the table is spelled, its keys are read."""
    reading = bottlerocket.read(user_data)
    assert dict(reading.settings) == {B: "once"}
    assert reading.effective[B] == "once"
    assert reading.unknown == ()
    assert reading.warnings == ()


def test_reads_every_key() -> None:
    """Every key becomes its variable, the inverted one and the one of another table included."""
    text = tomlkit.dumps(
        {"settings": {"ecs": ECS | {"image-cleanup-enabled": False}, "autoscaling": {"should-wait": True}}}
    )
    assert dict(bottlerocket.read(text).settings) == {
        B: "always",
        "ECS_IMAGE_CLEANUP_INTERVAL": "15m0s",
        "ECS_IMAGE_MINIMUM_CLEANUP_AGE": "1h0m1.5s",
        "ECS_NUM_IMAGES_DELETE_PER_CYCLE": "7",
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "10m0s",
        "ECS_DISABLE_IMAGE_CLEANUP": "true",
        "ECS_WARM_POOLS_CHECK": "true",
    }


@pytest.mark.parametrize(
    ("user_data", "codes"),
    [
        ("", []),
        ("# nothing", []),
        ('[settings.ecs]\ncluster = "x"', []),
        ("[settings.ecs]\n[settings.ecs]\n", [("not-toml", 2)]),
        ('[settings.ecs]\nimage-pull-behavior = "once"\nsettings.ecs.x = 1', [("unsupported-key", 0)]),
        (
            '[settings.ecs]\nimage-pull-behavior = "once"\necho ECS_CLUSTER=x >> /etc/ecs/ecs.config',
            [("shell-in-toml", 3)],
        ),
        ("[settings.ecs]\n\n\n  echo on\n", [("shell-in-toml", 4)]),
        ("#!/bin/bash\nyum install -y jq", [("shell-in-toml", 1)]),
        ('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n', [("not-toml", 1)]),
        ('[settings.ecs]\nimage-pull-behavior = "Once"', [("invalid-value", 2)]),
        ('[settings.ecs]\nimage-pull-behavior = "once"\nimage-cleanup-wait = "1m2h"', [("invalid-value", 3)]),
        ('[settings.ecs]\nimage-pull-behavior = "once"\nimage-cleanup-wait = "-1h"', [("invalid-value", 3)]),
        ('[settings.ecs]\nimage-pull-behavior = "once"\ntask-cleanup-wait = ""', [("invalid-value", 3)]),
        (
            '[settings.ecs]\nimage-pull-behavior = "once"\nimage-cleanup-enabled = "true"',
            [("invalid-value", 3)],
        ),
        (
            '[settings.ecs]\nimage-pull-behavior = "once"\nimage-cleanup-delete-per-cycle = "5"',
            [("invalid-value", 3)],
        ),
        ('[settings.ecs]\nimage-pull-behavior = "once"\nimage-pull-timeout = "1h"', [("unsupported-key", 3)]),
        ('[settings.ecs]\nimage_pull_behavior = "once"', [("unsupported-key", 2)]),
        ('[settings.ecs]\nECS_IMAGE_PULL_BEHAVIOR = "once"', [("unsupported-key", 2)]),
        ('[ecs]\nimage-pull-behavior = "once"', [("wrong-table", 2)]),
        ('[ecs]\ncluster = "x"', [("wrong-table", 1)]),
        ("[settings.ecs]\nshould-wait = true", [("wrong-table", 2)]),
        ('[settings.ecs]\n[settings.ecs.agent]\nimage-pull-behavior = "once"', [("wrong-table", 3)]),
        ('[settings.ecs]\n[settings.ecs.agent]\ncluster = "once"', [("unsupported-key", 2)]),
        ('[settings]\nimage-pull-behavior = "once"', [("wrong-table", 2)]),
        ('[settings.esc]\ncluster = "x"', [("unknown-table", 1)]),
        ('[settings.ecs]\n[settings.kubernetes.node-labels]\na = "b"', [("unknown-table", 2)]),
        (
            '[settings.ecs]\ncluster = "x"\n[settings.host-containers.admin]\nimage-pull-behavior = "once"',
            [("wrong-table", 4)],
        ),
    ],
)
def test_reads_default(user_data: str, codes: list[tuple[str, int]]) -> None:
    """A document that Bottlerocket refuses, or a key in another table, sets nothing, and the warning says why."""
    reading = bottlerocket.read(user_data)
    assert reading.effective[B] == "default"
    assert reading.unknown == ()
    assert sorted((str(each.code), each.line) for each in reading.warnings) == sorted(codes)


def test_bounds_hold_on_bottlerocket_too() -> None:
    """A value that Bottlerocket accepts still meets the agent's own bounds."""
    reading = bottlerocket.read(
        '[settings.ecs]\nimage-cleanup-wait = "5m"\nimage-pull-behavior = "prefer-cached"\n'
    )
    assert reading.effective["ECS_IMAGE_CLEANUP_INTERVAL"] == "30m0s"
    assert [(each.code, each.line) for each in reading.warnings] == [("value-changed", 2), ("no-effect", 2)]


def test_a_line_of_its_own_is_named() -> None:
    """What may be any setting is unknown at its line, and a table whose name is unknown is not called a wrong one."""
    reading = bottlerocket.read(
        '[settings.ecs]\ncluster = "x"\n${Token[TOKEN.1]}\n[settings."${Token[TOKEN.2]}"]\na = 1\n'
    )
    assert [each.line for each in reading.unknown] == [3]
    assert reading.warnings == ()


@pytest.mark.parametrize(
    ("user_data", "variable"),
    [
        ('[settings.ecs]\nimage-pull-behavior = "${Token[TOKEN.1]}"', B),
        ("[settings.ecs]\nimage-pull-behavior = ${Token[TOKEN.1]}", B),
        ('[settings.ecs]\ncluster = "x"\n${Token[TOKEN.1]}\n', None),
        ("[settings.ecs]\ncluster = ${Token[TOKEN.1]}${Token[TOKEN.2]}\n", None),
    ],
)
def test_unknown(user_data: str, variable: str | None) -> None:
    """A token that may be one of the settings makes it unknown."""
    reading = bottlerocket.read(user_data)
    assert reading.effective[B] is None
    assert [each.variable for each in reading.unknown] == [variable]


DOCUMENTS = [
    "",
    "# a comment\n",
    '[settings.ecs]\ncluster = "x"',
    '[settings.ecs] # ours\r\ncluster = "${Token[TOKEN.1]}"\r\n\r\n[settings.ecs.instance-attributes]\r\na = "b"\r\n',
    'settings.ecs.cluster = "x"\nsettings.host-containers.admin.enabled = true\n',
    '[settings]\necs.cluster = "x"\n\n[settings.kernel]\nlockdown = "none"\n',
    '[settings]\necs = { cluster = "x" } # inline\n',
    'settings = { ecs = { cluster = "x" } }\n',
    '[settings.host-containers.admin]\nenabled = true\n[settings.ecs.instance-attributes]\na = "b"\n',
    "[settings.autoscaling]\nshould-wait = true\n\n[ settings . ecs ]\nloglevel = 'info'\n",
    '[settings.ecs]\n[settings.kernel]\nlockdown = """\n[settings.ecs]\n"""\n',
    "${Token[TOKEN.1]}\n[settings.ecs]\ncluster = ${Token[TOKEN.2]}\n  ${Token[TOKEN.3]}${Token[TOKEN.4]}\n",
    '[settings.kernel]\nlockdown = "${Token[TOKEN.1]}"\n["${Token[TOKEN.2]}"]\nx = ["${Token[TOKEN.3]}", 1]\n',
]


def plain(text: str) -> Any:
    """Return a document by a strict parser, with something in the place of the tokens outside strings."""
    lines = re.sub(r"(?m)^[ \t]*(\$\{Token\[[^]]*\]\})+[ \t]*$", "", text)
    return tomllib.loads(re.sub(r"= \$\{Token\[[^]]*\]\}", "= 1", lines))


@pytest.mark.parametrize("user_data", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_adds_to_any_document(user_data: str) -> None:
    """By a strict parser the keys are in their tables and all else is as it was; tokens and comments stay."""
    result = bottlerocket_writer.add(user_data, ALL)
    expected = plain(user_data)
    settings = expected.setdefault("settings", {})
    settings.setdefault("ecs", {}).update(ECS)
    settings.setdefault("autoscaling", {})["should-wait"] = True
    assert plain(result) == expected
    for kept in re.findall(r"\$\{Token\[[^]]*\]\}|#.*", user_data):
        assert kept in result
    assert bottlerocket.read(result).settings == ALL.to_environment()
    assert bottlerocket_writer.add(result, ALL) == result


def test_adds_below_the_header() -> None:
    """The keys go right below their table's header, where nothing that follows can begin another table."""
    assert bottlerocket_writer.add('[settings.ecs]\ncluster = "x"\n${Token[TOKEN.1]}\n', ONCE) == (
        '[settings.ecs]\nimage-pull-behavior = "once"\ncluster = "x"\n${Token[TOKEN.1]}\n'
    )


@pytest.mark.parametrize(
    ("user_data", "asked", "error", "message"),
    [
        (
            "",
            AgentSettings(image_pull_timeout=timedelta(hours=1), enable_untracked_image_cleanup=True),
            UnsupportedError,
            (
                "Bottlerocket has no setting for image_pull_timeout, enable_untracked_image_cleanup; it has "
                "image_pull_behavior, image_cleanup_interval, image_minimum_cleanup_age, num_images_delete_per_cycle, "
                "engine_task_cleanup_wait_duration, disable_image_cleanup, warm_pools_check. Leave it out, or use an Amazon "
                "Linux image"
            ),
        ),
        (
            '[settings.ecs]\nimage-pull-behavior = "always"',
            ONCE,
            ConflictError,
            f"the user data sets {B} to 'always' on line 2, and 'once' is asked for; remove one of the two",
        ),
        (
            '[settings.ecs]\nimage-cleanup-wait = "1h"',
            AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED),
            ConflictError,
            (
                "line 2 of the user data: image-cleanup-wait has no effect: prefer-cached switches image cleanup "
                "off; remove one of the two"
            ),
        ),
        (
            "#!/bin/bash\nls",
            ONCE,
            UnsupportedError,
            (
                f"no place in this user data is sure to set {B} (line 0: Bottlerocket rejects the document: Expected "
                "'=' after a key in a key/value pair (at end of document); line 1: '#!/bin/bash' is shell, so "
                "Bottlerocket rejects the document; set machine_image_type=BOTTLEROCKET where CDK adds it); set "
                "them in the user data itself, where it ends"
            ),
        ),
        (
            "${Token[TOKEN.1]}\n",
            ONCE,
            UnsupportedError,
            (
                "user data that is a token cannot be added to, because nobody knows what tables it has; write its "
                "tables in the user data itself"
            ),
        ),
        (
            "[settings]\necs = 5\n",
            ONCE,
            UnsupportedError,
            (
                f"no place in this user data is sure to set {B} (nothing in it is sure to run); set them in the user data "
                "itself, where it ends"
            ),
        ),
    ],
)
def test_refuses(user_data: str, asked: AgentSettings, error: type[Exception], message: str) -> None:
    """What Bottlerocket cannot do, and what would lose a setting, is an error that says why."""
    with pytest.raises(error) as raised:
        bottlerocket_writer.add(user_data, asked)
    assert str(raised.value) == message


@given(st.timedeltas(min_value=timedelta(minutes=10), max_value=timedelta(days=10_000)))
def test_durations_are_in_bottlerockets_form(length: timedelta) -> None:
    """A length is written as Bottlerocket's model takes it: hours, minutes, seconds in that order."""
    result = bottlerocket_writer.add(
        "", AgentSettings(image_cleanup_interval=length, image_minimum_cleanup_age=length / 10**9 or length)
    )
    for text in tomllib.loads(result)["settings"]["ecs"].values():
        assert text
        assert DURATION.fullmatch(text)


keys = st.from_regex(r"[a-z]{1,8}(-[a-z]{1,4})?", fullmatch=True)
values: st.SearchStrategy[Any] = st.recursive(
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(keys, values, max_size=3).flatmap(
    lambda other: st.fixed_dictionaries(
        {},
        optional={
            "ecs": st.fixed_dictionaries({"cluster": st.text(st.characters(exclude_categories=("Cs", "Cc")))})
        },
    ).map(
        lambda ecs: {
            **other,
            "settings": {**{key: value for key, value in other.items() if key != "ecs"}, **ecs},
        }
    )
)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_adds_to_generated_documents(document: dict[str, Any]) -> None:
    """In any document the keys are added and nothing else changes."""
    text = tomlkit.dumps(document)
    if "autoscaling" in document["settings"]:
        return
    after = tomllib.loads(bottlerocket_writer.add(text, ALL))
    assert {key: after["settings"]["ecs"].pop(key) for key in ECS} == ECS
    assert after["settings"].pop("autoscaling") == {"should-wait": True}
    if not after["settings"]["ecs"]:
        after["settings"].pop("ecs")
    assert after == tomllib.loads(text)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "[settings.ecs]\n",
                    "[",
                    "]",
                    "\n",
                    "=",
                    '"',
                    "'",
                    '"""',
                    "image-pull-behavior",
                    "once",
                    ".",
                    "settings",
                ),
                *(
                    "ecs",
                    "{",
                    "}",
                    ",",
                    "#",
                    "${Token[A.1]}",
                    "1",
                    "true",
                    "\\",
                    "\r\n",
                    "\x00",
                    "\ud800",
                    "é",
                    "echo a >> b",
                ),
            ]
        ),
        max_size=40,
    ).map("".join)
    | st.text(max_size=100)
)
def test_any_text(user_data: str) -> None:
    """No text makes the reader fail, and what the writer returns holds the setting."""
    assert set(bottlerocket.read(user_data).effective) == set(bottlerocket.read("").effective)
    try:
        result = bottlerocket_writer.add(user_data, ONCE)
    except (ConflictError, UnsupportedError):
        return
    assert bottlerocket.read(result).effective[B] == "once"


@pytest.mark.parametrize(
    "user_data",
    [
        "a = " + "[" * 16_000,
        "[settings.ecs]\n" + "a." * 8_000 + "b = 1",
        "${Token[A.1]}\n" * 1_200,
        "1." * 500_000,
    ],
)
def test_bounded(user_data: str) -> None:
    """Text made to nest without end is read in bounded time."""
    bottlerocket.read(user_data)
