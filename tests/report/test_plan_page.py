from __future__ import annotations

import re
from html.parser import HTMLParser

from cdk_pull.fargate.estimate.start_model import Interval
from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.sizes import check
from cdk_pull.image.profile import ImageProfile
from cdk_pull.report.page import price_bar, start_bar, waterfall_bars
from cdk_pull.report.plan import Plan, Task, make_plan
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
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_the_page_needs_nothing_but_itself() -> None:
    """No script, no image, no style sheet, no address of anything."""
    text = plan_page(_plan())
    page = _Page(text)
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "svg"})
    assert re.findall(r"[a-z]+://|url\(", text) == []


def test_every_id_stands_once_and_every_reference_has_its_id() -> None:
    """Each section is labelled by its own heading."""
    text = plan_page(_plan())
    ids = _Page(text).ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', text)) <= set(ids)


def test_the_table_has_every_figure_of_the_bars() -> None:
    """Who does not see the bars reads each size's start and price, and which is today's and which is chosen."""
    rows = {row[0]: row[1:] for row in _Page(plan_page(_plan())).rows}
    assert rows["0.5 vCPU, 1 GBtodaytoo late"] == ["78 s", "", "$18", "", "to 4 GB, $28"]
    assert rows["2 vCPU, 4 GBnear miss"][0] == "63 s"
    assert rows["4 vCPU, 8 GBchosen"] == ["45 s", "", "$144", "", "to 30 GB, $216"]


def test_the_time_is_drawn_phase_by_phase_at_the_top() -> None:
    """The waterfall of the chosen size stands before the sizes, its phases in the order in which they begin."""
    text = plan_page(_plan())
    assert text.index('id="phases"') < text.index('id="sizes"')
    assert re.findall(r"<b>([a-z-]+)</b><i>([0-9]+ s)</i>", text) == [
        ("pre-pull", "12 s"),
        ("download", "7 s"),
        ("unpack", "22 s"),
        ("post-pull", "4 s"),
    ]


def test_a_bar_ends_where_its_figure_is() -> None:
    """Prices are on a linear scale, intervals between their bounds, phases one after another."""
    assert 'style="width:25.00%"' in price_bar(36, 144)
    bar = start_bar(Interval(25, 50, 75), 100, 60)
    assert re.findall(r'class="(\w+)" style="([^"]+)"', bar) == [
        ("span", "left:25.00%;right:25.00%"),
        ("dot", "left:50.00%"),
        ("target", "left:60.00%"),
    ]
    assert "target" not in start_bar(Interval(25, 50, 75), 100, 160)
    assert re.findall(r"left:([0-9.]+%);width:([0-9.]+%)", waterfall_bars([("a", 10), ("b", 30)])) == [
        ("0.00%", "25.00%"),
        ("25.00%", "75.00%"),
    ]


def test_an_images_name_is_text() -> None:
    """Whatever an image is called, it is no markup."""
    text = plan_page(_plan(name='<script>alert("x")</script>'))
    assert "script" not in _Page(text).tags
    assert "&lt;script&gt;" in text


def test_the_same_plan_is_the_same_page() -> None:
    """No date, no random name: a committed page changes only with its figures."""
    assert plan_page(_plan()) == plan_page(_plan())


def test_what_is_unknown_is_said_where_the_price_would_be() -> None:
    """Without a Region no price is drawn, and the price says why it is not known."""
    text = plan_page(_plan(region=None))
    assert 'class="bar"' not in text
    assert "no Region is given" in text
    assert "$" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_a_plan_without_ways_says_so() -> None:
    """No empty drawing where nothing would help."""
    profile = ImageProfile.of_size(compressed_bytes=1_000_000)
    plan = make_plan(Task(name="app:1", profile=profile, floor=check(512, 1024), region="us-east-1"))
    text = plan_page(plan)
    assert "Nothing that is known would shorten this start by more than chance does." in text
    assert text.count('<table class="ways"') == 0


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
