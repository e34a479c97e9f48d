"""The addresses of requests: which can be asked, which belong together, and what of one may be shown."""

from __future__ import annotations

from typing import Final

import httpx

__all__ = ["origin", "parse_url", "shown_url"]

_LAST_PORT: Final = 65535


def parse_url(text: str, base: httpx.URL | None = None) -> httpx.URL | None:
    """Return a URL with a host and a port that there can be, relative ones joined to ``base``; None for any other."""
    try:
        url = base.join(text) if base else httpx.URL(text)
        # Reading the host decodes it, which fails for some that begin with xn--.
        good = url.scheme in {"http", "https"} and bool(url.host)
    except (httpx.InvalidURL, ValueError):
        return None
    return url if good and (url.port is None or 0 < url.port <= _LAST_PORT) else None


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Return what two addresses share that may have one log-in: scheme, host and port."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def shown_url(url: str) -> str:
    """Return a URL without what may be secret in it: the user, the password, and a signed query."""
    try:
        parsed = httpx.URL(url)
        host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    except (httpx.InvalidURL, ValueError):
        # As far as it can be told without a parser that accepts it.
        scheme, _, rest = url.partition("://")
        return f"{scheme[:10]}://{rest.partition('?')[0].partition('#')[0].rpartition('@')[2][:100]}"
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.scheme}://{host}{port}{parsed.path}"
