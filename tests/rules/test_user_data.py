"""What the rules say of user data as people write it, however it gets into the template."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document

B = "ECS_IMAGE_PULL_BEHAVIOR"
F = "/etc/ecs/ecs.config"
AMIS = {
    "linux": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "windows": "/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-ECS_Optimized/image_id",
    "bottlerocket": "/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id",
}
CLUSTER = f"#!/bin/bash\necho ECS_CLUSTER=web >> {F}\n"
ONCE = f"echo {B}=once >> {F}\n"


def _launch(user_data: object, ami: str = "linux") -> dict[str, Any]:
    image = f"{{{{resolve:ssm:{AMIS[ami]}}}}}" if ami in AMIS else ami
    data = {"ImageId": image, "UserData": user_data}
    return {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}}


def _found(resources: dict[str, Any], **sections: Any) -> list[str]:
    """Return each finding of the EC2 rules as its rule, severity and line of the user data."""
    assembly = from_document({"Resources": resources, **sections}, region="eu-west-1")
    findings = check([assembly], Options(select=("PULL1",))).findings
    return [f"{each.rule[4:]} {each.severity} {each.line_in_text}" for each in findings]


@pytest.mark.parametrize(
    ("user_data", "expected"),
    [
        (CLUSTER, ["101 info 0"]),
        (CLUSTER + ONCE, []),
        (CLUSTER + f"# {ONCE}", ["101 info 0"]),
        (CLUSTER + f"echo {B}: once >> {F}", ["104 error 3"]),
        (CLUSTER + f"echo {B[:-2]}OUR=once >> {F}", ["104 error 3"]),
        (CLUSTER + f"echo {B.lower()}=once >> {F}", ["104 error 3"]),
        (f'#!/bin/bash\necho "ECS_CLUSTER=web\\n{B}=once" >> {F}\n', ["104 error 2"]),
        (f'#!/bin/bash\necho -e "ECS_CLUSTER=web\\n{B}=once" >> {F}\n', []),
        (f"#!/bin/bash\necho ECS_CLUSTER=web {B}=once >> {F}\n", ["104 error 2"]),
        (CLUSTER + f"echo {B}=once\n", ["105 error 3"]),
        (CLUSTER + f"echo {B}=once >> /etc/environment\n", ["105 error 3"]),
        (CLUSTER + f"echo {B}=once >> /etc/ecs/ecs.conf\n", ["105 error 3"]),
        (CLUSTER + f"echo ECS_IMAGE_PULL_TIMEOUT=-1m >> {F}\n{ONCE}", ["113 error 3"]),
        (CLUSTER + f"{ONCE}echo 'docker rmi $(docker images -q)' > /etc/cron.daily/x\n", ["115 error 4"]),
        (
            CLUSTER + f"{ONCE}echo 0 3 \\* \\* \\* root docker image prune -f > /etc/cron.d/x\n",
            ["115 warning 4"],
        ),
        (CLUSTER + "echo '{\"ImagePullBehavior\": 2}' > /etc/ecs/ecs.config.json\n", []),
        (f"#cloud-config\nruncmd:\n- {ONCE}- echo note: the end\n", ["117 error 4"]),
        (f"#cloud-config\nruncmd:\n- [echo, '{B}=once', '>>', {F}]\n", ["105 error 3"]),
        (CLUSTER + f"{ONCE}service ecs start\n", ["118 error 4"]),
        (f"#!/bin/bash\ncat <<EOF >> {F}\n  ECS_CLUSTER=web\n  EOF\n{ONCE}", ["117 error 4"]),
        (f"#!/bin/bash\ncat <<EOF >> {F}\nECS_CLUSTER=web\nEOF \n{ONCE}", ["117 error 4"]),
        (f"#!/bin/bash\ncat <<-EOF >> {F}\n\tECS_CLUSTER=web\n\tEOF\n{ONCE}", []),
        (f"#!/bin/bash\ncat <<EOF >> {F}\nECS_CLUSTER=web\n{B}=once\n  EOF\n", []),
        (CLUSTER + f"{ONCE}systemctl restart ecs &\n", []),
        (CLUSTER + f"{ONCE}timeout 60 systemctl restart ecs\n", []),
        (f'#!/bin/bash\nsudo bash <<"EOF"\necho {B}=Once >> {F}\nEOF\n', ["104 error 3"]),
        (
            CLUSTER + f"if [ -e /dev/nvidia0 ]; then\n{ONCE}else\necho {B}=Once >> {F}\nfi\n",
            ["104 error 6"],
        ),
        (CLUSTER + f"export {B}=once\nenv | grep ^ECS >> {F}\n", []),
        (CLUSTER + "aws s3 cp s3://b/s.sh /tmp/s.sh && bash /tmp/s.sh\n", []),
        (CLUSTER + "/opt/setup.sh\n", []),
        (CLUSTER + ". /etc/os-release\n", ["101 info 0"]),
        (f'<powershell>\n[Environment]::SetEnvironmentVariable("{B}", "once", "Machine")\n', ["117 error 1"]),
    ],
)
def test_linux(user_data: str, expected: list[str]) -> None:
    """A mistake in a script is found on its line, once; what is right, or cannot be known, is left alone."""
    assert _found({"Launch": _launch({"Fn::Base64": user_data})}) == expected


START = "Initialize-ECSAgent -Cluster web\n"
SET = f"[Environment]::SetEnvironmentVariable('{B}', '{{}}', 'Machine')"


@pytest.mark.parametrize(
    ("script", "powershell", "expected"),
    [
        ("", START, ["101 info 0"]),
        ("", f"& C:\\setup.ps1\n{START}", []),
        ("powershell -ExecutionPolicy Bypass -File C:\\setup.ps1", START, []),
        ("powershell -ExecutionPolicy Bypass -File C:\\setup.ps1", SET.format("once") + f"\n{START}", []),
        (f'powershell.exe -NoProfile -Command "{SET.format("once")}"', START, []),
        (f'powershell.exe -ep Bypass -Command "{SET.format("Once")}"', START, ["104 error 2"]),
        (f"""@powershell "Initialize-ECSAgent" & setx {B} once /M""", "", ["107 error 2"]),
        (f"setx {B} once && call setx.exe /m {B} once", START, ["117 error 2"]),
        (f"echo {B}=once >> C:\\ProgramData\\Amazon\\ECS\\ecs.config", START, ["105 error 2"]),
        ("", f'Add-Content C:\\ECS\\ecs.config "{B}=once"\n{START}', ["105 error 5"]),
        ("", f"# Add-Content C:\\ECS\\ecs.config {B}=once\n{START}", ["101 info 0"]),
        ("net start AmazonECS", SET.format("once") + "\n", ["107 error 5"]),
    ],
)
def test_windows(script: str, powershell: str, expected: list[str]) -> None:
    """What a batch file or PowerShell sets, too late, for itself or in a file, is found on its line."""
    user_data = f"<script>\n{script}\n</script>\n<powershell>\n{powershell}</powershell>\n"
    assert _found({"Launch": _launch({"Fn::Base64": user_data}, "windows")}) == expected


BAD = CLUSTER + f"echo {B}=Once >> {F}\n"
LINES = BAD.splitlines(keepends=True)


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Base64": BAD},
        {"Fn::Base64": {"Fn::Join": ["", LINES]}},
        {"Fn::Base64": {"Fn::Join": ["\n", BAD.splitlines()]}},
        {"Fn::Base64": {"Fn::Sub": BAD}},
        {"Fn::Base64": {"Fn::Sub": [BAD.replace("Once", "${Value}"), {"Value": "Once"}]}},
        base64.b64encode(BAD.encode()).decode(),
        base64.encodebytes(BAD.encode()).decode(),
    ],
    ids=["text", "join", "join-lines", "sub", "sub-values", "base64", "base64-in-lines"],
)
def test_ways_in(value: object) -> None:
    """However the text gets into the template, the mistake is found."""
    assert _found({"Launch": _launch(value)}) == ["104 error 3"]


def test_user_data_that_is_not_base64() -> None:
    """Text without Fn::Base64, which EC2 refuses, is an error, and is read all the same."""
    assert _found({"Launch": _launch(BAD)}) == ["104 error 3", "117 error 0"]
    assert _found({"Launch": _launch(CLUSTER)}) == ["101 info 0", "117 error 0"]


OVERRIDES = [
    {"InstanceType": "m7g.large", "LaunchTemplateSpecification": {"LaunchTemplateId": {"Ref": "Arm"}}},
    {"InstanceType": "m7i.large"},
]


def test_mixed_instances() -> None:
    """Every launch template of a mixed-instances policy is capacity of the group's provider."""
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": {"Ref": "Launch"}},
            "Overrides": OVERRIDES,
        }
    }
    group = {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        "Properties": {"MixedInstancesPolicy": policy},
    }
    provider = {
        "Type": "AWS::ECS::CapacityProvider",
        "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": {"Ref": "Group"}}},
    }
    good = _launch({"Fn::Base64": CLUSTER + ONCE}, "ami-1")
    silent = _launch({"Fn::Base64": "#!/bin/bash\nyum -y update\n"}, "ami-2")
    # Without the provider nothing says that the second one is for ECS.
    assert _found({"Launch": good, "Arm": silent, "Group": group}) == []
    assert _found({"Launch": good, "Arm": _launch({"Fn::Base64": BAD}), "Group": group}) == ["104 error 3"]
    capacity = {"Launch": good, "Arm": silent, "Group": group, "Provider": provider}
    assert _found(capacity) == ["101 info 0"]


