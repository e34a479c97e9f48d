"""A container image that is built so that its Fargate task starts in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from constructs import Construct, IValidation

from cdk_pull.cdk.fargate.apply_size import platform_of, region_of
from cdk_pull.cdk.fargate.built_image import BuiltImage, task_of
from cdk_pull.cdk.images.image_source import advice_of, architecture_of, check_directory
from cdk_pull.cdk.installed import require_extra
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.keywords import refuse_unknown
from cdk_pull.errors import UnsupportedError
from cdk_pull.fargate.goal import Goal, Hold
from cdk_pull.fargate.image_form import (
    FormChoice,
    FormRequest,
    ImageForm,
    check_form,
    choose_form,
    form_decision,
    form_facts,
)
from cdk_pull.fargate.sizes import parse_cpu
from cdk_pull.image.declared_sizes import ImageSizes, profile_of
from cdk_pull.image.ecr import registry_kind
from cdk_pull.template.partitions import partition_of
from cdk_pull.units import DurationLike, to_timedelta

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.image.profile import ImageProfile

__all__ = ["FargateImage", "FargateImageProps"]

_NOT_MET: Final = "cdk-pull:fargateImageTargetNotMet"
_UNKNOWN: Final = "cdk-pull:fargateImageSizeUnknown"
_SMALL: Final = "cdk-pull:fargateImageIndexOfLittleUse"


class FargateImageProps(ImageSizes, total=False):
    """What a FargateImage takes besides its folder and goal: what is known of the image, and CDK's own properties."""

    asset_name: str | None
    build_args: Mapping[str, str] | None
    build_contexts: Mapping[str, str] | None
    build_secrets: Mapping[str, str] | None
    build_ssh: str | None
    cache_disabled: bool | None
    cache_from: Sequence[ecr_assets.DockerCacheOption] | None
    cache_to: ecr_assets.DockerCacheOption | None
    display_name: str | None
    exclude: Sequence[str] | None
    extra_hash: str | None
    file: str | None
    follow_symlinks: cdk.SymlinkFollowMode | None
    ignore_mode: cdk.IgnoreMode | None
    invalidation: ecr_assets.DockerImageAssetInvalidationOptions | None
    network_mode: ecr_assets.NetworkMode | None
    target: str | None


