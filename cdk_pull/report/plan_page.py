"""The picture of one task's start as one page for a browser."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.fargate.prices import UnknownPrice, dollars, load_prices, per_month
from cdk_pull.report.page import page, price_bar, sentence, start_bar, waterfall_bars
from cdk_pull.report.size_text import month

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_pull.fargate.choose import Candidate
    from cdk_pull.fargate.sizes import FargateSize
    from cdk_pull.fargate.ways.changes import ImageChange
    from cdk_pull.report.plan import Plan

__all__ = ["plan_page"]


def plan_page(plan: Plan) -> str:
    """Return one HTML page that needs nothing but itself."""
    return page(
        f"Start of {plan.task.name} on Fargate",
        f"""<header>
<h1>{escape(plan.task.name)}</h1>
<p class="muted">{escape(_facts(plan))}</p>
</header>
{_answer(plan)}
<section aria-labelledby="phases">
<h2 id="phases">Where the time goes</h2>
{_waterfall(plan)}
</section>
<section aria-labelledby="sizes">
<h2 id="sizes">Start and price of every size</h2>
{_sizes(plan)}
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
<footer>cdk-pull plan. {escape(_dates(plan))}</footer>""",
    )


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
    better = f'<p class="why better">Better: {escape(str(choice.better))}.</p>' if choice.better else ""
    return f"""<section class="answer" aria-label="The choice">
<dl><dt>Choice</dt><dd>{choice.size}<small>cpu {choice.size.cpu}, memory {choice.size.memory_mib}</small></dd></dl>
<dl><dt>Expected start</dt><dd>{start.expected:.0f} s<small>{start.low:.0f} to {start.high:.0f} s, {escape(against)}</small></dd></dl>
<dl><dt>Price</dt><dd>{cost}</dd></dl>
<p class="why">{escape(sentence(choice.why))}</p>
{better}{storage}</section>"""


def _waterfall(plan: Plan) -> str:
    start = plan.choice.candidate.start
    bars = waterfall_bars([(phase.name, phase.seconds.expected) for phase in start.phases])
    return f'{bars}\n<p class="hint">The expected start at {plan.choice.size}, from created to started.</p>'


def _sizes(plan: Plan) -> str:
    target = plan.drawn_target
    drawn = f" The dashed line is the target, {target:g} s." if target is not None else ""
    caption = (
        f"The least memory of each CPU that holds the task. A dot is the expected start, its bar the interval "
        f"({plan.coverage}).{drawn} Prices on a linear scale. A gain of less than {NOISE_SECONDS:g} s is within what "
        "starts of one size differ by."
    )
    rows = [
        _size_row(plan, candidate, memories[-1])
        for candidate, memories in zip(plan.choice.candidates, plan.memories, strict=True)
    ]
    return _table(caption, ("Size", "Start", "", "Per month", "", "More memory"), rows)


def _size_row(plan: Plan, candidate: Candidate, largest: tuple[FargateSize, float | UnknownPrice]) -> str:
    chosen = candidate is plan.choice.candidate
    verdict = plan.verdict(candidate)
    tags = ["today"] if candidate is plan.choice.floor else []
    tags += [verdict] if verdict else []
    size, price = largest
    more = f"to {size.memory_gb:g} GB" if size != candidate.size else ""
    more += f", {_month(price)}" if more and plan.priced else ""
    return _row(
        str(candidate.size),
        tags,
        candidate,
        plan,
        extra=f'<td class="words" data-label="more memory">{escape(more)}</td>' if more else "<td></td>",
        kind="chosen" if chosen else "other",
    )


def _row(name: str, tags: Sequence[str], candidate: Candidate, plan: Plan, *, extra: str, kind: str) -> str:
    start = candidate.start.total
    usd = candidate.usd_per_month
    dearest = max(
        (
            each
            for each in (option.usd_per_month for option in plan.choice.candidates)
            if not isinstance(each, UnknownPrice)
        ),
        default=0.0,
    )
    price = "" if isinstance(usd, UnknownPrice) else price_bar(usd, dearest)
    marks = "".join(f'<span class="tag">{escape(tag)}</span>' for tag in tags)
    return (
        f'<tr class="{kind}"><th scope="row" class="name">{escape(name)}{marks}</th>'
        f'<td class="number" data-label="start">{start.expected:.0f} s</td>'
        f'<td class="bars">{start_bar(start, plan.horizon, plan.drawn_target)}</td>'
        f'<td class="number" data-label="a month">{escape(month(candidate))}</td>'
        f'<td class="bars">{price}</td>{extra}</tr>'
    )


def _ways(plan: Plan) -> str:
    ec2 = f"<p>Or {escape(plan.choice.ec2)}.</p>" if plan.choice.ec2 else ""
    if not plan.ways:
        return f"<p>Nothing that is known would shorten this start by more than chance does.</p>{ec2}"
    rows = [
        _row(
            str(way.candidate.size),
            [],
            way.candidate,
            plan,
            extra=f'<td class="words"><b class="better">{escape(way.change.what)}</b><br>{escape(_needs(way.change))}</td>',
            kind="change",
        )
        for way in plan.ways
    ]
    caption = (
        "Sizes and images together, the best first: what does what is asked at the least dollars per month."
    )
    columns = ("Size", "Start", "", "Per month", "", "Image, and what it needs")
    return _table(caption, columns, rows, kind="ways") + ec2


def _needs(change: ImageChange) -> str:
    parts = [
        f"needs {change.needs}",
        f"rules out {change.rules_out}" if change.rules_out else "",
        change.sure,
    ]
    return sentence("; ".join(part for part in parts if part))


def _phases_table(plan: Plan) -> str:
    rows = [
        f'<tr class="other"><th scope="row" class="name">{escape(phase.name)}</th>'
        f'<td class="number">{phase.seconds.expected:.0f} s</td>'
        f'<td class="number">{phase.seconds.low:.0f}-{phase.seconds.high:.0f} s</td><td>{escape(phase.source)}</td></tr>'
        for phase in plan.choice.candidate.start.phases
    ]
    caption = f"The phases of the start at {plan.choice.size}."
    return _table(caption, ("Phase", "Expected", "Interval", "Source"), rows)


def _table(caption: str, columns: Sequence[str], rows: Sequence[str], kind: str = "sizes") -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "\n".join(rows)
    return (
        f'<table class="{kind}"><caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table>"
    )


def _dates(plan: Plan) -> str:
    prices = f"Prices of {load_prices().date}, on demand. " if plan.priced else ""
    return f"{prices}Fargate bills from the start of the pull, by the second, for at least a minute."


def _items(sentences: Iterable[str]) -> str:
    return "\n".join(f"<li>{escape(sentence(each))}</li>" for each in sentences)


def _month(price: float | UnknownPrice) -> str:
    return "unknown" if isinstance(price, UnknownPrice) else dollars(per_month(price))
