from __future__ import annotations

import base64
import json
import logging
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.cli import main
from tests.image.registry.fake import Registry, Reply
from tests.image.registry.layouts import Image, layer, manifest_of
from tests.image.registry.servers import Certificate, https_server, make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")

ROOT = Path(__file__).parents[2]
CUT = ["unshare", "--map-root-user", "--net"]
CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for the registry."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def registry(tls: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """Run a registry over TLS, and be in a folder of our own."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    made = Registry()
    with https_server(made.handler(), tls) as made.host:
        yield made


def run(capsys: pytest.CaptureFixture[str], tls: Certificate, *arguments: str) -> tuple[object, str, str]:
    """Run the command and return its exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as caught:
        main(["lookup", "--ca-file", str(tls.certificate), *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


def key(image: str, platform: str = "linux/amd64") -> str:
    """Return the context key of an image."""
    return f"cdk-pull:image:platform={platform}:ref={image.replace(':', '$:')}"


def assembly(*images: Any, missing: tuple[str, ...] = (), **properties: Any) -> None:
    """Write a cdk.out of one stack with one task definition for each image."""
    folder = Path("cdk.out")
    folder.mkdir(exist_ok=True)
    tasks = {
        f"Task{index}": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"ContainerDefinitions": [{"Name": "app", "Image": image}], **properties},
        }
        for index, image in enumerate(images)
    }
    (folder / "S.template.json").write_text(json.dumps({"Resources": tasks}))
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111122223333/eu-west-1",
        "properties": {"templateFile": "S.template.json"},
    }
    manifest = {
        "version": "55.0.0",
        "artifacts": {"S": stack},
        "missing": [{"key": each, "provider": "x", "props": {}} for each in missing],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def context() -> dict[str, Any]:
    """Return what the context file holds."""
    content: dict[str, Any] = json.loads(Path("cdk.context.json").read_text())
    return content


def test_what_is_looked_up(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """Images of tasks and missing keys are looked up; what only the deployment knows is told; others' keys stay."""
    image, asset = (
        f"{registry.host}/app:1",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/cdk-hnb659fds-container-assets-1-eu-west-1:abc",
    )
    wanted = key(f"{registry.host}/other:1")
    assembly(image, image, asset, {"Ref": "Parameter"}, missing=(wanted, "vpc-provider:account=1"))
    Path("cdk.context.json").write_text('{\n  "vpc-provider:account=1": 1\n}\n')
    status, out, err = run(capsys, tls, "--app", "cdk.out")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"found    {registry.host}/other:1 (linux/amd64): 2 layers, 71.6 kB compressed",
        f"found    {image} (linux/amd64): 2 layers, 71.6 kB compressed",
        f"left out {asset}: an asset is pushed at the deployment",
        "left out ${Parameter}: only the deployment knows its name (Parameter is not in the template)",
        "2 found, 0 known already, 0 failed; cdk.context.json written",
    ]
    assert list(context()) == [key(image), wanted, "vpc-provider:account=1"]
    found = context()[wanted]
    first, second = layer("gzip"), layer("none", seed=2)
    assert found == {
        "architecture": "amd64",
        "digest": found["manifestDigest"],
        "layers": [
            {
                "compressedBytes": len(blob.data),
                "compression": compression,
                "digest": blob.digest,
                "uncompressedBytes": blob.unpacked,
                "uncompressedSource": "measured",
            }
            for blob, compression in ((first, "gzip"), (second, "none"))
        ],
        "lookedUp": datetime.now(UTC).astimezone().date().isoformat(),
        "manifestDigest": found["manifestDigest"],
        "os": "linux",
        "platforms": ["linux/amd64"],
    }
    asked = len(registry.asked)
    status, out, _ = run(capsys, tls, "--app", "cdk.out")
    assert (status, len(registry.asked)) == (0, asked)
    assert out.endswith("0 found, 2 known already, 0 failed; cdk.context.json is as it was\n")


