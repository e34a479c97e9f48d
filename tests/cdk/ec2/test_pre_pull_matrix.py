"""A pre-pull in every kind of user data, in both orders, with and without another ImagePullBehavior: 96 read back."""

from __future__ import annotations

import base64
import email
import json
import subprocess
import tomllib
from functools import cache
from typing import Any, Final

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.agent.cfn import read_value, to_text
from cdk_pull.agent.script.powershell.parse import parse as parse_powershell

IMAGE: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.4.0"
AMI: Final = {
    "linux": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "windows": "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-ECS_Optimized/image_id",
    "bottlerocket": "/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id",
}
JOIN: Final = "echo ECS_CLUSTER=PROD >> /etc/ecs/ecs.config"
MORE: Final = "echo ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=2h >> /etc/ecs/ecs.config"
MIME: Final = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="==B=="\n\n'
PART: Final = "--==B==\nContent-Type: text/{}\n\n{}\n"
KINDS: Final = {
    "linux": {
        "empty": "",
        "bash": f"#!/bin/bash\n{JOIN}\n{MORE}\n",
        "sh": f"#!/bin/sh\n{JOIN}",
        "strict": f"#!/bin/bash -eu\nset -o pipefail\n{JOIN}\n{MORE}\n",
        "leaves early": f"#!/bin/bash\n{JOIN}\n{MORE}\nexit 0\n",
        "CRLF": f"#!/bin/bash\r\n{JOIN}\r\n",
        "here-document": "#!/bin/bash\ncat <<'EOF' > /etc/ecs/ecs.config\nECS_CLUSTER=PROD\nEOF\necho ready\n",
        "daemon.json": f"#!/bin/bash\n{JOIN}\necho '{{\"debug\": true}}' > /etc/docker/daemon.json\n",
        "boothook": f"#cloud-boothook\n#!/bin/bash\n{JOIN}\n",
        "cloud-config": f"#cloud-config\npackages: [jq]\nruncmd:\n- {JOIN}\n- {MORE}\n",
        "cloud-config of files": (
            "#cloud-config\nwrite_files:\n- path: /etc/ecs/ecs.config\n  content: |\n    ECS_CLUSTER=PROD\n"
        ),
        "Jinja": f"## template: jinja\n#cloud-config\nruncmd:\n- {JOIN}\n- echo {{{{ ds.meta_data.instance_id }}}}\n",
        "archive": MIME + PART.format("x-shellscript", f"#!/bin/bash\n{JOIN}\n{MORE}") + "--==B==--\n",
        "archive of two": MIME
        + PART.format("cloud-config", "#cloud-config\npackages: [jq]")
        + PART.format("x-shellscript", f"#!/bin/bash\nset -e\n{JOIN}")
        + "--==B==--\n",
    },
    "windows": {
        "empty": "",
        "PowerShell": "<powershell>\nImport-Module ECSTools\nInitialize-ECSAgent -Cluster PROD\n</powershell>",
        "persisted": (
            "<powershell>Initialize-ECSAgent -Cluster PROD -EnableTaskIAMRole\r\n</powershell>\r\n"
            "<persist>true</persist>"
        ),
        "many lines": (
            "<powershell>\n# The shop\n$ErrorActionPreference = 'Stop'\nif (Test-Path C:\\shop) {\n  Write-Host shop\n}\n"
            'Initialize-ECSAgent -Cluster "PROD"\n</powershell>\n'
        ),
        "tasks": (
            "version: 1.1\ntasks:\n- task: executeScript\n  inputs:\n  - frequency: once\n    type: powershell\n"
            "    runAs: localSystem\n    content: |-\n      Initialize-ECSAgent -Cluster PROD\n"
        ),
    },
    "bottlerocket": {
        "empty": "",
        "from CDK": '[settings.ecs]\ncluster = "PROD"\n',
        "dotted": 'settings.ecs.cluster = "PROD"\nsettings.motd = "shop"\n',
        "inline": '[settings]\necs = { cluster = "PROD" }\n',
        "other tables": (
            '# the shop\n[settings.ecs]\ncluster = "PROD" # ours\n\n[settings.host-containers.admin]\nenabled = true\n'
            '[settings.bootstrap-containers.own]\nsource = "own:1"\n'
        ),
    },
}
CASES: Final = [(os, kind) for os, kinds in KINDS.items() for kind in kinds]


