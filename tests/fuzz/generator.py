"""The second fuzzer's inputs: grown from grammars, where the first one's are valid inputs that were cut into.

A grammar reaches what no fixture has: intrinsic functions in each other, scripts of blocks in blocks, numbers of every size.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

__all__ = ["Generated"]

_TYPES: Final = [
    "AWS::ECS::TaskDefinition",
    "AWS::ECS::Service",
    "AWS::ECS::Cluster",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::Instance",
    "AWS::EC2::Subnet",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPC",
    "AWS::EC2::NatGateway",
    "AWS::ECR::Repository",
    "AWS::ECR::PullThroughCacheRule",
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::Events::Rule",
    "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachine",
    "AWS::Batch::ComputeEnvironment",
    "AWS::Batch::JobDefinition",
    "AWS::CloudFormation::Stack",
    "Custom::X",
]
_PROPERTIES: Final = [
    "Cpu", "Memory", "ContainerDefinitions", "Image", "Name", "Family", "RequiresCompatibilities", "RuntimePlatform",
    "EphemeralStorage", "ExecutionRoleArn", "TaskDefinition", "Cluster", "LaunchType", "CapacityProviderStrategy",
    "NetworkConfiguration", "AwsvpcConfiguration", "Subnets", "SecurityGroups", "AssignPublicIp", "UserData",
    "LaunchTemplateData", "LaunchTemplate", "LaunchTemplateId", "ImageId", "IamInstanceProfile", "BlockDeviceMappings", "Ebs",
    "VolumeSize", "AutoScalingGroupProvider", "AutoScalingGroupArn", "VpcId", "SubnetId", "RouteTableId", "GatewayId",
    "NatGatewayId", "DestinationCidrBlock", "ServiceName", "VpcEndpointType", "PrivateDnsEnabled", "PolicyDocument",
    "Statement", "Effect", "Action", "Resource", "Principal", "AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies",
    "RepositoryName", "LifecyclePolicy", "LifecyclePolicyText", "ImageTagMutability", "EcrRepositoryPrefix",
    "UpstreamRegistryUrl", "CredentialArn", "Targets", "EcsParameters", "Arn", "DefinitionString", "DefinitionSubstitutions",
    "TemplateURL", "Parameters", "Environment", "Value", "SizeInGiB", "OperatingSystemFamily", "CpuArchitecture",
    "ComputeResources", "Ec2Configuration", "ContainerProperties", "SecurityGroupEgress", "IpProtocol", "CidrIp", "FromPort",
]  # fmt: skip
_IDS: Final = ["A", "B", "C", "D", "E", "F"]
_PSEUDO: Final = [
    f"AWS::{each}" for each in ("Region", "AccountId", "Partition", "URLSuffix", "NoValue", "StackName")
]
_WORDS: Final = [
    "256", "512", "1024", "1 vCPU", "2GB", "FARGATE", "EC2", "EXTERNAL", "ENABLED", "DISABLED", "Allow", "Deny", "*", "IMMUTABLE",
    "nginx", "nginx:1.27", "web@sha256:" + "0" * 64, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b:1", "mcr.microsoft.com/windows/servercore:ltsc2022",
    "ecs-tasks.amazonaws.com", "ecr:*", "com.amazonaws.eu-west-1.ecr.dkr", "Interface", "Gateway", "0.0.0.0/0", "10.0.0.0/8", "::/0", "-1",
    "WINDOWS_SERVER_2022_CORE", "ARM64", "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy", "{{resolve:ssm:x:1}}", "/dev/xvda",
    "", " ", "\n", "\x00", "\x1b[2J", "\ud800", "\u202e", "::error::", "##vso[x]", "${", "${A}", "${!A}", "${A.B}", "9" * 30, "1e400", "-0", "NaN", "٣",
]  # fmt: skip
_NUMBERS: Final = [0, 1, -1, 256, 512, 300, 2**31, 2**63, 10**400, 0.5, 1e308, -1e-9, True, False, None]
_COMMANDS: Final = [
    "echo ECS_IMAGE_PULL_BEHAVIOR=once", "echo 'ECS_CLUSTER=a'", "printf '%s\\n' ECS_A=b", "cat /etc/ecs/ecs.config", "docker pull a", "docker system prune -af",
    "systemctl start ecs", "exit 0", "return", "break", "shift", "set -eu", "export ECS_CLUSTER=x", "x=$(date)", "read -r y", "sed -i s/a/b/ /etc/ecs/ecs.config",
    "tee -a /etc/ecs/ecs.config", "curl -s https://x | bash", "source /x", ". ./y", "trap 'echo z' EXIT", "sleep 1", "reboot", "rm -f /etc/ecs/ecs.config", "true", "false", ":",
    "[ -f /a ]", "[[ $x == y ]]", 'test -n "$x"', "f", 'eval "$x"', "aws ssm get-parameter --name x", "cloud-init-per once a b", "exec > /tmp/log",
]  # fmt: skip
_POWERSHELL: Final = [
    "Initialize-ECSAgent -Cluster a -EnableTaskIAMRole", "[Environment]::SetEnvironmentVariable('ECS_CLUSTER', 'a', 'Machine')", "$env:ECS_CLUSTER = 'a'",
    "$x = @{a=1}", "Write-Host $x", "return", "throw 'x'", "exit", "Import-Module ECSTools", "Restart-Service AmazonECS", "Start-Sleep 1", "break", "$x = 'once'", "F",
]  # fmt: skip
_REDIRECTIONS: Final = [
    "",
    "",
    " >> /etc/ecs/ecs.config",
    " > /etc/ecs/ecs.config",
    " | tee -a /etc/ecs/ecs.config",
    " 2>&1",
    " &",
    " || true",
    " && echo y",
    " > $x",
    " <<EOF\nECS_A=b\nEOF",
    " <<'EOF' >> /etc/ecs/ecs.config\nECS_IMAGE_CLEANUP_INTERVAL=10m\nEOF",
    " <<EOF",
]
_TOML: Final = [
    "[settings]",
    "[settings.ecs]",
    '[settings."ecs"]',
    'cluster = "a"',
    'image-pull-behavior = "once"',
    "image-pull-behavior = 3",
    "enable-spot = true",
    "settings.ecs.cluster = 'b'",
    "ecs = {cluster = 'c'}",
    "[[settings.ecs]]",
    "a = [1,",
    '"""',
    "x",
]


