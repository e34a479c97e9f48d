"""A capacity provider whose instances keep their images."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match, Template

import cdk_pull as pull
from cdk_pull.agent import cfn
from cdk_pull.image.context import to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.profile import ImageProfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.variables import OperatingSystem


def new_cluster(context: dict[str, Any] | None = None) -> tuple[cdk.Stack, ecs.Cluster]:
    """Return a cluster in a stack of a Region."""
    stack = cdk.Stack(
        cdk.App(analytics_reporting=False, context=context),
        "Stack",
        env=cdk.Environment(region="us-east-1", account="1" * 12),
    )
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-1"]
    )
    return stack, ecs.Cluster(stack, "Cluster", vpc=vpc)


def provide(cluster: ecs.Cluster, **options: Any) -> pull.CachedImageCapacityProvider:
    """Return a provider of the cluster."""
    options = {"instance_type": ec2.InstanceType("m7i.large"), **options}
    return pull.CachedImageCapacityProvider(cdk.Stack.of(cluster), "Provider", cluster=cluster, **options)


def launch(stack: cdk.Stack) -> dict[str, Any]:
    """Return the data of the stack's launch template."""
    (template,) = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate").values()
    data: dict[str, Any] = template["Properties"]["LaunchTemplateData"]
    return data


WINDOWS = ecs.WindowsOptimizedVersion.SERVER_2022


@pytest.mark.parametrize(
    ("image", "os", "device", "size"),
    [
        (lambda: None, "linux", "/dev/xvda", 56),
        (ecs.EcsOptimizedImage.amazon_linux2, "linux", "/dev/xvda", 56),
        (lambda: ecs.EcsOptimizedImage.windows(WINDOWS), "windows", "/dev/sda1", 90),
        (ecs.BottleRocketImage, "bottlerocket", "/dev/xvdb", 48),
    ],
    ids=["default", "al2", "windows", "bottlerocket"],
)
def test_the_volume_of_each_operating_system(
    image: Callable[[], Any], os: OperatingSystem, device: str, size: int
) -> None:
    """Each operating system keeps images on its own device: encrypted gp3 with room for two weeks of versions."""
    stack, cluster = new_cluster()
    provide(cluster, machine_image=image(), images=["2GB", "500MB"])

    data = launch(stack)

    ebs = {"DeleteOnTermination": True, "Encrypted": True, "VolumeSize": size, "VolumeType": "gp3"}
    assert data["BlockDeviceMappings"] == [{"DeviceName": device, "Ebs": ebs}]
    assert data["MetadataOptions"] == {"HttpTokens": "required"}
    reading = cfn.read_value(data["UserData"], os)
    assert dict(reading.settings) == {"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"}
    assert {"Ref": "ClusterEB0386A7"} in cfn.to_text(data["UserData"]).pieces


def test_the_cluster_has_the_provider_and_instances_have_an_end() -> None:
    """The provider is associated, drains instances, and the group replaces them after the lifetime assumed."""
    stack, cluster = new_cluster()
    provider = provide(cluster, max_instance_lifetime=cdk.Duration.days(7), max_capacity=3)

    template = Template.from_stack(stack)

    template.has_resource_properties(
        "AWS::AutoScaling::AutoScalingGroup",
        {"MaxInstanceLifetime": 604_800, "MinSize": "0", "MaxSize": "3"},
    )
    template.has_resource_properties(
        "AWS::ECS::CapacityProvider",
        {
            "AutoScalingGroupProvider": {
                "ManagedDraining": "ENABLED",
                "ManagedTerminationProtection": "DISABLED",
                "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": 100},
            }
        },
    )
    name = stack.resolve(provider.capacity_provider_name)
    template.has_resource_properties(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        {"CapacityProviders": [name], "Cluster": {"Ref": "ClusterEB0386A7"}},
    )
    template.resource_count_is("AWS::Lambda::Function", 0)


def test_the_default_image_is_of_the_instance_s_processor() -> None:
    """An instance type of Graviton gets the arm64 image."""
    stack, cluster = new_cluster()
    provide(cluster, instance_type=ec2.InstanceType("m7g.large"))

    Template.from_stack(stack).has_parameter(
        "*",
        {
            "Default": Match.string_like_regexp(
                r"/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id$"
            )
        },
    )


