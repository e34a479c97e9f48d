from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.cli import main
from cdk_pull.fargate.estimate.measured import MeasuredGroup, MeasuredStart, save_measured
from cdk_pull.fargate.estimate.pulls import TaskImage
from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile, Layer
from cdk_pull.image.reference import ImageReference
from tests.image.registry.fake import Registry
from tests.image.registry.layouts import Image, layer, manifest_of
from tests.image.registry.servers import https_server, make_certificate

if TYPE_CHECKING:
    from pathlib import Path

_IMAGE = ["--compressed", "800MB", "--uncompressed", "2.4GB", "--cpu", "512", "--memory", "1024"]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(["plan", *arguments])
    output = capsys.readouterr()
    return leaving.value.code, output.out, output.err


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_run(capsys, *arguments, "--json")[1])
    return answer


def test_the_json_is_the_whole_picture(capsys: pytest.CaptureFixture[str]) -> None:
    """The image, the task, the noise, every size and the changes stand beside what `cdk-pull size` says."""
    answer = _json(capsys, *_IMAGE, "--target", "60s", "--region", "us-east-1")
    assert answer["image"] == {
        "name": "The task's images",
        "compressed_bytes": 800_000_000,
        "uncompressed_bytes": 2_400_000_000,
        "layers": 1,
        "compressions": ["gzip"],
    }
    assert answer["task"] == {
        "cpu": 512,
        "memory_mib": 1024,
        "architecture": "x86_64",
        "os": "linux",
        "region": "us-east-1",
        "target_seconds": 60.0,
        "hold": "expected",
        "max_usd_per_hour": None,
    }
    assert answer["choice"] == {"cpu": 4096, "memory_mib": 8192}
    assert answer["noise_seconds"]["high"] - answer["noise_seconds"]["low"] == pytest.approx(10)
    assert {"cpu": 4096, "memory_mib": 9216} in [
        {name: size[name] for name in ("cpu", "memory_mib")} for size in answer["sizes"]
    ]
    assert [way["image"] for way in answer["ways"]] == [
        "an image of half the size",
        "a SOCI index",
        "the image in zstd",
        "the image as it is",
    ]


@pytest.mark.parametrize(("target", "status"), [("60s", 0), ("10s", 1)])
def test_the_exit_status_answers_whether_the_target_is_met(
    capsys: pytest.CaptureFixture[str], target: str, status: int
) -> None:
    """0 when a size starts in time, 1 when none does; the picture says so once, with JSON standard error does."""
    code, out, err = _run(capsys, *_IMAGE, "--target", target)
    assert (code, "Where the time goes" in out, err) == (status, True, "")
    assert bool(_run(capsys, *_IMAGE, "--target", target, "--json")[2]) is bool(status)


def test_the_page_is_written_beside_the_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--html writes one file and prints the same as without it."""
    without = _run(capsys, *_IMAGE)
    assert _run(capsys, *_IMAGE, "--html", "plan.html") == without
    assert [path.name for path in tmp_path.iterdir()] == ["plan.html"]
    assert (tmp_path / "plan.html").read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no image: ''; allowed: IMAGE, or --compressed with a size"),
        (
            ["app:1", "--compressed", "1GB"],
            "--compressed is given beside an image: 'app:1'; allowed: one of the two",
        ),
        (
            ["app:1", "--compression", "zstd"],
            (
                "--uncompressed and --compression belong to --compressed, which is missing: 'app:1'; "
                "allowed: IMAGE alone, or --compressed with them"
            ),
        ),
        (
            ["--compressed", "1GB", "--target", "soon"],
            "--target is not a duration: 'soon'; allowed: seconds or minutes such as 60s or 1.5m",
        ),
    ],
)
def test_a_mistake_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """Bad input is exit status 2, with what is wrong and what is allowed."""
    assert _run(capsys, *arguments) == (2, "", f"cdk-pull: {message}\n")


def test_images_that_the_context_knows_are_not_asked_for_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The context's facts are used as they are; a layer that two images share counts once."""
    shared = Layer(compressed_bytes=100, uncompressed_bytes=300, digest="sha256:" + "a" * 64)
    context = {}
    for name, own in (("ghcr.io/some/app:1", "b"), ("ghcr.io/some/sidecar:1", "c")):
        layers = (shared, Layer(compressed_bytes=10, uncompressed_bytes=30, digest="sha256:" + own * 64))
        facts = ImageFacts(
            reference=name,
            digest="sha256:" + "d" * 64,
            profile=ImageProfile(layers=layers, digest="sha256:" + "e" * 64),
        )
        key = context_key(ImageReference.parse(name), Platform())
        context[key] = to_context(facts, date(2026, 11, 1))
    (tmp_path / "cdk.context.json").write_text(json.dumps(context), "utf-8")

    image = _json(capsys, "ghcr.io/some/app:1", "ghcr.io/some/sidecar:1")["image"]

    assert image == {
        "name": "ghcr.io/some/app:1, ghcr.io/some/sidecar:1",
        "compressed_bytes": 120,
        "uncompressed_bytes": 360,
        "layers": 3,
        "compressions": ["gzip"],
    }


