"""The instruction of a Dockerfile behind a step of an image's history."""

from __future__ import annotations

from typing import Final

from cdk_pull.patterns import lazy_pattern

__all__ = ["instruction_of"]

_INSTRUCTIONS: Final = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
# Build arguments come first, as their number and their values: "|2 A=b C=d /bin/sh -c make".
_ARGUMENTS: Final = lazy_pattern(r"\|[0-9]+ .*?(?=(?:/bin/(?:ba)?sh -[a-z]*c |cmd /S /C |powershell ))")
_NO_OPERATION: Final = lazy_pattern(r"(?:/bin/(?:ba)?sh -[a-z]*c|cmd /S /C|powershell [^#]*?) +#\(nop\) +")
_SHELL: Final = lazy_pattern(r"(?:/bin/(?:ba)?sh -[a-z]*c|cmd /S /C|powershell (?:-[A-Za-z]+ )*?-Command) +")
_BUILDKIT: Final = lazy_pattern(r"\s*# buildkit$")


def instruction_of(step: str) -> str:
    """Return the instruction as in a Dockerfile: ``RUN make`` for ``/bin/sh -c make`` and ``RUN /bin/sh -c make # buildkit``.

    What no builder writes in these forms is returned as it is.
    """
    text = _BUILDKIT.sub("", step.strip())
    text = _NO_OPERATION.sub("", text, count=1) if _NO_OPERATION.match(text) else text
    word, _, rest = text.partition(" ")
    if word in _INSTRUCTIONS:
        shell = _SHELL.match(_ARGUMENTS.sub("", rest, count=1)) if word == "RUN" else None
        return f"RUN {_ARGUMENTS.sub('', rest, count=1)[shell.end() :]}" if shell else text
    without_arguments = _ARGUMENTS.sub("", text, count=1) if text.startswith("|") else text
    shell = _SHELL.match(without_arguments)
    return f"RUN {without_arguments[shell.end() :]}" if shell else text