def test_the_recommendation_is_recorded_with_its_reason_and_cost() -> None:
    """What was decided, why, and what the disk costs is in the assembly's metadata."""
    stack, cluster = new_cluster()
    provider = provide(cluster, images=["3GB"], deployments_per_day=12)
    Template.from_stack(stack)

    resource = provider.launch_template.node.find_child("Resource")
    (data,) = [each.data for each in resource.node.metadata if each.type == "cdk-pull:decision"]

    assert data == {
        "topic": "image-pull-behavior",
        "decided": "once",
        "why": "prefer-cached would keep 169 versions and need 574 GiB more; "
        "once starts from the cache too and leaves cleanup on",
        "cost": "30 GiB for 3 GB of images in up to 4 versions, each for 4.5 hours, $2.40 a month and instance in "
        "us-east-1; a tag that moves is not noticed: use unique tags or digests; reaches new instances only",
        "confidence": "",
        "details": {
            "settings": {"ECS_IMAGE_PULL_BEHAVIOR": "once"},
            "volume_gib": 30,
            "versions": 4,
            "usd_per_month": pytest.approx(2.4),
            "applied_to": "Stack/Provider",
        },
    }


def test_images_as_looked_up() -> None:
    """A looked-up image counts with its unpacked size; one that nobody has looked up is a placeholder and a warning."""
    key = "cdk-pull:image:platform=linux/amd64:ref=docker.io/library/nginx$:1.27"
    profile = ImageProfile.of_size(compressed_bytes=10**9, uncompressed_bytes=3 * 10**9)
    facts = ImageFacts(reference="nginx:1.27", digest="sha256:1", profile=profile)
    stack, cluster = new_cluster({key: to_context(facts, date(2026, 11, 23))})

    provider = provide(cluster, images=[pull.look_up_image(stack, "nginx:1.27"), "500MB"])

    assert provider.volume.why == "3.5 GB of images in up to 15 versions, each for 14 days"
    assert Annotations.from_stack(stack).find_warning("/Stack/Provider", Match.any_value()) == []

    other = pull.CachedImageCapacityProvider(
        stack,
        "Other",
        cluster=cluster,
        instance_type=ec2.InstanceType("m7i.large"),
        images=["500MB", pull.look_up_image(stack, "redis:8")],
    )
    assert other.volume.why.startswith("2.5 GB of images (1 not looked up, 2 GB each) in")
    Annotations.from_stack(stack).has_warning(
        "/Stack/Other",
        f"1 of 2 images have not been looked up, and count as 2 GB each in the volume of {other.volume.size_gib} GiB: "
        "run `cdk-pull lookup` in the folder of cdk.json and commit cdk.context.json, or give their sizes in images= "
        "[ack: cdk-pull:imageSizesUnknown]",
    )


def test_settings_of_one_s_own_decide_the_volume() -> None:
    """Given settings are taken as they are, and the volume is computed for them."""
    stack, cluster = new_cluster()
    provider = provide(
        cluster,
        images=["3GB"],
        deployments_per_day=12,
        shared_share=0.5,
        settings=pull.PullBehavior.PREFER_CACHED,
    )

    assert (provider.volume.size_gib, provider.volume.versions) == (311, 169)
    assert dict(cfn.read_value(launch(stack)["UserData"]).settings) == {
        "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"
    }


def test_all_agent_settings_are_written() -> None:
    """Settings beside the behaviour reach the user data too."""
    stack, cluster = new_cluster()
    settings = pull.AgentSettings(
        image_pull_behavior=pull.PullBehavior.ONCE, image_cleanup_interval=timedelta(hours=1)
    )
    provide(cluster, settings=settings)

    assert dict(cfn.read_value(launch(stack)["UserData"]).settings) == {
        "ECS_IMAGE_PULL_BEHAVIOR": "once",
        "ECS_IMAGE_CLEANUP_INTERVAL": "1h0m0s",
    }


