from __future__ import annotations

import base64
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.image.registry.client import standard_credentials
from cdk_pull.image.registry.credentials import Credentials, DockerConfig, ecr_credentials
from cdk_pull.image.registry.errors import RegistryError
from tests.image.registry.servers import ecr_server, https_server
from tests.limits import fails_where_it_hangs

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "s3cret-pass-word"  # noqa: S105 - a test's own
AUTH = base64.b64encode(f"alice:{SECRET}".encode()).decode()
ALICE = Credentials("alice", SECRET)
ECR_HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a credential helper called ``test`` that runs a line of shell."""

    def install(line: str) -> None:
        program = tmp_path / "docker-credential-test"
        program.write_text(f'#!/bin/sh\nread -r server\n[ "$1" = get ] || exit 9\n{line}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    return install


@pytest.mark.parametrize(
    ("host", "auths", "expected"),
    [
        ("ghcr.io", {"ghcr.io": {"auth": AUTH}}, ALICE),
        ("ghcr.io", {"https://ghcr.io/v1/": {"auth": AUTH}}, ALICE),
        ("localhost:5000", {"localhost:5000": {"username": "alice", "password": SECRET}}, ALICE),
        ("docker.io", {"https://index.docker.io/v1/": {"auth": AUTH}}, ALICE),
        ("x.azurecr.io", {"x.azurecr.io": {"identitytoken": "t"}}, Credentials(identity_token="t")),  # noqa: S106
        ("ghcr.io", {"ghcr.io": {}}, None),
        ("ghcr.io", {"ghcr.io": {"auth": "???"}}, None),
        ("ghcr.io", {"quay.io": {"auth": AUTH}, "ghcr.io.evil.example": {"auth": AUTH}}, None),
        ("localhost:5001", {"localhost:5000": {"auth": AUTH}}, None),
    ],
)
def test_log_ins_in_the_file(host: str, auths: dict[str, Any], expected: Credentials | None) -> None:
    """A host's own log-in is found under each spelling, and never another host's."""
    assert DockerConfig({"auths": auths}).credentials(host) == expected


def test_helpers(helper: Callable[[str], None]) -> None:
    """A host's helper comes before the file, the file before the store, and the helper reads the server's name."""
    helper(f'printf \'{{"Username": "%s", "Secret": "{SECRET}"}}\' "$server"')
    asked = Credentials("ghcr.io", SECRET)
    other = {"auth": base64.b64encode(b"bob:b").decode()}
    assert (
        DockerConfig({"credHelpers": {"ghcr.io": "test"}, "auths": {"ghcr.io": other}}).credentials("ghcr.io")
        == asked
    )
    assert DockerConfig({"credsStore": "test", "auths": {"ghcr.io": other}}).credentials(
        "ghcr.io"
    ) == Credentials("bob", "b")
    assert DockerConfig({"credsStore": "test", "auths": {"ghcr.io": {}}}).credentials("ghcr.io") == asked
    hub = DockerConfig({"credsStore": "test"}).credentials("docker.io")
    assert hub == Credentials("https://index.docker.io/v1/", SECRET)
    assert DockerConfig({"credHelpers": {"quay.io": "test"}}).credentials("ghcr.io") is None


def test_helpers_that_have_nothing_or_a_token(helper: Callable[[str], None]) -> None:
    """A helper without the log-in is no error, and an identity token is one."""
    config = DockerConfig({"credsStore": "test"})
    helper("echo 'credentials not found in native keychain'; exit 1")
    assert config.credentials("ghcr.io") is None
    helper('echo \'{"Username": "<token>", "Secret": "t"}\'')
    assert config.credentials("ghcr.io") == Credentials(identity_token="t")  # noqa: S106 - a test's own


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"echo {SECRET}; exit 3", "docker-credential-test for ghcr.io ended with status 3"),
        (f"echo {SECRET}", "docker-credential-test for ghcr.io did not answer in JSON"),
        ("exit 9", "docker-credential-test for ghcr.io ended with status 9"),
    ],
)
def test_helpers_that_fail(helper: Callable[[str], None], line: str, message: str) -> None:
    """The error names the helper and repeats nothing that it printed."""
    helper(line)
    with pytest.raises(RegistryError, match=message) as error:
        DockerConfig({"credsStore": "test"}).credentials("ghcr.io")
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("name", ["../x", "a b", "x/y", "-v"])
def test_helpers_that_are_no_name(name: str) -> None:
    """The configuration cannot make us run a path."""
    with pytest.raises(
        RegistryError, match="the name of a credential helper in Docker's configuration is not valid"
    ):
        DockerConfig({"credsStore": name}).credentials("ghcr.io")


def test_helpers_that_are_not_installed() -> None:
    """The error names the program."""
    with pytest.raises(
        RegistryError, match=r"docker-credential-nowhere for ghcr.io failed \(FileNotFoundError\)"
    ):
        DockerConfig({"credsStore": "nowhere"}).credentials("ghcr.io")


@pytest.mark.parametrize("text", [f'{{"auths": "{SECRET}', f'["{SECRET}"]', "[" * 100_000, "\xff"])
def test_files_that_are_not_docker_s(tmp_path: Path, text: str) -> None:
    """The error names the file and quotes none of it."""
    path = tmp_path / "config.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(RegistryError, match=str(path)) as error:
        DockerConfig.load(path)
    assert SECRET not in str(error.value)


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_CONFIG names the folder; no file is no log-in; what is not understood is ignored."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert DockerConfig.load().credentials("ghcr.io") is None
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {"ghcr.io": {"auth": AUTH}, "x": 1}, "credHelpers": []})
    )
    assert DockerConfig.load().credentials("ghcr.io") == ALICE


def test_nothing_is_printed() -> None:
    """A log-in's text holds neither name nor secret."""
    assert repr(Credentials("alice", SECRET, "token")) == "Credentials()"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set AWS credentials of the test's own, and nothing of the machine's."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("host", "region"),
    [
        (ECR_HOST, "eu-west-1"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("111122223333.dkr-ecr-fips.us-east-1.on.aws", "us-east-1"),
        ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ],
)
def test_ecr(monkeypatch: pytest.MonkeyPatch, host: str, region: str) -> None:
    """The token comes from the API of the host's own Region, in any partition."""
    asked: list[str] = []
    token = base64.b64encode(f"AWS:{SECRET}".encode()).decode()
    answer = {"authorizationData": [{"authorizationToken": token}]}
    with https_server(ecr_server(200, answer, asked), None) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://{server}")
        assert standard_credentials(host) == Credentials("AWS", SECRET)
    assert f"/{region}/ecr/aws4_request" in asked[0]


