from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.image.dockerfile.history import instruction_of


@pytest.mark.parametrize(
    ("step", "instruction"),
    [
        ("/bin/sh -c #(nop) ADD file:1 in / ", "ADD file:1 in /"),
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update && make", "RUN apt-get update && make"),
        ("/bin/bash -c make", "RUN make"),
        ("/bin/bash -euxc make", "RUN make"),
        ("|2 A=b C=d e /bin/sh -c make $A", "RUN make $A"),
        ("RUN |1 A=b /bin/sh -c make # buildkit", "RUN make"),
        ("RUN /bin/sh -c make # a comment # buildkit", "RUN make # a comment"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("WORKDIR /app", "WORKDIR /app"),
        ("cmd /S /C powershell make", "RUN powershell make"),
        (
            "powershell -Command $ErrorActionPreference = 'Stop'; make",
            "RUN $ErrorActionPreference = 'Stop'; make",
        ),
        ("Apply image 10.0.20348.1", "Apply image 10.0.20348.1"),
        ("# debian.sh --arch 'amd64' out/ 'bookworm'", "# debian.sh --arch 'amd64' out/ 'bookworm'"),
        ("bazel build ...", "bazel build ..."),
        ("", ""),
    ],
)
def test_instructions(step: str, instruction: str) -> None:
    """Each builder's form of a step is the line of the Dockerfile again; any other stays as it is."""
    assert instruction_of(step) == instruction


@given(st.text(max_size=200))
def test_any_text(step: str) -> None:
    """A step that an image made up ends in time, and adds nothing but the instruction's name."""
    assert len(instruction_of(step)) <= len(step) + len("RUN ")
