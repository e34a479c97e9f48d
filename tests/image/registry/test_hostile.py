"""A registry that answers wrongly in every way: each a clear error in bounded time, and no secret in any of it."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import email.utils
import gzip
import hashlib
import json
import logging
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from cdk_pull.image.profile import Compression
from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.credentials import Credentials
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.many import LookUp, look_up_all
from cdk_pull.image.registry.transport import Limits
from tests.image.registry.fake import Registry, Reply
from tests.image.registry.layouts import LAYER, layer
from tests.image.registry.servers import https_server, make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cdk_pull.image.facts import ImageFacts

PASSWORD = "s3cret-pass-word"  # noqa: S105 - a test's own
SIGNATURE = "X-Amz-Signature=s1gnature-of-a-url"
ALICE = Credentials("alice", PASSWORD)
QUICK = Limits(
    attempts=3, connect_seconds=2, silence_seconds=0.3, request_seconds=0.6, first_pause_seconds=0.01
)
SECRETS = (PASSWORD, ALICE.basic.removeprefix("Basic "), "s1gnature-of-a-url", "t0ken-of-a-server")


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Run a registry without TLS."""
    made = Registry()
    with https_server(made.handler(), None) as made.host:
        yield made


@pytest.fixture
def other() -> Iterator[Registry]:
    """Run another host, to which the first may redirect."""
    made = Registry()
    with https_server(made.handler(), None) as made.host:
        yield made