@pytest.mark.parametrize(
    ("user_data", "ami"),
    [
        (CLUSTER + f"echo {B}={{{{resolve:ssm:/pull}}}} >> {F}\n", "linux"),
        (
            f"<powershell>\n{SET.format('{{resolve:ssm:/pull}}')}\n{START}</powershell>\n",
            "windows",
        ),
        ('[settings.ecs]\nimage-pull-behavior = "{{resolve:ssm:/pull}}"\n', "bottlerocket"),
    ],
)
def test_dynamic_references(user_data: str, ami: str) -> None:
    """What CloudFormation fills in by a dynamic reference is not known, and not judged."""
    assert _found({"Launch": _launch({"Fn::Base64": user_data}, ami)}) == []


@pytest.mark.parametrize(
    ("cluster", "expected"), [("${Cluster}", ["108 error 2"]), ('"${Cluster}"', []), ('"${Cluster.Arn}"', [])]
)
def test_a_cluster_in_toml(cluster: str, expected: list[str]) -> None:
    """The name of a cluster of the template stands in quotes in Bottlerocket's TOML, or nothing of it is read."""
    text = f'[settings.ecs]\ncluster = {cluster}\nimage-pull-behavior = "once"\n'
    launch = _launch({"Fn::Base64": {"Fn::Sub": text}}, "bottlerocket")
    assert _found({"Cluster": {"Type": "AWS::ECS::Cluster"}, "Launch": launch}) == expected