def test_measured_starts_narrow_the_interval(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With --measured the estimate rests on one's own starts in the Region, and the notes say so."""
    name, digest = "ghcr.io/some/app:1", "sha256:" + "e" * 64
    profile = ImageProfile(
        layers=(Layer(compressed_bytes=10**9, uncompressed_bytes=3 * 10**9),), digest=digest
    )
    facts = ImageFacts(reference=name, digest=digest, profile=profile)
    context = {context_key(ImageReference.parse(name), Platform()): to_context(facts, date(2026, 11, 1))}
    (tmp_path / "cdk.context.json").write_text(json.dumps(context), "utf-8")
    starts = tuple(
        MeasuredStart(datetime(2026, 11, 1, tzinfo=UTC), f"t{i}", 12, 30 + i % 3, 4) for i in range(40)
    )
    group = MeasuredGroup(
        launch_type="FARGATE",
        region="eu-west-1",
        os="linux",
        cpu=1024,
        memory_mib=2048,
        images=(TaskImage(name, digest),),
        starts=starts,
        profile=profile,
    )
    save_measured(tmp_path / "starts.json", [group])
    task = (name, "--cpu", "1024", "--memory", "2048", "--region", "eu-west-1")

    prior, own = _json(capsys, *task), _json(capsys, *task, "--measured", "starts.json")

    widths = [answer["candidates"][0]["start_seconds"] for answer in (prior, own)]
    assert widths[1]["high"] - widths[1]["low"] < (widths[0]["high"] - widths[0]["low"]) / 2
    assert own["notes"][0] == "the pull rests on 40 measured pulls of this image in eu-west-1"


def test_measured_starts_need_a_region(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Starts of one Region say nothing of another one."""
    (tmp_path / "starts.json").write_text("{}", "utf-8")
    assert _run(capsys, *_IMAGE, "--measured", "starts.json") == (
        2,
        "",
        "cdk-pull: --measured needs the Region of the task: None; allowed: --region eu-west-1, or AWS_REGION in the environment\n",
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")
def test_other_images_are_looked_up_in_their_registry(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The registry says how large the layers are; an image that it does not have is an error with its name."""
    tls, registry = make_certificate(tmp_path), Registry()
    registry.tags["1"] = manifest_of(Image((layer("gzip"), layer("none", seed=2))), registry.store)
    registry.replies["/v2/missing/manifests/1"] = lambda _: (404, {}, b"")
    trust = ("--ca-file", str(tls.certificate))
    with https_server(registry.handler(), tls) as host:
        found = _json(capsys, f"{host}/app:1", *trust)
        missing = _run(capsys, f"{host}/missing:1", *trust)

    assert found["image"]["compressed_bytes"] == len(layer("gzip").data) + len(layer("none", seed=2).data)
    assert missing == (
        2,
        "",
        f"cdk-pull: {host}/missing:1: the registry has no image 1; check the name and the tag\n",
    )