def test_the_settings_of_its_own_count_before_the_cluster_s() -> None:
    """A cluster-wide mixin that differs from the provider's settings gives way to them, and the decision names both."""
    stack, cluster = new_cluster()
    provider = provide(cluster)
    cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.always())

    assert cfn.read_value(launch(stack)["UserData"]).settings["ECS_IMAGE_PULL_BEHAVIOR"] == "prefer-cached"
    metadata = provider.launch_template.node.find_child("Resource").node.metadata
    (decision,) = [each.data for each in metadata if each.type == "cdk-pull:decision"]
    assert re.search(
        r"; in place of ECS_IMAGE_PULL_BEHAVIOR=always, which ImagePullBehavior on Stack/Cluster \(.*\.py:\d+\) asks for$",
        decision["why"],
    )


def test_an_own_bottlerocket_image_by_name() -> None:
    """An AMI of one's own says what it runs, and gets TOML without a shebang."""
    stack, cluster = new_cluster()
    image = ec2.MachineImage.generic_linux({"us-east-1": "ami-0123456789abcdef0"})
    provide(cluster, machine_image=image, operating_system="bottlerocket")

    text = cfn.to_text(launch(stack)["UserData"]).text
    assert text.strip().startswith("[settings.ecs]")
    assert 'image-pull-behavior = "prefer-cached"' in text


def test_no_volume_holds_it() -> None:
    """Images that no volume holds are refused with the size and the way out."""
    _, cluster = new_cluster()

    with pytest.raises(
        pull.InvalidValueError, match=r"do not fit a volume: '\d+ GiB'; allowed: up to 16384 GiB"
    ):
        provide(
            cluster,
            images=["100GB"],
            deployments_per_day=40,
            settings=pull.PullBehavior.PREFER_CACHED,
        )


def test_what_the_group_and_the_provider_take() -> None:
    """Role, security group, key pair, names and target capacity reach the launch template, the group and the provider."""
    stack, cluster = new_cluster()
    provide(
        cluster,
        role=iam.Role.from_role_arn(stack, "Role", f"arn:aws:iam::{'1' * 12}:role/ecs"),
        security_group=ec2.SecurityGroup.from_security_group_id(stack, "Open", "sg-1"),
        key_pair=ec2.KeyPair.from_key_pair_name(stack, "Key", "admin"),
        launch_template_name="ecs-launch",
        auto_scaling_group_name="ecs-group",
        capacity_provider_name="cached",
        target_capacity_percent=80,
        max_capacity=3,
    )
    template = Template.from_stack(stack)
    data = launch(stack)
    assert data["KeyName"] == "admin"
    assert data["SecurityGroupIds"] == ["sg-1"]
    template.resource_count_is("AWS::EC2::SecurityGroup", 0)
    template.has_resource_properties("AWS::EC2::LaunchTemplate", {"LaunchTemplateName": "ecs-launch"})
    template.has_resource_properties(
        "AWS::AutoScaling::AutoScalingGroup",
        {"AutoScalingGroupName": "ecs-group", "MaxSize": "3", "MinSize": "0"},
    )
    template.has_resource_properties(
        "AWS::ECS::CapacityProvider",
        {"Name": "cached", "AutoScalingGroupProvider": {"ManagedScaling": {"TargetCapacity": 80}}},
    )


def _draining(stack: cdk.Stack) -> bool:
    text = cfn.to_text(launch(stack)["UserData"]).text
    return "ECS_ENABLE_SPOT_INSTANCE_DRAINING" in text or "enable-spot-instance-draining = true" in text


@pytest.mark.parametrize(
    ("options", "price"),
    [
        ({"spot_price": "0.10"}, {"MaxPrice": "0.1"}),
        ({"spot_options": ec2.LaunchTemplateSpotOptions()}, {}),
    ],
)
@pytest.mark.parametrize(
    "image",
    [
        None,
        ecs.EcsOptimizedImage.windows(WINDOWS),
        ecs.BottleRocketImage(),
    ],
    ids=["linux", "windows", "bottlerocket"],
)
def test_spot(options: dict[str, Any], price: dict[str, str], image: ec2.IMachineImage | None) -> None:
    """Spot instances are requested in the launch template, and the agent drains those that are taken back."""
    stack, cluster = new_cluster()
    provide(cluster, machine_image=image, **options)
    market = launch(stack)["InstanceMarketOptions"]
    assert market == {"MarketType": "spot", **({"SpotOptions": price} if price else {})}
    assert _draining(stack)


