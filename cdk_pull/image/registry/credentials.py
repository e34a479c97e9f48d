"""Where a registry's user name and password come from: Docker's configuration, its helpers, or Amazon ECR."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_regular_file
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.quiet import hush, quiet
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field
from cdk_pull.shapes import as_object

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials", "DockerConfig", "ecr_credentials"]

# Docker Hub answers at one name, is written as another, and is logged in to under a third.
_DOCKER_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_HELPER_SECONDS = 30
_NOT_FOUND = "credentials not found"
# What a helper gives as the user's name when the secret is an identity token.
_TOKEN_USER = "<token>"  # noqa: S105 - a marker of the helpers' protocol
_MAX_CONFIG_BYTES = 1 << 20
_MAX_HELPER_BYTES = 64 * 1024


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
        # A log-in with half a character is wrong, which is for the registry to say.
        pair = f"{self.username}:{self.password}".encode(errors="replace")
        return f"Basic {base64.b64encode(pair).decode()}"


class DockerConfig:
    """Docker's ``config.json``: log-ins, and which helper keeps the others."""

    def __init__(self, content: Mapping[str, Any], path: Path | None = None) -> None:
        self._path = path
        self._auths = as_object(content.get("auths"))
        self._helpers = as_object(content.get("credHelpers"))
        self._store = content.get("credsStore")

    @classmethod
    def load(cls, path: Path | None = None) -> DockerConfig:
        """Read ``path``, or where Docker keeps its configuration: ``$DOCKER_CONFIG``, then ``~/.docker``.

        Raises:
            RegistryError: if the file exists and is not Docker's; no file is no credentials.
        """
        if path is None:
            path = _config_path()
        if path is None:
            return cls({})
        try:
            data = read_regular_file(path, "Docker's configuration", max_bytes=_MAX_CONFIG_BYTES)
        except FileNotFoundError:
            return cls({})
        except InvalidValueError as error:
            raise RegistryError(Problem.AUTHENTICATION, str(error)) from None
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            # Neither the text nor the parser's excerpt of it: both may hold a password.
            message = f"{path} cannot be read as Docker's configuration ({type(error).__name__}); correct or move it"
            raise RegistryError(Problem.AUTHENTICATION, message) from None
        if not isinstance(content, dict):
            message = f"{path} is not Docker's configuration: it is not a JSON object; correct or move it"
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
            if _host(server) in names and (found := _from_entry(as_object(entry))):
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
    settings = Config(
        connect_timeout=10, read_timeout=20, retries={"mode": "standard"}, use_fips_endpoint=fips
    )
    try:
        # botocore logs the bodies of all answers, with the token in this one and keys in those that lead to it.
        hush()
        with quiet():
            session = boto3.Session(region_name=region)
            if session.get_credentials() is None:
                return None
            client = session.client("ecr", config=settings)
            hush()
            answer = client.get_authorization_token()
        token = answer["authorizationData"][0]["authorizationToken"]
        username, _, password = base64.b64decode(token).decode().partition(":")
    except ClientError as error:
        reason = error.response.get("Error", {}).get("Code", "an error")
        message = f"AWS answered {reason} to ecr:GetAuthorizationToken in {region}; check the profile and its permissions"
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    except (BotoCoreError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        message = f"AWS gave no token for Amazon ECR in {region} ({type(error).__name__}); check AWS_PROFILE and the connection"
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    return Credentials(username, password)


def _from_entry(entry: Mapping[str, Any]) -> Credentials | None:
    """Return the log-in of one entry of ``auths``; an empty entry only says that a helper keeps it."""
    if token := entry.get("identitytoken"):
        return Credentials(identity_token=str(token))
    if auth := entry.get("auth"):
        try:
            username, colon, password = base64.b64decode(str(auth), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        return Credentials(username, password.rstrip("\0")) if colon else None
    if entry.get("username") and entry.get("password"):
        return Credentials(str(entry["username"]), str(entry["password"]))
    return None


def _ask_helper(name: str, server: str) -> Credentials | None:
    """Run ``docker-credential-NAME get``, which reads the server and writes JSON."""
    program = f"docker-credential-{name}"
    if not _HELPER_NAME.fullmatch(name):
        message = f"the name of a credential helper in Docker's configuration is not valid: {name[:100]!r}; allowed: letters, digits, '.', '_' and '-'; correct config.json"
        raise RegistryError(Problem.AUTHENTICATION, message)
    try:
        status, output = _run(program, server)
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{program} for {_host(server)} failed ({type(error).__name__}); install it or remove it from config.json"
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    if len(output) > _MAX_HELPER_BYTES:
        message = f"{program} for {_host(server)} printed more than {_MAX_HELPER_BYTES} bytes, which is not a log-in; run it by hand to see why"
        raise RegistryError(Problem.AUTHENTICATION, message)
    if status:
        if _NOT_FOUND in output.decode(errors="replace").lower():
            return None
        message = f"{program} for {_host(server)} ended with status {status}; run it by hand to see why"
        raise RegistryError(Problem.AUTHENTICATION, message)
    try:
        answer = as_object(json.loads(output))
    except (ValueError, RecursionError):
        message = f"{program} for {_host(server)} did not answer in JSON; run it by hand to see why"
        raise RegistryError(Problem.AUTHENTICATION, message) from None
    username, secret = str(answer.get("Username", "")), str(answer.get("Secret", ""))
    if not secret:
        return None
    return Credentials(identity_token=secret) if username == _TOKEN_USER else Credentials(username, secret)


def _run(program: str, server: str) -> tuple[int, bytes]:
    """Run a helper and return its status and what it printed, which is read up to a bound and no further.

    Raises:
        OSError: if it cannot be started.
        subprocess.TimeoutExpired: if it does not end in time.
    """
    process = subprocess.Popen(  # noqa: S603 - the user's own configuration names the program
        [program, "get"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    output = bytearray()

    def talk() -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError(program)  # pragma: no cover - both are pipes
        with contextlib.suppress(
            OSError, ValueError
        ):  # it need not read, and is killed when its time is over
            process.stdin.write(server.encode())
            process.stdin.close()
        with contextlib.suppress(OSError, ValueError):
            output.extend(process.stdout.read(_MAX_HELPER_BYTES + 1))

    # In a thread, as not every system can wait for a pipe and the clock at once.
    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    thread.join(_HELPER_SECONDS)
    if thread.is_alive() or len(output) > _MAX_HELPER_BYTES:
        process.kill()
        process.wait()
        if thread.is_alive():
            raise subprocess.TimeoutExpired(program, _HELPER_SECONDS)
        return process.returncode, bytes(output)
    try:
        return process.wait(timeout=_HELPER_SECONDS), bytes(output)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()


def _config_path() -> Path | None:
    """Return where Docker keeps its configuration, or None for a user without a home."""
    if folder := os.environ.get("DOCKER_CONFIG"):
        return Path(folder) / "config.json"
    try:
        return Path.home() / ".docker" / "config.json"
    except RuntimeError:
        return None


def _host(server: str) -> str:
    """Return the host and port of a key of ``config.json``, which may be a URL; nothing for one that is malformed."""
    try:
        return urlsplit(server if "//" in server else f"//{server}").netloc.lower()
    except ValueError:
        return ""
