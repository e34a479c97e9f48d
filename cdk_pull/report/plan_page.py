"""The picture of one task's start as one page: no script, no network, light and dark, wide and narrow."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.fargate.prices import UnknownPrice, load_prices
from cdk_pull.report.plan_chart import NARROW, WIDE, sizes_chart, ways_chart
from cdk_pull.report.size_text import month

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cdk_pull.fargate.choose import Candidate
    from cdk_pull.fargate.estimate.start_model import Interval
    from cdk_pull.fargate.sizes import FargateSize
    from cdk_pull.report.plan import Plan
    from cdk_pull.report.plan_chart import Format

__all__ = ["plan_page"]

_STYLE: Final = """
:root { color-scheme: light dark;
  --paper: #fcfcfa; --card: #ffffff; --ink: #1c2430; --muted: #566072; --grid: #d5dae2; --other: #7b8798;
  --chosen: #0b63c4; --noise: #f2c14e; --target: #a3285f; --change: #2a8a72; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181f; --card: #1c222c; --ink: #e8ecf2; --muted: #a3aec0; --grid: #353e4c; --other: #8a96a8;
  --chosen: #6cb2ff; --noise: #b98a1d; --target: #ff8cc0; --change: #5fcbae; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2rem) 3rem; }
h1 { font-size: clamp(1.25rem, 4vw, 1.75rem); line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 0.5rem; }
p { margin: 0.35rem 0; }
.muted, figcaption, caption, footer { color: var(--muted); }
.answer { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 0.25rem 2rem;
  margin: 1.25rem 0 0; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--grid);
  border-left: 0.35rem solid var(--chosen); border-radius: 0.5rem; }
.answer dl { margin: 0; }
.answer dt { color: var(--muted); font-size: 0.875rem; }
.answer dd { margin: 0; font-size: 1.35rem; font-weight: 650; line-height: 1.3; }
.answer dd small { display: block; font-size: 0.875rem; font-weight: 400; color: var(--muted); }
.answer .why { grid-column: 1 / -1; margin-top: 0.5rem; }
figure { margin: 0 0 1rem; }
figcaption { font-size: 0.9rem; margin-bottom: 0.5rem; }
svg { display: block; width: 100%; height: auto; font-family: inherit; stroke-linejoin: round; }
.narrow { display: none; max-width: 30rem; margin: 0 auto; }
@media (max-width: 46rem) { .wide { display: none; } .narrow { display: block; } }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: 0.9rem; padding-bottom: 0.35rem; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.9rem 0.35rem 0; border-top: 1px solid var(--grid); }
th { font-weight: 600; } thead th { border-top: 0; color: var(--muted); font-size: 0.875rem; }
.number { text-align: right; }
.number, .name { white-space: nowrap; }
tr.chosen th, tr.chosen td { color: var(--chosen); font-weight: 650; }
td { overflow-wrap: anywhere; }
@media (max-width: 46rem) {
  thead { position: absolute; clip-path: inset(50%); }
  table, tbody, tr, th, caption { display: block; } td { display: inline; }
  tr { border-top: 1px solid var(--grid); padding: 0.5rem 0; } th, td { border: 0; padding: 0; }
  td + td:not(:empty)::before { content: " · "; color: var(--muted); } }