def test_mixed_instances() -> None:
    """On-Demand and Spot instances of several types share the capacity, from one launch template."""
    stack, cluster = new_cluster()
    provide(
        cluster,
        instance_types=[ec2.InstanceType("m7a.large")],
        instances_distribution=autoscaling.InstancesDistribution(on_demand_base_capacity=1),
    )
    (group,) = Template.from_stack(stack).find_resources("AWS::AutoScaling::AutoScalingGroup").values()
    policy = group["Properties"]["MixedInstancesPolicy"]
    assert policy["InstancesDistribution"] == {"OnDemandBaseCapacity": 1}
    overrides = policy["LaunchTemplate"]["Overrides"]
    assert [each["InstanceType"] for each in overrides] == ["m7i.large", "m7a.large"]
    assert "InstanceMarketOptions" not in launch(stack)
    assert _draining(stack)


def test_on_demand_alone_drains_nothing() -> None:
    """Without Spot instances the user data has nothing on them."""
    stack, cluster = new_cluster()
    provide(cluster, instance_types=[ec2.InstanceType("m7a.large")])
    assert not _draining(stack)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"min_capacityy": 3},
            TypeError,
            "CachedImageCapacityProvider() got an unexpected keyword argument 'min_capacityy'. Did you mean min_capacity?",
        ),
        (
            {"user_data": None},
            TypeError,
            "CachedImageCapacityProvider() got an unexpected keyword argument 'user_data'",
        ),
        (
            {"spot_price": "0.1", "instances_distribution": autoscaling.InstancesDistribution()},
            pull.ConflictError,
            (
                "spot_price and instances_distribution all say which instances are Spot: keep one, instances_distribution for "
                "On-Demand and Spot instances together"
            ),
        ),
        (
            {"spot_price": "cheap"},
            pull.InvalidValueError,
            "spot_price must be US dollars per hour: 'cheap'; allowed: a positive number, such as \"0.10\"",
        ),
        (
            {"instance_types": [ec2.InstanceType("m7g.large")]},
            pull.ConflictError,
            (
                "instance types of two architectures cannot run one machine image: m7i.large (X86_64), m7g.large (ARM_64); keep "
                "those of one, and make another capacity provider for the others"
            ),
        ),
        (
            {"instance_type": ec2.InstanceType("g5g.xlarge")},
            pull.UnsupportedError,
            (
                "Stack/Provider: no ECS-optimized AMI drives the NVIDIA GPUs on Arm of g5g.xlarge: pass machine_image= with an "
                "AMI that has the drivers and the ECS agent"
            ),
        ),
    ],
)
def test_what_it_does_not_take(options: dict[str, Any], kind: type[Exception], message: str) -> None:
    """A keyword that nothing reads, and two answers to one question, are errors at the line of the call."""
    _, cluster = new_cluster()
    with pytest.raises(kind) as error:
        provide(cluster, **options)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("instance_type", "path"),
    [
        ("g5.xlarge", "gpu/"),
        ("p5.48xlarge", "gpu/"),
        ("g99.xlarge", "gpu/"),
        pytest.param("inf2.xlarge", "neuron/", marks=pytest.mark.needs_cdk("2.275.0", "path to this AMI")),
        ("m7i.large", ""),
        ("m7g.large", "arm64/"),
    ],
)
def test_the_default_image_drives_the_accelerators(instance_type: str, path: str) -> None:
    """GPU and Neuron instance types get the AMI with their drivers."""
    stack, cluster = new_cluster()
    provide(cluster, instance_type=ec2.InstanceType(instance_type))
    names = [str(each) for each in Template.from_stack(stack).to_json()["Parameters"].values()]
    assert any(f"/ecs/optimized-ami/amazon-linux-2023/{path}recommended/image_id" in each for each in names)


def test_settings_by_the_name_of_a_pull_behaviour() -> None:
    """A string that is a pull behavior is taken for one, and any other is refused at the line of the call."""
    stack, cluster = new_cluster()
    provide(cluster, settings="once")
    assert cfn.read_value(launch(stack)["UserData"]).settings["ECS_IMAGE_PULL_BEHAVIOR"] == "once"
    with pytest.raises(pull.InvalidValueError, match=r"or a pull behavior: 'often'; allowed: AgentSettings"):
        provide(new_cluster()[1], settings="often")
