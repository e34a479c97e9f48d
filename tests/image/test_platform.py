from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.platform import Platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("Linux/X86_64", Platform("linux", "amd64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("linux/arm64/v8", Platform("linux", "arm64")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("windows/amd64", Platform("windows", "amd64")),
        ("windows(10.0.20348)/amd64", Platform("windows", "amd64", os_version="10.0.20348")),
    ],
)
def test_forms(text: str, platform: Platform) -> None:
    """What Docker and containerd write is read."""
    assert Platform.parse(text) == platform


@pytest.mark.parametrize(
    "text", ["", "linux", "amd64", "darwin/arm64", "linux(1.0)/amd64", "linux/", "linux/a/b/c"]
)
def test_what_is_no_platform(text: str) -> None:
    """Anything else is refused, with the forms that would be right."""
    with pytest.raises(
        InvalidValueError, match=r"platform of the image is not valid: .*allowed: 'linux/amd64'"
    ):
        Platform.parse(text)


@given(
    st.builds(
        Platform.of,
        st.just("windows"),
        st.sampled_from(["amd64", "arm64", "x86_64"]),
        st.sampled_from(["", "v1", "v8"]),
        st.sampled_from(["", "10.0.17763", "10.0.20348.1906"]),
    )
)
def test_round_trip(platform: Platform) -> None:
    """A platform's text is read back as the same platform, which accepts itself."""
    assert Platform.parse(str(platform)) == platform
    assert platform.accepts(platform)


def test_windows_builds() -> None:
    """A Windows image fits by the parts of its build that are asked for, as numbers between dots."""
    image = Platform("windows", "amd64", os_version="10.0.20348.1906")
    assert Platform.parse("windows/amd64").accepts(image)
    assert Platform.parse("windows(10.0.20348)/amd64").accepts(image)
    assert not Platform.parse("windows(10.0.2034)/amd64").accepts(image)
    assert not Platform.parse("windows(10.0.17763)/amd64").accepts(image)