@pytest.mark.usefixtures("aws")
def test_ecr_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's own code and the Region are in the error."""
    answer = {"__type": "AccessDeniedException", "message": "no"}
    with https_server(ecr_server(400, answer, []), None) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://{server}")
        with pytest.raises(
            RegistryError, match=r"AWS answered AccessDeniedException to ecr:Get.* in eu-west-1"
        ):
            ecr_credentials("eu-west-1")


@pytest.mark.usefixtures("aws")
def test_ecr_without_aws_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without AWS credentials the log-in by docker login counts."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"auths": {ECR_HOST: {"auth": AUTH}}}))
    assert standard_credentials(ECR_HOST) == ALICE


def test_a_helper_that_floods(helper: Callable[[str], None], tmp_path: Path) -> None:
    """What a helper prints is read up to a bound, and the helper does not run on."""
    helper(f"echo $$ > {tmp_path}/pid; exec yes {'x' * 100}")
    with fails_where_it_hangs(), pytest.raises(RegistryError) as error:
        DockerConfig({"credsStore": "test"}).credentials("ghcr.io")
    assert str(error.value) == (
        "docker-credential-test for ghcr.io printed more than 65536 bytes, which is not a log-in; run it by hand to see why"
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_helper_that_does_not_read(helper: Callable[[str], None], tmp_path: Path) -> None:
    """A helper need not read the server's name."""
    helper("")
    (tmp_path / "docker-credential-test").write_text('#!/bin/sh\necho \'{"Username": "a", "Secret": "b"}\'\n')
    assert DockerConfig({"credsStore": "test"}).credentials("ghcr.io") == Credentials("a", "b")


def test_a_configuration_that_is_no_regular_file(tmp_path: Path) -> None:
    """A device, a pipe and gigabytes are refused at once."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 8 << 30)
    for path, reason in (
        (Path("/dev/zero"), "is not a regular file"),
        (tmp_path / "pipe", "is not a regular file"),
        (tmp_path / "large", "is too large"),
    ):
        with pytest.raises(RegistryError) as error:
            DockerConfig.load(path)
        assert str(error.value).startswith(f"Docker's configuration {reason}: {str(path)!r}; allowed: ")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home there is no configuration, and public images are read."""

    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setattr(Path, "home", home)
    assert DockerConfig.load().credentials("ghcr.io") is None


@pytest.mark.parametrize("key", ["[", "http://[::1", "//[", "\ud800"])
def test_keys_that_are_no_host(key: str) -> None:
    """A malformed key is nobody's, and the others count."""
    auths = {key: {"auth": AUTH}, "ghcr.io": {"auth": AUTH}}
    assert DockerConfig({"auths": auths}).credentials("ghcr.io") == ALICE


def test_half_a_character_in_a_log_in() -> None:
    """A log-in that cannot be sent as it is is sent for the registry to reject, not a traceback."""
    assert Credentials("a", "b\ud800").basic == f"Basic {base64.b64encode(b'a:b?').decode()}"


@pytest.mark.usefixtures("aws")
def test_no_log_holds_the_token_of_amazon_ecr(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Botocore's own lines are left out of our request, at the finest level, and not out of others'."""
    caplog.set_level(logging.DEBUG)
    token = base64.b64encode(f"AWS:{SECRET}".encode()).decode()
    answer = {"authorizationData": [{"authorizationToken": token}]}
    with https_server(ecr_server(200, answer, []), None) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", f"http://{server}")
        assert ecr_credentials("eu-west-1") == Credentials("AWS", SECRET)
    lines = [record.getMessage() for record in caplog.records]
    assert not [line for line in lines if token in line or SECRET in line or "Response body" in line]
    logging.getLogger("botocore.parsers").debug("another's line")
    assert "another's line" in [record.getMessage() for record in caplog.records]


@pytest.mark.usefixtures("aws")
def test_a_profile_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong AWS_PROFILE is one line."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(RegistryError) as error:
        ecr_credentials("eu-west-1")
    assert str(error.value) == (
        "AWS gave no token for Amazon ECR in eu-west-1 (ProfileNotFound); check AWS_PROFILE and the connection"
    )
