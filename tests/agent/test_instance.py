from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent import instance as instances
from cdk_pull.agent.instance import Image, detect, image_of
from cdk_pull.agent.user_data import read_any
from cdk_pull.errors import ConflictError, InvalidValueError

BOTTLEROCKET = {
    "Ref": "SsmParameterValueawsservicebottlerocketawsecs2x8664latestimageidC96584B6F00A464EAD1953AFF4B05118Parameter"
}
ECS_LINUX = {
    "Ref": "SsmParameterValueawsserviceecsoptimizedamiamazonlinux2recommendedimageidC96584B6Parameter"
}
ECS_WINDOWS = (
    "{{resolve:ssm:/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-ECS_Optimized/image_id}}"
)
PLAIN_LINUX = "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64}}"
TOML = '[settings.ecs]\ncluster = "prod"\n'
JOINS = "#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config"


@pytest.mark.parametrize(
    ("user_data", "os"),
    [
        ("", None),
        ("hello", None),
        ("[other]\nx = 1", None),
        ("#!/bin/bash\n", "linux"),
        ("\n  #!/bin/bash\n", "linux"),
        ("#cloud-config\n", "linux"),
        ("#cloud-boothook\n", "linux"),
        ("#include http://x", "linux"),
        ("## template: jinja\n#cloud-config", "linux"),
        ('Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n', "linux"),
        ("echo A=b >> /etc/ecs/ecs.config", "linux"),
        ("#!/bin/bash\ncat <<EOF > x\n<powershell>\n[settings.ecs]\nEOF", "linux"),
        ("<powershell>\nls\n</powershell>", "windows"),
        ("<PowerShell>", "windows"),
        ("<script>dir</script>", "windows"),
        ("Initialize-ECSAgent -Cluster x", "windows"),
        ('[Environment]::SetEnvironmentVariable("A", "b", "Machine")', "windows"),
        ("version: 1.1\ntasks:\n- task: executeScript\n", "windows"),
        ("# ours\n---\nversion: 1.0\n\ntasks: []\n", "windows"),
        ("version: '3'\nservices:\n  web: {image: x}\n", None),
        ("[settings.ecs]\ncluster = 'x'", "bottlerocket"),
        ("[settings]\n", "bottlerocket"),
        ("settings.ecs.cluster = 'x'", "bottlerocket"),
        ("# ours\n\n[settings.kernel]\nlockdown = ${Token[TOKEN.1]}", "bottlerocket"),
        ("[settings.ecs]\necho ECS_CLUSTER=x >> /etc/ecs/ecs.config", "bottlerocket"),
    ],
)
def test_detect(user_data: str, os: str | None) -> None:
    """The text alone tells the operating system, or nothing does."""
    assert detect(user_data) == os


@given(st.text())
def test_any_text(user_data: str) -> None:
    """No text makes it fail."""
    assert detect(user_data) in {None, "linux", "windows", "bottlerocket"}


@pytest.mark.parametrize(
    ("text", "image", "asked", "os_type", "system"),
    [
        ("", BOTTLEROCKET, None, "LINUX", "bottlerocket"),
        ("", ECS_LINUX, None, "", "linux"),
        ("", ECS_WINDOWS, None, "", "windows"),
        ("", PLAIN_LINUX, None, "", "linux"),
        ("", "ami-1", None, "WINDOWS", "windows"),
        ("", "ami-1", "bottlerocket", "LINUX", "bottlerocket"),
        (TOML, "ami-1", None, "", "bottlerocket"),
        (JOINS, "ami-1", None, "", "linux"),
        ("echo ECS_CLUSTER=prod >> /etc/ecs/ecs.config", "ami-1", None, "", "linux"),
        ("<powershell>\nInitialize-ECSAgent\n</powershell>", "ami-1", None, "", "windows"),
        ("\n", BOTTLEROCKET, None, "", "bottlerocket"),
    ],
)
def test_the_operating_system(text: str, image: object, asked: Any, os_type: str, system: str) -> None:
    """What is asked for counts first, then the image, the user data, and what CDK takes the image for."""
    assert instances.operating_system(text, image, asked=asked, os_type=os_type) == system


@pytest.mark.parametrize("asked", [None, "bottlerocket"])
def test_a_shell_script_for_bottlerocket(asked: Any) -> None:
    """Shell in Bottlerocket's user data is the forgotten machine_image_type."""
    with pytest.raises(ConflictError) as error:
        instances.operating_system("\necho ECS_CLUSTER=c >> /etc/ecs/ecs.config", BOTTLEROCKET, asked=asked)

    assert str(error.value) == (
        "the image is Bottlerocket, but its user data is a shell script, which Bottlerocket cannot read: pass "
        "machine_image_type=ecs.MachineImageType.BOTTLEROCKET to the AsgCapacityProvider or to add_capacity"
    )


