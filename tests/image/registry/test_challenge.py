from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.image.registry.challenge import Challenge, parse_challenges


def test_a_registry_s_challenge() -> None:
    """Docker Hub's challenge, commas in the quoted scope included."""
    header = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'
    expected = {
        "realm": "https://auth.docker.io/token",
        "service": "registry.docker.io",
        "scope": "repository:a/b:pull,push",
    }
    assert parse_challenges([header]) == (Challenge("bearer", expected),)


def test_several_challenges() -> None:
    """Several challenges in one header and in several, with and without parameters."""
    headers = ['Negotiate, Basic realm="a \\"b\\", c" , Bearer Realm=https://x/token , service=s', "NTLM"]
    assert parse_challenges(headers) == (
        Challenge("negotiate"),
        Challenge("basic", {"realm": 'a "b", c'}),
        Challenge("bearer", {"realm": "https://x/token", "service": "s"}),
        Challenge("ntlm"),
    )


@given(st.text(alphabet='Bearer realm="x\\, =/:\x00é', max_size=80))
def test_any_text_ends(header: str) -> None:
    """No header makes the reader fail or hang."""
    parse_challenges([header])


_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.dictionaries(st.sampled_from(["realm", "service", "scope"]), _VALUES, min_size=1))
def test_round_trip(parameters: dict[str, str]) -> None:
    """Any values, quoted as the standard has it, are read back."""
    quoted = (
        name + '="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for name, value in parameters.items()
    )
    assert parse_challenges([f"Bearer {', '.join(quoted)}"]) == (Challenge("bearer", parameters),)
