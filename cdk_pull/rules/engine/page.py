"""A rule's page, for the command line and for the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.registry import documented_rules
from cdk_pull.rules.fixes.declaration import MIXIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.rules.engine.registry import Rule

__all__ = ["SITE", "address", "document", "overview", "page_of"]

SITE: Final = "https://cdk-pull.readthedocs.io/en/stable/"
"""The address of the documentation; setup.py and mkdocs.yml have it, too."""

_INTRODUCTION = """\
# Rules

Each rule checks CloudFormation templates, written by CDK or by hand. `cdk-pull explain PULL104` prints the page of a
rule.

- **error**: the stack is broken, or does the opposite of what it states
- **warning**: pulls are slow, stale or expensive in a way that is seldom intended
- **info**: worth knowing, and possibly right as it is

`scripts/rules_page.py` generates this page from the rules.
"""


def address(rule_id: str) -> str:
    """Return the address of a rule's page in the documentation."""
    return f"{SITE}rules/{rule_id.lower()}/"


def page_of(rule: Rule) -> str:
    """Return the page of a rule in Markdown."""
    mixin = f" Fixed by `{rule.mixin}`." if rule.mixin and rule.mixin != MIXIN else ""
    mixin += f" {rule.autofix.page(rule.id)}" if rule.autofix else ""
    return f"# {rule.id}: {rule.title}\n\nSeverity: {rule.severity.value}.{mixin}\n\n{rule.page}"


def _mixins(rule: Rule) -> str:
    """Return the mixins that fix a rule's findings, in Markdown."""
    names = [rule.mixin] if rule.mixin not in {"", MIXIN} else []
    if rule.autofix is not None:
        names += [f"{MIXIN}()"] if rule.autofix.safe else []
        names += [f'{MIXIN}(unsafe=["{rule.id}"])'] if rule.autofix.unsafe else []
    return ", ".join(f"`{name}`" for name in names)


def overview(link: Callable[[Rule], str]) -> str:
    """Return the introduction and the table of all rules in Markdown.

    Args:
        link: returns what a rule's id links to.
    """
    rows = "\n".join(
        f"| [{rule.id}]({link(rule)}) | {rule.severity.value} | {rule.title} | {_mixins(rule)} |"
        for rule in documented_rules()
    )
    return f"{_INTRODUCTION}\n| rule | severity | title | fixed by |\n|---|---|---|---|\n{rows}\n"


def document() -> str:
    """Return all pages as one document in Markdown."""
    sections = "\n\n".join(
        f'<a id="{rule.id.lower()}"></a>\n\n'
        + page_of(rule).replace("\n## ", "\n### ").replace("# ", "## ", 1)
        for rule in documented_rules()
    )
    return f"{overview(lambda rule: f'#{rule.id.lower()}')}\n{sections}\n"
