from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from cdk_pull.cli import main
from tests.image.registry.fake import Registry
from tests.image.registry.layouts import Image, layer, manifest_of
from tests.image.registry.servers import Certificate, https_server, make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for the registry."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def registry(tls: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """Run a registry over TLS that wants no password."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    made = Registry()
    with https_server(made.handler(), tls) as made.host:
        yield made


def run(capsys: pytest.CaptureFixture[str], tls: Certificate, *arguments: str) -> tuple[object, str, str]:
    """Run the command and return its exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as caught:
        main(["inspect", "--ca-file", str(tls.certificate), *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


def test_json(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """The layers, the sizes, and a start for each Fargate size; an image that fails is beside the others."""
    registry.replies["/v2/missing/manifests/1"] = lambda _: (404, {}, b"")
    images = (f"{registry.host}/app:1", f"{registry.host}/missing:1")
    status, out, err = run(capsys, tls, *images, "--region", "eu-west-1", "--json")
    answer = json.loads(out)
    (image,) = answer["images"]
    first, second = layer("gzip"), layer("none", seed=2)
    assert status == 1
    assert err == f"cdk-pull: {images[1]}: the registry has no image 1; check the name and the tag\n"
    assert answer["errors"] == [
        {"reference": images[1], "problem": "not-found", "error": err.strip().removeprefix("cdk-pull: ")}
    ]
    assert image["layers"] == [
        {
            "digest": blob.digest,
            "diff_id": blob.diff_id,
            "media_type": blob.media_type,
            "compression": compression,
            "compressed_bytes": len(blob.data),
            "uncompressed_bytes": blob.unpacked,
            "uncompressed_source": "measured",
            "step": None,
        }
        for blob, compression in ((first, "gzip"), (second, "none"))
    ]
    assert (image["compressed_bytes"], image["uncompressed_bytes"]) == (
        len(first.data) + len(second.data),
        first.unpacked + second.unpacked,
    )
    assert [row["cpu"] for row in image["candidates"]] == [256, 512, 1024, 2048, 4096, 8192, 16384, 32768]
    assert all(row["usd_per_hour"] > 0 for row in image["candidates"])


def test_text(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for a person: one table of layers, one of sizes."""
    ubuntu = {"org.opencontainers.image.ref.name": "ubuntu", "org.opencontainers.image.version": "24.04"}
    registry.tags["1"] = manifest_of(Image((layer("gzip"),), labels=ubuntu), registry.store)
    status, out, err = run(capsys, tls, f"{registry.host}/app:1")
    assert (status, err) == (0, "")
    assert "base: ubuntu 24.04\n" in out
    assert f"{layer('gzip').digest[7:19]}  gzip " in out
    assert "0.25 vCPU, 0.5 GB" in out
    assert "In brackets the interval: 80% of the starts." in out


def test_windows(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """An image on a servercore base says whether the hosts have it on the day."""
    registry.tags["1"] = manifest_of(
        Image((layer("gzip"),), os="windows", os_version="10.0.20348.5499"), registry.store
    )
    status, out, _ = run(
        capsys, tls, f"{registry.host}/app:1", "--platform", "windows/amd64", "--json", "--date", "2026-09-20"
    )
    (image,) = json.loads(out)["images"]
    assert status == 0
    assert (image["os_version"], image["base"]["status"]) == ("10.0.20348.5499", "unknown")
    assert [row["cpu"] for row in image["candidates"]] == [1024, 2048, 4096]


def test_an_architecture_that_fargate_does_not_run(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another architecture has layers and no start."""
    registry.tags["1"] = manifest_of(Image((layer("gzip"),), architecture="s390x"), registry.store)
    _, out, _ = run(capsys, tls, f"{registry.host}/app:1", "--platform", "linux/s390x")
    assert "Fargate runs amd64 and arm64, not s390x\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["App:1"], "cdk-pull: image reference has upper-case letters"),
        (
            ["app:1", "--platform", "beos"],
            "cdk-pull: platform of the image is not valid: 'beos'; allowed: 'linux/amd64'",
        ),
        (["app:1", "--date", "1"], "cdk-pull: date is malformed"),
    ],
)
def test_bad_input(
    tls: Certificate, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """What is typed wrongly is one line and status 2, before any registry is asked."""
    status, out, err = run(capsys, tls, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(message)


def test_the_step_that_made_each_layer(
    registry: Registry,
    tls: Certificate,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each layer stands with its instruction of the Dockerfile; steps without a layer are left out."""
    document = json.loads(registry.manifest)
    config = json.loads(registry.blobs[document["config"]["digest"]])
    config["history"] = [
        {"created_by": "/bin/sh -c #(nop) ADD file:abc in / "},
        {"created_by": 'CMD ["bash"]', "empty_layer": True},
        {"created_by": "RUN /bin/sh -c pip install -r requirements.txt " + "x" * 100 + " # buildkit"},
    ]
    document["config"] = registry.store(
        json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"
    )
    registry.tags["1"] = json.dumps(document).encode()
    monkeypatch.setenv("COLUMNS", "140")
    status, out, _ = run(capsys, tls, f"{registry.host}/app:1")
    assert status == 0
    steps = [line.rpartition("B  ")[2] for line in out.splitlines() if line[:12].isalnum() and "B  " in line]
    assert steps[:2] == ["ADD file:abc in /", "RUN pip install -r requirements.txt " + "x" * 35 + "…"]
    _, out, _ = run(capsys, tls, f"{registry.host}/app:1", "--json")
    (image,) = json.loads(out)["images"]
    assert [layer["step"] for layer in image["layers"]] == [
        "ADD file:abc in /",
        "RUN pip install -r requirements.txt " + "x" * 100,
    ]


def test_what_would_make_the_image_smaller(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The history of an image is advised on with the sizes of its layers; with its Dockerfile, by line."""
    document = json.loads(registry.manifest)
    config = json.loads(registry.blobs[document["config"]["digest"]])
    config["history"] = [{"created_by": "COPY a b"}, {"created_by": "RUN /bin/sh -c pip install flask"}]
    document["config"] = registry.store(
        json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"
    )
    registry.tags["1"] = json.dumps(document).encode()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a b\n\nRUN pip install flask\n")
    image = f"{registry.host}/app:1"
    size = document["layers"][1]["size"]
    for more, line in (((), None), (("--dockerfile", str(tmp_path)), 4)):
        status, out, _ = run(capsys, tls, image, *more, "--json")
        (answer,) = json.loads(out)["images"]
        assert (status, answer["not_evaluated"]) == (0, [])
        assert [(each["code"], each["line"], each["saves_bytes"]) for each in answer["advice"]] == [
            ("cache", line, size)
        ]
    _, out, _ = run(capsys, tls, image)
    assert "What would make it smaller\n  pip's cache stays in the layer of pip install\n" in out


def test_a_reference_that_is_none_beside_good_ones(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """A malformed reference is an error of its own with status 1; the others are shown."""
    status, out, err = run(capsys, tls, "App:1", f"{registry.host}/app:1", "--json")
    assert status == 1
    answer = json.loads(out)
    assert [image["reference"] for image in answer["images"]] == [f"{registry.host}/app:1"]
    assert answer["errors"] == [
        {"reference": "App:1", "problem": "reference", "error": err.strip().removeprefix("cdk-pull: ")}
    ]
