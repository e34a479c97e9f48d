"""The documentation site, as far as it can be judged without building it: `make docs-build` builds it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

import cdk_pull
from cdk_pull.cli import command_line
from cdk_pull.rules.engine.page import SITE, address
from cdk_pull.rules.engine.registry import documented_rules
from scripts.site_links import broken_links

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted({ROOT / "README.md", *DOCS.rglob("*.md")})
COMMAND = re.compile(r"^ *\\$ (cdk-pull [^\n#]+)|`(cdk-pull [a-z][^`\n]*)`", re.MULTILINE)


def _config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    return config


def _pages_of(nav: object) -> set[str]:
    if isinstance(nav, str):
        return {nav}
    entries = nav.values() if isinstance(nav, dict) else nav
    assert isinstance(entries, list | type({}.values()))
    return set().union(*map(_pages_of, entries))


def test_every_page_is_in_the_navigation() -> None:
    """The navigation lists each page of docs/, and stands for the rules and the decisions by their folders."""
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.parent.name != "adr"}
    assert _pages_of(_config()["nav"]) == pages - {"rules.md"} | {"rules/", "adr/", "changelog.md"}


def test_the_site_has_one_address() -> None:
    """The configuration of the site, setup.py and the addresses of rules agree."""
    assert _config()["site_url"] == SITE
    assert f'SITE = "{SITE}"' in (ROOT / "setup.py").read_text("utf-8")
    assert address("PULL104") == f"{SITE}rules/pull104/"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_is_accepted(page: Path) -> None:
    """Each `cdk-pull` command line of a page names a command and options that there are."""
    wrong = []
    for found in COMMAND.finditer(page.read_text("utf-8")):
        line = found[1] or found[2]
        try:
            _parse(shlex.split(line)[1:])
        except click.ClickException as error:
            wrong.append(f"{line}: {error.format_message()}")
    assert wrong == []


def _parse(arguments: list[str]) -> None:
    """Parse a command line as far as its options, without running anything or looking at its files."""
    command: click.Command = command_line
    context = click.Context(command)
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"no command {name}")
        command, context = found, click.Context(found, parent=context)
    command.make_parser(context).parse_args(list(arguments))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_rule_that_is_named_exists(page: Path) -> None:
    """A page names no rule that there is not; PULL1 and the like are prefixes."""
    known = {rule.id for rule in documented_rules()}
    assert set(re.findall(r"\bPULL\d{3}\b", page.read_text("utf-8"))) <= known


def test_the_symptoms_lead_to_every_error() -> None:
    """Each rule for an error that a user can see as a symptom is on the page of symptoms."""
    text = (DOCS / "symptoms.md").read_text("utf-8")
    for message in (
        "i/o timeout",
        "toomanyrequests",
        "no space left on device",
        "ResourceInitializationError",
    ):
        assert message in text


def test_every_public_name_is_in_the_reference() -> None:
    """Each public name has its entry in docs/reference; the errors share one."""
    entries = {
        entry
        for path in (DOCS / "reference").glob("*.md")
        for entry in re.findall(r"^::: (\S+)$", path.read_text("utf-8"), re.MULTILINE)
    }
    names = {f"{home}.{name}" for name, home in cdk_pull._HOMES.items() if home != "cdk_pull.errors"}
    assert names - entries == set()
    assert "cdk_pull.errors" in entries


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A link to a page, a picture or a heading that is not there is reported, and so is one without TLS."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<h2 id="here"></h2><a href="../">up</a>', "utf-8")
    (tmp_path / "index.html").write_text(
        '<a href="a/#here">1</a><a href="a/#gone">2</a><a href="b/">3</a><img src="c.svg">'
        '<a href="http://example.com">4</a><a href="https://example.com">5</a>',
        "utf-8",
    )
    assert broken_links(tmp_path) == [
        f"index.html: {link}" for link in ("a/#gone", "b/", "c.svg", "http://example.com")
    ]