@cache
def written(*, first: bool, behavior: bool) -> dict[tuple[str, str], Any]:
    """Return the user data of one launch template for each case, of an app with a pre-pull on its stack."""
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    cluster = ecs.CfnCluster(stack, "Cluster")
    mixins: list[Any] = [pull.PrePulledImages([IMAGE], bottlerocket_image="pulls:1")]
    if behavior:
        mixins.append(pull.ImagePullBehavior.prefer_cached(warm_pools_check=True))
    if first:
        cdk.Mixins.of(stack).apply(*mixins)
    for number, (os, kind) in enumerate(CASES):
        text = KINDS[os][kind].replace("PROD", cluster.ref) if number % 2 else KINDS[os][kind]
        data = ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
            image_id=f"{{{{resolve:ssm:{AMI[os]}}}}}", user_data=cdk.Fn.base64(text)
        )
        ec2.CfnLaunchTemplate(stack, f"Launch{number:02d}", launch_template_data=data)
    if not first:
        cdk.Mixins.of(stack).apply(*reversed(mixins))
    found = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate")
    values = [each["Properties"]["LaunchTemplateData"]["UserData"] for _, each in sorted(found.items())]
    return dict(zip(CASES, values, strict=True))


@pytest.mark.parametrize("behavior", [False, True])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(("os", "kind"), CASES)
def test_matrix(os: Any, kind: str, *, first: bool, behavior: bool) -> None:
    """The agent has what it had and prefer-cached, the image is pulled once, and the language's parser takes all of it."""
    value = written(first=first, behavior=behavior)[os, kind]
    before = read_value({"Fn::Base64": KINDS[os][kind]}, os)
    after = read_value(value, os)
    asked = {"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"}
    if behavior:
        asked["ECS_WARM_POOLS_CHECK"] = "true"
    assert dict(after.settings) == {**before.settings, **asked}
    assert {each.code for each in after.warnings} <= {each.code for each in before.warnings}
    assert len(after.agent.clusters) == len(before.agent.clusters)
    text = "".join(part if isinstance(part, str) else "PROD" for part in to_text(value).parts())
    PARSERS[os](text, KINDS[os][kind])


def _check_linux(text: str, before: str) -> None:
    scripts = list(_scripts(text))
    assert sum(each.count("docker pull -q") for each in scripts) == 1
    for script in scripts:
        run = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")
    # What the user wrote is all there, in its order.
    kept = iter(text.splitlines())
    boundary = "--==B==--"
    assert all(line in kept for line in before.splitlines() if line != boundary)


def _scripts(text: str) -> Any:
    """Yield the shell scripts of user data, as cloud-init finds them by what a text begins with."""
    if text.startswith("MIME-Version"):
        message: Any = email.message_from_string(text)
        assert not message.defects
        for part in message.get_payload():
            yield from _scripts(part.get_payload(decode=True).decode())
    elif "#cloud-config" in text.partition("\n")[0] + text.partition("\n")[2].partition("\n")[0]:
        document = yaml.safe_load(text.replace("{{ ds.meta_data.instance_id }}", "i-1"))
        yield from (each for each in document.get("runcmd", []) if isinstance(each, str))
    else:
        assert text.startswith(("#!", "#cloud-boothook\n#!"))
        yield text.replace("\r\n", "\n")


def _check_windows(text: str, before: str) -> None:
    if "tasks:" in text:
        [script] = [each["content"] for task in yaml.safe_load(text)["tasks"] for each in task["inputs"]]
    else:
        script = text.partition("<powershell>")[2].partition("</powershell>")[0]
    assert not parse_powershell(script).has_error
    assert script.count(f"'{IMAGE}'") == 1
    if "Initialize-ECSAgent" in before:
        assert script.index("docker pull") < script.index("\nInitialize-ECSAgent")


def _check_bottlerocket(text: str, before: str) -> None:
    settings, old = tomllib.loads(text)["settings"], tomllib.loads(before).get("settings", {})
    container = settings["bootstrap-containers"].pop("cdk-pull")
    assert json.loads(base64.b64decode(container["user-data"]))["images"] == [IMAGE]
    settings["ecs"].pop("image-pull-behavior")
    for table in ("autoscaling", *(name for name in ("bootstrap-containers", "ecs") if name not in old)):
        settings.pop(table, None)
    assert settings == old


PARSERS: Final = {"linux": _check_linux, "windows": _check_windows, "bottlerocket": _check_bottlerocket}
