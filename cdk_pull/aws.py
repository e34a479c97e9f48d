"""Asks AWS, and says in one line what AWS refuses or answers in a form that it does not document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import CdkPullError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["AwsClient", "AwsError"]

# AWS throttles bursts: the adaptive mode of botocore slows down by itself.
_ATTEMPTS: Final = 10
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 30


class AwsError(CdkPullError):
    """AWS did not say what was asked; the message has its own word for it."""


class AwsClient:
    """A client of one service, whose calls return what is documented or raise one error.

    Args:
        service: as boto3 names it, such as ``ecs``.
        name: as AWS names it, such as ``Amazon ECS``.
        about: what is asked about, such as ``cluster prod``.
        check: what to check where AWS refuses, such as ``its name and the Region``.
        region: by default the one of the AWS profile.
        profile: the AWS profile; by default the environment's.
        role_arn: a role to assume first, such as one of another account.

    Raises:
        AwsError: where there are no credentials or no Region, or the role cannot be assumed.
    """

    def __init__(
        self,
        service: str,
        *,
        name: str,
        about: str,
        check: str,
        region: str | None = None,
        profile: str | None = None,
        role_arn: str | None = None,
    ) -> None:
        self._name, self._about, self._check = name, about, check
        self._client = self._asked(lambda: _client(service, region, profile, role_arn))
        self.region = str(self._client.meta.region_name)

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer of an operation, such as ``describe_tasks``, without what is null in it.

        Raises:
            AwsError: if AWS refuses, cannot be reached, or answers in another form.
        """
        answer: dict[str, Any] = _without_nulls(
            self._asked(lambda: getattr(self._client, operation)(**arguments))
        )
        return answer

    def pages(self, operation: str, key: str, **arguments: Any) -> Iterator[list[Any]]:
        """Yield a list of the answer for each page, without what is null in it.

        Raises:
            AwsError: if AWS refuses, cannot be reached, or answers in another form.
        """
        pages = self._asked(lambda: iter(self._client.get_paginator(operation).paginate(**arguments)))
        while (page := self._asked(lambda: next(pages, None))) is not None:
            yield _without_nulls(page).get(key, [])

    def _asked(self, ask: Callable[[], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - half a second that only this needs

        try:
            return ask()
        except ClientError as error:
            reason = error.response.get("Error", {})
            message = f"{self._name} answers {reason.get('Code')} for {self._about}: {reason.get('Message')}; check {self._check}"
        except BotoCoreError as error:
            message = (
                f"{self._name} cannot be asked: {error}; check the AWS profile, the Region and the connection"
            )
        except Exception as error:  # noqa: BLE001 - botocore's readers raise whatever an answer of another form makes them
            message = (
                f"{self._name} gave an answer for {self._about} that is not in its documented form ({type(error).__name__}); "
                "check AWS_ENDPOINT_URL and the proxy"
            )
        raise AwsError(message)


def _client(service: str, region: str | None, profile: str | None, role_arn: str | None) -> Any:
    import boto3  # noqa: PLC0415 - half a second that only this needs
    from botocore.config import Config  # noqa: PLC0415 - with boto3

    config = Config(
        retries={"mode": "adaptive", "max_attempts": _ATTEMPTS},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    session = boto3.Session(region_name=region, profile_name=profile)
    if role_arn is None:
        return session.client(service, config=config)  # type: ignore[call-overload]
    assumed = session.client("sts", config=config).assume_role(RoleArn=role_arn, RoleSessionName="cdk-pull")
    keys = assumed["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region or session.region_name,
    ).client(service, config=config)  # type: ignore[call-overload]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value if each is not None]
    return value
