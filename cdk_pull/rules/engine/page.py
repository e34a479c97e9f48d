"""A rule's page, for the command line and for the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.registry import documented_rules
from cdk_pull.rules.fixes.declaration import MIXIN

if TYPE_CHECKING:
    from cdk_pull.rules.engine.registry import Rule

__all__ = ["document", "page_of"]

_INTRODUCTION = """\
# Rules

Each rule looks at CloudFormation templates, whether CDK or a person wrote them; `cdk-pull explain PULL…` prints its
section. An error is a stack that is broken or does the opposite of what was asked; a warning is slow, stale or dear in
a way that few would want; info is worth knowing. This page is generated from the rules by `scripts/rules_page.py`.
"""


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


def document() -> str:
    """Return all pages as one document in Markdown."""
    rows = "\n".join(
        f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity.value} | {rule.title} | {_mixins(rule)} |"
        for rule in documented_rules()
    )
    sections = "\n\n".join(
        f'<a id="{rule.id.lower()}"></a>\n\n'
        + page_of(rule).replace("\n## ", "\n### ").replace("# ", "## ", 1)
        for rule in documented_rules()
    )
    return (
        f"{_INTRODUCTION}\n| rule | severity | title | fixed by |\n|---|---|---|---|\n{rows}\n\n{sections}\n"
    )
