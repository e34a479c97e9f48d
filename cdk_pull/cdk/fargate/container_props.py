"""The properties of the container that a FargateTask adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypedDict

from aws_cdk import aws_ecs as ecs

from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.errors import ConflictError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import aws_cdk as cdk

__all__ = ["Container", "ContainerProps", "OwnContainer", "own_container"]


class ContainerProps(TypedDict, total=False):
    """The properties of ``TaskDefinition.add_container`` besides its id and image."""

    command: Sequence[str]
    container_name: str
    cpu: float
    credential_specs: Sequence[ecs.CredentialSpec]
    disable_networking: bool
    dns_search_domains: Sequence[str]
    dns_servers: Sequence[str]
    docker_labels: Mapping[str, str]
    docker_security_options: Sequence[str]
    enable_restart_policy: bool
    entry_point: Sequence[str]
    environment: Mapping[str, str]
    environment_files: Sequence[ecs.EnvironmentFile]
    essential: bool
    extra_hosts: Mapping[str, str]
    gpu_count: float
    health_check: ecs.HealthCheck | dict[str, Any]
    hostname: str
    inference_accelerator_resources: Sequence[str]
    interactive: bool
    linux_parameters: ecs.LinuxParameters
    logging: ecs.LogDriver
    memory_limit_mib: float
    memory_reservation_mib: float
    port_mappings: Sequence[ecs.PortMapping | dict[str, Any]]
    privileged: bool
    pseudo_terminal: bool
    readonly_root_filesystem: bool
    restart_attempt_period: cdk.Duration
    restart_ignored_exit_codes: Sequence[float]
    secrets: Mapping[str, ecs.Secret]
    start_timeout: cdk.Duration
    stop_timeout: cdk.Duration
    system_controls: Sequence[ecs.SystemControl | dict[str, Any]]
    ulimits: Sequence[ecs.Ulimit | dict[str, Any]]
    user: str
    version_consistency: ecs.VersionConsistency
    working_directory: str


Container: TypeAlias = "ContainerProps | ecs.ContainerDefinitionOptions"


class OwnContainer(NamedTuple):
    """The container that a task definition adds itself.

    Attributes:
        image: of it; None for no container.
        props: the other properties, as ``add_container`` takes them.
    """

    image: ecs.ContainerImage | None
    props: dict[str, Any]


def own_container(
    where: Callable[[], str], image: ecs.ContainerImage | None, container: Container | None
) -> OwnContainer:
    """Return the container to add.

    Args:
        where: returns the path of the task definition, for messages; asking for it is two calls to JavaScript.
        image: as given beside the container.
        container: a mapping, or ``ecs.ContainerDefinitionOptions``, which have an image of their own.

    Raises:
        ConflictError: for two images, or for properties without an image.
        InvalidValueError: for a property that a container does not have, or an image that is not a container image.
    """
    if image is not None and not isinstance(image, ecs.ContainerImage):
        raise InvalidValueError(
            f"{where()}: invalid image",
            image,
            allowed="an ecs.ContainerImage",
            fix="Of a FargateImage, pass its .image" if hasattr(image, "image") else "",
        )
    if isinstance(container, ecs.ContainerDefinitionOptions):
        # What CDK's structs hold, by the names of the keyword arguments.
        props = dict(container._values)  # noqa: SLF001 - jsii gives a struct no public way to its fields
        own = props.pop("image")
        if image is not None and image is not own:
            raise ConflictError(
                f"{where()}: image= and the image of the ContainerDefinitionOptions in container= differ; leave image= out"
            )
        return OwnContainer(own, props)
    props = dict(container or {})
    for name in props:
        if name == "image":
            raise ConflictError(f"{where()}: container= has an image of its own; give it as image=")
        if name not in ContainerProps.__annotations__:
            raise InvalidValueError(
                f"{where()}: container= has an unknown property",
                name,
                allowed="the keyword arguments of add_container",
                fix=did_you_mean(name, ContainerProps.__annotations__),
            )
    if props and image is None:
        raise ConflictError(
            f"container={sorted(props)} is given without image=, so that there is no container to have them: "
            "give image=, or add the container with add_container"
        )
    return OwnContainer(image, props)
