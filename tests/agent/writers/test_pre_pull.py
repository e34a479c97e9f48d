"""A pre-pull in user data of every kind: what reads it agrees, and every setting is as before."""

from __future__ import annotations

import base64
import email
import json
import subprocess
import tomllib
from datetime import timedelta
from typing import Any

import pytest
import yaml

from cdk_pull.agent.cfn import commands_to_value
from cdk_pull.agent.pre_pull import PrePull
from cdk_pull.agent.readers.toml_tokens import stand_in
from cdk_pull.agent.script.powershell.parse import parse as parse_powershell
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.user_data import add_settings, read_user_data
from cdk_pull.agent.writers.pre_pull import add_pre_pull
from cdk_pull.errors import ConflictError, UnsupportedError
from cdk_pull.records import replace

PULLS = PrePull(images=("nginx:1.27", "${Token[TOKEN.7]}/app:1"), within_seconds=60)
CACHED = AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED)
LINE = "echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config"
CLUSTER = "echo ECS_CLUSTER=${Token[TOKEN.9]} >> /etc/ecs/ecs.config"
ARCHIVE = """Content-Type: multipart/mixed; boundary="==B=="
MIME-Version: 1.0

--==B==
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/bash
{}
--==B==--
"""
SHELL = {
    "plain": f"#!/bin/bash\n{CLUSTER}\n{LINE}\n",
    "strict": f"#!/bin/bash -eu\nset -o pipefail\n{CLUSTER}\n{LINE}\n",
    "posix": f"#!/bin/sh\n{LINE}",
    "exits": f"#!/bin/bash\n{LINE}\nexit 0\n{CLUSTER}\n",
    "crlf": f"#!/bin/bash\r\n{LINE}\r\n",
    "here-document": "#!/bin/bash\ncat <<EOF > /etc/ecs/ecs.config\nECS_CLUSTER=a\nECS_IMAGE_PULL_BEHAVIOR=prefer-cached\nEOF\n",
    "boothook": f"#cloud-boothook\n#!/bin/bash\n{LINE}\n",
}
OTHERS = {
    "cloud-config": f"#cloud-config\npackages: [jq]\nruncmd:\n- {LINE}\n",
    "cloud-config without commands": (
        "#cloud-config\nwrite_files:\n- path: /etc/ecs/ecs.config\n  content: ECS_IMAGE_PULL_BEHAVIOR=prefer-cached\n"
    ),
    "archive": ARCHIVE.format(LINE),
    "archive that exits": ARCHIVE.format(f"{LINE}\nexit 1"),
}
WINDOWS = {
    "plain": (
        "<powershell>\nImport-Module ECSTools\n"
        '[Environment]::SetEnvironmentVariable("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached", "Machine")\n'
        "Initialize-ECSAgent -Cluster web\n</powershell>"
    ),
    "persisted": (
        '<powershell>setx ECS_IMAGE_PULL_BEHAVIOR "prefer-cached" /M\r\nInitialize-ECSAgent\r\n</powershell>'
        "<persist>true</persist>"
    ),
}


@pytest.mark.parametrize("name", SHELL | OTHERS)
def test_linux(name: str) -> None:
    """The settings are read as before, the pull is in it once, and a second time changes nothing."""
    before = (SHELL | OTHERS)[name]
    after = add_pre_pull(before, PULLS, "linux")
    assert after.count("docker pull -q") == 1
    assert read_user_data(after, "linux").effective == read_user_data(before, "linux").effective
    codes = [[each.code for each in read_user_data(text, "linux").warnings] for text in (before, after)]
    assert codes[0] == codes[1]
    assert add_pre_pull(after, PULLS, "linux") == after


@pytest.mark.parametrize("name", SHELL)
def test_bash_accepts_the_script(name: str) -> None:
    """Bash parses the whole script, and what the user wrote is in it as it was."""
    after = add_pre_pull(SHELL[name], PULLS, "linux")
    run = subprocess.run(
        ["bash", "-n"], input=after.replace("\r", ""), text=True, capture_output=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert after.endswith(SHELL[name].split("\n", 2 if name == "boothook" else 1)[-1])


def test_a_cloud_config_stays_yaml() -> None:
    """The commands are one item of runcmd, and all else is as it was."""
    before, after = (
        yaml.safe_load(text)
        for text in (OTHERS["cloud-config"], add_pre_pull(OTHERS["cloud-config"], PULLS, "linux"))
    )
    [added] = [each for each in after["runcmd"] if each not in before["runcmd"]]
    assert added + "\n" == PULLS.linux()
    assert {**after, "runcmd": before["runcmd"]} == before


def test_an_archive_gets_a_part() -> None:
    """The commands are a shell script of their own in the archive."""
    parts: Any = email.message_from_string(add_pre_pull(ARCHIVE.format(LINE), PULLS, "linux")).get_payload()

    assert [part.get_content_type() for part in parts] == ["text/x-shellscript"] * 2
    assert parts[1].get_payload().startswith("#!/bin/bash\n# cdk-pull: pull images")


@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name: str) -> None:
    """On Windows the commands are before Initialize-ECSAgent, and parse with the rest."""
    before = WINDOWS[name]
    after = add_pre_pull(before, PULLS, "windows")
    assert after.index("docker pull") < after.index("Initialize-ECSAgent")
    assert read_user_data(after, "windows").effective == read_user_data(before, "windows").effective
    script = after.partition(">")[2].partition("</powershell>")[0]
    assert not parse_powershell(script).has_error


