"""What one registry answers is bounded in size and time, and costs no other image its facts."""

from __future__ import annotations

import copy
import dataclasses
import gzip
import json
import threading
from typing import TYPE_CHECKING

import pytest

from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.errors import Problem
from cdk_pull.image.registry.many import look_up_all
from tests.image.registry.asking import MANIFEST, QUICK, always, failure, look_up
from tests.image.registry.layouts import LAYER, layer
from tests.limits import fails_where_it_hangs

if TYPE_CHECKING:
    from cdk_pull.image.registry.credentials import Credentials
    from tests.image.registry.fake import Registry, Reply

pytestmark = pytest.mark.usefixtures("no_secret")


def test_a_compressed_answer_is_refused_undecoded(registry: Registry) -> None:
    """A few bytes that stand for gigabytes are not unpacked, and the error names the encoding."""
    bomb = gzip.compress(bytes(64 << 20), 9)
    registry.replies[MANIFEST] = always(200, bomb, Content_Encoding="gzip")
    assert failure(registry) == (
        Problem.PROTOCOL,
        f"http://HOST{MANIFEST} answers in the Content-Encoding 'gzip', which was not asked for; report it to the operator of the registry",
    )
    # The body of an error is not read as a document, however it is encoded.
    registry.replies[MANIFEST] = always(404, bomb, Content_Encoding="gzip")
    assert failure(registry)[0] is Problem.NOT_FOUND


def test_a_layer_of_a_size_that_no_layer_has(registry: Registry) -> None:
    """A size is held against its bound before anything is computed with it."""
    document = json.loads(registry.manifest)
    document["layers"][0]["size"] = 2**62
    registry.tags["1"] = json.dumps(document).encode()
    with fails_where_it_hangs():
        found = failure(registry)
    assert found == (
        Problem.PROTOCOL,
        f"HOST/app:1 has a layer of {2**62} bytes; at most {2**40} (1 TiB) are possible; the registry or the image is broken",
    )
    assert [path for path, _ in registry.asked if document["layers"][0]["digest"] in path] == []


def test_64_slow_layers_end_together(registry: Registry) -> None:
    """Layers that do not answer are estimated at one time for all of them, and the image is read."""
    document = json.loads(registry.manifest)
    blobs = [layer("gzip", 1000, seed=seed) for seed in range(64)]
    document["layers"] = [registry.store(blob.data, blob.media_type) for blob in blobs]
    registry.tags["1"] = json.dumps(document).encode()
    released = threading.Event()

    def silent(_: int) -> Reply:
        released.wait(60)
        return 404, {}, b""

    paths = {f"/v2/app/blobs/{blob.digest}" for blob in blobs}
    registry.replies |= dict.fromkeys(paths, silent)
    limits = dataclasses.replace(
        QUICK, layers_seconds=1, silence_seconds=2, request_seconds=2, image_seconds=600
    )
    facts = look_up(registry, limits=limits)
    released.set()
    # Those that were asked for at once; none after them, and none a second time.
    assert len([path for path, _ in registry.asked if path in paths]) <= limits.connections_for_layers
    assert {part.uncompressed_source for part in facts.profile.layers} == {"estimated"}
    assert "unpacked size estimated: the registry did not answer in time" in facts.notes


def test_an_image_cannot_falsify_the_layer_of_another(registry: Registry) -> None:
    """What one image states falsely of a layer, its size or its compression, another that shares it does not read."""
    honest = json.loads(registry.manifest)
    for number, change in enumerate(({"size": 12345}, {"mediaType": f"{LAYER}+zstd"})):
        lying = copy.deepcopy(honest)
        lying["layers"][0] |= change
        registry.tags[f"lie{number}"] = json.dumps(lying).encode()
    names = ["app:lie0", "app:lie1", "app:1"]
    results = look_up_all(
        [(ImageReference.parse(f"{registry.host}/{name}"), None) for name in names],
        lambda: RegistryClient(lambda _: None, limits=QUICK),
    )
    facts = [result.facts for result in results]
    assert facts[2] is not None
    assert facts[2].profile == look_up(registry).profile
    assert facts[2].profile.layers[0].uncompressed_source == "measured"


def test_a_layer_that_one_repository_does_not_serve(registry: Registry) -> None:
    """An image that names another's layer does not keep the other from reading it."""
    blob = layer("gzip")
    registry.replies[f"/v2/bad/blobs/{blob.digest}"] = always(404)
    results = look_up_all(
        [(ImageReference.parse(f"{registry.host}/{name}:1"), None) for name in ("bad", "app")],
        lambda: RegistryClient(lambda _: None, limits=QUICK),
    )
    assert results[1].facts is not None
    assert results[1].facts.profile.layers[0].uncompressed_source == "measured"


def test_a_run_ends_in_time(registry: Registry) -> None:
    """What is not read by then is an error that names the option; what is read by then is kept."""
    registry.slow |= {f"/v2/slow{number}/manifests/1" for number in range(8)}
    names = ["app", *(f"slow{number}" for number in range(8))]
    limits = dataclasses.replace(QUICK, run_seconds=1.5, request_seconds=30, answer_seconds=30)
    results = look_up_all(
        [(ImageReference.parse(f"{registry.host}/{name}:1"), None) for name in names],
        lambda: RegistryClient(lambda _: None, limits=limits),
        at_once=4,
    )
    assert len({path for path, _ in registry.asked if path in registry.slow}) <= 4
    assert results[0].facts is not None
    assert {str(result.error).replace(str(result.reference), "REF") for result in results[1:]} == {
        "REF was not read within the 1.5 s of this run; raise the limit with --timeout"
    }


def test_what_nobody_expects_is_one_image_s_error(registry: Registry) -> None:
    """Whatever an image's look-up raises, the others are read."""

    def credentials(host: str) -> Credentials | None:
        raise KeyError(host)

    registry.replies["/v2/private/manifests/1"] = always(401, WWW_Authenticate='Basic realm="r"')
    results = look_up_all(
        [(ImageReference.parse(f"{registry.host}/{name}:1"), None) for name in ("private", "app")],
        lambda: RegistryClient(credentials, limits=QUICK),
    )
    assert str(results[0].error) == (
        f"{registry.host}/private:1 cannot be read: unexpected KeyError; report it to cdk-pull with the name of the image"
    )
    assert results[1].facts is not None


def test_what_a_registry_writes_is_one_printable_line(registry: Registry) -> None:
    """Labels and steps with control characters, line feeds and half characters are printed and stored safely."""
    document = json.loads(registry.manifest)
    config = json.loads(registry.blobs[document["config"]["digest"]])
    config["config"]["Labels"] = {"org.opencontainers.image.base.name": "a\x1b[31m\n::error::b\ud800\u202ec"}
    config["history"] = [
        {"created_by": "RUN one\n::add-mask::x"},
        {"created_by": "CMD", "empty_layer": True},
        {"comment": "two\u202e"},
    ]
    document["config"] = registry.store(
        json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"
    )
    registry.tags["1"] = json.dumps(document).encode()
    facts = look_up(registry)
    assert facts.base == "a?[31m ::error::b??c"
    assert facts.steps == ("RUN one ::add-mask::x", "two?")
