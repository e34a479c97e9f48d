"""The decisions of a whole app as one page for a browser."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cdk_pull.fargate.prices import dollars
from cdk_pull.report.decision_lines import line_of, place_of, totals_of
from cdk_pull.report.page import page, sentence, waterfall_bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.report.decision_lines import DecisionLine, Totals
    from cdk_pull.report.decisions import StackDecisions

__all__ = ["decisions_page"]


def decisions_page(stacks: Sequence[StackDecisions]) -> str:
    """Return one HTML page that needs nothing but itself."""
    totals = totals_of(stacks)
    sections = [_stack(stack) for stack in stacks if stack.decisions]
    without = [stack.stack for stack in stacks if not stack.decisions]
    rest = f'<p class="muted">Nothing to decide in: {escape(", ".join(without))}.</p>' if without else ""
    return page(
        "What cdk_pull decided",
        f"""<header>
<h1>What cdk_pull decided</h1>
<p class="muted">{escape(str(totals))}.</p>
</header>
{_answer(totals)}
{"".join(sections)}
{rest}
<footer>cdk-pull decisions. Prices are per month of 730 hours, on demand, for one task of each definition, in the Region
of its stack.</footer>""",
    )


def _answer(totals: Totals) -> str:
    more = totals.usd_per_month - totals.usd_per_month_before
    money = f"{dollars(totals.usd_per_month)} a month" if totals.fargate else "none priced"
    added = (
        f"{dollars(abs(more))} {'more' if more >= 0 else 'less'} than at the sizes given"
        if totals.fargate
        else ""
    )
    missed = f"{totals.missed} missed" if totals.missed else "none missed"
    return f"""<section class="answer" aria-label="Totals">
<dl><dt>Decisions</dt><dd>{totals.decisions}<small>in {totals.stacks} stacks; {totals.general} more state that all is well</small></dd></dl>
<dl><dt>Fargate tasks</dt><dd>{escape(money)}<small>{escape(added)}</small></dd></dl>
<dl><dt>Targets</dt><dd{' class="missed"' if totals.missed else ""}>{missed}</dd></dl>
<dl><dt>Better ways</dt><dd{' class="better"' if totals.better else ""}>{totals.better}</dd></dl>
</section>"""


def _stack(stack: StackDecisions) -> str:
    lines = [line_of(each) for each in stack.decisions]
    return (
        f'<section><h2>{escape(stack.stack)} <span class="tag">{escape(place_of(stack.environment))}</span></h2>'
        f"{''.join(map(_decision, lines))}</section>\n"
    )


def _decision(line: DecisionLine) -> str:
    facts = [fact for fact in (line.start, f"{line.month} a month" if line.month else "") if fact]
    missed = '<span class="missed"> target missed</span>' if line.missed else ""
    better = f'<p class="better">Better: {escape(line.better)}.</p>' if line.better else ""
    bars = waterfall_bars(line.phases) if line.phases else ""
    reasons = "".join(f"<li>{escape(sentence(reason))}</li>" for reason in line.reasons)
    return (
        f'<h3>{escape(line.resource)} <span class="tag">{escape(line.topic)}</span></h3>'
        f"<p><b>{escape(line.what)}</b>{missed} {escape(' · '.join(facts))}</p>{better}{bars}"
        f"<details><summary>Why</summary><ul>{reasons}</ul></details>"
    )