def test_platforms(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """Each task's image is looked up for the platform that the task runs on."""
    registry.tags["arm"] = manifest_of(Image((layer("gzip"),), architecture="arm64"), registry.store)
    assembly(f"{registry.host}/app:arm", RuntimePlatform={"CpuArchitecture": "ARM64"})
    assert run(capsys, tls, "--app", "cdk.out")[0] == 0
    windows = Image((layer("gzip"),), os="windows", os_version="10.0.20348.5499")
    registry.tags["win"] = manifest_of(windows, registry.store)
    family = {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "CpuArchitecture": "X86_64"}
    assembly(f"{registry.host}/app:win", RuntimePlatform=family)
    assert run(capsys, tls, "--app", "cdk.out")[0] == 0
    assert list(context()) == [
        key(f"{registry.host}/app:arm", "linux/arm64"),
        key(f"{registry.host}/app:win", "windows(10.0.20348)/amd64"),
    ]


def test_a_platform_that_is_missing(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """An image that is not built for the task's platform is a failure, and the check knows from then on what it is built for."""
    image = f"{registry.host}/app:1"
    assembly(image, RuntimePlatform={"CpuArchitecture": "ARM64"}, Cpu="256", Memory="512")
    status, out, err = run(capsys, tls, "--app", "cdk.out")
    assert (status, err) == (
        1,
        (
            f"cdk-pull: {image} is not built for linux/arm64; it is built for linux/amd64; choose one with --platform, or build "
            "the image for linux/arm64\n"
        ),
    )
    assert out.splitlines() == [
        f"found    {image} (linux/amd64): 2 layers, 71.6 kB compressed",
        "1 found, 0 known already, 1 failed; cdk.context.json written",
    ]
    assert list(context()) == [key(image)]
    with pytest.raises(SystemExit):
        main(["check", "cdk.out", "--select", "PULL211"])
    said = "the image of app is built for linux/amd64, and the task runs on linux/arm64"
    assert said in capsys.readouterr().out

    registry.tags["1"] = manifest_of(Image((layer("gzip"),), architecture="arm64"), registry.store)
    assert run(capsys, tls, "--app", "cdk.out", "--prune")[0] == 0
    assert list(context()) == [key(image, "linux/arm64")]
    with pytest.raises(SystemExit) as caught:
        main(["check", "cdk.out", "--select", "PULL211"])
    assert (caught.value.code, capsys.readouterr().out) == (0, "nothing found in 1 resource\n")


def test_a_moved_tag(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """A refresh reports a tag that stands for something else now, and leaves one that does not as it was."""
    images = (f"{registry.host}/app:1", f"{registry.host}/app:2")
    registry.tags["2"] = registry.manifest
    assembly(*images)
    run(capsys, tls, "--app", "cdk.out")
    text = (
        Path("cdk.context.json").read_text().replace(str(datetime.now(UTC).astimezone().date()), "2026-01-02")
    )
    Path("cdk.context.json").write_text(text)
    before = context()[key(images[0])]["digest"]
    registry.tags["1"] = manifest_of(Image((layer("gzip", seed=7),)), registry.store)
    status, out, _ = run(capsys, tls, "--app", "cdk.out", "--refresh", "--json")
    answer = json.loads(out)
    assert status == 0
    after = context()[key(images[0])]
    assert answer["moved"] == {
        f"{images[0]} (linux/amd64)": f"was {before} on 2026-01-02, is {after['digest']}"
    }
    assert (answer["kept"], answer["written"]) == (1, True)
    assert after["lookedUp"] != "2026-01-02"
    assert context()[key(images[1])]["lookedUp"] == "2026-01-02"


def test_a_failure(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """What fails is told at the end with status 1, and the others are written."""
    registry.replies["/v2/missing/manifests/1"] = lambda _: (404, {}, b"")
    assembly(f"{registry.host}/missing:1", f"{registry.host}/app:1")
    status, out, err = run(capsys, tls, "--app", "cdk.out")
    assert status == 1
    assert (
        err
        == f"cdk-pull: {registry.host}/missing:1: the registry has no image 1; check the name and the tag\n"
    )
    assert out.endswith("1 found, 0 known already, 1 failed; cdk.context.json written\n")
    assert list(context()) == [key(f"{registry.host}/app:1")]


def test_prune(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """Images that the app no longer has are removed, and nothing of others."""
    assembly(f"{registry.host}/app:1")
    gone = key("docker.io/library/gone:1")
    Path("cdk.context.json").write_text(json.dumps({gone: {}, "vpc-provider:a=1": 2}))
    status, out, _ = run(capsys, tls, "--app", "cdk.out", "--prune")
    assert status == 0
    assert "removed  docker.io/library/gone:1 (linux/amd64)\n" in out
    assert list(context()) == [key(f"{registry.host}/app:1"), "vpc-provider:a=1"]


@pytest.mark.parametrize(
    ("files", "arguments", "message"),
    [
        (
            {},
            [],
            "cdk-pull: app is missing: None; allowed: PATH, a cdk.out or a command with --app, or app in cdk.json\n",
        ),
        (
            {"cdk.json": "["},
            [],
            "cdk-pull: cdk.json is not JSON (Expecting value: line 1 column 2 (char 1)): 'cdk.json'; allowed: the settings of the CDK CLI\n",
        ),
        (
            {"cdk.context.json": "1"},
            ["--app", "true"],
            "cdk-pull: context file is not a JSON object: 'cdk.context.json'; allowed: what CDK writes\n",
        ),
        (
            {"cdk.json": '{"app": "exit 3"}'},
            [],
            "cdk-pull: the app ended with status 3 and no cloud assembly: exit 3; fix it, or name a cdk.out with --app\n",
        ),
    ],
)
def test_bad_input(
    tls: Certificate,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    files: dict[str, str],
    arguments: list[str],
    message: str,
) -> None:
    """No app, or one that fails, is one line and status 2."""
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        Path(name).write_text(text)
    assert run(capsys, tls, *arguments) == (2, "", message)


APP = """
import sys
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from cdk_pull.cdk.images.image_lookup import look_up_image

image = sys.argv[1]
app = cdk.App()
stack = cdk.Stack(app, "S", env=cdk.Environment(account="111122223333", region="eu-west-1"))
task = ecs.FargateTaskDefinition(stack, "Task", cpu=256, memory_limit_mib=512)
task.add_container("app", image=ecs.ContainerImage.from_registry(image))
profile = look_up_image(stack, image)
cdk.CfnOutput(stack, "Bytes", value=str(profile and profile.compressed_bytes))
app.synth()
"""


@pytest.mark.long
@pytest.mark.skipif(not CLI.exists(), reason="not installed: the CDK CLI (make install)")
def test_with_the_cdk_cli(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """Empty context: synth says what to run; lookup; then synth needs no network and is the same twice; reset forgets."""
    image = f"{registry.host}/app:1"
    Path("app.py").write_text(APP)
    Path("cdk.json").write_text(
        json.dumps({"app": f"{sys.executable} app.py {image}", "versionReporting": False})
    )

    first = cdk("synth")
    assert first.returncode != 0
    ours, of_the_cli = first.stderr.strip().splitlines()
    assert ours == (
        f"cdk-pull: {image} (linux/amd64) has not been looked up: run `cdk-pull lookup` in the folder of cdk.json and "
        "commit cdk.context.json (the CDK CLI cannot look images up and stops here; it needs no update)"
    )
    assert of_the_cli.startswith(
        "Unrecognized context provider name: cdk-pull:image. You might need to update"
    )
    assert not Path("cdk.context.json").exists()
    assert cdk("synth", "--no-lookups").stderr.count(f"Missing context keys: '{key(image)}'") == 1

    status, out, _ = run(capsys, tls)
    assert (status, out.count("found ")) == (0, 1)
    registry.asked.clear()
    templates = []
    for _ in range(2):
        done = cdk("synth", "--no-lookups")
        assert done.returncode == 0, done.stderr
        templates.append(Path("cdk.out/S.template.json").read_bytes())
    assert templates[0] == templates[1]
    total = len(layer("gzip").data) + len(layer("none", seed=2).data)
    assert json.loads(templates[0])["Outputs"]["Bytes"]["Value"] == str(total)
    assert registry.asked == []
    if _has_namespaces():
        done = cdk("synth", network=False)
        assert done.returncode == 0, done.stderr
        assert Path("cdk.out/S.template.json").read_bytes() == templates[0]

    assert list(json.loads(cdk("context", "--json").stdout)) == [key(image)]
    assert cdk("context", "--reset", key(image)).returncode == 0
    assert context() == {}
    assert cdk("synth").returncode != 0


def _has_namespaces() -> bool:
    """Tell whether a command can be run here with its network cut."""
    return shutil.which("unshare") is not None and subprocess.run([*CUT, "true"], check=False).returncode == 0


def cdk(*arguments: str, network: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the CDK CLI here, if asked in a namespace that has no network at all."""
    command = [] if network else CUT
    command = [*command, os.environ.get("JSII_NODE", "node"), str(CLI), *arguments, "--no-notices"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_no_secret_is_kept(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A password that opens the registry is in no file, no output and no log; nor when the registry then fails."""
    secret = base64.b64encode(b"alice:s3cret-pass-word").decode()
    Path("config.json").write_text(json.dumps({"auths": {registry.host: {"auth": secret}}}))
    caplog.set_level(logging.DEBUG)
    path = "/v2/app/manifests/1"
    manifest = registry.tags["1"]

    def answer(_: int) -> Reply:
        if registry.asked[-1][1] == f"Basic {secret}":
            return 200, {}, manifest
        return 401, {"WWW-Authenticate": 'Basic realm="r"'}, b""

    registry.replies[path] = answer
    registry.replies["/v2/broken/manifests/1"] = lambda _: (401, {"WWW-Authenticate": 'Basic realm="r"'}, b"")
    assembly(f"{registry.host}/app:1", f"{registry.host}/broken:1")
    status, out, err = run(capsys, tls, "--app", "cdk.out")
    assert status == 1
    assert list(context()) == [key(f"{registry.host}/app:1")]
    files = [each for each in Path().rglob("*") if each.is_file() and each.name != "config.json"]
    texts = [out, err, caplog.text, *(each.read_text() for each in files)]
    for word in (secret, "s3cret-pass-word"):
        assert not [text for text in texts if word in text]


def test_an_account_for_stacks_that_name_none(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an account and a Region the images of stacks for any environment have a name."""
    assembly({"Fn::Sub": f"{registry.host}/app-${{AWS::AccountId}}-${{AWS::Region}}:1"})
    manifest = Path("cdk.out/manifest.json")
    manifest.write_text(
        manifest.read_text().replace("aws://111122223333/eu-west-1", "aws://unknown-account/unknown-region")
    )
    assert "0 found" in run(capsys, tls, "--app", "cdk.out")[1]
    status, _, err = run(
        capsys, tls, "--app", "cdk.out", "--account", "444455556666", "--region", "us-east-1"
    )
    assert (status, err) == (0, "")
    assert list(context()) == [key(f"{registry.host}/app-444455556666-us-east-1:1")]


TEMPLATE = """\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - {Name: app, Image: %s}
"""


def test_a_template(registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]) -> None:
    """The images of CloudFormation templates are looked up without any app, and `check` reads the facts."""
    image = f"{registry.host}/app:1"
    Path("template.yaml").write_text(TEMPLATE % image)
    status, out, err = run(capsys, tls, "template.yaml")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"found    {image} (linux/amd64): 2 layers, 71.6 kB compressed",
        "1 found, 0 known already, 0 failed; cdk.context.json written",
    ]
    assert list(context()) == [key(image)]


def test_templates_of_which_one_cannot_be_read(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """A template that cannot be read is told with status 1, and the images of the others are written."""
    Path("good.yaml").write_text(TEMPLATE % f"{registry.host}/app:1")
    Path("bad.yaml").write_text("[")
    status, out, err = run(capsys, tls, "good.yaml", "bad.yaml", "--json")
    assert status == 1
    assert err.startswith("cdk-pull: bad.yaml")
    assert err.count("\n") == 1
    answer = json.loads(out)
    assert [*answer["unread"], ""] == err.replace("cdk-pull: ", "").split("\n")
    assert answer["found"] == [f"{registry.host}/app:1 (linux/amd64)"]
    status, out, err = run(capsys, tls, "bad.yaml")
    assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.yaml", "--app", "cdk.out"], "--app is given beside a PATH: 'cdk.out'; allowed: one of the two"),
        (["t.yaml", "--timeout", "soon"], "--timeout is not a duration: 'soon'; allowed: seconds or minutes such as 60s or 1.5m"),
        (["t.yaml", "--timeout", "0"], "--timeout is too short: '0'; allowed: more than 0s"),
        (["t.yaml", "--region", "x"], "unknown Region: 'x'; allowed: the name of an AWS Region, such as us-east-1"),
    ],
)  # fmt: skip
def test_bad_options(
    registry: Registry,
    tls: Certificate,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    """What is typed wrongly is one line and status 2, before any registry is asked."""
    Path("t.yaml").write_text(TEMPLATE % f"{registry.host}/app:1")
    assert run(capsys, tls, *arguments) == (2, "", f"cdk-pull: {message}\n")
    assert registry.asked == []


def test_twenty_good_images_beside_a_bad_one(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the twenty-first does, twenty images are written: no port, no host, no answer, no end."""
    good = [f"{registry.host}/good{number}:1" for number in range(20)]
    registry.slow.add("/v2/slow/manifests/1")
    bad = [f"{registry.host}/slow:1", "127.0.0.1:99999/app:1", "xn--a.example:1/app:1"]
    assembly(*bad, *good)
    status, out, err = run(capsys, tls, "--app", "cdk.out", "--timeout", "8s")
    assert status == 1
    assert list(context()) == sorted(map(key, good))
    assert out.endswith("20 found, 0 known already, 3 failed; cdk.context.json written\n")
    assert err.splitlines() == [
        f"cdk-pull: {bad[0]} was not read within the 8 s of this run; raise the limit with --timeout",
        f"cdk-pull: {bad[1]}: https://127.0.0.1:99999/v2/app/manifests/1 is not a valid address; allowed: a host name, and a port from 1 to 65535; check the name of the registry",
        f"cdk-pull: {bad[2]}: https://xn--a.example:1/v2/app/manifests/1 is not a valid address; allowed: a host name, and a port from 1 to 65535; check the name of the registry",
    ]


def test_what_another_look_up_writes_meanwhile_stays(
    registry: Registry, tls: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    """What CDK or another look-up adds while this one asks the registry is in the file afterwards."""
    other = key("docker.io/library/other:1")

    def answer(_: int) -> Reply:
        Path("cdk.context.json").write_text(json.dumps({"vpc-provider:x": 1, other: {"digest": "d"}}))
        return 200, {}, registry.manifest

    registry.replies["/v2/app/manifests/1"] = answer
    assembly(f"{registry.host}/app:1")
    assert run(capsys, tls, "--app", "cdk.out")[0] == 0
    assert context().keys() == {"vpc-provider:x", other, key(f"{registry.host}/app:1")}
