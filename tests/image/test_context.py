from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.context import (
    PROVIDER,
    ContextFile,
    StoredFacts,
    context_key,
    facts_from_context,
    parse_key,
    to_context,
)
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.image.reference import ImageReference

if TYPE_CHECKING:
    from datetime import date

DIGEST = "sha256:" + "a" * 64
NGINX = ImageReference.parse("nginx:1.27")
LINUX = Platform()
KEY = "cdk-pull:image:platform=linux/amd64:ref=docker.io/library/nginx$:1.27"

digests = st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")
layers = st.builds(
    Layer,
    compressed_bytes=st.integers(0, 2**40),
    uncompressed_bytes=st.none() | st.integers(0, 2**44),
    compression=st.sampled_from(Compression),
    digest=st.just("") | digests,
    uncompressed_source=st.sampled_from(["measured", "estimated"]),
)
profiles = st.builds(
    ImageProfile,
    layers=st.lists(layers, max_size=5).map(tuple),
    os=st.sampled_from(["linux", "windows"]),
    architecture=st.sampled_from(["amd64", "arm64"]),
    os_version=st.sampled_from(["", "10.0.20348.1906"]),
    digest=st.just("") | digests,
)


platforms = st.lists(
    st.sampled_from([Platform(), Platform(architecture="arm64"), Platform("windows")]), unique=True
)


@given(profiles, digests, st.text(max_size=10), platforms, st.dates())
def test_round_trip(
    profile: ImageProfile, digest: str, base: str, platforms: list[Platform], day: date
) -> None:
    """What is written to the context is read back, through JSON."""
    facts = ImageFacts(
        reference=str(NGINX), digest=digest, profile=profile, base=base, platforms=tuple(platforms)
    )
    context = json.loads(json.dumps({KEY: to_context(facts, day)}))
    assert facts_from_context(context, NGINX, LINUX) == StoredFacts(facts, day)


def test_keys() -> None:
    """The key is CDK's own form, the same for the short name and the long one, and is read back."""
    assert context_key(NGINX, LINUX) == KEY
    assert (
        context_key(ImageReference.parse("docker.io/library/nginx:1.27"), Platform.parse("linux/x86_64"))
        == KEY
    )
    assert parse_key(KEY) == (NGINX, LINUX)
    windows = (
        ImageReference.parse(f"localhost:5000/a/b:c@{DIGEST}"),
        Platform.parse("windows(10.0.20348)/amd64"),
    )
    assert parse_key(context_key(*windows)) == windows


@pytest.mark.parametrize(
    "key",
    [
        "",
        "vpc-provider:account=1",
        "cdk-pull:image:",
        "cdk-pull:image:ref=a",
        KEY + ":x=y",
        KEY.replace("$:", ":"),
        KEY.replace("library/", ""),
    ],
)
def test_keys_that_are_none(key: str) -> None:
    """A key that would not be written is refused."""
    with pytest.raises(InvalidValueError, match="context key of an image is malformed"):
        parse_key(key)


def test_nothing_known() -> None:
    """An image that nobody has looked up is None, another platform's facts are not taken for it."""
    assert facts_from_context({}, NGINX, LINUX) is None
    value = {"layers": [], "os": "linux", "architecture": "amd64", "digest": DIGEST, "lookedUp": "2026-11-23"}
    assert facts_from_context({KEY: value}, NGINX, Platform(architecture="arm64")) is None
    assert facts_from_context({KEY: value}, NGINX, LINUX) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"layers": None}, {"layers": [1]}, {"layers": [{}]}, {"os": "beos"}, {"os": 1}, {"digest": 1},
        {"lookedUp": "soon"}, {"lookedUp": 1}, {"base": []},
        {"layers": [{"compressedBytes": True, "compression": "gzip", "uncompressedSource": "measured"}]},
        {"layers": [{"compressedBytes": -1, "compression": "gzip", "uncompressedSource": "measured"}]},
        {"layers": [{"compressedBytes": 1, "compression": "lz4", "uncompressedSource": "measured"}]},
        {"layers": [{"compressedBytes": 1, "compression": "gzip", "uncompressedSource": "felt"}]},
    ],
)  # fmt: skip
def test_edited_values(change: dict[str, Any]) -> None:
    """A value that somebody edited is an error that names the key and the command."""
    value = {"layers": [], "os": "linux", "architecture": "amd64", "digest": DIGEST, "lookedUp": "2026-11-23"}
    with pytest.raises(InvalidValueError) as error:
        facts_from_context({KEY: value | change}, NGINX, LINUX)
    assert str(error.value).startswith(f"context value of {KEY} is not what cdk-pull writes: ")
    assert "cdk-pull lookup --refresh looks it up again" in str(error.value)


