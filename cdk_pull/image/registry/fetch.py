"""Fetches public documents with the same care as a registry's: bounded, tried again, every failure in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.transport import Limits

if TYPE_CHECKING:
    from cdk_pull.image.registry.transport import Answer, Transport

__all__ = ["DOCUMENT_LIMITS", "fetch", "fetch_json"]

# The price list of one Region has 1 MB, a month of Microsoft's security updates 20 MB.
_MAX_BYTES: Final = 128 << 20
DOCUMENT_LIMITS: Final = Limits(request_seconds=180, answer_seconds=300)
"""Limits for documents far larger than those of a registry."""
_OK: Final = 200


async def fetch(transport: Transport, url: str, accept: str) -> Answer:
    """Return the answer to a GET.

    Raises:
        RegistryError: for any status but 200, and when there is no answer.
    """
    answer = await transport.send(url, headers={"Accept": accept}, max_bytes=_MAX_BYTES)
    if answer.status != _OK:
        problem = Problem.NOT_FOUND if answer.status == 404 else Problem.SERVER  # noqa: PLR2004 - HTTP's Not Found
        raise RegistryError(problem, f"{url} answers {answer.status}; check the address, or try again later")
    return answer


async def fetch_json(transport: Transport, url: str) -> tuple[dict[str, Any], Answer]:
    """Return the JSON object at an address, and the answer that brought it.

    Raises:
        RegistryError: as `fetch`, and for what is not a JSON object.
    """
    answer = await fetch(transport, url, "application/json")
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise RegistryError(
            Problem.PROTOCOL,
            f"{url} does not answer with a JSON object; check the address, or try again later",
        )
    return content, answer
