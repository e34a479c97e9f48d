"""`cdk-pull warm`: which images it pulls, and what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.cli import main, warm
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.profile import ImageProfile
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.many import LookUp

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_pull.cli._look_up import RegistryOptions
    from cdk_pull.image.platform import Platform
    from cdk_pull.image.reference import ImageReference

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


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["warm", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer for Amazon ECR, which no test reaches, and return what was asked for."""
    found: list[str] = []

    def answer(images: list[tuple[ImageReference, Platform | None]], _: RegistryOptions) -> list[LookUp]:
        results = []
        for reference, platform in images:
            found.append(f"{reference} {platform}")
            profile = ImageProfile.of_size(compressed_bytes=10**6)
            facts = ImageFacts(reference=str(reference), digest=f"sha256:{'a' * 64}", profile=profile)
            error = RegistryError(Problem.NOT_FOUND, f"{reference}: no such image")
            results.append(
                LookUp(reference, platform, error=error)
                if reference.tag == "gone"
                else LookUp(reference, platform, facts=facts)
            )
        return results

    monkeypatch.setattr(warm, "look_up", answer)
    return found


def test_images_behind_a_rule_are_pulled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str]
) -> None:
    """An image behind a rule of the templates is pulled once, for its platform; other images are left alone."""
    path = _template(tmp_path, OWN, OWN, "nginx:1", f"{HOST}/own/web:1")
    code, out, err = _run(capsys, path, "--account", "111122223333", "--region", "eu-west-1")
    assert (code, err) == (0, "")
    assert asked == [f"{HOST}/quay/a/b:1 linux/amd64"]
    assert out == (
        f"pulled   {HOST}/quay/a/b:1: sha256:aaaaaaaaaaaa, 1 MB compressed\n"
        "1 of 1 images behind pull-through caches are in the cache\n"
    )


def test_a_rule_that_is_in_no_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str]
) -> None:
    """--prefix counts the images below it, too, and JSON has the digests."""
    path = _template(tmp_path, f"{HOST}/own/web:1")
    code, out, _ = _run(
        capsys, path, "--account", "111122223333", "--region", "eu-west-1", "--prefix", "own", "--json"
    )
    assert (code, json.loads(out)["pulled"]) == (0, {f"{HOST}/own/web:1": f"sha256:{'a' * 64}"})
    assert asked == [f"{HOST}/own/web:1 linux/amd64"]


def test_what_cannot_be_pulled(tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str]) -> None:
    """An image that the registry does not have, or whose name is not known, is named, and the exit status is 1."""
    path = _template(tmp_path, f"{HOST}/quay/a/b:gone")
    code, _, err = _run(capsys, path, "--account", "111122223333", "--region", "eu-west-1")
    assert (code, err) == (1, f"cdk-pull: {HOST}/quay/a/b:gone: no such image\n")
    path = _template(tmp_path, OWN)
    code, out, _ = _run(capsys, path)
    assert code == 1
    assert "its name is known at deployment only; pass --account and --region" in out
    assert len(asked) == 1


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
