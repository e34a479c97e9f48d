"""Image facts in ``cdk.context.json``: looked up once by a command, committed, and read at every synth since.

The keys are of CDK's own form, ``provider:name=value:name=value``, so that ``cdk context`` lists them and
``cdk context --reset`` removes them.
"""

from __future__ import annotations

import json
import time
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import parse_json, read_regular_file
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.image.reference import ImageReference
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "PROVIDER",
    "ContextFile",
    "StoredFacts",
    "context_key",
    "facts_from_context",
    "is_ours",
    "parse_key",
    "to_context",
]

PROVIDER: Final = "cdk-pull:image"
"""What CDK calls the context provider of these keys."""

_AGAIN: Final = "cdk-pull lookup --refresh looks it up again"
_PARTS: Final = 2
_READS: Final = 5
_READ_AGAIN_SECONDS: Final = 0.02
_SURROGATE: Final = lazy_pattern("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """Facts of the context.

    Attributes:
        facts: of the image.
        looked_up: the day of the look-up; a tag may have moved since.
    """

    facts: ImageFacts
    looked_up: date


def context_key(reference: ImageReference, platform: Platform) -> str:
    """Return the key of an image's facts; one image under its short and its long name has one key."""
    return f"{PROVIDER}:platform={_quoted(str(platform))}:ref={_quoted(str(reference))}"


def is_ours(key: str) -> bool:
    """Tell whether a context key is one of an image's facts."""
    return key.startswith(f"{PROVIDER}:")


def parse_key(key: str) -> tuple[ImageReference, Platform]:
    """Return the image and the platform of a key.

    Raises:
        InvalidValueError: for a key that `context_key` would not write.
    """
    parts = key.removeprefix(f"{PROVIDER}:").replace("$:", "\0").split(":")
    fields = dict(part.replace("\0", ":").split("=", 1) for part in parts if "=" in part)
    if is_ours(key) and len(parts) == _PARTS and fields.keys() == {"platform", "ref"}:
        found = ImageReference.parse(fields["ref"]), Platform.parse(fields["platform"])
        if context_key(*found) == key:
            return found
    raise InvalidValueError(
        "context key of an image is malformed", key, allowed=f"'{PROVIDER}:platform=…:ref=…'"
    )


def to_context(facts: ImageFacts, looked_up: date) -> dict[str, Any]:
    """Return the value that the context keeps for an image."""
    profile = facts.profile
    value: dict[str, Any] = {
        "architecture": profile.architecture,
        "base": facts.base,
        "digest": facts.digest,
        "layers": [_layer_to_context(layer) for layer in profile.layers],
        "lookedUp": looked_up.isoformat(),
        "manifestDigest": profile.digest,
        "os": profile.os,
        "osVersion": profile.os_version,
    }
    if facts.platforms:
        value["platforms"] = list(map(str, facts.platforms))
    return {name: content for name, content in value.items() if content != ""}


def facts_from_context(
    context: Mapping[str, Any], reference: ImageReference, platform: Platform
) -> StoredFacts | None:
    """Return what the context knows of an image, or None when nobody has looked it up.

    Raises:
        InvalidValueError: if the value was edited into something else; the message names the command to fix it.
    """
    key = context_key(reference, platform)
    value = context.get(key)
    if value is None:
        return None
    return _read(key, value, str(reference))


class ContextFile:
    """A ``cdk.context.json``, whose keys of image facts may be changed while others change theirs.

    Attributes:
        path: of the file, which need not exist.
        content: every key and value, others' too. Change image facts only; what else is changed here is not saved.

    Raises:
        InvalidValueError: if the file is not a JSON object that JavaScript reads the same.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = _read_context(path)
        self._before = dict(self.content)

    @property
    def ours(self) -> list[str]:
        """The keys of image facts, sorted."""
        return sorted(key for key in self.content if is_ours(key))

    def save(self) -> bool:
        """Write the changes in CDK's style, and tell whether there were any.

        The file is locked and read again first: what CDK or another look-up has written since stays. Keys of others
        keep their value and order; image facts are sorted, within a file that is sorted or after it.

        Raises:
            InvalidValueError: if the file has become something else than a context.
            UnsupportedError: if it cannot be written; it is then as it was.
        """
        changed = {
            key: value
            for key, value in self.content.items()
            if is_ours(key) and (key not in self._before or self._before[key] != value)
        }
        removed = {key for key in self._before if is_ours(key)} - self.content.keys()
        if not changed and not removed:
            return False
        from cdk_pull.data.writing import update_whole  # noqa: PLC0415 - most only read

        def merge() -> str | None:
            before = _read_context(self.path)
            after = {key: value for key, value in before.items() if key not in removed} | changed
            self.content = _in_order(after)
            return None if after == before else _to_json(self.content)

        update_whole(self.path, merge)
        self._before = dict(self.content)
        return True


def _in_order(content: dict[str, Any]) -> dict[str, Any]:
    others = [key for key in content if not is_ours(key)]
    ours = sorted(key for key in content if is_ours(key))
    order = sorted(content) if others == sorted(others) else [*others, *ours]
    return {key: content[key] for key in order}


def _to_json(content: dict[str, Any]) -> str:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # Half a surrogate pair is a string in JSON and JavaScript, and no character that a file could hold.
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _read_context(path: Path) -> dict[str, Any]:
    """Return what a context file holds; nothing when there is none."""
    wrong = ""
    for attempt in range(_READS):
        try:
            data = read_regular_file(path, "context file")
        except FileNotFoundError:
            return {}
        try:
            content = parse_json(data)
        except ValueError as error:
            wrong = f"context file is not JSON ({error})"
        else:
            if isinstance(content, dict):
                return content
            wrong = "context file is not a JSON object"
        # The CDK CLI does not replace the file in one step: it may be half written.
        if attempt < _READS - 1:
            time.sleep(_READ_AGAIN_SECONDS)
    raise InvalidValueError(wrong, str(path), allowed="what CDK writes")


def _quoted(value: str) -> str:
    """Quote a value as CDK's ContextProvider does."""
    return value.replace(":", "$:")


def _layer_to_context(layer: Layer) -> dict[str, Any]:
    value = {
        "compressedBytes": layer.compressed_bytes,
        "compression": str(layer.compression),
        "digest": layer.digest,
        "uncompressedBytes": layer.uncompressed_bytes,
        "uncompressedSource": layer.uncompressed_source,
    }
    return {name: content for name, content in value.items() if content not in ("", None)}


def _read(key: str, value: Any, reference: str) -> StoredFacts:
    try:
        profile = ImageProfile(
            layers=tuple(_layer_from_context(layer) for layer in value["layers"]),
            os=Platform.of(value["os"], value["architecture"]).os,
            architecture=_text(value["architecture"]),
            os_version=_text(value.get("osVersion", "")),
            digest=_text(value.get("manifestDigest", "")),
        )
        facts = ImageFacts(
            reference=reference,
            digest=_text(value["digest"]),
            profile=profile,
            base=_text(value.get("base", "")),
            # What was looked up by an earlier version has none.
            platforms=tuple(Platform.parse(_text(each)) for each in value.get("platforms", ())),
        )
        return StoredFacts(facts, date.fromisoformat(value["lookedUp"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InvalidValueError(
            f"context value of {key} is not what cdk-pull writes",
            reason,
            allowed=f"an image's facts; {_AGAIN}",
        ) from None


def _layer_from_context(value: dict[str, Any]) -> Layer:
    source = value["uncompressedSource"]
    if source not in {"measured", "estimated"}:
        raise ValueError(source)
    unpacked = value.get("uncompressedBytes")
    return Layer(
        compressed_bytes=_count(value["compressedBytes"]),
        uncompressed_bytes=None if unpacked is None else _count(unpacked),
        compression=Compression(value["compression"]),
        digest=_text(value.get("digest", "")),
        uncompressed_source=source,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a number of bytes")
    return value
