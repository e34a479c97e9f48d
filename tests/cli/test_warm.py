"""`cdk-pull warm`: which images it pulls, and what it says."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.cli import main
from cdk_pull.units import format_bytes
from tests.image.registry.fake import Registry
from tests.image.registry.servers import Certificate, ecr_server, https_server, make_certificate, tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")

HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
OWN: Any = {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/quay/a/b:1"}


def _template(folder: Path, *images: Any) -> str:
    containers = [{"Name": f"c{number}", "Image": image} for number, image in enumerate(images)]
    rules = {
        "Quay": {
            "Type": "AWS::ECR::PullThroughCacheRule",
            "Properties": {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"},
        }
    }
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": containers}}
    path = folder / "t.template.json"
    path.write_text(json.dumps({"Resources": {**rules, "Task": task}}))
    return str(path)


def _here(tls: Certificate) -> tuple[str, ...]:
    return ("--account", "111122223333", "--region", "eu-west-1", "--ca-file", str(tls.certificate))


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["warm", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for the ECR registry."""
    return make_certificate(tmp_path_factory.mktemp("tls"), hosts=[HOST])


@pytest.fixture
def registry(tls: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """Run a registry that answers under the name of an Amazon ECR registry, with its API for the login."""
    token = base64.b64encode(b"AWS:secret").decode()
    api = ecr_server(200, {"authorizationData": [{"authorizationToken": token}]}, [])
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    made = Registry()
    with https_server(made.handler(), tls) as host, tunnel(host) as proxy, https_server(api, None) as ecr:
        for name, value in {
            "HTTPS_PROXY": f"http://{proxy}",
            "AWS_ENDPOINT_URL_ECR": f"http://{ecr}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "DOCKER_CONFIG": str(tmp_path),
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def _manifests(registry: Registry) -> list[str]:
    """Return the manifests that were asked for, in order."""
    return [path for path, _ in registry.asked if "/manifests/" in path]


def test_images_behind_a_rule_are_pulled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tls: Certificate, registry: Registry
) -> None:
    """An image behind a rule of the templates is pulled once, for its platform; other images are left alone."""
    path = _template(tmp_path, OWN, OWN, "nginx:1", f"{HOST}/own/web:1")
    code, out, err = _run(capsys, path, *_here(tls))
    assert (code, err) == (0, "")
    assert _manifests(registry) == ["/v2/quay/a/b/manifests/1"]
    digest = hashlib.sha256(registry.manifest).hexdigest()
    size = format_bytes(sum(each["size"] for each in json.loads(registry.manifest)["layers"]))
    assert out == (
        f"pulled   {HOST}/quay/a/b:1: sha256:{digest[:12]}, {size} compressed\n"
        "1 of 1 images behind pull-through caches are in the cache\n"
    )


def test_a_rule_that_is_in_no_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tls: Certificate, registry: Registry
) -> None:
    """--prefix counts the images below it, too, and JSON has the digests."""
    path = _template(tmp_path, f"{HOST}/own/web:1")
    code, out, _ = _run(capsys, path, *_here(tls), "--prefix", "own", "--json")
    digest = hashlib.sha256(registry.manifest).hexdigest()
    assert (code, json.loads(out)["pulled"]) == (0, {f"{HOST}/own/web:1": f"sha256:{digest}"})
    assert _manifests(registry) == ["/v2/own/web/manifests/1"]


def test_what_cannot_be_pulled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tls: Certificate, registry: Registry
) -> None:
    """An image that the registry does not have, or whose name is not known, is named, and the exit status is 1."""
    path = _template(tmp_path, f"{HOST}/quay/a/b:gone")
    code, _, err = _run(capsys, path, *_here(tls))
    message = "the registry has no image gone; check the name and the tag"
    assert (code, err) == (1, f"cdk-pull: {HOST}/quay/a/b:gone: {message}\n")
    path = _template(tmp_path, OWN)
    code, out, _ = _run(capsys, path)
    assert code == 1
    assert "its name is known at deployment only; pass --account and --region" in out
    assert len(_manifests(registry)) == 1


def test_nothing_to_pull(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Templates without an image behind a cache are fine, and say so."""
    code, out, _ = _run(capsys, _template(tmp_path, "nginx"))
    assert (code, out) == (0, "no task of these templates pulls through a cache\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--account", "7"], "account is malformed: '7'"),
        (["--region", "Oregon"], "Region is malformed: 'Oregon'"),
        (["--prefix", "A"], "prefix of a pull-through cache is malformed: 'A'"),
        (["nowhere"], "nowhere"),
        ([], "cdk.out"),
    ],
)
def test_invalid_input(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be right ends with status 2 and one line."""
    monkeypatch.chdir(tmp_path)
    code, _, err = _run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
