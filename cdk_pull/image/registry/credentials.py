"""Where a registry's user name and password come from: Docker's configuration, its helpers, or Amazon ECR."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cdk_pull.image.registry.errors import Problem, RegistryError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials", "DockerConfig", "ecr_credentials"]

# Docker Hub answers at one name, is written as another, and is logged in to under a third.
_DOCKER_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_HELPER_SECONDS = 30
_NOT_FOUND = "credentials not found"
# What a helper gives as the user's name when the secret is an identity token.
_TOKEN_USER = "<token>"  # noqa: S105 - a marker of the helpers' protocol
_LARGEST_CONFIG = 1 << 20


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with a password, or an identity token. Never printed.

    Attributes:
        username: empty with an identity token.
        password: empty with an identity token.
        identity_token: an OAuth 2 refresh token, as ``az acr login`` and Docker Hub's own log-in store one.
    """

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an ``Authorization`` header of the scheme Basic."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


class DockerConfig:
    """Docker's ``config.json``: log-ins, and which helper keeps the others."""

    def __init__(self, content: Mapping[str, Any], path: Path | None = None) -> None:
        self._path = path
        self._auths = _mapping(content.get("auths"))
        self._helpers = _mapping(content.get("credHelpers"))
        self._store = content.get("credsStore")

    @classmethod
    def load(cls, path: Path | None = None) -> DockerConfig:
        """Read ``path``, or where Docker keeps its configuration: ``$DOCKER_CONFIG``, then ``~/.docker``.

        Raises:
            RegistryError: if the file exists and is not Docker's; no file is no credentials.
        """
        if path is None:
            folder = os.environ.get("DOCKER_CONFIG")
            path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
        try:
            with path.open("rb") as file:
                content = json.loads(file.read(_LARGEST_CONFIG))
        except FileNotFoundError:
            return cls({})
        except (OSError, ValueError, RecursionError) as error:
            # Neither the text nor the parser's excerpt of it: both may hold a password.
            message = (
                f"{path} cannot be read as Docker's configuration ({type(error).__name__}); fix or move it"
            )
            raise RegistryError(Problem.AUTHENTICATION, message) from None
        if not isinstance(content, dict):
            message = f"{path} is not Docker's configuration: it holds no JSON object; fix or move it"
            raise RegistryError(Problem.AUTHENTICATION, message)
        return cls(content, path)

    def credentials(self, host: str) -> Credentials | None:
        """Return the log-in for a registry's host, or None when there is none: most images are public.

        Raises:
            RegistryError: if the helper that the configuration names cannot be run.
        """
        key = _DOCKER_HUB_KEY if host in _DOCKER_HUB else host
        names = _DOCKER_HUB if host in _DOCKER_HUB else {host}
        for server, helper in self._helpers.items():
            if _host(server) in names:
                return _ask_helper(str(helper), key)
        for server, entry in self._auths.items():
            if _host(server) in names and (found := _from_entry(_mapping(entry))):
                return found
        return _ask_helper(str(self._store), key) if self._store else None


def ecr_credentials(region: str, *, fips: bool = False) -> Credentials | None:
    """Return a password for every Amazon ECR registry of one Region that the caller may read, valid for 12 hours.

    The Region alone decides the partition. Returns None when there are no AWS credentials at all, so that a log-in
    by ``docker login`` still counts.

    Raises:
        RegistryError: if AWS refuses, or the extra ``network`` is not installed.
    """
    try:
        import boto3  # noqa: PLC0415 - half a second that only ECR needs
        from botocore.config import Config  # noqa: PLC0415 - with boto3
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3
    except ImportError as error:
        message = "boto3 is not installed; pip install 'cdk-pull[network]'"
        raise RegistryError(Problem.AUTHENTICATION, message) from error
    session = boto3.Session(region_name=region)
    if session.get_credentials() is None:
        return None
    config = Config(connect_timeout=10, read_timeout=20, retries={"mode": "standard"}, use_fips_endpoint=fips)
    try:
        answer = session.client("ecr", config=config).get_authorization_token()
        token = answer["authorizationData"][0]["authorizationToken"]
        username, _, password = base64.b64decode(token).decode().partition(":")
    except ClientError as error:
        reason = error.response.get("Error", {}).get("Code", "an error")
        message = f"AWS answered {reason} to ecr:GetAuthorizationToken in {region}; check the profile and its rights"
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    except (BotoCoreError, LookupError, ValueError) as error:
        message = (
            f"no Amazon ECR token for {region} ({type(error).__name__}); check AWS_PROFILE and the connection"
        )
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    return Credentials(username, password)


def _from_entry(entry: Mapping[str, Any]) -> Credentials | None:
    """Return the log-in of one entry of ``auths``; an empty entry only says that a helper keeps it."""
    if token := entry.get("identitytoken"):
        return Credentials(identity_token=str(token))
    if auth := entry.get("auth"):
        try:
            username, colon, password = base64.b64decode(str(auth), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return Credentials(username, password.rstrip("\0")) if colon else None
    if entry.get("username") and entry.get("password"):
        return Credentials(str(entry["username"]), str(entry["password"]))
    return None


def _ask_helper(name: str, server: str) -> Credentials | None:
    """Run ``docker-credential-NAME get``, which reads the server and writes JSON."""
    program = f"docker-credential-{name}"
    if not _HELPER_NAME.fullmatch(name):
        message = (
            f"{name!r} in Docker's configuration is not the name of a credential helper; fix config.json"
        )
        raise RegistryError(Problem.AUTHENTICATION, message)
    try:
        done = subprocess.run(  # noqa: S603 - the user's own configuration names the program, and it has no arguments
            [program, "get"], input=server.encode(), capture_output=True, timeout=_HELPER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{program} for {_host(server)} failed ({type(error).__name__}); install it or remove it from config.json"
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    if done.returncode:
        if _NOT_FOUND in done.stdout.decode(errors="replace").lower():
            return None
        message = (
            f"{program} for {_host(server)} ended with status {done.returncode}; run it by hand to see why"
        )
        raise RegistryError(Problem.AUTHENTICATION, message)
    try:
        answer = _mapping(json.loads(done.stdout))
    except (ValueError, RecursionError):
        message = f"{program} for {_host(server)} did not answer in JSON; run it by hand to see why"
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    username, secret = str(answer.get("Username", "")), str(answer.get("Secret", ""))
    if not secret:
        return None
    return Credentials(identity_token=secret) if username == _TOKEN_USER else Credentials(username, secret)


def _host(server: str) -> str:
    """Return the host and port of a key of ``config.json``, which may be a URL."""
    return urlsplit(server if "//" in server else f"//{server}").netloc.lower()


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
