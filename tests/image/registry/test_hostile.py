"""A registry that answers wrongly in every way: each a clear error in bounded time, and no secret in any of it."""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import json
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
from tests.image.registry.asking import ALICE, MANIFEST, PASSWORD, QUICK, SIGNATURE, always, failure, look_up
from tests.image.registry.fake import Registry, Reply
from tests.image.registry.layouts import layer
from tests.image.registry.servers import https_server, make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("no_secret")


def basic(registry: Registry, path: str) -> None:
    """Ask for a password at ``path`` until it is right."""

    def answer(_: int) -> Reply:
        if registry.asked[-1][1] == ALICE.basic:
            return 200, {}, registry.manifest
        return 401, {"WWW-Authenticate": 'Basic realm="r"'}, b""

    registry.replies[path] = answer


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
        time.sleep(1.5)
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
