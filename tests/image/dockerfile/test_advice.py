from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cdk_pull.data import facts_of
from cdk_pull.image.dockerfile.advice import advise
from cdk_pull.image.dockerfile.bases import smaller_bases
from cdk_pull.image.dockerfile.build import HistoryLayer, build_of_dockerfile, build_of_image, with_sizes
from cdk_pull.image.dockerfile.parse import parse_dockerfile
from cdk_pull.image.reference import ImageReference

if TYPE_CHECKING:
    from pathlib import Path


def _codes(body: str, base: str = "scratch") -> list[str]:
    build = build_of_dockerfile(parse_dockerfile(f"FROM {base}\n{body}"))
    return [
        f"{each.line} {each.code}"
        for each in sorted(advise(build), key=lambda each: (each.line or 0, each.code))
    ]


_CLEAN = "rm -rf /var/lib/apt/lists/*"


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        # apt
        (f"RUN apt-get update && apt-get install -y --no-install-recommends curl && {_CLEAN}", []),
        ("RUN apt-get update && apt-get install -y --no-install-recommends curl", ["2 cache"]),
        (f"RUN apt-get update && apt-get install -y curl && {_CLEAN}", ["2 recommends"]),
        (f"RUN apt-get update\nRUN {_CLEAN}", ["2 cache", "3 removed-late"]),
        ("RUN apt-get update && apt-get install --no-install-recommends curl && apt-get dist-clean", []),
        ("RUN apt update; rm -fr /var/lib/apt", []),
        ("RUN apt update; find /var/lib/apt/lists -delete", []),
        (
            "RUN --mount=type=cache,target=/var/lib/apt --mount=type=cache,target=/var/cache/apt apt-get update",
            [],
        ),
        ("RUN --mount=type=bind,target=/var/lib/apt apt-get update", ["2 cache"]),
        ("RUN <<E\napt-get update\napt-get install --no-install-recommends x\nE", ["2 cache"]),
        (f"RUN <<E\napt-get update\n{_CLEAN}\nE", []),
        ('RUN ["apt-get", "update"]', ["2 cache"]),
        ("RUN echo apt-get update", []),
        ("RUN echo 'apt-get update'", []),
        ("RUN apt-get -o APT::Install-Recommends=false install x", []),
        # other package managers
        ("RUN pip install flask", ["2 cache"]),
        ("RUN pip3 install --no-cache-dir flask", []),
        ("RUN python -m pip install flask", ["2 cache"]),
        ("ENV PIP_NO_CACHE_DIR=1\nRUN pip install flask", []),
        ("ENV A=b \\\n  PIP_NO_CACHE_DIR=1\nRUN pip install flask", []),
        ("RUN pip install flask\nENV PIP_NO_CACHE_DIR=1", ["2 cache"]),
        ("RUN PIP_NO_CACHE_DIR=1 pip install flask", []),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install flask", []),
        ("RUN pip install flask && rm -rf ~/.cache", []),
        ("RUN uv sync", ["2 cache"]),
        ("RUN apk add curl", ["2 cache"]),
        ("RUN apk add --no-cache curl", []),
        ("RUN apk update && apk add curl && rm -rf /var/cache/apk/*", []),
        ("RUN dnf install -y httpd", ["2 cache"]),
        ("RUN dnf install -y httpd && dnf clean all", []),
        ("RUN microdnf install -y httpd && microdnf clean all", []),
        ("RUN yum install -y httpd && rm -rf /var/cache/yum", []),
        ("RUN npm ci", ["2 cache"]),
        ("RUN npm ci && npm cache clean --force", []),
        ("RUN npm run build", []),
        ("RUN yarn install && yarn cache clean", []),
        ("RUN conda install numpy", ["2 cache"]),
        # build tools
        (f"RUN apt-get update && apt-get install --no-install-recommends gcc && {_CLEAN}", ["2 build-tools"]),
        (f"RUN apt-get update && apt-get install --no-install-recommends libpq5 && {_CLEAN}", []),
        (
            f"RUN apt-get update && apt-get install --no-install-recommends libpq-dev=15.1 && {_CLEAN}",
            ["2 build-tools"],
        ),
        (
            f"RUN apt-get update && apt-get install --no-install-recommends gcc && make && apt-get purge -y gcc && {_CLEAN}",
            [],
        ),
        (
            "RUN apk add --no-cache --virtual .deps build-base && pip install --no-cache-dir x && apk del .deps",
            [],
        ),
        ("RUN apk add --no-cache build-base", ["2 build-tools"]),
        ("RUN dnf install -y gcc-c++ && dnf clean all", ["2 build-tools"]),
        ("RUN dnf groupinstall -y 'Development Tools' && dnf clean all", ["2 build-tools"]),
        # what is removed too late, or written twice
        ("COPY big.tar /\nRUN rm /big.tar", ["3 removed-late"]),
        ("COPY big.tar /\nRUN tar xf /big.tar && rm /big.tar", []),
        ("COPY a /a\nRUN chown -R 1:1 /a", ["3 copied-twice"]),
        ("COPY a /a\nRUN chmod --recursive a+x /a", ["3 copied-twice"]),
        ("COPY --chown=1:1 a /a", []),
        ("RUN chown -R 1:1 /a", []),
        ("COPY a /a\nRUN chmod +x /a", []),
        # order
        ("COPY . .\nRUN pip install --no-cache-dir -r requirements.txt", ["3 order"]),
        ("COPY . /app/\nRUN npm ci && npm cache clean --force", ["3 order"]),
        ("COPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .", []),
        ("COPY . .\nRUN pip install --no-cache-dir flask", []),
        ("COPY --from=build . .\nRUN npm ci && npm cache clean --force", []),
        ("ADD ./ /app\nRUN bundle install", ["3 order"]),
        ("COPY . .\nRUN go mod download", ["3 order"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_advised(body: str, codes: list[str]) -> None:
    """Each habit is found at its line, and what prevents or undoes it in the same RUN is accepted."""
    assert _codes(body) == codes


def test_only_what_the_image_is_made_of_counts() -> None:
    """What an earlier stage keeps is not pulled, unless the last stage builds on it."""
    build = "FROM scratch AS build\nRUN apk add --no-cache gcc\nFROM {}\nCOPY --from=build /app /app\n"
    separate, on_it = (
        build_of_dockerfile(parse_dockerfile(build.format(base))) for base in ("scratch", "build")
    )
    assert advise(separate) == ()
    assert [each.code for each in advise(on_it)] == ["build-tools"]
    other = build_of_dockerfile(parse_dockerfile(build.format("scratch")), target="build")
    assert [each.code for each in advise(other)] == ["build-tools"]


@pytest.mark.parametrize(
    ("base", "names"),
    [
        ("python:3.12", ["python:3.12-slim", "python:3.12-alpine"]),
        ("python:3.12-slim", []),
        ("node:22-bookworm", ["node:22-bookworm-slim", "node:22-alpine"]),
        ("node:22-alpine", []),
        ("node:lts", ["node:lts-slim"]),
        ("public.ecr.aws/docker/library/python:3.12", ["public.ecr.aws/docker/library/python:3.12-slim"]),
        ("eclipse-temurin:21-jdk", ["eclipse-temurin:21-jre", "eclipse-temurin:21-jre-alpine"]),
        ("eclipse-temurin:21-jre", []),
        ("golang:1.25", ["golang:1.25-alpine", "gcr.io/distroless/static-debian12 as the last stage"]),
        ("amazonlinux:2023", ["public.ecr.aws/amazonlinux/amazonlinux:2023-minimal"]),
        ("public.ecr.aws/amazonlinux/amazonlinux:2023-minimal", []),
        ("mcr.microsoft.com/dotnet/sdk:9.0", ["mcr.microsoft.com/dotnet/aspnet:9.0 as the last stage"]),
        ("registry.access.redhat.com/ubi9/ubi:9.6", ["registry.access.redhat.com/ubi9/ubi-minimal"]),
        ("ubuntu:24.04", []),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/base:1", []),
    ],
)
def test_smaller_bases_that_exist(base: str, names: list[str]) -> None:
    """The alternatives of a base, the nearest first; none for one that is small already or not known."""
    assert [each.name for each in smaller_bases(ImageReference.parse(base))] == names


def test_the_bytes_of_a_base_are_measured_ones() -> None:
    """What a base saves is the difference of two images of one day; where nobody has looked at both, it is unknown."""
    build = build_of_dockerfile(parse_dockerfile("FROM eclipse-temurin:21-jdk\n"))
    assert [str(each) for each in advise(build)] == [
        (
            "line 1: eclipse-temurin:21-jdk has a smaller alternative. Use eclipse-temurin:21-jre-alpine, unless the image "
            "needs the Java compiler and tools, and glibc. Saves: 156 MB, as measured of 21 on amd64, 2026-09-25"
        ),
        (
            "line 1: eclipse-temurin:21-jdk has a smaller alternative. Use eclipse-temurin:21-jre, unless the image needs "
            "the Java compiler and tools. Saves: 109 MB, as measured of 21 on amd64, 2026-09-09"
        ),
    ]
    (golang,) = (
        each
        for each in advise(build_of_dockerfile(parse_dockerfile("FROM golang:1.25")))
        if "distroless" in each.fix
    )
    assert golang.saves == "unknown; the smaller one has around 2 MiB by its README, 2026-11-26"
    assert golang.fix == (
        "Copy what was built into gcr.io/distroless/static-debian12 as the last stage; it loses Go, a shell and a package "
        "manager; the program has to be built with CGO_ENABLED=0"
    )


def test_sizes_come_from_the_layers_of_the_image() -> None:
    """With the image that a Dockerfile builds, each advice says what its layer has at most, and what saves most is first."""
    build = build_of_dockerfile(
        parse_dockerfile("FROM debian\nCOPY a b\nRUN npm ci\nRUN apk add --no-cache gcc\n")
    )
    layers = [
        HistoryLayer("RUN base", 50_000_000),
        HistoryLayer("COPY a b", 1_000),
        HistoryLayer("RUN npm ci", 3_000_000),
        HistoryLayer("RUN apk add --no-cache gcc", 200_000_000),
    ]
    sized = with_sizes(build, layers)
    assert sized is not None
    assert [(each.code, each.saves) for each in advise(sized)] == [
        ("build-tools", "at most 200 MB in the registry, the layer's size"),
        ("base", "20.3 MB, as measured of bookworm on amd64, 2026-09-18"),
        ("cache", "at most 3 MB in the registry, the layer's size"),
        (
            "layers",
            "nothing of the image; with each new version, what has not changed, where instances cache images",
        ),
    ]
    for others in (layers[:2], [layers[0], layers[2], layers[1], layers[3]], []):
        assert with_sizes(build, others) is None


def test_an_image_without_its_dockerfile_tells_the_same() -> None:
    """The history of an image is advised on in the same way; a step that is cut off or not recorded is not guessed at."""
    layers = [
        HistoryLayer("RUN apt-get update && apt-get install -y --no-install-recommends gcc", 211_707_818),
        HistoryLayer("RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq…", 1_000),
        HistoryLayer("", 5_000),
    ]
    build = build_of_image(layers, "node:22")
    assert [(each.code, each.line, each.step, each.saves_bytes) for each in advise(build)] == [
        ("base", None, "", 347_801_944),
        ("base", None, "", 328_605_889),
        (
            "build-tools",
            None,
            "RUN apt-get update && apt-get install -y --no-install-recommends gcc",
            211_707_818,
        ),
        ("cache", None, "RUN apt-get update && apt-get install -y --no-install-recommends gcc", 211_707_818),
        ("layers", None, "RUN apt-get update && apt-get install -y --no-install-recommends gcc", None),
    ]
    assert build.not_evaluated == (
        "1 of 3 layers: the image does not record the step that made them",
        "1 of 3 steps: too long to be read to their end",
    )


def test_many_layers() -> None:
    """An image of more than 20 layers is advised on as a whole."""
    (advice,) = advise(build_of_image([HistoryLayer("RUN true", 1_000)] * 21))
    assert str(advice) == (
        "the image has 21 layers, which are unpacked one after another. Join RUN instructions that belong together. Saves: "
        "no bytes; in a benchmark of this package, 24 layers took about twice as long to pull as one"
    )
    assert advise(build_of_image([HistoryLayer("RUN true", 1_000)] * 20)) == ()


@pytest.mark.parametrize(
    ("ignore", "advice"),
    [
        (None, "the whole context is copied, with .git (3 kB), node_modules (2 kB)"),
        ("node_modules\n", "the whole context is copied, with .git (3 kB)"),
        ("# a comment\n**/.git\n/node_modules/\n", ""),
        ("*\n!node_modules\n", "the whole context is copied, with node_modules (2 kB)"),
        ("*\n!*.py\n", ""),
    ],
)
def test_what_the_context_holds(tmp_path: Path, ignore: str | None, advice: str) -> None:
    """Folders that seldom belong into an image are named with their bytes, unless .dockerignore leaves them out."""
    for name, size in ((".git", 3_000), ("node_modules", 2_000)):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_bytes(b"0" * size)
    if ignore is not None:
        (tmp_path / ".dockerignore").write_text(ignore)
    build = build_of_dockerfile(parse_dockerfile("FROM scratch\nCOPY . .\n"), context=tmp_path)
    assert [each.problem for each in advise(build)] == ([advice] if advice else [])


def test_no_dockerignore_is_said_without_large_folders(tmp_path: Path) -> None:
    """A context of small files that is copied whole needs a .dockerignore all the same."""
    build = build_of_dockerfile(parse_dockerfile("FROM scratch\nCOPY . .\n"), context=tmp_path)
    assert [each.saves for each in advise(build)] == ["nothing today"]


def test_every_fact_has_a_source() -> None:
    """The facts compile, and each alternative names where it is from."""
    facts = facts_of("dockerfile_facts")
    assert all(re.compile(row["tag"]) and row["source"] for row in facts["bases"])
    assert re.compile(facts["build_tools"])
    assert {row["image"].partition("/")[0] for row in facts["bases"]} == {
        "docker.io",
        "public.ecr.aws",
        "mcr.microsoft.com",
        "registry.access.redhat.com",
    }