def test_an_image_name_that_is_known_in_part() -> None:
    """An SSM parameter's name that ends in something unknown tells the operating system all the same."""
    name = "resolve:ssm:/aws/service/bottlerocket/aws-ecs-2/${Arch}/latest/image_id"
    launch = _launch({"Fn::Base64": CLUSTER}, "x")
    launch["Properties"]["LaunchTemplateData"]["ImageId"] = {"Fn::Sub": name}
    found = _found({"Launch": launch}, Parameters={"Arch": {"Type": "String"}})
    assert found == ["101 info 0", "108 error 1"]


CALL = "#!/bin/bash\ncfn-init -v --stack s --resource Launch --region r\n"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"files": {F: {"content": "ECS_CLUSTER=web\n"}}}, ["101 info 0"]),
        ({"files": {F: {"content": f"ECS_CLUSTER=web\n{B}=once\n"}}}, []),
        ({"files": {F: {"content": f'ECS_CLUSTER=web\n{B}="once"\n'}}}, ["104 error 2"]),
        ({"files": {F: {"source": "https://example.com/x"}}}, []),
        ({"commands": {"a": {"command": f"{B}=once >> {F}"}}}, ["105 error 1"]),
        (
            {"commands": {"a": {"command": f"echo A=b >> {F}"}, "b": {"command": f"echo {B}=once > {F}"}}},
            ["106 error 1"],
        ),
        ({"commands": {"a": {"command": f"echo {B}=once >> {F}", "test": "test -f x"}}}, []),
    ],
)
def test_cfn_init(config: dict[str, Any], expected: list[str]) -> None:
    """What cfn-init writes counts as what the script writes that calls it."""
    launch = _launch({"Fn::Base64": CALL}) | {"Metadata": {"AWS::CloudFormation::Init": {"config": config}}}
    assert _found({"Launch": launch}) == expected


def test_the_cluster_that_cfn_init_joins() -> None:
    """A service finds its capacity by the cluster that cfn-init writes."""
    content = {"Fn::Sub": f"ECS_CLUSTER=${{Cluster}}\n{B}=once\n"}
    files = {"AWS::CloudFormation::Init": {"config": {"files": {F: {"content": content}}}}}
    task = {"ContainerDefinitions": [{"Name": "web", "Image": "nginx:latest"}]}
    service = {"Cluster": {"Ref": "Cluster"}, "TaskDefinition": {"Ref": "Task"}, "LaunchType": "EC2"}
    resources = {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Launch": _launch({"Fn::Base64": CALL}) | {"Metadata": files},
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": task},
        "Service": {"Type": "AWS::ECS::Service", "Properties": service},
    }
    assert _found(resources) == ["103 warning 0"]


def test_cfn_init_of_the_group() -> None:
    """A finding in metadata stands at its place there, in whichever resource carries it, and names lines there."""
    commands = {
        "a": {"command": f"set -e\necho A=b >> {F}"},
        "b": {"command": f"echo {B}=once > {F}"},
    }
    group = {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        "Properties": {"LaunchTemplate": {"LaunchTemplateId": {"Ref": "Launch"}}},
        "Metadata": {"AWS::CloudFormation::Init": {"config": {"commands": commands}}},
    }
    launch = _launch({"Fn::Base64": CALL.replace("--resource Launch", "--resource Group")})
    assembly = from_document({"Resources": {"Launch": launch, "Group": group}}, region="eu-west-1")
    (finding,) = check([assembly], Options(select=("PULL106",))).findings
    assert finding.logical_id == "Group"
    assert finding.property_path == "Metadata.AWS::CloudFormation::Init.config.commands.b.command"
    assert finding.message.startswith(f"this overwrites what line 2 of a.command wrote to {F}")
    assert finding.fix == f"echo {B}=once >> {F}"
