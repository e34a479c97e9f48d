"""Pages of the documentation site that are made from the code when it is built: a hook of mkdocs.yml."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

from cdk_pull.rules.engine.page import overview, page_of
from cdk_pull.rules.engine.registry import documented_rules

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parents[1]
# What people read in a clone on one page has pages of its own here.
ONE_PAGE = "rules.md"
# Code is passed over as a whole, so that ids in commands stay as they are.
_CODE_OR_ID = re.compile(r"```.*?```|`[^`\n]*`|\[[^\]\n]*\]\([^)\n]*\)|(?P<id>\bPULL\d{3}\b)", re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the rules and the decisions into the navigation, one page each."""
    rules = ["rules/index.md", *(f"rules/{rule.id.lower()}.md" for rule in documented_rules())]
    decisions = [
        "adr/README.md",
        *(f"adr/{path.name}" for path in sorted((ROOT / "docs" / "adr").glob("0*.md"))),
    ]
    config.nav = _expanded(config.nav or [], {"rules/": rules, "adr/": decisions})
    return config


def _expanded(nav: list[Any], folders: dict[str, list[str]]) -> list[Any]:
    """Return a navigation in which a folder stands for its pages."""
    found: list[Any] = []
    for item in nav:
        if isinstance(item, dict):
            ((title, value),) = item.items()
            found.append(
                {title: _expanded(value, folders) if isinstance(value, list) else folders.get(value, value)}
            )
        else:
            found.append(item)
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the rules and the changelog; leave out the one page that has all rules."""
    kept = Files([file for file in files if file.src_uri != ONE_PAGE])
    pages = {f"rules/{rule.id.lower()}.md": page_of(rule) for rule in documented_rules()}
    pages["rules/index.md"] = overview(lambda rule: f"{rule.id.lower()}.md")
    pages["changelog.md"] = _changelog()
    for name, content in pages.items():
        kept.append(File.generated(config, name, content=content))
    return kept


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Let links to the one page of the rules go to the pages that stand for it, and name rules by links."""
    depth = page.file.src_uri.count("/")
    up = "../" * depth
    markdown = re.sub(r"\((?:\.\./)*rules\.md#(pull\d{3})\)", rf"({up}rules/\1.md)", markdown)
    markdown = re.sub(r"\((?:\.\./)*rules\.md\)", f"({up}rules/index.md)", markdown)
    if page.file.src_uri == "symptoms.md" or page.file.src_uri.startswith("guides/"):
        markdown = _CODE_OR_ID.sub(
            lambda found: f"[{found['id']}]({up}rules/{found['id'].lower()}.md)" if found["id"] else found[0],
            markdown,
        )
    return markdown


def _changelog() -> str:
    """Return the released changes, and before them those that are not released yet."""
    drafted = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "Unreleased"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # The day of the build says nothing.
    drafted = re.sub(r"^(## Unreleased).*$", r"\1", drafted, flags=re.MULTILINE)
    drafted = drafted[drafted.index("## Unreleased") :]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return text.replace("<!-- towncrier release notes start -->", drafted)
