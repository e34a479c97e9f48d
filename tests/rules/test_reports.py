"""Public reports of pulls that failed, each as a small stack: the rule that answers, and what it has to name.

The right answers were written from the reports, before the rules were run on them. `SILENT` holds the forms that work.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from tests.rules.stacks import (
    ARM,
    BOTTLEROCKET,
    ECR,
    EXECUTION,
    HTTPS,
    HUB,
    INSTANCES,
    JOIN,
    KEEP,
    ONCE,
    WINDOWS,
    allow,
    behind_nat,
    checked,
    endpoint,
    group,
    made,
    network,
    on_ec2,
    on_fargate,
    ref,
    role,
    service,
    task,
    with_endpoints,
)

ECR_ONLY: Final = ("ecr.api", "ecr.dkr", "s3")
DATABASE: Final = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"
GET: Final = "secretsmanager:GetSecretValue"
LOGS: Final = {"LogDriver": "awslogs", "Options": {"awslogs-group": "/web", "awslogs-region": "eu-west-1"}}
CACHE: Final = made(
    "AWS::ECR::PullThroughCacheRule", EcrRepositoryPrefix="quay", UpstreamRegistryUrl="quay.io"
)
CACHED: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/quay/prometheus/prometheus:v2.54.1"


def _acl(first: int, last: int) -> dict[str, Any]:
    said = {"NetworkAclId": ref("Acl"), "RuleNumber": 100, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
    ports = {"From": first, "To": last}
    return {
        "Acl": made("AWS::EC2::NetworkAcl", VpcId=ref("Vpc")),
        "AclLink": made(
            "AWS::EC2::SubnetNetworkAclAssociation", SubnetId=ref("Subnet"), NetworkAclId=ref("Acl")
        ),
        "Out": made("AWS::EC2::NetworkAclEntry", **said, Protocol=-1, Egress=True),
        "In": made("AWS::EC2::NetworkAclEntry", **said, Protocol=6, Egress=False, PortRange=ports),
    }


def _batch(
    way: dict[str, Any], public: str | None = None, kind: str = "FARGATE", **roles: Any
) -> dict[str, Any]:
    resources = {"Type": kind, "MaxvCpus": 4, "Subnets": [ref("Subnet")], "SecurityGroupIds": [ref("Group")]}
    sized = [{"Type": "VCPU", "Value": "0.25"}, {"Type": "MEMORY", "Value": "512"}]
    container = {"Image": ECR, "ExecutionRoleArn": ref("Execution", "Arn"), "ResourceRequirements": sized}
    container |= {"NetworkConfiguration": {"AssignPublicIp": public}} if public else {}
    container |= {"JobRoleArn": ref("JobRole", "Arn")} if "JobRole" in roles else {}
    job = {"Type": "container", "PlatformCapabilities": ["FARGATE"], "ContainerProperties": container}
    common = {"Execution": role(EXECUTION), "Group": group(), "Job": made("AWS::Batch::JobDefinition", **job)}
    environment = made("AWS::Batch::ComputeEnvironment", Type="MANAGED", ComputeResources=resources)
    return {**way, "Environment": environment, **common, **roles}


def _scheduled(public: str) -> dict[str, Any]:
    awsvpc = {"Subnets": [ref("Subnet")], "AssignPublicIp": public}
    parameters = {
        "LaunchType": "FARGATE",
        "TaskDefinitionArn": ref("Task"),
        "NetworkConfiguration": {"AwsVpcConfiguration": awsvpc},
    }
    cluster = "arn:aws:ecs:eu-west-1:111122223333:cluster/web"
    target = {"Id": "t", "Arn": cluster, "EcsParameters": parameters}
    rule = made("AWS::Events::Rule", ScheduleExpression="rate(7 days)", Targets=[target])
    return {**network(), "Execution": role(EXECUTION), "Task": task(), "Rule": rule}


def _secret(value: Any, *statements: Any, **resources: Any) -> dict[str, Any]:
    secrets = [{"Name": "PASSWORD", "ValueFrom": value}]
    return {"Execution": role(EXECUTION, statements=statements), "Task": task(Secrets=secrets), **resources}


def _instance_role(trusted: str) -> dict[str, Any]:
    return {
        "InstanceRole": role(INSTANCES, service=trusted),
        "Profile": made("AWS::IAM::InstanceProfile", Roles=[ref("InstanceRole")]),
    }


def _cache(managed: str, *actions: str) -> dict[str, Any]:
    statements = [allow(list(actions))] if actions else []
    return {"Cache": CACHE, "Execution": role(managed, statements=statements), "Task": task(CACHED)}


def _kept(selection: dict[str, Any], tag: str, **resources: Any) -> dict[str, Any]:
    rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
    policy = {"LifecyclePolicyText": json.dumps({"rules": rules})}
    return {
        "Repository": made("AWS::ECR::Repository", RepositoryName="web", LifecyclePolicy=policy),
        "Execution": role(EXECUTION),
        "Task": task({"Fn::Sub": f"${{Repository.RepositoryUri}}:{tag}"}),
        **resources,
    }


def _disk(gib: int, **sizes: str) -> dict[str, Any]:
    disks = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": gib}}]
    return on_ec2(JOIN, launch_BlockDeviceMappings=disks, Task=task(facts=sizes, fargate=False))


def _built(*platforms: str) -> dict[str, Any]:
    return {"compressed": "80MB", "platforms": list(platforms)}


ANY_30: Final = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30}
STARTED: Final = "<powershell>\nInitialize-ECSAgent -Cluster web\n</powershell>\n"
UNTAGGED: Final = {
    "tagStatus": "untagged",
    "countType": "sinceImagePushed",
    "countUnit": "days",
    "countNumber": 1,
}
OWN_KEY: Final = {
    "Key": made("AWS::KMS::Key"),
    "Secret": made("AWS::SecretsManager::Secret", KmsKeyId=ref("Key")),
}
MYSQL: Final = {**HTTPS, "FromPort": 3306, "ToPort": 3306}
ON_PUBLIC: Final = made("AWS::AutoScaling::AutoScalingGroup", MinSize="1", MaxSize="1", VPCZoneIdentifier=[ref("Subnet")],
                        LaunchTemplate={"LaunchTemplateId": ref("Launch"), "Version": "1"})  # fmt: skip

FOUND: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    # The network
    "Releem/releem-agent#195": (on_fargate(behind_nat(), Group=group([MYSQL])), "PULL303", "security group Group lets nothing out on port 443"),
    "karanpratapsingh/preview-environments#9": (on_fargate(network(gateway=False)), "PULL303", "has no route to 0.0.0.0/0"),
    "aws-samples/dataops-platform-airflow-dbt#12": (on_fargate(network(), Service=service(None)), "PULL303", "the task has no public address"),
    "aws/amazon-ecs-agent#1680": (on_fargate({**network(), **_acl(80, 443)}, Service=service("ENABLED")), "PULL303", "network ACL Acl"),
    "aws/amazon-ecs-agent#1128": (on_fargate(with_endpoints(*ECR_ONLY), Task=task(HUB)), "PULL303", "docker.io"),
    "7thzero.com: no endpoint for logs": (on_fargate(with_endpoints(*ECR_ONLY), Task=task(LogConfiguration=LOGS)), "PULL303", "CloudWatch Logs"),
    "Stack Overflow: private DNS is off": (on_fargate({**with_endpoints(*ECR_ONLY), "ecrdkr": endpoint("ecr.dkr", PrivateDnsEnabled=False)}), "PULL303", "private DNS"),
    "eddgrant.com: another route table": (on_fargate({**with_endpoints(*ECR_ONLY), "Other": made("AWS::EC2::RouteTable", VpcId=ref("Vpc")), "s3": endpoint("s3", RouteTableIds=[ref("Other")])}), "PULL303", "s3"),
    "aws/aws-cdk#9233": (_scheduled("DISABLED"), "PULL303", "the task has no public address"),
    "aws/aws-cli#3887": (on_ec2(**network(), Instances=ON_PUBLIC, launch_NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": False}]), "PULL303", "the instances in subnet Subnet"),
    "globaldothealth/list#2662": (_batch(network()), "PULL303", "the task has no public address"),
    "aws/aws-cdk#24783": (_batch(network(gateway=False), "ENABLED", "FARGATE_SPOT"), "PULL303", "has no route to 0.0.0.0/0"),
    # The roles
    "GiamPy5/terraform-aws-directus#10": (_secret(ref("Secret"), allow(GET, ref("Secret")), **OWN_KEY), "PULL306", "kms:Decrypt"),
    "hashicorp/terraform-provider-aws#6503": ({"Task": task(HUB, fargate=False, task_ExecutionRoleArn=None, Secrets=[{"Name": "P", "ValueFrom": "/web/p"}])}, "PULL306", "needs an execution role"),
    "the same, with a task role in its place": ({"Task": task(HUB, task_ExecutionRoleArn=None, task_TaskRoleArn="arn:aws:iam::111122223333:role/x", Secrets=[{"Name": "P", "ValueFrom": "/web/p"}])}, "PULL306", "TaskRoleArn is for the containers alone"),
    "cloudposse/terraform-aws-ecs-alb-service-task#67": (_secret(DATABASE), "PULL306", GET),
    "hashicorp/terraform#5660": (on_ec2(**_instance_role("ecs.amazonaws.com"), launch_IamInstanceProfile={"Arn": ref("Profile", "Arn")}), "PULL306", "does not let Amazon EC2 assume it"),
    "OvertureMaps/overture-tiles#20": (_batch(behind_nat(), JobRole=role(EXECUTION), Execution=role()), "PULL306", "ecr:GetAuthorizationToken"),
    "aws-samples/aws-cdk-examples#1183": (_cache("AmazonEC2ContainerRegistryReadOnly"), "PULL306", "ecr:BatchImportUpstreamImage"),
    "the same, with the policy for pulls": (_cache("AmazonEC2ContainerRegistryPullOnly"), "PULL306", "ecr:CreateRepository"),
    "openillumi.com: ghcr.io": ({"Execution": role(EXECUTION), "Task": task("ghcr.io/a/b:1.2.3", RepositoryCredentials={"CredentialsParameter": DATABASE})}, "PULL306", "the credentials"),
    "aws/aws-cdk#3646": ({"Execution": role(), "Task": task()}, "PULL306", "ecr:GetAuthorizationToken"),
    # The name
    "aws-samples/aws-modern-application-workshop#12": ({"Task": task("REPLACE_ME.dkr.ecr.us-east-1.amazonaws.com/web:1")}, "PULL307", "'replace_me' is not an account of twelve digits"),
    "an account of eleven digits": ({"Task": task("11112222333.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3")}, "PULL307", "twelve digits"),
    "a placeholder of a guide": ({"Task": task("<account-id>.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3")}, "PULL307", "twelve digits"),
    # The instances
    "terraform-aws-modules/terraform-aws-ecs#11": (on_ec2(None), "PULL121", "the cluster default"),
    "aws-samples/ecs-refarch-cloudformation#23": (on_ec2("#!/bin/bash\nyum -y update\n"), "PULL121", "the cluster default"),
    "aws/aws-cdk#34044": (on_ec2('[settings.ecs]\ncluster = "web"\n[settings.ecs]\ncluster = "web"\n', image=BOTTLEROCKET), "PULL108", "twice"),
    "bottlerocket-os/bottlerocket#1053": (on_ec2("[settings.ecs]\ncluster = web\n", image=BOTTLEROCKET), "PULL108", "rejects"),
    "terraform-aws-modules/terraform-aws-eks#3476": (on_ec2('Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n\n--B\nContent-Type: text/x-shellscript\n\n#!/bin/bash\nls\n--B--\n', image=BOTTLEROCKET), "PULL108", "MIME|multipart|rejects"),
    "aws/amazon-ecs-agent#660": (on_ec2("Import-Module ECSTools\nInitialize-ECSAgent -Cluster web\n", image=WINDOWS), "PULL117", "powershell"),
    "aws/amazon-ecs-agent#932": (_disk(30, compressed="8GB", uncompressed="26GB"), "PULL114", "/dev/xvda holds the images and has 30 GiB"),
    # The platform
    "femiwiki/femiwiki#227": (on_ec2(image=ARM, Task=task(facts=_built("linux/amd64"), fargate=False)), "PULL211", "the task runs on linux/arm64"),
    "aws/containers-roadmap#1120": ({"Execution": role(EXECUTION), "Task": task(facts=_built("linux/arm64"))}, "PULL211", "the task runs on linux/amd64"),
    "aviswerdlow/relay#71": ({"Execution": role(EXECUTION), "Task": task(facts=_built("linux/arm64", "windows/amd64"))}, "PULL211", "linux/amd64"),
    "aws/amazon-ecs-agent#2466": (on_ec2(STARTED, image=WINDOWS, Task=task("mcr.microsoft.com/windows/servercore:1909", fargate=False)), "PULL404", "build 18363, and its instances run windows-server-2022"),
    "aws-samples/aws-ecs-windows-aspnet#2": (on_ec2(STARTED, image=WINDOWS, Task=task("mcr.microsoft.com/dotnet/framework/aspnet:4.8-windowsservercore-ltsc2019", fargate=False)), "PULL404", "build 17763"),
    "aws/containers-roadmap#2312": (on_ec2(STARTED, image=WINDOWS, Task=task("mcr.microsoft.com/windows/servercore:ltsc2019", fargate=False, task_RuntimePlatform={"OperatingSystemFamily": "WINDOWS_SERVER_2019_CORE"})), "PULL404", "none of them can run it"),
    # The repository and the disk
    "metaps/genova#25": (_kept(ANY_30, "build-20181211-185318"), "PULL304", "beyond the newest 30"),
    "aws/amazon-ecs-agent#4226": (_kept(UNTAGGED, "latest"), "PULL304", "untagged"),
    "anomalyco/sst#3542": ({"Execution": role(EXECUTION), "Task": task(facts={"compressed": "9GB", "uncompressed": "19GB"})}, "PULL204", "27 GiB"),
    "bmlt-enabled/bmlt-server#385": ({"Task": task("bmltenabled/bmlt-root-server:2.16.5")}, "PULL302", "Docker Hub|docker.io"),
}  # fmt: skip


@pytest.mark.parametrize("report", FOUND)
def test_what_is_reported(report: str) -> None:
    """The rule names the cause, and says what to do."""
    resources, rule, named = FOUND[report]
    found = checked(resources, rule).findings
    assert [each for each in found if re.search(named, each.message)], [each.message for each in found]
    assert all(each.fix for each in found)


SILENT: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a secret by NAT": (on_fargate(behind_nat(), Group=group([HTTPS])), "PULL303"),
    "a public address": (on_fargate(network(), Service=service("ENABLED")), "PULL303"),
    "an ACL with the ephemeral ports": (on_fargate({**network(), **_acl(1024, 65535)}, Service=service("ENABLED")), "PULL303"),
    "endpoints for all that is asked": (on_fargate(with_endpoints(*ECR_ONLY, "logs"), Task=task(LogConfiguration=LOGS)), "PULL303"),
    "a rule with a public address": (_scheduled("ENABLED"), "PULL303"),
    "instances with a public address": (on_ec2(**network(), Instances=ON_PUBLIC, launch_NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]), "PULL303"),
    "a job with a public address": (_batch(network(), "ENABLED"), "PULL303"),
    "a job behind NAT": (_batch(behind_nat()), "PULL303"),
    "the key, too": (_secret(ref("Secret"), allow([GET, "kms:Decrypt"], "*"), **OWN_KEY), "PULL306"),
    "localstack/localstack#10079: a JSON key behind the ARN": (_secret(f"{DATABASE}:password::", allow(GET, DATABASE)), "PULL306"),
    "aws/aws-cdk#18555: a partial ARN, and CDK's grant": (_secret(DATABASE[:-7], allow(GET, f"{DATABASE[:-7]}-??????")), "PULL306"),
    "nathanpeck/aws-cloudformation-fargate#13: a role by its name": ({"Execution": role(EXECUTION), "Task": task(task_ExecutionRoleArn=ref("Execution"))}, "PULL306"),
    "a role that Amazon EC2 may assume": (on_ec2(**_instance_role("ec2.amazonaws.com"), launch_IamInstanceProfile={"Arn": ref("Profile", "Arn")}), "PULL306"),
    "a first pull that is allowed": (_cache(EXECUTION, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"), "PULL306"),
    "an account of twelve digits": ({"Task": task()}, "PULL307"),
    "instances that join the cluster of the service": (on_ec2(), "PULL121"),
    "a quoted name, once": (on_ec2('[settings.ecs]\ncluster = "web"\n', image=BOTTLEROCKET), "PULL108"),
    "PowerShell within its tags": (on_ec2("<powershell>\nInitialize-ECSAgent -Cluster web\n</powershell>\n", image=WINDOWS), "PULL117"),
    "a disk for the image": (_disk(60, compressed="8GB", uncompressed="26GB"), "PULL114"),
    "an image for both architectures": (on_ec2(image=ARM, Task=task(facts=_built("linux/amd64", "linux/arm64"), fargate=False)), "PULL211"),
    "aws-containers/ecs-anywhere-tutorial#2: hosts that nobody knows": (on_ec2(Task=task(facts=_built("linux/amd64"), fargate=False), Service=service(launch="EXTERNAL")), "PULL211"),
    "an image of the release of the AMI": (on_ec2(STARTED, image=WINDOWS, Task=task("mcr.microsoft.com/windows/servercore:ltsc2022", fargate=False)), "PULL404"),
    "an image that fits the ephemeral storage": ({"Execution": role(EXECUTION), "Task": task(facts={"compressed": "2GB", "uncompressed": "6GB"})}, "PULL204"),
    "images by their own prefix expire": (_kept({**ANY_30, "tagStatus": "tagged", "tagPrefixList": ["pr-"]}, "build-20181211-185318"), "PULL304"),
    "a user data script that keeps the images": (on_ec2(KEEP), "PULL112"),
    "nothing is waited for": (on_ec2(ONCE), "PULL118"),
}  # fmt: skip


@pytest.mark.parametrize("form", SILENT)
def test_what_works(form: str) -> None:
    """A stack that works, and looks much like one that is reported, is not found."""
    resources, rule = SILENT[form]
    assert [each.message for each in checked(resources, rule).findings] == []
