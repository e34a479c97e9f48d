from __future__ import annotations

import re
import sys
from html.parser import HTMLParser

import pytest

from cdk_pull.errors import UnsupportedError
from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.sizes import check
from cdk_pull.image.profile import ImageProfile
from cdk_pull.report.plan import Plan, Task, make_plan
from cdk_pull.report.plan_chart import COLOURS, NARROW, WIDE, sizes_chart, ways_chart
from cdk_pull.report.plan_page import plan_page

_VOID = {"meta", "br"}
_LEAST_CONTRAST = 4.5
"""WCAG 2.2, level AA, for text."""


def _plan(name: str = "app:1", region: str | None = "us-east-1", target: float | None = 60) -> Plan:
    profile = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)
    return make_plan(
        Task(
            name=name, profile=profile, floor=check(512, 1024), goal=Goal(start_seconds=target), region=region
        )
    )


class _Page(HTMLParser):
    """The tags, ids and texts of a page; fails on a tag that is closed wrongly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data


def test_the_page_needs_nothing_but_itself() -> None:
    """No script, no image, no style sheet, no address but the names of XML's own vocabularies."""
    text = plan_page(_plan())
    page = _Page(text)
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert set(re.findall(r"[a-z]+://[^\s\"'<)]+", text)) == {
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/2000/svg",
    }
    assert set(re.findall(r"url\((.)", text)) == {"#"}


def test_every_id_stands_once_and_every_reference_has_its_id() -> None:
    """Four drawings in one page do not share a name."""
    text = plan_page(_plan())
    ids = _Page(text).ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', text)) <= set(ids)
    assert set(re.findall(r'aria-labelledby="([^"]+)"', text)) <= set(ids)


def test_the_table_has_every_figure_of_the_chart() -> None:
    """Who does not see the drawing reads each size's start, interval and prices."""
    assert [
        "4 vCPU, 8 GB",
        "45 s",
        "25-108 s",
        "$144",
        "up to 30 GB, $0.2953/h",
        "chosen",
    ] in _Page(plan_page(_plan())).rows


def test_an_images_name_is_text() -> None:
    """Whatever an image is called, it is no markup."""
    text = plan_page(_plan(name='<script>alert("x")</script>'))
    assert "script" not in _Page(text).tags
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("region", [None, "us-east-1"])
@pytest.mark.parametrize("target", [None, 5.0, 60.0])
def test_every_drawing_takes_its_colours_from_the_page(region: str | None, target: float | None) -> None:
    """No colour of its own is left in a drawing, so that it follows a dark screen."""
    plan = _plan(region=region, target=target)
    for form in (WIDE, NARROW):
        for drawing in (sizes_chart(plan, form), ways_chart(plan, form)):
            used = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", drawing))
            assert used <= {"none", *(f"var(--{name})" for name in COLOURS)}


def test_the_same_plan_is_the_same_page() -> None:
    """No date, no random name: a committed page changes only with its figures."""
    assert plan_page(_plan()) == plan_page(_plan())


def test_what_is_unknown_is_said_where_the_price_would_be() -> None:
    """Without a Region the axis is vCPU, and the price says why it is not known."""
    text = plan_page(_plan(region=None))
    assert "the price is not known" in text
    assert "no Region is given" in text
    assert "$" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_a_plan_without_ways_says_so() -> None:
    """No empty drawing where nothing would help."""
    profile = ImageProfile.of_size(compressed_bytes=1_000_000)
    plan = make_plan(Task(name="app:1", profile=profile, floor=check(512, 1024), region="us-east-1"))
    text = plan_page(plan)
    assert "Nothing that is known would shorten this start by more than chance does." in text
    assert text.count("<svg") == 2


def test_the_texts_are_readable_on_light_and_on_dark() -> None:
    """Every colour that text has differs enough from both backgrounds of its theme."""
    style = plan_page(_plan()).partition("<style>")[2].partition("</style>")[0]
    themes = [
        dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{([^}]+)\}", style)
    ][:2]
    assert len(themes) == 2
    for theme in themes:
        for name in ("ink", "muted", "chosen", "target"):
            for ground in ("paper", "card"):
                assert _contrast(theme[name], theme[ground]) >= _LEAST_CONTRAST, (name, ground)


def _contrast(one: str, other: str) -> float:
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plotting library is asked for by the name of the extra."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UnsupportedError, match=re.escape("pip install 'cdk-pull[html]'")):
        plan_page(_plan())
