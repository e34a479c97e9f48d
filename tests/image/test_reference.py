from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.reference import ImageReference

HEX64 = "dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9c"
SHA256 = f"sha256:{HEX64}"
SHA512 = "sha512:" + "f" * 128

# (text, registry, repository, tag, digest); the shapes are those that the distribution project tests.
VALID = [
    ("nginx", "docker.io", "library/nginx", None, None),
    ("nginx:1.27", "docker.io", "library/nginx", "1.27", None),
    ("docker.io/nginx", "docker.io", "library/nginx", None, None),
    ("index.docker.io/nginx", "docker.io", "library/nginx", None, None),
    ("index.docker.io/bitnami/nginx", "docker.io", "bitnami/nginx", None, None),
    ("library/nginx", "docker.io", "library/nginx", None, None),
    ("library/foo/bar", "docker.io", "library/foo/bar", None, None),
    ("test_com/foo", "docker.io", "test_com/foo", None, None),
    ("test.com:5000", "docker.io", "library/test.com", "5000", None),
    ("192.168.0.1:80", "docker.io", "library/192.168.0.1", "80", None),
    ("foo/foo_bar.com:8080", "docker.io", "foo/foo_bar.com", "8080", None),
    ("localhost/app", "localhost", "app", None, None),
    ("localhost:5000/app:1", "localhost:5000", "app", "1", None),
    ("test:5000/repo", "test:5000", "repo", None, None),
    ("test:5000/repo:tag@" + SHA256, "test:5000", "repo", "tag", SHA256),
    ("192.168.1.1:5000/repo:5050", "192.168.1.1:5000", "repo", "5050", None),
    ("[2001:db8::1]/repo", "[2001:db8::1]", "repo", None, None),
    ("[2001:db8::1]:5000/repo:tag@" + SHA256, "[2001:db8::1]:5000", "repo", "tag", SHA256),
    ("xn--7o8h.com/myimage:xn--7o8h.com@" + SHA512, "xn--7o8h.com", "myimage", "xn--7o8h.com", SHA512),
    ("example.com/app@sha384:" + "0" * 96, "example.com", "app", None, "sha384:" + "0" * 96),
    ("redis@" + SHA256, "docker.io", "library/redis", None, SHA256),
    ("lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase", None),
    ("Docker/docker", "Docker", "docker", None, None),
    ("docker---rules/docker", "docker.io", "docker---rules/docker", None, None),
    ("dock__er/docker", "docker.io", "dock__er/docker", None, None),
    ("docker.io/" + HEX64, "docker.io", "library/" + HEX64, None, None),
    (HEX64[:-1], "docker.io", "library/" + HEX64[:-1], None, None),
    (HEX64 + ":tag", "docker.io", "library/" + HEX64, "tag", None),
    ("my_host.example/app", "", "my_host.example/app", None, None),
    ("a/x:" + "t" * 128, "docker.io", "a/x", "t" * 128, None),
    ("e.com/" + "a/" * 127 + "a:1", "e.com", "a/" * 127 + "a", "1", None),
    (
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "team/app",
        "1",
        None,
    ),
]

MALFORMED = [
    ":justtag",
    "@" + SHA256,
    "https://github.com/docker/docker",
    "-docker",
    "-docker/docker",
    "docker-/docker",
    "docker///docker",
    "docker/",
    "____/____",
    "_docker/_docker",
    "dock..er/docker",
    "dock_.er/docker",
    "dock-.er/docker",
    "aa/asdf$$^/aa",
    "[fc00::1]",
    "[fc00::1]:5000",
    "fc00::1:5000/debian",
    "[fe80::1%eth0]:5000/debian",
    "[2001:db8:3:4::192.0.2.33]:5000/debian",
    "app:",
    "app:-x",
    "app:" + "t" * 129,
    "app:1:2",
    "app@sha256:",
    "app@" + HEX64,
    "app:1\n",
    "app:\u0661",
    "caf\u00e9",
    " nginx",
    "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/app",
]