class FargateImage(Construct):
    """An image that is built from a folder, in the form that lets its Fargate task start in time.

    Pass ``image`` to whatever takes a container image; a FargateTask then knows the image's size, too::

        web = FargateImage(self, "Web", directory="web", compressed="800MB", uncompressed="2.4GB",
                           start_within=cdk.Duration.seconds(90))
        FargateTask(self, "Task", image=web.image)

    The forms are weighed in this order: gzip, as Docker builds by default; zstd, which unpacks faster and needs a Docker
    with the containerd image store where the app is deployed; and gzip with a SOCI index (version 2), with which the
    container starts before its image is there. The first whose expected start is within ``start_within`` is chosen, or
    the soonest where none is, with the warning ``cdk-pull:fargateImageTargetNotMet``. Without a target, zstd is chosen
    where it gains more than the noise of 10 s, and an index never. An image never has both: layers in zstd get no index.

    An index is for images above 250 MB, in the partition ``aws``; it is built at each deployment of a new image by
    ``SociIndexV2Build`` of cdklabs.deploy-time-build (``pip install "cdk-pull[soci]"``): one CodeBuild project, one Lambda
    function and their roles for a stack, and a download from GitHub. It changes the image's digest; the task runs the
    image that results, and its deployment waits for the build. A task definition for EC2 that uses such an image is an
    error when CDK validates, as is one for Windows.

    The estimate before and after is in the decision, which ``cdk-pull decisions`` prints, with what would make the image
    smaller by its Dockerfile. Changing the form changes the
    image's tag, so that the next deployment replaces the tasks. No form costs anything per month.

    Args:
        scope: where the construct is made.
        id: its name there.
        directory: with the Dockerfile.
        form: ``gzip``, ``zstd`` or ``soci``; by default it is chosen.
        start_within: the start to meet, from created to running.
        hold: what of the estimate is held to it: ``expected`` by default, or ``high``.
        cpu: CPU units of the task, in which the start is estimated; 256 by default.
        sidecars: the profiles of the images of the task's other containers, which are pulled in full at every start;
            None for one that is not known.
        platform: of the task: ``Platform.LINUX_AMD64`` by default, or ``LINUX_ARM64``.
        **props: what is known of the image (``compressed``, ``uncompressed``, or ``image_profile`` of one that was pushed
            before; see ImageSizes), and the properties of ``ecr_assets.DockerImageAsset`` but ``outputs``.

    Raises:
        ConflictError: for sizes beside a profile.
        InvalidValueError: for a folder without the Dockerfile, or an invalid form, target, size or platform.
        UnsupportedError: for Windows, or an index in another partition or outside Amazon ECR.
        MissingDependencyError: for an index without cdklabs.deploy-time-build.
    """

    asset: ecr_assets.DockerImageAsset
    """The asset; with an index, the image before it has one."""
    form: ImageForm
    """What the image is built in."""
    image: ecs.ContainerImage
    """The image to run."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's name for it
        *,
        directory: str,
        form: ImageForm | None = None,
        start_within: DurationLike | None = None,
        hold: Hold = "expected",
        cpu: float | str = 256,
        sidecars: Sequence[ImageProfile | None] = (),
        platform: ecr_assets.Platform | None = None,
        **props: Unpack[FargateImageProps],
    ) -> None:
        """An image that is built from a folder, in the form that lets its Fargate task start in time."""
        where = f"{scope.node.path}/{id}"
        if "outputs" in props:
            raise UnsupportedError(
                f"{where}: FargateImage sets the outputs of the build itself: leave outputs= out, and give form= where "
                "it is not to be chosen"
            )
        refuse_unknown("FargateImage", props, FargateImageProps)
        check_directory(where, directory, props.get("file"))
        platform = platform or ecr_assets.Platform.LINUX_AMD64
        stack = cdk.Stack.of(scope)
        region = region_of(stack)
        seconds = None if start_within is None else to_timedelta("start_within", start_within).total_seconds()
        given: dict[str, Any] = dict(props)
        sizes: Any = {name: given.pop(name) for name in ImageSizes.__annotations__ if name in given}
        request = FormRequest(
            profile=profile_of(sizes),
            sidecars=tuple(sidecars),
            form=None if form is None else check_form(form),
            goal=Goal(start_seconds=seconds, hold=hold),
            cpu=parse_cpu(cpu if isinstance(cpu, str) else int(cpu)),
            architecture=architecture_of(where, platform.platform),
            partition=None if region is None else partition_of(region).partition,
        )
        choice = choose_form(request)
        if choice.form == "soci":
            _check_index(where, request)
        super().__init__(scope, id)
        self.form = choice.form
        self.asset = ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=directory,
            platform=platform,
            outputs=list(form_facts(choice.form).outputs) or None,
            **given,
        )
        self._image = BuiltImage(where, self._container_image(stack), choice.change)
        self.image = self._image
        advice = advice_of(directory, props.get("file"), props.get("build_args"), props.get("target"))
        record(self.node, form_decision(request, choice, advice))
        self._tell(request, choice)
        self.node.add_validation(_UsedWhereItWorks(self._image, choice.form, request.architecture))

    def _container_image(self, stack: cdk.Stack) -> ecs.ContainerImage:
        if self.form != "soci":
            return ecs.ContainerImage.from_docker_image_asset(self.asset)
        uri = stack.resolve(self.asset.image_uri)
        # CDK's own synthesizers push to Amazon ECR, under a name with tokens.
        if isinstance(uri, str) and registry_kind(uri.partition("/")[0]) != "ecr":
            raise UnsupportedError(
                f"{self.node.path}: Fargate uses a SOCI index from private Amazon ECR alone, and the stack's synthesizer "
                f"pushes to {uri.partition('/')[0]}: give form='zstd' or form='gzip'"
            )
        from cdklabs.deploy_time_build import SociIndexV2Build  # noqa: PLC0415 - an extra

        index = SociIndexV2Build(
            self,
            "Index",
            repository=self.asset.repository,
            input_image_tag=self.asset.image_tag,
            # The repository of CDK's assets has immutable tags: each construct has its own.
            output_image_tag=f"{self.asset.image_tag}-soci-{self.node.addr[-8:]}",
        )
        return index.to_ecs_docker_image_code()

    def _tell(self, request: FormRequest, choice: FormChoice) -> None:
        notes = cdk.Annotations.of(self)
        if request.unknown and (request.goal.is_given or request.form is None):
            notes.add_warning_v2(
                _UNKNOWN, f"the image is built as {choice.form}, not weighed: {request.unknown}"
            )
        elif choice.met is False:
            notes.add_warning_v2(_NOT_MET, _missed(request, choice))
        if choice.form == "soci" and (reason := choice.ruled_out.get("soci")):
            notes.add_warning_v2(_SMALL, f"the image gets an index as asked, although {reason}")
        if choice.form == "zstd":
            notes.add_info(f"the image is built in zstd, which needs {form_facts('zstd').needs}")


def _missed(request: FormRequest, choice: FormChoice) -> str:
    start = choice.starts[choice.form]
    others = "; ".join(
        [f"{form} {each.total}" for form, each in choice.starts.items() if form != choice.form]
        + [f"no {form}: {reason}" for form, reason in choice.ruled_out.items() if form != choice.form]
    )
    return (
        f"the image in {choice.form} is expected to start in {start.total}, later than the "
        f"{request.goal.start_seconds:g} s asked for ({choice.why}). Others: {others}. Ways out: a larger cpu, a smaller "
        "image (`cdk-pull inspect --dockerfile`), or a later target"
    )


def _check_index(where: str, request: FormRequest) -> None:
    facts = form_facts("soci")
    if request.partition is not None and request.partition not in facts.partitions:
        raise UnsupportedError(
            f"{where}: form 'soci' in the partition {request.partition}: {facts.package} builds an index in the partition "
            f"{' and '.join(facts.partitions)} alone. Give form='zstd', or leave form= out"
        )
    require_extra(
        facts.package,
        f"{where}: an image with a SOCI index",
        extra="soci",
        instead="Without it, give form='zstd' or form='gzip'",
    )


@jsii.implements(IValidation)
class _UsedWhereItWorks:
    """Looks at the task definitions that run the image once all are there."""

    def __init__(self, image: BuiltImage, form: ImageForm, architecture: Architecture) -> None:
        self._image = image
        self._form = form
        self._architecture = architecture

    def validate(self) -> list[str]:
        return [error for each in self._image.containers if (error := self._error(each))]

    def _error(self, container: ecs.ContainerDefinition) -> str:
        task, definition = task_of(container)
        name = f"{task.node.path}, container {container.container_name}"
        if self._form == "soci" and not task.is_fargate_compatible:
            return (
                f"{name}: the image of {self._image.path} has a SOCI index, which no ECS capacity on EC2 uses. "
                "Give the FargateImage form='zstd' or form='gzip'"
            )
        platform = platform_of(
            cdk.Stack.of(definition).resolve(getattr(definition, "runtime_platform", None))
        )
        if platform.os == "windows":
            return (
                f"{name}: the image of {self._image.path} is built for Linux, and the task runs Windows. Build it with "
                "ecr_assets.DockerImageAsset and build_args=ServerCore.pin(…).build_args"
            )
        if task.is_fargate_compatible and platform.architecture != self._architecture:
            return (
                f"{name}: the image of {self._image.path} is built for {self._architecture}, and the task runs "
                f"{platform.architecture}. Give one of them the other's platform"
            )
        return ""
