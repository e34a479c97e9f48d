"""Check the links of the built documentation site: `python -m scripts.site_links build/site`.

Every link to a page, a picture or a heading of the site must lead there; every other link must use HTTPS.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and the anchors of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what the tag links to, and the anchor that it is."""
        found = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := found.get(key))}
        key = {"a": "href", "img": "src", "link": "href", "script": "src"}.get(tag)
        if key is not None and (target := found.get(key)):
            self.links.append(target)


def broken_links(site: Path) -> list[str]:
    """Return each link that leads nowhere, after the page that has it."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                ok = parts.scheme in {"https", "mailto"}
            else:
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                target = target / "index.html" if target.is_dir() else target
                ok = target.is_file() and (
                    not parts.fragment
                    or target not in pages
                    or unquote(parts.fragment) in pages[target].anchors
                )
            if not ok:
                broken.append(f"{path.relative_to(site)}: {link}")
    return broken


if __name__ == "__main__":
    found = broken_links(Path(sys.argv[1]).resolve())
    print("\n".join(found) or "all links lead somewhere")
    sys.exit(bool(found))