def test_a_file_of_others(tmp_path: Path) -> None:
    """Others' keys keep their order and text; ours come after them, sorted, in CDK's style."""
    path = tmp_path / "cdk.context.json"
    others = '{\n  "z": [\n    1,\n    "é"\n  ],\n  "availability-zones:account=1": {\n    "a": null\n  }'
    path.write_text(others + "\n}\n", encoding="utf-8")
    path.chmod(0o640)
    file = ContextFile(path)
    file.content["cdk-pull:image:platform=b"] = {"b": 1}
    file.content["cdk-pull:image:platform=a"] = {}
    assert file.save()
    ours = ',\n  "cdk-pull:image:platform=a": {},\n  "cdk-pull:image:platform=b": {\n    "b": 1\n  }\n}\n'
    assert path.read_text(encoding="utf-8") == others + ours
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["cdk.context.json"]
    assert not file.save()


def test_a_sorted_file_stays_sorted(tmp_path: Path) -> None:
    """In a file that is sorted ours take their place."""
    path = tmp_path / "cdk.context.json"
    path.write_text('{"a": 1, "vpc-provider:x": 2}')
    file = ContextFile(path)
    file.content[KEY] = {}
    file.save()
    assert list(json.loads(path.read_text())) == ["a", KEY, "vpc-provider:x"]


def test_files_that_are_no_context(tmp_path: Path) -> None:
    """Something else than an object is refused, and nothing is written over it."""
    path = tmp_path / "cdk.context.json"
    for text in ("[]", "{", "[" * 100_000):
        path.write_text(text)
        with pytest.raises(InvalidValueError, match=r"context file is not (a JSON object|JSON \()"):
            ContextFile(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the file, which is as it was."""
    file = ContextFile(tmp_path / "cdk.context.json")
    file.content["a"] = 1
    tmp_path.chmod(0o500)
    with pytest.raises(UnsupportedError, match=r"cdk\.context\.json cannot be written"):
        file.save()


def test_what_others_write_meanwhile_stays(tmp_path: Path) -> None:
    """A save merges its own keys into the file as it is then: another's new key stays, another's removal too."""
    path = tmp_path / "cdk.context.json"
    other, gone = (
        f"{PROVIDER}:platform=linux/amd64:ref=docker.io/library/other",
        f"{PROVIDER}:platform=x:ref=gone",
    )
    path.write_text(json.dumps({"vpc-provider:x": 1, "az:y": 2, gone: {}}))
    file = ContextFile(path)
    file.content[KEY] = {"digest": "a"}
    del file.content[gone]
    path.write_text(json.dumps({"vpc-provider:x": 3, gone: {}, other: {"digest": "b"}}))
    assert file.save()
    assert json.loads(path.read_text()) == {"vpc-provider:x": 3, KEY: {"digest": "a"}, other: {"digest": "b"}}
    assert not file.save()


def test_half_a_character_stays_what_it_is(tmp_path: Path) -> None:
    """Half a surrogate pair in another's value is written as JSON writes it."""
    path = tmp_path / "cdk.context.json"
    path.write_text('{"x": "\\ud83d"}')
    file = ContextFile(path)
    file.content[KEY] = {}
    assert file.save()
    assert '"x": "\\ud83d"' in path.read_text()


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity"])
def test_numbers_that_would_be_written_back_as_others(tmp_path: Path, number: str) -> None:
    """A number that no float holds is refused, and the file is as it was."""
    path = tmp_path / "cdk.context.json"
    path.write_text(f'{{"x": {number}}}')
    with pytest.raises(InvalidValueError) as error:
        ContextFile(path)
    assert str(error.value) == (
        f"context file is not JSON ({number} is not a finite number): {str(path)!r}; allowed: what CDK writes"
    )


def test_a_file_that_is_half_written_is_read_again(tmp_path: Path) -> None:
    """The CDK CLI writes in place: a part of the file is not taken for its whole."""
    path = tmp_path / "cdk.context.json"
    path.write_text('{"x":')
    timer = threading.Timer(0.03, path.write_text, ['{"x": 1}'])
    timer.start()
    try:
        assert ContextFile(path).content == {"x": 1}
    finally:
        timer.join()


def test_a_context_that_is_a_device_is_refused() -> None:
    """What has no end is not read."""
    with pytest.raises(InvalidValueError, match="context file is not a regular file: '/dev/zero'"):
        ContextFile(Path("/dev/zero"))