@pytest.fixture(autouse=True)
def no_secret(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold every log line of every library, at the finest level, against the secrets."""
    caplog.set_level(logging.DEBUG)
    yield
    text = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    assert not [secret for secret in SECRETS if secret in text]
    assert "/v2/" in text


def look_up(registry: Registry, image: str = "app:1", limits: Limits = QUICK) -> ImageFacts:
    """Look an image up, as alice."""

    async def run() -> ImageFacts:
        async with RegistryClient(lambda _: ALICE, limits=limits) as client:
            return await client.look_up(ImageReference.parse(f"{registry.host}/{image}"))

    return asyncio.run(run())


def failure(registry: Registry, image: str = "app:1") -> tuple[Problem, str]:
    """Return how a look-up fails, the host left out; no error may hold a secret."""
    with pytest.raises(RegistryError) as error:
        look_up(registry, image)
    message = str(error.value)
    assert not [secret for secret in SECRETS if secret in message]
    assert "\n" not in message
    return error.value.problem, message.replace(registry.host, "HOST")


def always(status: int, body: bytes = b"", **headers: str) -> Callable[[int], Reply]:
    """Give the same answer each time."""
    return lambda _: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def basic(registry: Registry, path: str) -> None:
    """Ask for a password at ``path`` until it is right."""

    def answer(_: int) -> Reply:
        if registry.asked[-1][1] == ALICE.basic:
            return 200, {}, registry.manifest
        return 401, {"WWW-Authenticate": 'Basic realm="r"'}, b""

    registry.replies[path] = answer


MANIFEST = "/v2/app/manifests/1"


def test_a_good_one(registry: Registry) -> None:
    """The same registry, unspoilt, is read; a password is sent only when it is asked for."""
    facts = look_up(registry)
    assert [(part.compression, part.uncompressed_source) for part in facts.profile.layers] == [
        (Compression.GZIP, "measured"),
        (Compression.NONE, "measured"),
    ]
    assert {authorization for _, authorization in registry.asked} == {""}
    basic(registry, MANIFEST)
    assert look_up(registry) == facts


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_tried_again(registry: Registry, status: int) -> None:
    """What passes is tried again, and then succeeds."""
    registry.replies[MANIFEST] = lambda n: (status, {}, b"") if n < 3 else (200, {}, registry.manifest)
    assert look_up(registry).reference == f"{registry.host}/app:1"
    assert [path for path, _ in registry.asked].count(MANIFEST) == 3


def test_tried_in_vain(registry: Registry) -> None:
    """What does not pass is an error after the last attempt."""
    registry.replies[MANIFEST] = always(500)
    assert failure(registry) == (
        Problem.SERVER,
        f"http://HOST{MANIFEST} answers 500 after 3 attempts; try again later",
    )
    registry.replies[MANIFEST] = always(429)
    problem, message = failure(registry)
    assert problem is Problem.RATE_LIMITED
    assert message.startswith(
        f"http://HOST{MANIFEST} answers 429 (too many requests) after 3 attempts; the next is allowed"
    )


def test_retry_after(registry: Registry) -> None:
    """Retry-After is waited for in either form, and not when it is longer than anybody wants to wait."""
    soon = email.utils.format_datetime(email.utils.localtime())
    for value in ("0", soon, "nonsense"):
        registry.asked.clear()
        registry.replies[MANIFEST] = lambda n, value=value: (  # type: ignore[misc]
            (429, {"Retry-After": value}, b"") if n < 2 else (200, {}, registry.manifest)
        )
        look_up(registry)
    registry.asked.clear()
    registry.replies[MANIFEST] = lambda n: (
        (429, {"Retry-After": "1"}, b"") if n < 2 else (200, {}, registry.manifest)
    )
    began = time.monotonic()
    look_up(registry)
    assert time.monotonic() - began > 1
    registry.replies[MANIFEST] = always(429, Retry_After="3600")
    registry.asked.clear()
    assert failure(registry) == (
        Problem.RATE_LIMITED,
        f"http://HOST{MANIFEST} answers 429 (too many requests) after 1 attempt; the next is allowed in 3600 s; log in for a higher limit, or wait",
    )


def test_slow(registry: Registry) -> None:
    """A body that trickles in byte by byte ends at the time allowed for the request."""
    registry.slow.add(MANIFEST)
    assert failure(registry) == (
        Problem.TIMEOUT,
        f"http://HOST{MANIFEST} did not answer in time; check the connection, or try again later",
    )


def test_silent(registry: Registry) -> None:
    """A registry that says nothing ends too."""

    def sleep(_: int) -> Reply:
        time.sleep(0.5)
        return 200, {}, b""

    registry.replies[MANIFEST] = sleep
    assert failure(registry)[0] is Problem.TIMEOUT


def test_truncated(registry: Registry) -> None:
    """A body that ends before its announced length."""
    registry.replies[MANIFEST] = lambda _: (
        200,
        {"Content-Length": "100000", "Connection": "close"},
        b'{"schema',
    )
    problem, message = failure(registry)
    # The server of the test keeps the connection open, so that it is the time that runs out.
    assert (problem, message.split(";")[0]) in {
        (Problem.UNREACHABLE, f"http://HOST{MANIFEST} broke off its answer (RemoteProtocolError)"),
        (Problem.TIMEOUT, f"http://HOST{MANIFEST} did not answer in time"),
    }


def test_endless(registry: Registry) -> None:
    """A body that does not end is left at the bound."""
    registry.replies[MANIFEST] = always(200, b" " * (5 << 20))
    assert failure(registry) == (
        Problem.PROTOCOL,
        f"http://HOST{MANIFEST} answers with more than 4194304 bytes, which is more than was asked for",
    )


def test_an_endless_layer(registry: Registry) -> None:
    """A registry that sends a whole layer for a range is not listened to, and the size is an estimate."""
    blob = layer("gzip")
    registry.replies[f"/v2/app/blobs/{blob.digest}"] = always(200, blob.data)
    facts = look_up(registry)
    assert facts.profile.layers[0].uncompressed_source == "estimated"
    assert facts.notes == ("unpacked size estimated: the registry does not serve a part of a layer",)


def test_wrong_digests(registry: Registry) -> None:
    """A manifest or a configuration that is not the one of its digest."""
    digest = "sha256:" + "0" * 64
    registry.tags[digest] = registry.manifest
    expected = f"HOST/app@{digest} does not have the digest {digest}; the registry or something before it changes what it serves"
    assert failure(registry, f"app@{digest}") == (Problem.PROTOCOL, expected)
    registry.replies[MANIFEST] = always(200, registry.manifest, Docker_Content_Digest=digest)
    assert failure(registry)[1] == expected.replace(f"@{digest}", ":1")
    del registry.replies[MANIFEST]
    config = json.loads(registry.manifest)["config"]["digest"]
    registry.blobs[config] = registry.blobs[config].replace(b"linux", b"linus")
    assert failure(registry)[1].startswith(
        f"the configuration of HOST/app:1 does not have the digest {config}"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"<html><title>Log in</title>",
            ": the answer is not a JSON object; check that the host is a registry",
        ),
        (b"[" * 200_000, ": the answer is not a JSON object; check that the host is a registry"),
        (b"[]", ": the answer is not a JSON object; check that the host is a registry"),
        (b"{}", "has neither an image manifest nor an image index; check that it is a container image"),
        (
            b'{"schemaVersion": 1}',
            "has a manifest of schema 1, which Amazon ECS does not pull; push it again with a newer tool",
        ),
        (
            b'{"config": {"digest": "sha256:1", "size": 1}, "layers": []}',
            "describes a part without a valid digest and size; the registry or the image is broken",
        ),
        (
            b'{"manifests": []}',
            "is not built for linux/amd64; it is built for no platform that ECS runs; choose one with --platform, or build the image for linux/amd64",
        ),
        (
            b'{"config": {}, "layers": [' + b",".join([b"0"] * 600) + b"]}",
            "lists 600 layers; container runtimes accept 127; check that it is a container image",
        ),
    ],
)
def test_documents_that_are_none(registry: Registry, body: bytes, message: str) -> None:
    """What is not a manifest is told apart."""
    registry.tags["1"] = body
    assert failure(registry)[1] == f"HOST/app:1{'' if message.startswith(':') else ' '}{message}"


@pytest.mark.parametrize("size", [-1, 1.5, True, "1", 2**63, None])
def test_sizes_that_are_none(registry: Registry, size: object) -> None:
    """A size that is not a number of bytes is refused."""
    document = json.loads(registry.manifest)
    document["layers"][0]["size"] = size
    registry.tags["1"] = json.dumps(document).encode()
    assert failure(registry)[1].startswith("HOST/app:1 describes a part without a valid digest and size")


def test_redirect_to_another_host(registry: Registry, other: Registry) -> None:
    """The password stays with the registry; a signed address is followed without it and shown without its query."""
    other.tags["1"] = registry.manifest
    other.blobs.update(registry.blobs)

    def redirect(_: int) -> Reply:
        if registry.asked[-1][1] != ALICE.basic:
            return 401, {"WWW-Authenticate": 'Basic realm="r"'}, b""
        return 307, {"Location": f"http://{other.host}{MANIFEST}?{SIGNATURE}"}, b""

    registry.replies[MANIFEST] = redirect
    assert look_up(registry).digest == f"sha256:{hashlib.sha256(registry.manifest).hexdigest()}"
    assert {authorization for _, authorization in other.asked} == {""}
    # Nor does the other host get it by asking.
    other.replies[MANIFEST] = always(401, WWW_Authenticate='Basic realm="r"')
    assert failure(registry)[0] is Problem.AUTHENTICATION
    other.replies[MANIFEST] = always(500)
    assert failure(registry)[0] is Problem.SERVER
    assert {authorization for _, authorization in other.asked} == {""}


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (
            f"/v2/app/manifests/1?{SIGNATURE}",
            "redirects more than 5 times; report it to the operator of the registry",
        ),
        (
            "file:///etc/passwd",
            "leads to something that is not an HTTP address; report it to the operator of the registry",
        ),
        (
            "mailto:a@b",
            "leads to something that is not an HTTP address; report it to the operator of the registry",
        ),
    ],
)
def test_redirects_to_nowhere(registry: Registry, location: str, message: str) -> None:
    """A circle or something that is not an address is an error."""
    registry.replies[MANIFEST] = always(302, Location=location)
    assert failure(registry) == (Problem.PROTOCOL, f"http://HOST{MANIFEST} {message}")


@pytest.mark.parametrize(
    ("answer", "problem", "message"),
    [
        (always(401), Problem.AUTHENTICATION, "HOST rejects the log-in for app"),
        (always(500), Problem.SERVER, "http://HOST/token answers 500 after 3 attempts"),
        (
            always(200, b"<html>"),
            Problem.PROTOCOL,
            "the token server of HOST (127.0.0.1) answers 200 without a token",
        ),
        (always(200, b'{"token": "a\\r\\nb: c"}'), Problem.PROTOCOL, "the token server of HOST"),
        (always(200, b'{"token": 1}'), Problem.PROTOCOL, "the token server of HOST"),
        (always(200, b'{"token": "t0ken-of-a-server"}'), Problem.AUTHENTICATION, "HOST denies access to"),
    ],
)
def test_token_servers(
    registry: Registry, answer: Callable[[int], Reply], problem: Problem, message: str
) -> None:
    """A token server that refuses, fails, or gives what is no token or does not work."""
    challenge = f'Bearer realm="http://{registry.host}/token",service="s"'
    registry.replies[MANIFEST] = always(401, WWW_Authenticate=challenge)
    registry.replies["/token"] = answer
    told, text = failure(registry)
    assert told is problem
    assert text.startswith(message)


def test_an_identity_token(registry: Registry) -> None:
    """An identity token goes to the token server in the body of a POST, and its token to the registry."""
    challenge = f'Bearer realm="http://{registry.host}/token?x=y",service="s"'
    registry.replies[MANIFEST] = lambda n: (
        (401, {"WWW-Authenticate": challenge}, b"") if n == 1 else (200, {}, registry.manifest)
    )
    registry.replies["/token"] = always(200, b'{"access_token": "t0ken-of-a-server"}')

    async def run() -> None:
        login = Credentials(identity_token=PASSWORD)
        async with RegistryClient(lambda _: login, limits=QUICK) as client:
            await client.look_up(ImageReference.parse(f"{registry.host}/app:1"))

    asyncio.run(run())
    assert registry.asked[1:3] == [("/token", ""), (MANIFEST, "Bearer t0ken-of-a-server")]


def test_another_way_in(registry: Registry) -> None:
    """A scheme that is not known here is named."""
    registry.replies[MANIFEST] = always(401, WWW_Authenticate="Negotiate")
    assert failure(registry) == (
        Problem.AUTHENTICATION,
        "HOST asks for the authentication scheme negotiate, which is not supported; allowed: Basic, Bearer; use a registry with one of them",
    )


def test_many(registry: Registry) -> None:
    """One image that fails does not lose the others; one given twice is asked for once."""
    names = ["app:1", "missing:1", "app:1", "broken:1", "other:1"]
    registry.replies["/v2/missing/manifests/1"] = always(404)
    registry.replies["/v2/broken/manifests/1"] = always(200, b"no")
    done: list[LookUp] = []
    results = look_up_all(
        [(ImageReference.parse(f"{registry.host}/{name}"), None) for name in names],
        lambda: RegistryClient(lambda _: None, limits=QUICK),
        progress=done.append,
    )
    assert [result.reference.repository for result in results] == ["app", "missing", "app", "broken", "other"]
    assert [result.error.problem if result.error else None for result in results] == [
        None,
        Problem.NOT_FOUND,
        None,
        Problem.PROTOCOL,
        None,
    ]
    assert [path for path, _ in registry.asked].count(MANIFEST) == 1
    assert len(done) == 4
    # The two images share their layer.
    assert sum("/blobs/" + layer("gzip").digest in path for path, _ in registry.asked) == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")
@pytest.mark.parametrize("days", [0, 2])
def test_certificates(tmp_path: Path, days: int) -> None:
    """An expired or an untrusted certificate is refused at once, without a password."""
    made = Registry()
    tls = make_certificate(tmp_path, days=days)
    with https_server(made.handler(), tls) as made.host:

        async def run() -> None:
            ca_file = tls.certificate if not days else None
            async with RegistryClient(lambda _: ALICE, limits=QUICK, ca_file=ca_file) as client:
                await client.look_up(ImageReference.parse(f"{made.host}/app:1"))

        reason = "certificate has expired" if not days else "self-signed certificate"
        with pytest.raises(
            RegistryError, match=rf"TLS certificate of 127.0.0.1 is not valid: {reason}"
        ) as error:
            asyncio.run(run())
    assert error.value.problem is Problem.TLS
    assert made.asked == []


@pytest.mark.skipif(shutil.which("openssl") is None, reason="not installed: openssl")
def test_https_is_not_left(tmp_path: Path) -> None:
    """Neither a redirect nor a token server leads from HTTPS to HTTP."""
    made, plain = Registry(), Registry()
    tls = make_certificate(tmp_path)
    with https_server(made.handler(), tls) as made.host, https_server(plain.handler(), None) as plain.host:

        async def run() -> None:
            async with RegistryClient(lambda _: ALICE, limits=QUICK, ca_file=tls.certificate) as client:
                await client.look_up(ImageReference.parse(f"{made.host}/app:1"))

        made.replies[MANIFEST] = always(307, Location=f"http://{plain.host}{MANIFEST}")
        with pytest.raises(RegistryError, match="redirects from HTTPS to http"):
            asyncio.run(run())
        made.replies[MANIFEST] = always(401, WWW_Authenticate=f'Bearer realm="http://{plain.host}/token"')
        with pytest.raises(
            RegistryError, match="sends log-ins to a token server without HTTPS; none was sent"
        ):
            asyncio.run(run())
    assert plain.asked == []


def test_nobody_there() -> None:
    """A host where nothing listens is named."""
    made = Registry()
    made.host = "127.0.0.1:9"
    assert failure(made) == (
        Problem.UNREACHABLE,
        "127.0.0.1 cannot be reached; check the name, the network and HTTPS_PROXY",
    )


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
    began = time.monotonic()
    assert failure(registry) == (
        Problem.PROTOCOL,
        f"HOST/app:1 has a layer of {2**62} bytes; at most {2**40} (1 TiB) are possible; the registry or the image is broken",
    )
    assert time.monotonic() - began < 2


def test_64_slow_layers_end_together(registry: Registry) -> None:
    """Layers that do not answer are estimated at one time for all of them, and the image is read."""
    document = json.loads(registry.manifest)
    blobs = [layer("gzip", 1000, seed=seed) for seed in range(64)]
    document["layers"] = [registry.store(blob.data, blob.media_type) for blob in blobs]
    registry.tags["1"] = json.dumps(document).encode()
    registry.slow |= {f"/v2/app/blobs/{blob.digest}" for blob in blobs}
    limits = dataclasses.replace(QUICK, layers_seconds=1, request_seconds=0.3, image_seconds=20)
    began = time.monotonic()
    facts = look_up(registry, limits=limits)
    assert time.monotonic() - began < 5
    assert {part.uncompressed_source for part in facts.profile.layers} == {"estimated"}
    assert "unpacked size estimated: the registry did not answer in time" in facts.notes


def test_an_image_cannot_falsify_the_layer_of_another(registry: Registry) -> None:
    """What one image states falsely of a layer, its size or its compression, another that shares it does not read."""
    honest = json.loads(registry.manifest)
    for number, change in enumerate(({"size": 12345}, {"mediaType": f"{LAYER}+zstd"})):
        lying = copy.deepcopy(honest)
        lying["layers"][0] |= change
        registry.tags[f"lie{number}"] = json.dumps(lying).encode()
    names = ["bad:lie0", "bad:lie1", "app:1"]
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
    sources = [each.facts.profile.layers[0].uncompressed_source for each in results if each.facts]
    assert sources == ["estimated", "measured"]


def test_a_run_ends_in_time(registry: Registry) -> None:
    """What is not read by then is an error that names the option; what is read by then is kept."""
    registry.slow |= {f"/v2/slow{number}/manifests/1" for number in range(8)}
    names = ["app", *(f"slow{number}" for number in range(8))]
    limits = dataclasses.replace(QUICK, run_seconds=1.5, request_seconds=30, answer_seconds=30)
    began = time.monotonic()
    results = look_up_all(
        [(ImageReference.parse(f"{registry.host}/{name}:1"), None) for name in names],
        lambda: RegistryClient(lambda _: None, limits=limits),
        at_once=4,
    )
    assert time.monotonic() - began < 5
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
