"""What is wrong with a pull-through cache rule, with its secret, or with an image that is named by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.pull_through import (
    KINDS,
    ROOT,
    SECRET_KEYS,
    SECRET_PREFIX,
    check_prefix,
    needs_secret,
    upstream_of,
)
from cdk_pull.patterns import lazy_pattern
from cdk_pull.shapes import as_object
from cdk_pull.template.json_text import read_document
from cdk_pull.template.values import Unknown, pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_pull.image.pull_through import Upstream
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.model import Resource

__all__ = ["Fault", "rule_faults", "upstream_kind", "upstream_path"]

_SCHEME: Final = lazy_pattern(r"\A[a-z]{1,10}://", re.IGNORECASE)
# Hosts of registries that are not what a rule pulls from.
_ALIASES: Final = {
    "index.docker.io": "docker.io",
    "hub.docker.com": "docker.io",
    "registry.hub.docker.com": "docker.io",
    "k8s.gcr.io": "registry.k8s.io",
}
_OWN_KEY: Final = ("alias/aws/secretsmanager", "aws/secretsmanager")
_HUB_PARTS: Final = 2


class Fault(NamedTuple):
    """What is wrong, what to write, and the property that says it; of another resource where one is given."""

    what: str
    fix: str
    property: str
    resource: Resource | None = None


def upstream_kind(rule: Resource) -> str:
    """Return the upstream of a rule as ``UpstreamRegistry`` names it; empty where that is not known."""
    stated, url = rule.values.get("UpstreamRegistry"), rule.values.get("UpstreamRegistryUrl")
    if isinstance(stated, str):
        return stated
    upstream = _registry(url) if isinstance(url, str) else None
    return upstream.kind if upstream is not None else ""


def _registry(url: str) -> Upstream | None:
    """Return the upstream that a URL is of, however it is written."""
    host = _host(url)
    return upstream_of(_ALIASES.get(host, host))


def _host(url: str) -> str:
    return _SCHEME.sub("", url.strip()).partition("/")[0]


def rule_faults(rule: Resource, context: CheckContext) -> Iterator[Fault]:
    """Yield what is wrong with a rule, as far as the templates tell."""
    yield from _prefix_faults(rule.values.get("EcrRepositoryPrefix"))
    yield from _upstream_faults(rule.values)
    credential = rule.values.get("CredentialArn")
    if credential is None:
        kind = upstream_kind(rule)
        if kind in KINDS and needs_secret(kind) and rule.is_whole and "CredentialArn" not in _said(rule):
            keys = " and ".join(SECRET_KEYS)
            yield Fault(
                f"a cache for {kind} needs credentials, and the rule has no CredentialArn",
                f"Set CredentialArn to a secret {SECRET_PREFIX}<name> with the keys {keys}",
                "",
            )
        return
    yield from _secret_faults(rule, credential, context)


def _said(rule: Resource) -> Mapping[str, Any]:
    return as_object(rule.body.get("Properties"))


def _prefix_faults(prefix: Any) -> Iterator[Fault]:
    if not isinstance(prefix, str):
        return
    try:
        check_prefix(prefix)
    except InvalidValueError as error:
        fixed = prefix.strip("/").lower()
        try:
            fix = f"Write {check_prefix(fixed)}"
        except InvalidValueError:
            fix = "Write another prefix"
        yield Fault(str(error), fix, "EcrRepositoryPrefix")


def _upstream_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    stated, url = values.get("UpstreamRegistry"), values.get("UpstreamRegistryUrl")
    if isinstance(stated, str) and stated not in KINDS:
        what = f"UpstreamRegistry is invalid: {stated!r}; allowed: {', '.join(KINDS)}"
        yield Fault(what, "Write one of these", "UpstreamRegistry")
        return
    if not isinstance(url, str):
        return
    upstream = _registry(url)
    if upstream is None:
        what = f"Amazon ECR has no pull-through cache for {_host(url)}"
        yield Fault(what, f"Use one of the registries of {', '.join(KINDS)}", "UpstreamRegistryUrl")
        return
    if url != upstream.url:
        what = f"UpstreamRegistryUrl is not the host of the registry: {url!r}"
        yield Fault(what, f"Write {upstream.url}", "UpstreamRegistryUrl")
    if isinstance(stated, str) and stated != upstream.kind:
        what = f"UpstreamRegistry is {stated}, and UpstreamRegistryUrl {url} is of {upstream.kind}"
        yield Fault(what, f"Set UpstreamRegistry: {upstream.kind}", "UpstreamRegistry")


def _secret_faults(rule: Resource, credential: Any, context: CheckContext) -> Iterator[Fault]:
    prefix = SECRET_PREFIX
    secret = context.assembly.find(credential)
    if secret is not None and secret.type == "AWS::SecretsManager::Secret":
        yield from _faults_of(secret, prefix)
        return
    if not isinstance(credential, str):
        return
    fields = credential.split(":", 6)
    if len(fields) < 7 or fields[0] != "arn" or fields[2] != "secretsmanager":  # noqa: PLR2004 - as an ARN of a secret has
        yield Fault(
            f"CredentialArn is not the ARN of a secret: {credential!r}",
            f"Write arn:aws:secretsmanager:<Region>:<account>:secret:{prefix}<name>-<suffix>",
            "CredentialArn",
        )
        return
    if not fields[6].startswith(prefix):
        yield Fault(
            f"the secret of the cache is named {fields[6]}, and Amazon ECR accepts only names that begin with {prefix}",
            f"Rename it to {prefix}{fields[6]}",
            "CredentialArn",
        )
    environment = rule.template.context.environment
    for name, there, here in (
        ("Region", fields[3], environment.region),
        ("account", fields[4], environment.account),
    ):
        if here is not None and there not in {here, ""} and "$" not in there:
            yield Fault(
                f"the secret of the cache is in {name} {there}, and the rule in {here}",
                f"Use a secret in {name} {here}",
                "CredentialArn",
            )


def _faults_of(secret: Resource, prefix: str) -> Iterator[Fault]:
    name = secret.values.get("Name")
    if isinstance(name, Unknown):
        first = pieces_of(name)[0]
        known = first if isinstance(first, str) else ""
        is_wrong = bool(known) and not known.startswith(prefix[: len(known)])
    else:
        # A name that CloudFormation makes begins with the secret's logical id.
        is_wrong = not str(name or "").startswith(prefix)
    if is_wrong:
        called = f"named {name}" if name is not None else "without a name of its own"
        fix = f"Set Name: {prefix}{name if isinstance(name, str) else '<name>'}"
        yield Fault(
            f"the secret of the cache is {called}, and Amazon ECR accepts only names that begin with {prefix}",
            fix,
            "Name",
            secret,
        )
    key = secret.values.get("KmsKeyId")
    if key is not None and not str(key).endswith(_OWN_KEY):
        yield Fault(
            f"the secret of the cache is encrypted with {key}, and Amazon ECR reads only those of aws/secretsmanager",
            "Leave KmsKeyId out",
            "KmsKeyId",
            secret,
        )
    generated = None if "SecretString" in secret.values else secret.values.get("GenerateSecretString")
    is_generated = isinstance(generated, dict)
    keys = _generated_keys(generated or {}) if is_generated else _keys(secret.values.get("SecretString"))
    missing = [each for each in SECRET_KEYS if each not in keys] if keys is not None else []
    if missing:
        wanted = " and ".join(SECRET_KEYS)
        yield Fault(
            f"the secret of the cache has no {' and no '.join(missing)}",
            f"Give it the keys {wanted}",
            "GenerateSecretString" if is_generated else "SecretString",
            secret,
        )


def _generated_keys(generated: dict[str, Any]) -> frozenset[str] | None:
    """Return the keys of a secret of which one has a generated value; None where they are not known."""
    template = _keys(generated.get("SecretStringTemplate"))
    key = generated.get("GenerateStringKey")
    # One without a template is filled in by hand.
    return None if not template or isinstance(key, Unknown) else template | {str(key)}


def _keys(text: Any) -> frozenset[str] | None:
    """Return the keys of a secret; None where they are not known."""
    if not isinstance(text, str | Unknown) or "{{resolve:" in str(text):
        return None
    document = read_document(text)
    if document is None and isinstance(text, Unknown):
        return None
    return frozenset(as_object(document))


def upstream_path(rule: Resource, path: str) -> tuple[str, str] | None:
    """Return what an image behind a rule is asked for upstream in vain, and what its path has to be; None where all is well.

    Args:
        rule: the cache.
        path: what the image's name has after the prefix.
    """
    first = rule.values.get("UpstreamRepositoryPrefix", ROOT)
    if not isinstance(first, str):
        return None
    whole = path if first == ROOT else f"{first}/{path}"
    parts = whole.split("/")
    kind = upstream_kind(rule)
    right = ""
    if kind == "docker-hub" and len(parts) == 1:
        right = f"library/{path}"
    elif kind == "docker-hub" and len(parts) > _HUB_PARTS and first == ROOT and parts[0] == "library":
        right = path.removeprefix("library/")
    elif kind == "docker-hub" and len(parts) > _HUB_PARTS and first == "library":
        right = parts[-1]
    elif kind == "docker-hub" and len(parts) > _HUB_PARTS:
        right = "<namespace>/<name>"
    elif kind == "ecr-public" and first == ROOT and parts[0] == "library":
        right = f"docker/{path}"
    return (whole, right) if right else None