def test_an_unknown_operating_system() -> None:
    """Where nothing tells, the error says what to pass."""
    with pytest.raises(InvalidValueError) as error:
        instances.operating_system("", "ami-1")

    assert str(error.value) == (
        "neither the user data nor the image tells the operating system: 'ami-1'; allowed: an image of a public SSM "
        "parameter, or user data that shows it. Pass operating_system='linux', 'windows' or 'bottlerocket' to "
        "ImagePullBehavior."
    )


def test_a_name_that_is_no_operating_system() -> None:
    """An operating system is one of three."""
    with pytest.raises(InvalidValueError) as error:
        instances.checked_operating_system("macos")

    assert str(error.value) == ("invalid operating_system: 'macos'; allowed: linux, windows, bottlerocket")


@pytest.mark.parametrize(
    ("reference", "image"),
    [
        (BOTTLEROCKET, Image("bottlerocket", ecs=True)),
        (ECS_LINUX, Image("linux", ecs=True)),
        (ECS_WINDOWS, Image("windows", ecs=True)),
        (PLAIN_LINUX, Image("linux", ecs=False)),
        (
            "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
            Image("linux", ecs=True),
        ),
        ("/aws/service/bottlerocket/aws-k8s-1.31/x86_64/latest/image_id", Image("bottlerocket", ecs=False)),
        (
            "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base",
            Image("windows", ecs=False),
        ),
        ("amzn2-ami-ecs-hvm-2.0.20260101-x86_64-ebs", Image("linux", ecs=True)),
        ("al2023-ami-ecs-hvm-2023.0.20260101-kernel-6.1-x86_64", Image("linux", ecs=True)),
        ("Windows_Server-2022-English-Full-ECS_Optimized-2026.01.14", Image("windows", ecs=True)),
        ("ami-0abc1234def567890", Image(own=True)),
        ({"Ref": "Ami"}, Image()),
        ("", Image()),
        (None, Image()),
    ],
)
def test_what_an_image_tells(reference: object, image: Image) -> None:
    """A public image tells its operating system and whether it has the agent; an id or a parameter tells neither."""
    assert image_of(reference) == image


LINUX, OWN = PLAIN_LINUX, "ami-0abc1234def567890"
USES_THE_NAME = "#!/bin/bash\nexport ECS_CLUSTER=prod\naws ecs list-tasks --cluster $ECS_CLUSTER"
MIME_JOINS = (
    'Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n\n--B\nContent-Type: text/x-shellscript\n\n'
    "#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n--B--\n"
)