ul { padding-left: 1.2rem; margin: 0.35rem 0; }
footer { margin-top: 2.5rem; font-size: 0.875rem; border-top: 1px solid var(--grid); padding-top: 0.75rem; }
@media print { :root { --paper: #fff; } main { max-width: none; } figure, tr { break-inside: avoid; } }
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def plan_page(plan: Plan) -> str:
    """Return one HTML page.

    Raises:
        UnsupportedError: when matplotlib is not installed.
    """
    title = f"Start of {plan.task.name}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)} on Fargate</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>{escape(plan.task.name)}</h1>
<p class="muted">{escape(_facts(plan))}</p>
</header>
{_answer(plan)}
<section aria-labelledby="sizes">
<h2 id="sizes">Start against price, for every size</h2>
{_figure(plan, sizes_chart, _sizes_label(plan), _sizes_caption(plan))}
{_sizes_table(plan)}
</section>
<section aria-labelledby="ways">
<h2 id="ways">Ways with other images</h2>
{_ways(plan)}
</section>
<section aria-labelledby="rests">
<h2 id="rests">What the figures rest on</h2>
{_phases_table(plan)}
<ul>
{_items(plan.notes)}
</ul>
</section>
<footer>cdk-pull plan. {escape(_dates(plan))}</footer>
</main>
</body>
</html>
"""


def _facts(plan: Plan) -> str:
    task = plan.task
    return f"{task.facts}. A {task.os.capitalize()} task on Fargate, {task.architecture}, {task.region or 'Region not given'}."


def _answer(plan: Plan) -> str:
    choice, target = plan.choice, plan.task.target_seconds
    start = choice.candidate.start.total
    held = {True: "within the target of ", False: "misses the target of "}.get(choice.target_met is True, "")
    against = "no target given" if target is None else f"{held}{target:g} s"
    price = choice.candidate.price
    if isinstance(price, UnknownPrice):
        cost = f"unknown<small>{escape(price.reason)}</small>"
    else:
        cost = f"{month(choice.candidate)} a month<small>{escape(choice.cost)}</small>"
    storage = (
        f'<p class="why">Ephemeral storage: {choice.ephemeral_gib} GiB, as {INCLUDED_GIB} do not hold the images.</p>'
        if choice.ephemeral_gib > INCLUDED_GIB
        else ""
    )
    return f"""<section class="answer" aria-label="The choice">
<dl><dt>Choice</dt><dd>{choice.size}<small>cpu {choice.size.cpu}, memory {choice.size.memory_mib}</small></dd></dl>
<dl><dt>Expected start</dt><dd>{start.expected:.0f} s<small>{start.low:.0f} to {start.high:.0f} s, {escape(against)}</small></dd></dl>
<dl><dt>Price</dt><dd>{cost}</dd></dl>
<p class="why">{escape(_sentence(choice.why))}</p>
{storage}</section>"""


def _figure(plan: Plan, chart: Callable[[Plan, Format], str], label: str, caption: str) -> str:
    drawings = "\n".join(
        chart(plan, form).replace(
            "<svg", f'<svg class="{form.name}" role="img" aria-label="{escape(label)}"', 1
        )
        for form in (WIDE, NARROW)
    )
    return f"<figure>\n<figcaption>{escape(caption)}</figcaption>\n{drawings}\n</figure>"


def _sizes_label(plan: Plan) -> str:
    starts = ", ".join(
        f"{candidate.size.vcpu:g} vCPU {candidate.start.total.expected:.0f} seconds"
        for candidate in plan.choice.candidates
    )
    return f"Expected start by size: {starts}. The table below has every figure."


def _sizes_caption(plan: Plan) -> str:
    memories = ", small strokes to its right are larger memories at the same start" if plan.priced else ""
    return (
        f"A dot is the expected start of a size, named by its vCPU, its bar the interval ({plan.coverage}){memories}. "
        "A larger size whose dot lies in the yellow band gains no more than chance does."
    )


def _sizes_table(plan: Plan) -> str:
    return _table(
        "The least memory of each CPU that holds the task, and what more memory costs.",
        ("Size", "#Expected", "#Interval", "#Per month", "More memory", "Verdict"),
        [
            _size_row(plan, candidate, memories)
            for candidate, memories in zip(plan.choice.candidates, plan.memories, strict=True)
        ],
        chosen=plan.choice.candidates.index(plan.choice.candidate),
    )


def _size_row(
    plan: Plan, candidate: Candidate, memories: tuple[tuple[FargateSize, float | UnknownPrice], ...]
) -> tuple[str, ...]:
    largest, price = memories[-1]
    more = f"up to {largest.memory_gb:g} GB" + (f", {_price(price)}" if plan.priced else "")
    return (
        str(candidate.size),
        *_seconds(candidate.start.total),
        month(candidate),
        more if len(memories) > 1 else "",
        plan.verdict(candidate),
    )


def _ways(plan: Plan) -> str:
    ec2 = f"<p>Or {escape(plan.choice.ec2)}.</p>" if plan.choice.ec2 else ""
    if not plan.ways:
        return f"<p>Nothing that is known would shorten this start by more than chance does.</p>{ec2}"
    label = "Start and price of each way: " + "; ".join(str(way) for way in plan.ways)
    caption = (
        "Sizes and images together, the best first: what does what is asked at the least dollars per month."
    )
    rows = [
        (
            way.what,
            f"{way.candidate.start.total.expected:.0f} s",
            month(way.candidate),
            _sentence(
                "; ".join(
                    part
                    for part in (
                        f"needs {way.change.needs}",
                        way.change.rules_out and f"rules out {way.change.rules_out}",
                        way.change.sure,
                    )
                    if part
                )
            ),
        )
        for way in plan.ways
    ]
    table = _table("What each needs.", ("Way", "#Expected", "#Per month", "What it needs"), rows)
    return f"{_figure(plan, ways_chart, label, caption)}\n{table}{ec2}"


def _phases_table(plan: Plan) -> str:
    rows = [
        (phase.name, *_seconds(phase.seconds), phase.source) for phase in plan.choice.candidate.start.phases
    ]
    caption = f"The phases of the start at {plan.choice.size}."
    return _table(caption, ("Phase", "#Expected", "#Interval", "Source"), rows)


def _table(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], chosen: int | None = None
) -> str:
    """Return a table whose first column names the row; ``#`` before a column's name aligns figures.

    The roles say again what the tags say, as browsers forget it where the narrow layout changes their display.
    """
    kinds = ["name", *("number" if column.startswith("#") else "words" for column in columns[1:])]
    head = "".join(
        f'<th scope="col" role="columnheader" class="{kind}">{escape(column.lstrip("#"))}</th>'
        for kind, column in zip(kinds, columns, strict=True)
    )
    body = "\n".join(
        f'<tr role="row" class="{"chosen" if index == chosen else "other"}">'
        f'<th scope="row" role="rowheader" class="name">{escape(row[0])}</th>'
        + "".join(
            f'<td role="cell" class="{kind}">{escape(cell)}</td>'
            for kind, cell in zip(kinds[1:], row[1:], strict=True)
        )
        + "</tr>"
        for index, row in enumerate(rows)
    )
    return (
        f'<table role="table"><caption>{escape(caption)}</caption>\n<thead role="rowgroup"><tr role="row">{head}</tr>'
        f'</thead>\n<tbody role="rowgroup">\n{body}\n</tbody></table>'
    )


def _seconds(interval: Interval) -> tuple[str, str]:
    return f"{interval.expected:.0f} s", f"{interval.low:.0f}-{interval.high:.0f} s"


def _dates(plan: Plan) -> str:
    prices = f"Prices of {load_prices().date}, on demand. " if plan.priced else ""
    return f"{prices}Fargate bills from the start of the pull, by the second, for at least a minute."


def _items(sentences: Iterable[str]) -> str:
    return "\n".join(f"<li>{escape(_sentence(sentence))}</li>" for sentence in sentences)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _price(price: float | UnknownPrice) -> str:
    return "unknown" if isinstance(price, UnknownPrice) else f"${price:.4f}/h"
