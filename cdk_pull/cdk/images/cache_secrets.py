"""The secrets with which Amazon ECR authenticates to an upstream: what is wrong with one, and its ARN."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager

from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.pull_through import SECRET_KEYS, SECRET_PREFIX, check_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    SecretLike: TypeAlias = str | secretsmanager.ISecret

__all__ = ["check_secret", "credential_arn", "secret_stack"]

_ARN: Final = re.compile(
    r"arn:[a-z-]+:secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):secret:(?P<name>[^:]+)"
)
_KEY: Final = "Amazon ECR reads only secrets that are encrypted with the default key aws/secretsmanager"
_ALLOWED: Final = (
    f"a secret of AWS Secrets Manager, its ARN, or its name, which begins with {SECRET_PREFIX!r}"
)


def check_secret(argument: str, secret: Any) -> SecretLike:
    """Return what was given for the credentials of an upstream.

    Args:
        argument: that it was given for, such as ``docker_hub``.
        secret: a secret, an ARN or a name.

    Raises:
        InvalidValueError: for anything else, and for a name that Amazon ECR does not read.
    """
    if isinstance(secret, str):
        if cdk.Token.is_unresolved(secret):
            return secret
        match = _ARN.fullmatch(secret)
        if match is None and secret.startswith("arn:"):
            raise InvalidValueError(f"{argument} is not the ARN of a secret", secret, allowed=_ALLOWED)
        try:
            check_secret_name(match["name"] if match else secret)
        except InvalidValueError as error:
            raise InvalidValueError(
                f"{argument} is not a secret that Amazon ECR reads", secret, allowed=_ALLOWED
            ) from error
        return secret
    if not hasattr(secret, "secret_arn"):
        raise InvalidValueError(f"{argument} is not a secret", secret, allowed=_ALLOWED)
    return cast("secretsmanager.ISecret", secret)


def secret_stack(secret: SecretLike) -> cdk.Stack | None:
    """Return the stack that makes a secret; None for one that is there already."""
    if isinstance(secret, str) or not isinstance(secret, secretsmanager.Secret):
        return None
    return cdk.Stack.of(secret) if isinstance(secret.node.default_child, secretsmanager.CfnSecret) else None


def credential_arn(argument: str, secret: SecretLike, stack: cdk.Stack) -> str:
    """Return the ARN of a secret for a rule in a stack.

    Raises:
        UnsupportedError: for a secret of which is visible that Amazon ECR does not read it.
    """
    problem = next(_problems(secret, stack), "")
    if problem:
        where = "" if isinstance(secret, str) else f" {secret.node.path}"
        raise UnsupportedError(f"secret{where} of {argument} cannot be used by {stack.node.path}: {problem}")
    if not isinstance(secret, str):
        return secret.secret_arn
    if cdk.Token.is_unresolved(secret) or secret.startswith("arn:"):
        return secret
    return stack.format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=secret,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def _problems(secret: SecretLike, stack: cdk.Stack) -> Iterator[str]:
    if isinstance(secret, str):
        match = None if cdk.Token.is_unresolved(secret) else _ARN.fullmatch(secret)
        if match is not None:
            yield from _elsewhere(match["region"], match["account"], stack)
        return
    yield from _elsewhere(secret.env.region, secret.env.account, stack)
    if secret.encryption_key is not None:
        yield f"it is encrypted with a key of your own; {_KEY}"
    definition = secret.node.default_child
    if isinstance(definition, secretsmanager.CfnSecret):
        yield from _defined(definition)
        return
    # The ARN of an imported one has its name, if that is known at all.
    for text in (secret.secret_arn, secret.secret_name):
        if not cdk.Token.is_unresolved(text):
            name = text.split(":", 6)[-1]
            if not name.startswith(SECRET_PREFIX):
                yield f"its name is {name}; allowed: a name that begins with {SECRET_PREFIX}"
            return


def _elsewhere(region: str, account: str, stack: cdk.Stack) -> Iterator[str]:
    for what, theirs, ours in (("Region", region, stack.region), ("account", account, stack.account)):
        known = not cdk.Token.is_unresolved(theirs) and not cdk.Token.is_unresolved(ours)
        if known and theirs != ours:
            yield (
                f"it is in {what} {theirs}, and the rule in {ours}; create a secret of one name in each, and pass the name: "
                f"'{SECRET_PREFIX}…'"
            )


def _defined(definition: secretsmanager.CfnSecret) -> Iterator[str]:
    """Yield what is wrong with a secret of this app."""
    stack = cdk.Stack.of(definition)
    said: dict[str, Any] = stack.resolve(
        {
            "name": definition.name,
            "key": definition.kms_key_id,
            "text": definition.secret_string,
            "made": definition.generate_secret_string,
        }
    )
    name = said.get("name")
    if name is None:
        yield f"CloudFormation gives it a name; set secret_name='{SECRET_PREFIX}…'"
    elif isinstance(name, str) and not name.startswith(SECRET_PREFIX):
        yield f"its name is {name}; allowed: a name that begins with {SECRET_PREFIX}"
    if said.get("key") is not None:
        yield f"it is encrypted with a key of your own; {_KEY}"
    made = said.get("made")
    text = str(said.get("text", ""))
    if isinstance(made, dict):
        text = f'{made.get("secretStringTemplate", "")} "{made.get("generateStringKey", "")}"'
    missing = [key for key in SECRET_KEYS if f'"{key}"' not in text.replace("\\", "")]
    if (made is not None or said.get("text") is not None) and missing:
        yield f"it has no key {' and no key '.join(missing)}; Amazon ECR reads {' and '.join(SECRET_KEYS)}"