@pytest.mark.parametrize("behavior", ["default", "always", "once"])
def test_another_behaviour_is_refused(behavior: str) -> None:
    """Under any other behaviour the agent pulls again, and the pre-pull would only delay the first task."""
    text = f"#!/bin/bash\necho ECS_IMAGE_PULL_BEHAVIOR={behavior} >> /etc/ecs/ecs.config\n"
    with pytest.raises(
        ConflictError, match=f"ECS_IMAGE_PULL_BEHAVIOR is {behavior} here, and the agent uses a pre-pulled"
    ):
        add_pre_pull(text, PULLS, "linux")


@pytest.mark.parametrize("name", ["plain", "strict", "crlf", "boothook"])
def test_in_either_order(name: str) -> None:
    """Settings that are added after the pre-pull have their effect as well."""
    text = SHELL[name]
    more = AgentSettings(image_pull_inactivity_timeout=timedelta(minutes=5))
    one = add_settings(add_pre_pull(text, PULLS, "linux"), more, "linux")
    other = add_pre_pull(add_settings(text, more, "linux"), PULLS, "linux")
    assert read_user_data(one, "linux").effective == read_user_data(other, "linux").effective
    assert read_user_data(one, "linux").settings["ECS_IMAGE_PULL_INACTIVITY_TIMEOUT"] == "5m0s"


BOTTLEROCKET = {
    "from CDK": '[settings.ecs]\ncluster = "web"\nimage-pull-behavior = "prefer-cached"\n',
    "dotted": 'settings.ecs.image-pull-behavior = "prefer-cached"\nsettings.ecs.cluster = "web"\n',
    "another container": (
        '[settings.ecs]\nimage-pull-behavior = "prefer-cached"\n[settings.bootstrap-containers.own]\nsource = "a"\n'
    ),
    "a token": '[settings.ecs]\ncluster = ${Token[TOKEN.9]}\nimage-pull-behavior = "prefer-cached"\n',
}


@pytest.mark.parametrize("name", BOTTLEROCKET)
def test_bottlerocket(name: str) -> None:
    """Bottlerocket gets a bootstrap container with the images, in TOML that a strict parser takes."""
    before = BOTTLEROCKET[name]
    pulls = replace(PULLS, images=("nginx:1.27",), bottlerocket_image="${Token[TOKEN.8]}/pulls:1")
    after = add_pre_pull(before, pulls, "bottlerocket")
    values = tomllib.loads(stand_in(after).text)["settings"]
    container = values["bootstrap-containers"].pop("cdk-pull")
    assert json.loads(base64.b64decode(container.pop("user-data"))) == {
        "images": ["nginx:1.27"],
        "within_seconds": 60,
    }
    assert after.count("${Token[TOKEN.8]}/pulls:1") == 1
    assert (container["mode"], container["essential"]) == ("once", False)
    assert read_user_data(after, "bottlerocket").settings == read_user_data(before, "bottlerocket").settings
    assert not read_user_data(after, "bottlerocket").warnings
    assert add_pre_pull(after, pulls, "bottlerocket") == after


def test_unknown_images_on_bottlerocket() -> None:
    """CloudFormation encodes what the bootstrap container reads where an image's name is not known."""
    value = {"Fn::Base64": {"Fn::Join": ["", ['[settings.ecs]\nimage-pull-behavior = "prefer-cached"\n']]}}
    pulls = replace(PULLS, images=("${Token[TOKEN.7]}/app:1",), bottlerocket_image="pulls:1")
    after: Any = commands_to_value(value, "bottlerocket", pre_pull=pulls)
    [encoded] = [each for each in after["Fn::Base64"]["Fn::Join"][1] if isinstance(each, dict)]
    assert encoded == {"Fn::Base64": '{"images": ["${Token[TOKEN.7]}/app:1"], "within_seconds": 60}'}


def test_bottlerocket_without_a_container() -> None:
    """Without an image for the bootstrap container an error says what to do."""
    with pytest.raises(UnsupportedError) as raised:
        add_pre_pull(BOTTLEROCKET["from CDK"], PULLS, "bottlerocket")
    assert str(raised.value) == (
        "Bottlerocket runs no commands of user data, so images are pre-pulled there by a bootstrap container alone, of which "
        "AWS has none: name the image of your own, as in PrePulledImages(…, bottlerocket_image=…), or use an Amazon Linux "
        "image"
    )


@pytest.mark.parametrize(
    "text", ["#!/usr/bin/env python3\nprint()\n", "${Token[TOKEN.1]}", "#include https://example.com"]
)
def test_what_cannot_be_added_to(text: str) -> None:
    """User data that sets nothing, or that nobody can add to, is refused."""
    with pytest.raises((UnsupportedError, ConflictError)):
        add_pre_pull(text, PULLS, "linux")
