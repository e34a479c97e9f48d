"""`cdk-pull warm` against a real registry that caches another one, under the name of an Amazon ECR registry."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from cdk_pull.cli import main
from tests.image.registry.layouts import Image, layer, write_layout
from tests.image.registry.servers import (
    PASSWORD,
    USER,
    docker_registry,
    ecr_server,
    htpasswd_auth,
    https_server,
    make_certificate,
    missing_programs,
    push,
    tunnel,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.image.registry.servers import Certificate

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
STORED = "storage/docker/registry/v2/repositories"


TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for this machine and the ECR registry."""
    return make_certificate(tmp_path_factory.mktemp("tls"), hosts=[HOST])


@pytest.fixture
def cache(tls: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run a registry with two images and a cache of it that answers as Amazon ECR; yield the cache's folder."""
    upstream, folder = tmp_path / "upstream", tmp_path / "cache"
    upstream.mkdir()
    folder.mkdir()
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with (
        docker_registry(upstream, tls) as origin,
        docker_registry(folder, tls, htpasswd_auth(folder), upstream=origin) as host,
        tunnel(host) as proxy,
        https_server(
            ecr_server(200, {"authorizationData": [{"authorizationToken": TOKEN}]}, []), None
        ) as ecr,
    ):
        write_layout(tmp_path / "layout", "1", Image((layer("gzip"),)))
        push(tmp_path / "layout", "1", f"{origin}/quay/a/b:1", tls)
        for name, value in {
            "HTTPS_PROXY": f"http://{proxy}",
            "AWS_ENDPOINT_URL_ECR": f"http://{ecr}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "DOCKER_CONFIG": str(tmp_path),
        }.items():
            monkeypatch.setenv(name, value)
        yield folder


def _template(folder: Path, *images: str) -> str:
    rule = {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"}
    containers = [{"Name": f"c{number}", "Image": f"{HOST}/{image}"} for number, image in enumerate(images)]
    resources = {
        "Quay": {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": rule},
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": containers}},
    }
    path = folder / "t.template.json"
    path.write_text(json.dumps({"Resources": resources}))
    return str(path)


def test_an_image_is_in_the_cache_afterwards(
    cache: Path, tls: Certificate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cache has no manifest of the image before the command and has it after; what the upstream lacks is named."""
    manifest = cache / STORED / "quay" / "a" / "b" / "_manifests" / "tags" / "1"
    assert not manifest.exists()
    path = _template(tmp_path, "quay/a/b:1", "quay/a/b:gone")
    arguments = ["--account", "111122223333", "--region", "eu-west-1", "--ca-file", str(tls.certificate)]
    with pytest.raises(SystemExit) as caught:
        main(["warm", path, *arguments])
    out, err = capsys.readouterr()
    size = len(layer("gzip").data)
    assert (caught.value.code, err) == (
        1,
        f"cdk-pull: {HOST}/quay/a/b:gone: the registry has no image gone; check the name and the tag\n",
    )
    assert out.startswith(f"pulled   {HOST}/quay/a/b:1: sha256:")
    assert out.endswith("1 of 2 images behind pull-through caches are in the cache\n")
    assert f" {size / 1000:.3g} kB compressed\n" in out
    assert manifest.exists()
    assert not manifest.with_name("gone").exists()