@pytest.mark.parametrize(
    ("text", "image", "joins", "why", "clusters"),
    [
        # It configures the agent, whatever the image.
        (JOINS, OWN, True, "its user data: it writes /etc/ecs/ecs.config", ["prod"]),
        (JOINS, LINUX, True, "its user data: it writes /etc/ecs/ecs.config", ["prod"]),
        (MIME_JOINS, OWN, True, "its user data: it writes /etc/ecs/ecs.config", ["prod"]),
        (
            "#!/bin/bash\nC=prod\nF=/etc/ecs\ncat <<EOF > $F/ecs.config\nECS_CLUSTER=$C\nEOF",
            OWN,
            True,
            "its user data: it writes /etc/ecs/ecs.config",
            ["prod"],
        ),
        (
            "#cloud-config\nwrite_files:\n- path: /etc/ecs/ecs.config\n  content: |\n    ECS_CLUSTER=prod\n",
            OWN,
            True,
            "its user data: it writes /etc/ecs/ecs.config",
            ["prod"],
        ),
        (
            "#!/bin/bash\nif [ -f /x ]; then C=a; else C=b; fi\necho ECS_CLUSTER=$C >> /etc/ecs/ecs.config",
            OWN,
            True,
            "its user data: it writes /etc/ecs/ecs.config",
            ["a", "b"],
        ),
        (
            '#!/bin/bash\ncat <<EOF >> /etc/ecs/ecs.config\nECS_CLUSTER="prod"\nEOF',
            OWN,
            True,
            "its user data: it writes /etc/ecs/ecs.config",
            ["prod"],
        ),
        (
            "#!/bin/bash\naws s3 cp s3://b/ecs.config /etc/ecs/ecs.config",
            OWN,
            True,
            "its user data: line 2 has /etc/ecs",
            [],
        ),
        (
            "#!/bin/bash\nyum install -y ecs-init\nservice docker start",
            LINUX,
            True,
            "its user data: line 2 has ecs-init",
            [],
        ),
        (
            "#!/bin/bash\ndocker run -d amazon/amazon-ecs-agent:latest",
            LINUX,
            True,
            "its user data: line 2 has amazon-ecs-agent",
            [],
        ),
        (
            "#!/bin/bash\nexport ECS_IMAGE_PULL_BEHAVIOR=once",
            OWN,
            True,
            "its user data: it sets ECS_IMAGE_PULL_BEHAVIOR on line 2",
            [],
        ),
        (
            "#!/bin/bash\nECS_CLUSTER=prod >> /etc/ecs/ecs.config",
            OWN,
            True,
            "its user data: it sets ECS_CLUSTER on line 2",
            [],
        ),
        (TOML, OWN, True, "its user data: it has [settings.ecs]", ["prod"]),
        ("settings.ecs.cluster = 'prod'", OWN, True, "its user data: it has [settings.ecs]", ["prod"]),
        (
            "<powershell>$c = 'prod'\nInitialize-ECSAgent -Cluster $c</powershell>",
            OWN,
            True,
            "its user data: it runs Initialize-ECSAgent",
            ["prod"],
        ),
        (
            "<powershell>\nInitialize-ECSAgent \u2013Cluster prod\n</powershell>",
            OWN,
            True,
            "its user data: it runs Initialize-ECSAgent",
            ["prod"],
        ),
        (
            '<powershell>\n[Environment]::SetEnvironmentVariable("ECS_CLUSTER", "prod", "Machine")\n</powershell>',
            OWN,
            True,
            "its user data: it sets ECS_CLUSTER for the machine",
            ["prod"],
        ),
        # The image does.
        ("#!/bin/bash", ECS_LINUX, True, "its image starts the ECS agent", []),
        ("", ECS_WINDOWS, True, "its image starts the ECS agent", []),
        ("", BOTTLEROCKET, True, "its image starts the ECS agent", []),
        (USES_THE_NAME, ECS_LINUX, True, "its image starts the ECS agent", []),
        # Neither does: look-alikes.
        (USES_THE_NAME, LINUX, False, "neither its user data nor its image has the ECS agent", []),
        ("#!/bin/bash", LINUX, False, "neither its user data nor its image has the ECS agent", []),
        (
            "#!/bin/bash\n# echo ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n# docker run amazon-ecs-agent",
            LINUX,
            False,
            "neither its user data nor its image has the ECS agent",
            [],
        ),
        (
            "#!/bin/bash\necho 'configure /etc/ecs/ecs.config by hand' > /etc/motd",
            LINUX,
            False,
            "neither its user data nor its image has the ECS agent",
            [],
        ),
        (
            "#!/bin/bash\nterraform apply -var ECS_CLUSTER=prod",
            LINUX,
            False,
            "neither its user data nor its image has the ECS agent",
            [],
        ),
        (
            "[settings.kubernetes]\ncluster-name = 'k'",
            "/aws/service/bottlerocket/aws-k8s-1.31/x86_64/latest/image_id",
            False,
            "neither its user data nor its image has the ECS agent",
            [],
        ),
        (
            "<powershell>Write-Host 'run Initialize-ECSAgent later'</powershell>",
            "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base",
            False,
            "neither its user data nor its image has the ECS agent",
            [],
        ),
        # Nobody knows.
        ("#!/bin/bash", OWN, None, "its image is not known, and may start the ECS agent", []),
        (USES_THE_NAME, OWN, None, "its image is not known, and may start the ECS agent", []),
        (
            "#include https://example.com/x",
            LINUX,
            None,
            "its user data is not known: what it includes is somewhere else",
            [],
        ),
    ],
)
def test_what_is_ecs_capacity(
    text: str,
    image: object,
    joins: bool | None,  # noqa: FBT001 - a table's column
    why: str,
    clusters: list[str],
) -> None:
    """A launch is ECS capacity by what its user data does or by its image; each answer has its reason."""
    known = image_of(image)
    reading = read_any(text, known.os)
    found = instances.instance_of(reading, known)
    assert (found.joins, found.why) == (joins, why)
    assert list(reading.agent.clusters) == clusters


def test_what_refers_to_it_counts_first() -> None:
    """A capacity provider makes capacity of a launch that tells nothing itself."""
    found = instances.instance_of(
        read_any("", None), image_of("ami-1"), referred="the capacity provider P launches it"
    )
    assert (found.joins, found.why) == (True, "the capacity provider P launches it")
