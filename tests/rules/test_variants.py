"""The kinds of faults that people report, each in variants: those that are found, and look-alikes that are not."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.rules.stacks import (
    BOTTLEROCKET,
    ECR,
    EXECUTION,
    HTTPS,
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

F: Final = "/etc/ecs/ecs.config"
LATER: Final = f"echo ECS_WARM_POOLS_CHECK=true >> {F}\n"
MIME: Final = (
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: {}\n\n{}\n--B--\n'
)
SHELL: Final = "text/x-shellscript"
LAYERS: Final = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
HOST: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST: Final = "8795397484604bc67cfcda4f4245dd248b172df523ce9778209e735ffe370426"
HUB_CACHE: Final = made("AWS::ECR::PullThroughCacheRule", EcrRepositoryPrefix="docker-hub", UpstreamRegistryUrl="registry-1.docker.io", CredentialArn="arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/x-AbCdEf")  # fmt: skip
QUAY_CACHE: Final = made(
    "AWS::ECR::PullThroughCacheRule", EcrRepositoryPrefix="quay", UpstreamRegistryUrl="quay.io"
)
ENDPOINTS: Final = ("ecr.api", "ecr.dkr", "s3")
ALL_KINDS: Final = 25
LEAST: Final = 5
INNOCENT: Final = 2


def _batch(user_data: str, **environment: Any) -> dict[str, Any]:
    launched = {"LaunchTemplate": {"LaunchTemplateId": ref("Launch")}, "Type": "EC2", "MaxvCpus": 4}
    data = {"UserData": {"Fn::Base64": user_data}}
    return {
        "Launch": made("AWS::EC2::LaunchTemplate", LaunchTemplateData=data),
        "Compute": made("AWS::Batch::ComputeEnvironment", **{"Type": "MANAGED", "ComputeResources": launched, **environment}),
    }  # fmt: skip


def _disk(device: str, gib: int, size: str = "14GB", user_data: str = "") -> dict[str, Any]:
    toml = '[settings.ecs]\ncluster = "web"\nimage-pull-behavior = "prefer-cached"\n'
    mapped = [{"DeviceName": device, "Ebs": {"VolumeSize": gib}}]
    facts = {"compressed": "1GB", "uncompressed": size}
    launched = task(facts=facts, fargate=False)
    return on_ec2(user_data or toml, image=BOTTLEROCKET, launch_BlockDeviceMappings=mapped, Task=launched)


def _on(architecture: str, *platforms: str, os: str = "LINUX") -> dict[str, Any]:
    runs = {"CpuArchitecture": architecture, "OperatingSystemFamily": os}
    facts = {"compressed": "80MB", "platforms": list(platforms)}
    return {"Execution": role(EXECUTION), "Task": task(facts=facts, task_RuntimePlatform=runs)}


def _pulls(*managed: str, image: Any = ECR, statements: Any = (), **resources: Any) -> dict[str, Any]:
    return {"Execution": role(*managed, statements=statements), "Task": task(image), **resources}


def _named(*images: Any) -> dict[str, Any]:
    return {"Execution": role(EXECUTION), "Task": task(*images)}


def _s3(policy: Any) -> dict[str, Any]:
    statements = policy if isinstance(policy, list) else [policy]
    gateway = endpoint("s3", PolicyDocument={"Statement": statements})
    return on_fargate({**with_endpoints(*ENDPOINTS), "s3": gateway})


def _to(**more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **more}


def _express(cpu: str, memory: str, image: str = ECR) -> dict[str, Any]:
    said = {"Cpu": cpu, "Memory": memory, "PrimaryContainer": {"Image": image}}
    return {
        "Service": made(
            "AWS::ECS::ExpressGatewayService", ExecutionRoleArn="arn:aws:iam::111122223333:role/x", **said
        )
    }


def _ipv6(subnet: dict[str, Any], **routes: Any) -> dict[str, Any]:
    way = network(route=False)
    way["Subnet"]["Properties"] |= {"Ipv6CidrBlock": "2001:db8::/64", **subnet}
    way |= {
        name: made("AWS::EC2::Route", RouteTableId=ref("Table"), **route) for name, route in routes.items()
    }
    dual = "111122223333.dkr-ecr.eu-west-1.on.aws/web:1.2.3"
    return on_fargate(way, Task=task(dual))


TO_IPV6: Final = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": {"Ref": "Gateway"}}
TO_IPV4: Final = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": {"Ref": "Gateway"}}


def _kept(tag: str, **selection: Any) -> dict[str, Any]:
    counted = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100, **selection}
    text = f'{{"rules": [{{"rulePriority": 1, "selection": {counted!r}, "action": {{"type": "expire"}}}}]}}'
    policy = {"LifecyclePolicyText": text.replace("'", '"')}
    image = {"Fn::Sub": f"${{Repository.RepositoryUri}}:{tag}"}
    return _named(image) | {
        "Repository": made("AWS::ECR::Repository", RepositoryName="web", LifecyclePolicy=policy)
    }


def _own_ami(user_data: str) -> dict[str, Any]:
    return on_ec2(user_data, image="ami-0123456789abcdef0")


def _yaml(script: str) -> dict[str, Any]:
    lines = "".join(f"      {line}\n" for line in script.splitlines())
    return on_ec2(
        f"version: 1.0\ntasks:\n- task: executeScript\n  inputs:\n  - frequency: once\n    type: powershell\n    content: |\n{lines}",
        image=WINDOWS,
    )


def _powershell(script: str) -> dict[str, Any]:
    return on_ec2(f"<powershell>\n{script}\n</powershell>\n", image=WINDOWS)


SET: Final = '[Environment]::SetEnvironmentVariable("ECS_IMAGE_PULL_BEHAVIOR", "once", "Machine")'
START: Final = "Initialize-ECSAgent -Cluster web"

# ruff: noqa: RUF001 - the typographic quotes and dashes of web pages
# By kind: the rule, what it finds, and what it is silent on.
KINDS: Final[dict[str, tuple[str, list[dict[str, Any]], list[dict[str, Any]]]]] = {
    "batch-not-mime": ("PULL131",
        [_batch("#!/bin/bash\nls\n"), _batch("#cloud-config\nruncmd: [ls]\n"), _batch('[settings.ecs]\nx = "y"\n')],
        [_batch(MIME.format(SHELL, "#!/bin/bash")), _batch("#!/bin/bash\nls\n", Type="UNMANAGED"), _batch("")]),
    "bottlerocket-wrong-volume": ("PULL114",
        [_disk("/dev/xvda", 200), _disk("/dev/sda1", 500), _disk("/dev/xvdb", 22)],
        [_disk("/dev/xvdb", 100), _disk("/dev/xvda", 200, "1GB"), _disk("/dev/xvda", 200, "2GB", '[settings.ecs]\ncluster = "web"\n')]),
    "arch-mismatch": ("PULL211",
        [_on("ARM64", "linux/amd64"), _on("X86_64", "linux/arm64"), _on("X86_64", "linux/amd64", os="WINDOWS_SERVER_2022_CORE")],
        [_on("ARM64", "linux/arm64/v8"), _on("X86_64", "linux/amd64", "linux/arm64"), _on("X86_64", "windows(10.0.20348)/amd64", os="WINDOWS_SERVER_2022_CORE")]),
    "from-registry-ecr-uri": ("PULL306",
        [_pulls(), _pulls("CloudWatchLogsFullAccess"), _pulls(statements=[allow("ecr:GetAuthorizationToken")]), {"Task": task(task_ExecutionRoleArn=None)}],
        [_pulls(EXECUTION), _pulls("AmazonEC2ContainerRegistryReadOnly"), _pulls(image="nginx:1.27.2"), _pulls(statements=[allow("ecr:*")])]),
    "ptc-role-permission": ("PULL306",
        [_pulls(EXECUTION, image=f"{HOST}/quay/a/b:1.2.3", Cache=QUAY_CACHE), _pulls(EXECUTION, image=f"{HOST}/docker-hub/library/nginx:1.27.2", Cache=HUB_CACHE),
         _pulls(EXECUTION, image=f"{HOST}/quay/a/b:1.2.3", Cache=QUAY_CACHE, statements=[allow("ecr:BatchImportUpstreamImage")])],
        [_pulls(EXECUTION, image=f"{HOST}/own/a/b:1.2.3", Cache=QUAY_CACHE), _pulls(EXECUTION, image="quay.io/a/b:1.2.3", Cache=QUAY_CACHE),
         _pulls(EXECUTION, image=f"{HOST}/quay/a/b:1.2.3", Cache=QUAY_CACHE, statements=[allow(["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], "arn:aws:ecr:eu-west-1:111122223333:repository/quay/*")])]),
    "s3-policy-own-bucket": ("PULL303",
        [_s3(allow("s3:*", "arn:aws:s3:::company/*", Principal="*")), _s3(allow("s3:PutObject", LAYERS, Principal="*")), _s3(allow("s3:GetObject", LAYERS.replace("eu-west-1", "us-east-1"), Principal="*"))],
        [_s3(allow("s3:GetObject", LAYERS, Principal="*")), _s3(allow("*", "*", Principal="*")), _s3([allow("s3:*", "arn:aws:s3:::company/*", Principal="*"), allow("s3:Get*", "*", Principal="*")])]),
    "sg-no-egress": ("PULL303",
        [on_fargate(behind_nat(), Group=group([{"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}])), on_fargate(behind_nat(), Group=group([_to(CidrIp="10.0.0.0/8")])),
         on_fargate(behind_nat(), Group=group([{**HTTPS, "FromPort": 80, "ToPort": 80}]))],
        [on_fargate(behind_nat(), Group=group()), on_fargate(behind_nat(), Group=group([HTTPS])), on_fargate(behind_nat(), Group=group([{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]))]),
    "cron-rmi": ("PULL115",
        [on_ec2(f"{ONCE}echo '0 3 * * * root docker image prune -af' > /etc/cron.d/prune\n"), on_ec2(f"{ONCE}echo '0 3 * * * root docker rmi $(docker images -q)' >> /etc/crontab\n"),
         on_ec2(f"{ONCE}(crontab -l; echo '@daily docker system prune -a -f') | crontab -\n")],
        [on_ec2(f"{JOIN}echo '0 3 * * * root docker image prune -af' > /etc/cron.d/prune\n"), on_ec2(f"{ONCE}echo '0 3 * * * root docker volume prune -f' > /etc/cron.d/prune\n"), on_ec2(f"{ONCE}# docker image prune -af\n")]),
    "docker-io-in-front-of-ecr": ("PULL307",
        [_named(f"docker.io/{ECR}"), _named(f"https://{ECR}"), _named("docker.io/public.ecr.aws/nginx/nginx:1.27")],
        [_named(ECR), _named("docker.io/library/nginx:1.27"), _named(f"{HOST}/docker.io/web:1.2.3")]),
    "express-gateway-service": ("PULL201",
        [_express("256", "4096"), _express("100", "512"), _express("1024", "512")],
        [_express("256", "512"), _express("1024", "2048"), _express("1 vCPU", "2 GB")]),
    "image-is-a-bare-digest": ("PULL307",
        [_named(f"sha256:{DIGEST}"), _named(DIGEST), _named(f"web:sha256:{DIGEST}")],
        [_named(f"web@sha256:{DIGEST}"), _named(f"{ECR}@sha256:{DIGEST}"), _named(f"web:{DIGEST[:40]}")]),
    "ipv6-only-egress": ("PULL303",
        [_ipv6({}, Route=TO_IPV6), _ipv6({"AssignIpv6AddressOnCreation": True}, Route=TO_IPV6), _ipv6({}, Route=TO_IPV6, Other=TO_IPV4)],
        [_ipv6({"Ipv6Native": True}, Route=TO_IPV6), _ipv6({}, Route=TO_IPV6, Other=TO_IPV4) | {"Service": service("ENABLED")}]),
    "lifecycle-pr-images": ("PULL304",
        [_kept("prod-5f1e2a9"), _kept("prod-5f1e2a9", countNumber=20), _kept("prod-5f1e2a9", tagStatus="tagged", tagPrefixList=["prod"])],
        [_kept("prod-5f1e2a9", tagStatus="tagged", tagPrefixList=["pr-"]), _kept("prod-5f1e2a9", countNumber=9999), _kept("prod-5f1e2a9") | {"Task": task(f"{HOST}/other:prod-5f1e2a9")}]),
    "no-default-route": ("PULL303",
        [on_fargate(network(route=False), Service=service("ENABLED")), on_fargate({**network(route=False), "Route": made("AWS::EC2::Route", RouteTableId=ref("Table"), DestinationCidrBlock="10.1.0.0/16", GatewayId=ref("Gateway"))}, Service=service("ENABLED")),
         on_fargate({**network(), "Route": made("AWS::EC2::Route", RouteTableId=ref("Other"), DestinationCidrBlock="0.0.0.0/0", GatewayId=ref("Gateway")), "Other": made("AWS::EC2::RouteTable", VpcId=ref("Vpc"))}, Service=service("ENABLED"))],
        [on_fargate(network(), Service=service("ENABLED")), on_fargate(behind_nat()), on_fargate(with_endpoints(*ENDPOINTS))]),
    "outposts-curly-heredoc": ("PULL117",
        [on_ec2(f"{ONCE}cat << ‘EOF’ >> {F}\nECS_LOGLEVEL=debug\nEOF\necho ECS_WARM_POOLS_CHECK=true >> {F}\n"), on_ec2(f"{ONCE}cat <<“E” >> {F}\nX=1\nE\n{LATER}"), on_ec2(f"{ONCE}cat <<'E' >> {F}\nX=1\nEE\n{LATER}")],
        [on_ec2(f"{ONCE}cat <<'EOF' >> {F}\nECS_LOGLEVEL=debug\nEOF\nls\n"), on_ec2(f"{ONCE}echo '‘quoted’' > /etc/motd\n"), on_ec2(f"{ONCE}# cat << ‘EOF’\nls\n")]),
    "packer-golden-ami": ("PULL106",
        [_own_ami(f"#!/bin/bash\necho ECS_CLUSTER=web > {F}\n"), _own_ami(f"#!/bin/bash\ncat <<E > {F}\nECS_CLUSTER=web\nE\n"), _own_ami(f"#!/bin/bash\necho ECS_CLUSTER=web | tee {F}\n")],
        [_own_ami(f"#!/bin/bash\necho ECS_CLUSTER=web >> {F}\n"), on_ec2(f"#!/bin/bash\necho ECS_CLUSTER=web > {F}\n"), _own_ami(f"#!/bin/bash\necho ECS_CLUSTER=web | tee -a {F}\n")]),
    "prepull-with-once": ("PULL120",
        [on_ec2(f"{ONCE}docker pull {ECR}\n"), on_ec2(f"{JOIN}docker pull {ECR}\n"), on_ec2(f"{ONCE}for i in 1 2; do docker pull {ECR}; done\n")],
        [on_ec2(f"{KEEP}docker pull {ECR}\n"), on_ec2(f"{ONCE}# docker pull {ECR}\n"), on_ec2(f"{ONCE}docker pull busybox:1.36 && docker run busybox:1.36 true\n")]),
    "ptc-library-namespaced": ("PULL309",
        [_named(f"{HOST}/docker-hub/library/percona/percona:1") | {"Cache": HUB_CACHE}, _named(f"{HOST}/docker-hub/nginx:1.27.2") | {"Cache": HUB_CACHE}, _named(f"{HOST}/docker-hub/library/grafana/grafana:11.2.0") | {"Cache": HUB_CACHE}],
        [_named(f"{HOST}/docker-hub/library/nginx:1.27.2") | {"Cache": HUB_CACHE}, _named(f"{HOST}/docker-hub/percona/percona:1") | {"Cache": HUB_CACHE}, _named(f"{HOST}/quay/library/a/b:1") | {"Cache": QUAY_CACHE}]),
    "quoted-in-heredoc": ("PULL104",
        [on_ec2(f'#!/bin/bash\ncat >> {F} <<E\nECS_CLUSTER="web"\nE\n'), on_ec2(f"#!/bin/bash\ncat >> {F} <<E\nECS_CLUSTER='web'\nE\n"), on_ec2(f'{JOIN}cat >> {F} <<E\nECS_IMAGE_PULL_BEHAVIOR="once"\nE\n')],
        [on_ec2(f'#!/bin/bash\necho ECS_CLUSTER="web" >> {F}\n'), on_ec2(f"#!/bin/bash\ncat >> {F} <<'E'\nECS_CLUSTER=web\nE\n"), on_ec2(f'#!/bin/bash\nC="web"\necho "ECS_CLUSTER=$C" >> {F}\n')]),
    "reboot-before-config": ("PULL117",
        [on_ec2(f"#!/bin/bash\nreboot\necho ECS_CLUSTER=web >> {F}\n"), on_ec2(f"#!/bin/bash\nshutdown -r now\necho ECS_CLUSTER=web >> {F}\n"), on_ec2(f"#!/bin/bash\nsystemctl reboot\necho ECS_CLUSTER=web >> {F}\n")],
        [on_ec2(f"{ONCE}reboot\n"), on_ec2(f"#!/bin/bash\nshutdown -r +5\necho ECS_CLUSTER=web >> {F}\n"), on_ec2(f"#!/bin/bash\necho reboot\necho ECS_CLUSTER=web >> {F}\n")]),
    "sg-egress-without-s3": ("PULL303",
        [on_fargate(with_endpoints(*ENDPOINTS), Group=group([_to(DestinationSecurityGroupId=ref("Endpoints"))])), on_fargate(with_endpoints(*ENDPOINTS), Group=group([_to(CidrIp="10.0.0.0/16")])),
         on_fargate(with_endpoints(*ENDPOINTS), Group=group([_to(CidrIp="10.0.1.0/24"), {**HTTPS, "FromPort": 80, "ToPort": 80}]))],
        [on_fargate(with_endpoints(*ENDPOINTS), Group=group([HTTPS])), on_fargate(with_endpoints(*ENDPOINTS)), on_fargate(with_endpoints(*ENDPOINTS), Group=group([_to(CidrIp="10.0.0.0/16"), _to(DestinationPrefixListId="pl-6da54004")]))]),
    "terraform-template": ("PULL104",
        [on_ec2(f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=Once >> {F}\n"), on_ec2(f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=prefer_cached >> {F}\n"), on_ec2(f"{JOIN}echo 'ECS_IMAGE_PULL_BEHAVIOR=\"once\"' >> {F}\n")],
        [on_ec2({"Fn::Sub": f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=${{Some}} >> {F}\n"}), on_ec2(f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=$UNSET >> /tmp/x\n"), on_ec2(ONCE)]),
    "upstart-part": ("PULL117",
        [on_ec2(MIME.format("text/upstart-job", f"start on started\nscript\necho ECS_CLUSTER=web >> {F}\nend script")), on_ec2(MIME.format("text/upstart-job", f"#upstart-job\nexec echo ECS_IMAGE_PULL_BEHAVIOR=once >> {F}")),
         on_ec2(MIME.format("text/upstart-job", f"script\necho ECS_CLUSTER=web > {F}\nend script"))],
        [on_ec2(MIME.format(SHELL, ONCE)), on_ec2(MIME.format("text/cloud-boothook", ONCE)), on_ec2(MIME.format("text/cloud-config", f"#cloud-config\nwrite_files: [{{path: {F}, content: ECS_CLUSTER=web}}]"))]),
    "wait-for-introspection": ("PULL118",
        [on_ec2(f"{ONCE}until curl -s http://localhost:51678/v1/metadata; do sleep 1; done\n"), on_ec2(f"{ONCE}while ! curl -sf localhost:51678/v1/metadata; do sleep 2; done\n"), on_ec2(f"{ONCE}systemctl start ecs\n")],
        [on_ec2(f"{ONCE}(until curl -s http://localhost:51678/v1/metadata; do sleep 1; done) &\n"), on_ec2(f"{ONCE}systemctl start --no-block ecs\n"), on_ec2(f"{ONCE}for i in 1 2 3; do curl -s localhost:51678/v1/metadata && break; sleep 1; done\n")]),
    "windows-userdata": ("PULL107",
        [_powershell(f"{START}\n{SET}"), _yaml(f"{START}\n{SET}"), _powershell(f"Initialize-ECSAgent –Cluster web\n{SET}")],
        [_powershell(f"{SET}\n{START}"), _yaml(f"{SET}\n{START}"), _powershell(f"{START}\n{SET}\nRestart-Service AmazonECS")]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_variants(kind: str) -> None:
    """Each variant of a kind is found by its rule, and each look-alike is not."""
    rule, faulty, innocent = KINDS[kind]
    found = [bool(checked(each, rule, Some="x").findings) for each in faulty]
    said = [[one.message for one in checked(each, rule, Some="").findings] for each in innocent]
    assert (found, said) == ([True] * len(faulty), [[]] * len(innocent))


def test_each_kind_has_variants() -> None:
    """Of each kind there are five variants, and about half of them look alike and are innocent."""
    counted = {kind: (len(faulty), len(innocent)) for kind, (_, faulty, innocent) in KINDS.items()}
    assert len(counted) == ALL_KINDS
    assert {kind: each for kind, each in counted.items() if sum(each) < LEAST or each[1] < INNOCENT} == {}