@pytest.mark.parametrize(("text", "registry", "repository", "tag", "digest"), VALID)
def test_valid(text: str, registry: str, repository: str, tag: str | None, digest: str | None) -> None:
    """A valid reference is split and normalised as the distribution project does it."""
    expected = ImageReference(registry=registry, repository=repository, tag=tag, digest=digest)
    assert ImageReference.parse(text) == expected
    assert ImageReference.parse(str(expected)) == expected


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed(text: str) -> None:
    """What the grammar has no place for is refused, with the text and the form it should have."""
    with pytest.raises(InvalidValueError, match=r"^image reference is malformed: .*; allowed: ") as caught:
        ImageReference.parse(text)
    assert caught.value.value == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "image reference is empty: ''; allowed: [host[:port]/]path[:tag][@digest]"),
        (HEX64, f"and not a repository name: '{HEX64}'"),
        (HEX64, f"To name an image by digest, write <repository>@sha256:{HEX64}"),
        ("Uppercase:tag", "upper-case letters in its repository name: 'Uppercase:tag'"),
        ("Uppercase:tag", "such as 'uppercase'"),
        ("docker/Docker", "such as 'docker/docker'"),
        ("test:5000/Uppercase/lowercase:tag", "such as 'uppercase/lowercase'"),
        ("e.com/" + "a/" * 128 + "a:1", "too long: 'a/"),
        ("e.com/" + "a/" * 128 + "a:1", "(257 characters)'; allowed: at most 255 characters"),
        ("repo@sha256:" + "f" * 34, "digest of the image reference is malformed"),
        ("repo@sha256:" + "f" * 34, "allowed: sha256: and 64 lower-case hexadecimal digits"),
        ("repo@sha256:" + "F" * 64, "digest of the image reference is malformed"),
        ("repo@sha512:" + "f" * 64, "allowed: sha512: and 128 lower-case hexadecimal digits"),
        ("repo@md5:" + "f" * 32, "is not supported: 'md5'; allowed: sha256, sha384, sha512"),
        ("repo:1@SHA256:" + "f" * 64, "is not supported: 'SHA256'"),
    ],
)
def test_refused_with_reason(text: str, message: str) -> None:
    """A reference that is nearly right is refused with the very reason and what to write instead."""
    with pytest.raises(InvalidValueError) as caught:
        ImageReference.parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_name_and_mutable() -> None:
    """The name leaves out tag and digest, and only a digest makes a reference immutable."""
    tagged = ImageReference.parse("nginx:1")
    both = ImageReference.parse("nginx:1@" + SHA256)
    assert (tagged.name, tagged.mutable) == ("docker.io/library/nginx", True)
    assert (both.name, both.mutable) == ("docker.io/library/nginx", False)


def test_long_hostile_text_is_refused() -> None:
    """A text made to make a regular expression backtrack ends like any other malformed one."""
    for piece in ("a-", "a.", "a__", "a/", "A-", "[:", "a:"):
        with pytest.raises(InvalidValueError):
            ImageReference.parse("e.com/" + piece * 20_000 + "!")


COMPONENT = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
HOST = st.one_of(
    st.from_regex(
        r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,6}[a-zA-Z0-9])?(\.[a-z]{1,5}){1,3}(:[0-9]{1,5})?", fullmatch=True
    ),
    st.from_regex(r"\[[0-9a-f:]{2,20}\](:[0-9]{1,5})?", fullmatch=True).filter(lambda host: ":" in host),
    st.just("localhost"),
)
HEX = st.text("0123456789abcdef", min_size=128, max_size=128)
DIGEST = st.builds(
    lambda form, digits: f"{form[0]}:{digits[: form[1]]}",
    st.sampled_from([("sha256", 64), ("sha384", 96), ("sha512", 128)]),
    HEX,
)
REFERENCES = st.builds(
    ImageReference,
    registry=HOST.filter(lambda host: host not in {"docker.io", "index.docker.io"}),
    repository=st.lists(COMPONENT, min_size=1, max_size=4).map("/".join),
    tag=st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True),
    digest=st.none() | DIGEST,
)


@given(REFERENCES)
def test_print_and_parse(reference: ImageReference) -> None:
    """What is printed is read back as the same reference."""
    assert ImageReference.parse(str(reference)) == reference


@given(st.text(max_size=60) | st.text("aA0.:/@-_[]", max_size=40))
def test_any_text(text: str) -> None:
    """Any text is either refused or normalised to a text that normalises to itself."""
    try:
        reference = ImageReference.parse(text)
    except InvalidValueError:
        return
    assert ImageReference.parse(str(reference)) == reference
