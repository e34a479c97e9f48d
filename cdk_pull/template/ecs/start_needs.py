"""What ECS fetches before the containers of a task start: images, secrets and parameters, and where the logs go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.iam.text import ANY_CHARACTER, Part, Text, shown, text
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.shapes import as_list, as_object
from cdk_pull.template.image_region import OWN_ACCOUNT, OWN_REGION
from cdk_pull.template.text import arn, cut, pseudo, to_text
from cdk_pull.template.values import Unknown, is_not_false

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import Container, TaskDefinition
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["Kind", "StartNeed", "start_needs"]

Kind = Literal["ecr", "registry", "credentials", "secret", "parameter", "key", "logs", "unknown"]

_OF_SECRETS_MANAGER: Final = "AWS::SecretsManager::Secret"
_PARAMETER: Final = "AWS::SSM::Parameter"
_DEFAULT_KEYS: Final = frozenset({"alias/aws/secretsmanager", "alias/aws/ssm"})
# What a full ARN of a secret ends with, after its name.
_SUFFIX: Final = lazy_pattern(r"-[A-Za-z0-9]{6}")
_ARN_FIELDS: Final = 7


@dataclass(frozen=True, kw_only=True)
class StartNeed:
    """One thing that the start of a container needs.

    Attributes:
        kind: an image in private ``ecr`` or another ``registry``; ``credentials`` for such a registry; a ``secret`` of
            Secrets Manager, a ``parameter`` of Systems Manager, the ``key`` that encrypts one; the log group for
            ``logs``; or ``unknown``.
        name: how a message calls it.
        path: where it stands, below the task definition.
        resources: the ARN of it, in each of the spellings that a policy may use.
        region: the Region it is in; None for the stack's own, and where that is not known.
        account: the account it is in; None for the stack's own, and where that is not known.
        host: the registry of an image.
        image: an image.
        resource: what it is, where that is in the templates.
        reason: why it is not known what is needed.
        creates: whether a log group is created when there is none.
    """

    kind: Kind
    name: str
    path: tuple[PathStep, ...]
    resources: tuple[Text, ...] = ()
    region: str | None = None
    account: str | None = None
    host: str = ""
    image: Image | None = None
    resource: Resource | None = None
    reason: str = ""
    creates: bool = False


def start_needs(task: TaskDefinition, assembly: Assembly) -> list[StartNeed]:
    """Return what the start of a task needs, in the order of its containers."""
    reader = _Reader(task, assembly)
    return [need for container in task.containers for need in reader.of(container)]


class _Reader:
    def __init__(self, task: TaskDefinition, assembly: Assembly) -> None:
        self.context = task.resource.template.context
        self.assembly = assembly

    def of(self, container: Container) -> Iterator[StartNeed]:
        values = container.values
        if container.image is not None:
            yield self.image(container.image, (*container.path, "Image"))
        credentials = values.get("RepositoryCredentials")
        if isinstance(credentials, dict):
            path = (*container.path, "RepositoryCredentials", "CredentialsParameter")
            yield from self.secret(credentials.get("CredentialsParameter"), path, "credentials")
        yield from self.secrets(values.get("Secrets"), (*container.path, "Secrets"))
        logs = values.get("LogConfiguration")
        if isinstance(logs, dict):
            path = (*container.path, "LogConfiguration")
            yield from self.secrets(logs.get("SecretOptions"), (*path, "SecretOptions"))
            if logs.get("LogDriver") == "awslogs":
                yield self.logs(logs.get("Options"), (*path, "Options"))

    def image(self, image: Image, path: tuple[PathStep, ...]) -> StartNeed:
        reference = image.reference
        if reference is None:
            malformed = image.place.verdict == "malformed"
            reason = image.place.reason
            return StartNeed(
                kind="unknown", name=str(image), path=path, image=image, reason="" if malformed else reason
            )
        registry = EcrRegistry.of_host(reference.registry)
        if registry is None:
            kind: Kind = "registry" if image.place.verdict == "outside" else "unknown"
            return StartNeed(
                kind=kind,
                name=str(image),
                path=path,
                image=image,
                host=reference.registry,
                reason=image.place.reason,
            )
        own_region = registry.region == OWN_REGION
        own_account = registry.account == OWN_ACCOUNT
        region: Text = pseudo(self.context, "Region") if own_region else (registry.region,)
        account: Text = pseudo(self.context, "AccountId") if own_account else (registry.account,)
        whole = to_text(image.value, self.assembly) or ("",)
        _, path_text = cut(whole, "/")
        name, _ = cut(text(path_text), ":@")
        name = text(
            *(
                piece.removeprefix("/") if index == 0 and isinstance(piece, str) else piece
                for index, piece in enumerate(name)
            )
        )
        if image.repository is not None:
            name = self._repository_name(image.repository)
        theirs = None if own_account else registry.account
        return StartNeed(
            kind="ecr",
            name=str(image),
            path=path,
            resources=(arn(self.context, "ecr", "repository/", name, region=region, account=account),),
            region=None if own_region else registry.region,
            account=None if theirs == self.context.environment.account else theirs,
            host=reference.registry,
            image=image,
            resource=image.repository,
        )

    def _repository_name(self, repository: Resource) -> Text:
        stated = repository.values.get("RepositoryName")
        if isinstance(stated, str):
            return (stated,)
        return text(_resource_part(repository))

    def secrets(self, listed: Any, path: tuple[PathStep, ...]) -> Iterator[StartNeed]:
        for index, each in enumerate(as_list(listed)):
            if isinstance(each, dict):
                yield from self.secret(each.get("ValueFrom"), (*path, index, "ValueFrom"))

    def secret(self, value: Any, path: tuple[PathStep, ...], kind: Kind | None = None) -> Iterator[StartNeed]:
        said = to_text(value, self.assembly)
        if said is None:
            return
        first = value.pieces[0] if isinstance(value, Unknown) and value.pieces else value
        resource = self.assembly.find(first)
        plain = str(value)
        by_type = {_OF_SECRETS_MANAGER: "secret", _PARAMETER: "parameter"}.get(
            resource.type if resource else ""
        )
        if kind == "credentials" or by_type == "secret" or ":secretsmanager:" in plain:
            yield StartNeed(
                kind=kind or "secret",
                name=shown(said),
                path=path,
                resources=(_secret_arn(said),),
                region=_region(plain),
                resource=resource,
            )
        elif ":ssm:" in plain and plain.startswith(("arn:", "$")):
            yield StartNeed(
                kind="parameter",
                name=shown(said),
                path=path,
                resources=(said,),
                region=_region(plain),
                resource=resource,
            )
        elif by_type == "parameter" or (isinstance(first, str) and not first.startswith("arn:")):
            yield StartNeed(
                kind="parameter",
                name=shown(said),
                path=path,
                resources=tuple(self._parameter_arns(said)),
                resource=resource,
            )
        else:
            yield StartNeed(
                kind="unknown", name=plain, path=path, reason=f"what {plain} is, only the deployment knows"
            )
            return
        yield from self.key(resource, path)

    def _parameter_arns(self, name: Text) -> Iterator[Text]:
        # A name begins with a slash or does not, and an ARN has one in either case.
        if isinstance(name[0], str):
            yield arn(self.context, "ssm", "parameter/", name[0].removeprefix("/"), *name[1:])
        else:
            yield arn(self.context, "ssm", "parameter/", name)
            yield arn(self.context, "ssm", "parameter", name)

    def key(self, resource: Resource | None, path: tuple[PathStep, ...]) -> Iterator[StartNeed]:
        """Yield the key of one's own that a secret of the templates is encrypted with."""
        stated = resource.values.get("KmsKeyId") if resource is not None else None
        said = to_text(stated, self.assembly)
        if resource is None or said is None or str(stated) in _DEFAULT_KEYS:
            return
        key = self.assembly.find(stated)
        resources: tuple[Text, ...] = (said,)
        if key is not None:
            resources = (
                text(_resource_part(key, "Arn")),
                arn(self.context, "kms", "key/", _resource_part(key)),
            )
        elif not str(stated).startswith(("arn:", "$")):
            resources = (arn(self.context, "kms", "" if str(stated).startswith("alias/") else "key/", said),)
        yield StartNeed(
            kind="key",
            name=str(stated),
            path=path,
            resources=resources,
            resource=key,
            reason=resource.logical_id,
        )

    def logs(self, options: Any, path: tuple[PathStep, ...]) -> StartNeed:
        options = as_object(options)
        group, region = options.get("awslogs-group"), options.get("awslogs-region")
        said = to_text(group, self.assembly) or (Part(f"a log group #{id(options)}"),)
        where = to_text(region, self.assembly) or pseudo(self.context, "Region")
        resource = self.assembly.find(group)
        resources = [
            arn(self.context, "logs", "log-group:", said, ":log-stream:", ANY_CHARACTER, region=where)
        ]
        if resource is not None:
            own = _resource_part(resource, "Arn")
            resources += [text(own), text(own, ":", ANY_CHARACTER)]
        return StartNeed(
            kind="logs",
            name=str(group) if group is not None else "the log group",
            path=path,
            resources=tuple(resources),
            region=region if isinstance(region, str) and region != self.context.environment.region else None,
            resource=resource,
            creates="awslogs-create-group" in options and is_not_false(options["awslogs-create-group"]),
        )


def _resource_part(resource: Resource, attribute: str = "") -> Part:
    """Return what a reference to a resource, or to an attribute of it, comes to."""
    symbol = f"{resource.logical_id}.{attribute}" if attribute else resource.logical_id
    return Part(f"{resource.template.key}:{symbol}", unique=True, label=symbol)


def _secret_arn(said: Text) -> Text:
    """Return the ARN of a secret without the JSON key and version after it, and with the characters that end it."""
    if isinstance(said[0], Part):
        return text(said[0])
    arn_text, _ = cut(said, ":", _ARN_FIELDS)
    last = arn_text[-1]
    if isinstance(last, str) and not _SUFFIX.fullmatch(last[-_ARN_FIELDS:]):
        return text(arn_text, "-", ANY_CHARACTER * 6)
    return arn_text


def _region(plain: str) -> str | None:
    fields = plain.split(":")
    region = fields[3] if plain.startswith("arn:") and len(fields) > _ARN_FIELDS - 2 else ""
    return region if region and "$" not in region else None