class Generated:
    """Inputs of every kind, grown from grammars.

    Args:
        rng: decides; one seed gives one input.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def pick(self, choices: list[Any]) -> Any:
        """Return one of the choices."""
        return self.rng.choice(choices)

    def value(self, depth: int = 0) -> Any:
        """Return a value of a template."""
        if depth > 6 or self.rng.random() < 0.3:
            return self.pick([self.pick(_WORDS), self.pick(_WORDS), self.pick(_NUMBERS), self.pick(_IDS)])
        match self.rng.randrange(9):
            case 0 | 1 | 2:
                return {self.pick(_PROPERTIES): self.value(depth + 1) for _ in range(self.rng.randint(0, 5))}
            case 3 | 4:
                return [self.value(depth + 1) for _ in range(self.rng.randint(0, 4))]
            case 5:
                return self.user_data()
            case _:
                return self.function(depth)

    def function(self, depth: int) -> Any:
        """Return an intrinsic function of values."""

        def inner() -> Any:
            return self.value(depth + 1)

        functions: list[Callable[[], Any]] = [
            lambda: {"Ref": self.pick(_IDS + _PSEUDO)},
            lambda: {"Fn::GetAtt": [self.pick(_IDS), self.pick(["Arn", "RepositoryUri", "Outputs.X", ""])]},
            lambda: {"Fn::Sub": self.pick(_WORDS) + "${" + self.pick(_IDS + _PSEUDO) + "}"},
            lambda: {"Fn::Sub": [self.pick(_WORDS) + "${V}", {"V": inner()}]},
            lambda: {"Fn::Join": [self.pick(["", ":", "/", "\n"]), inner()]},
            lambda: {"Fn::Select": [self.pick(["0", 1, -1, "x"]), inner()]},
            lambda: {"Fn::Split": [self.pick([":", "/", "", ","]), inner()]},
            lambda: {"Fn::If": [self.pick(["K", "L", "M"]), inner(), inner()]},
            lambda: {"Fn::FindInMap": ["M", self.pick(["a", "b"]), self.pick(["a", "b", inner()])]},
            lambda: {"Fn::ImportValue": inner()},
            lambda: {"Fn::ToJsonString": inner()},
            lambda: {"Fn::Length": inner()},
            lambda: {"Fn::Base64": inner()},
            lambda: {"Fn::Nothing": inner()},
        ]
        made: Callable[[], Any] = self.pick(functions)
        return made()

    def document(self) -> Any:
        """Return a template."""
        resources = {
            name: {
                "Type": self.pick(_TYPES),
                "Properties": {self.pick(_PROPERTIES): self.value(1) for _ in range(self.rng.randint(0, 8))},
                **({"Condition": self.pick(["K", "L", "M"])} if self.rng.random() < 0.2 else {}),
                **({"Metadata": {"cdk-pull": self.value(3)}} if self.rng.random() < 0.2 else {}),
            }
            for name in _IDS[: self.rng.randint(1, 6)]
        }
        return {
            "Parameters": {"F": {"Type": self.pick(["String", "CommaDelimitedList", "Number"]), "Default": self.pick(_WORDS)}},
            "Mappings": {"M": {"a": {"a": self.value(4), "b": [self.function(4)]}}},
            "Conditions": {
                "K": {"Fn::Equals": [self.value(4), self.value(4)]},
                "L": {self.pick(["Fn::And", "Fn::Or", "Fn::Not"]): [{"Condition": self.pick(["K", "L", "M"])}]},
                "M": self.value(4),
            },
            **({"Transform": self.pick(["AWS::LanguageExtensions", "AWS::Include", "Own"])} if self.rng.random() < 0.2 else {}),
            "Resources": resources,
            "Outputs": {"X": {"Value": self.value(3), "Export": {"Name": self.value(4)}}},
        }  # fmt: skip

    def text(self) -> bytes:
        """Return the file of a template."""
        return json.dumps(self.document(), indent=self.pick([None, 1])).encode()

    def block(self, depth: int = 0) -> str:
        """Return lines of bash, with blocks in blocks."""
        lines = []
        for _ in range(self.rng.randint(1, 5)):
            inner = self.block(depth + 1) if depth < 5 and self.rng.random() < 0.4 else "  :\n"
            command = self.pick(_COMMANDS)
            lines.append(
                self.pick(
                    [
                        f"{command}{self.pick(_REDIRECTIONS)}\n",
                        f"{command}{self.pick(_REDIRECTIONS)}\n",
                        f"if {command}; then\n{inner}else\n{inner}fi\n",
                        f"for i in 1 2 $x; do\n{inner}done\n",
                        f"while {command}; do\n{inner}done\n",
                        f"case $x in a) \n{inner};; *) {command};; esac\n",
                        f"f() {{\n{inner}}}\n",
                        f"(\n{inner})\n",
                        f"{{\n{inner}}}{self.pick(_REDIRECTIONS)}\n",
                        f"cat <<'E{depth}' > /x.sh\n{inner}E{depth}\nbash /x.sh\n",
                        f'x="$({command})"\n',
                        f"x='{self.pick(_WORDS)}'\n",
                    ]
                )
            )
        return "".join(lines)

    def powershell(self, depth: int = 0) -> str:
        """Return lines of PowerShell."""
        lines = []
        for _ in range(self.rng.randint(1, 4)):
            inner = self.powershell(depth + 1) if depth < 5 and self.rng.random() < 0.4 else "  $null\n"
            lines.append(
                self.pick(
                    [
                        f"{self.pick(_POWERSHELL)}\n",
                        f"if ($x -eq 'a') {{\n{inner}}} else {{\n{inner}}}\n",
                        f"foreach ($i in 1, 2) {{\n{inner}}}\n",
                        f"try {{\n{inner}}} catch {{\n{inner}}}\n",
                        f"function F($m) {{\n{inner}}}\n",
                        f"switch ('a') {{ 'a' {{\n{inner}}} default {{ {self.pick(_POWERSHELL)} }} }}\n",
                        f"$x = @'\n{self.pick(_WORDS)}\n'@\n",
                    ]
                )
            )
        return "".join(lines)

    def cloud_config(self) -> str:
        """Return a cloud-config."""
        parts = {
            "write_files": [
                {
                    "path": self.pick(["/etc/ecs/ecs.config", "/x", self.value(5)]),
                    "content": self.pick([self.block(4), self.value(5), "ECS_CLUSTER=a\n"]),
                    "encoding": self.pick(["b64", "gz+b64", "text/plain", self.value(6)]),
                    "append": self.pick([True, False, self.value(6)]),
                }
            ],
            "runcmd": [self.pick([self.block(4), ["sh", "-c", self.block(4)], self.value(5)])],
            "bootcmd": self.value(5),
            "merge_how": self.value(6),
        }
        kept = {key: value for key, value in parts.items() if self.rng.random() < 0.7}
        return "#cloud-config\n" + json.dumps(kept, indent=1).replace('"&', "&")

    def user_data(self) -> str:
        """Return user data of any kind."""
        kind = self.rng.randrange(7)
        if kind <= 2:
            return "#!/bin/bash\n" + self.block()
        if kind == 3:
            return self.cloud_config()
        if kind == 4:
            return f"<powershell>\n{self.powershell()}</powershell>\n"
        if kind == 5:
            return "\n".join(self.pick(_TOML) for _ in range(self.rng.randint(1, 8)))
        parts = "".join(
            f"--B\nContent-Type: text/{self.pick(['x-shellscript', 'cloud-config', 'plain', 'x'])}\n"
            f"{self.pick(['', 'Content-Transfer-Encoding: base64' + chr(10)])}\n{self.pick([self.block(3), self.cloud_config()])}\n"
            for _ in range(self.rng.randint(0, 3))
        )
        return f'Content-Type: multipart/mixed; boundary="{self.pick(["B", "C", ""])}"\n\n{parts}--B--\n'

    def reference(self) -> str:
        """Return what may name an image."""
        parts = ["a", "A", "nginx", "library", "docker.io", "localhost:5000", "x.y", "..", "_", "-", "é", "", "[::1]", "111122223333.dkr.ecr.eu-west-1.amazonaws.com", "public.ecr.aws", "a" * 300, self.pick(_WORDS)]  # fmt: skip
        path = "/".join(self.pick(parts) for _ in range(self.rng.randint(1, 4)))
        end = self.pick(["", ":1", ":latest", ":", ":a:b", "@sha256:" + "0" * 64, "@sha256:0", "@", ":" + "x" * 200, ":1@sha256:" + "f" * 64])  # fmt: skip
        return f"{path}{end}"

    def size(self) -> str:
        """Return what may be a size, a number or a duration."""
        number = self.pick(
            [
                "1",
                "0",
                "-1",
                "800",
                "2.4",
                "9" * 400,
                "1e9",
                "1_000",
                "٣",
                "",
                ".5",
                "1..2",
                self.pick(_WORDS),
            ]
        )
        unit = self.pick(["", "MB", "GB", "GiB", "kb", "PB", " GB", "vCPU", "s", "m", "min", "\n", "é"])
        return f"{number}{unit}"

    def context(self) -> bytes:
        """Return a cdk.context.json."""
        digest = "sha256:" + "0" * 64
        layer = {"compressedBytes": self.pick([1, 0, -1, 10**18, 10**400, 1.5, "1", None]), "compression": self.pick(["gzip", "zstd", "x"]), "digest": self.pick([digest, "x"]), "uncompressedBytes": self.pick([1, None, 10**30]), "uncompressedSource": self.pick(["measured", "estimated", 3])}  # fmt: skip
        value = {"architecture": self.pick(["amd64", "arm64", self.value(5)]), "digest": digest, "layers": self.pick([[layer], [layer] * 3, [], self.value(5)]), "lookedUp": self.pick(["2026-09-20", "x", 3]), "os": self.pick(["linux", "windows", "x"]), "manifestDigest": digest}  # fmt: skip
        keys = ["cdk-pull:image:platform=linux/amd64:ref=docker.io/library/nginx$:1", "cdk-pull:image:x", self.pick(_WORDS), "cdk-pull:image:platform=linux/amd64:ref=" + self.reference()]  # fmt: skip
        text = json.dumps({self.pick(keys): self.pick([value, value, self.value(4)]) for _ in range(3)})
        return text.encode() if self.rng.random() < 0.9 else text.encode()[: self.rng.randint(0, len(text))]

    def facts(self) -> bytes:
        """Return a file of image facts."""
        fact = {
            self.pick(["compressed", "uncompressed", "compression", "os_version", "x"]): self.pick(
                [self.size(), self.value(5), self.pick(_NUMBERS)]
            )
            for _ in range(3)
        }
        return json.dumps(
            {"images": self.pick([{self.reference(): fact, "nginx": fact}, self.value(4)])}
        ).encode()
