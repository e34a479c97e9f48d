"""One page for a browser: no script, no network, light and dark, wide and narrow; and the bars that stand in it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.estimate.start_model import Interval

__all__ = ["PHASE_COLOURS", "page", "price_bar", "sentence", "start_bar", "waterfall_bars"]

PHASE_COLOURS: Final = ("phase-1", "phase-2", "phase-3", "phase-4")

_STYLE: Final = """
:root { color-scheme: light dark;
  --paper: #fcfcfa; --card: #ffffff; --ink: #1c2430; --muted: #566072; --grid: #d5dae2; --other: #7b8798;
  --chosen: #0b63c4; --target: #a3285f; --change: #1d7a62; --bad: #b3261e;
  --phase-1: #9aa6b8; --phase-2: #2f7fd0; --phase-3: #2a8a72; --phase-4: #8b6fc4; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181f; --card: #1c222c; --ink: #e8ecf2; --muted: #a3aec0; --grid: #353e4c; --other: #8a96a8;
  --chosen: #6cb2ff; --target: #ff8cc0; --change: #5fcbae; --bad: #ff8a80;
  --phase-1: #76829a; --phase-2: #5aa2ea; --phase-3: #4cb89a; --phase-4: #a98fe0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2rem) 3rem; }
h1 { font-size: clamp(1.25rem, 4vw, 1.75rem); line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 0.5rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.25rem 0 0.25rem; overflow-wrap: anywhere; }
p { margin: 0.35rem 0; }
.muted, caption, footer, .hint { color: var(--muted); }
.hint { font-size: 0.9rem; }
.answer { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(12rem, 100%), 1fr)); gap: 0.25rem 2rem;
  margin: 1.25rem 0 0; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--grid);
  border-left: 0.35rem solid var(--chosen); border-radius: 0.5rem; }
.answer dl { margin: 0; }
.answer dt { color: var(--muted); font-size: 0.875rem; }
.answer dd { margin: 0; font-size: 1.35rem; font-weight: 650; line-height: 1.3; }
.answer dd small { display: block; font-size: 0.875rem; font-weight: 400; color: var(--muted); }
.answer .why { grid-column: 1 / -1; margin-top: 0.5rem; }
.better { color: var(--change); font-weight: 600; }
.missed { color: var(--bad); font-weight: 600; }
.fall { display: grid; grid-template-columns: 6.5rem 3.5rem 1fr; gap: 0.3rem 0.75rem; align-items: center;
  margin: 0.75rem 0 1rem; font-variant-numeric: tabular-nums; }
.fall b { font-weight: 500; } .fall i { font-style: normal; text-align: right; }
.track { position: relative; height: 1.15rem; background: color-mix(in srgb, var(--grid) 35%, transparent);
  border-radius: 0.2rem; min-width: 4rem; }
.track > * { position: absolute; top: 0; bottom: 0; display: block; border-radius: 0.2rem; }
.track .span { top: 35%; bottom: 35%; background: var(--other); opacity: 0.75; }
.track .dot { width: 0.7rem; margin-left: -0.35rem; top: 0.2rem; bottom: 0.2rem; border-radius: 50%; background: var(--other); }
.track .target { width: 0; border-left: 2px dashed var(--target); border-radius: 0; top: -0.2rem; bottom: -0.2rem; }
.track .bar { left: 0; background: var(--other); opacity: 0.8; min-width: 2px; }
.chosen .span, .chosen .dot, .chosen .bar { background: var(--chosen); opacity: 1; }
.change .span, .change .dot, .change .bar { background: var(--change); opacity: 1; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: 0.9rem; padding-bottom: 0.35rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.9rem 0.4rem 0; border-top: 1px solid var(--grid); }
th { font-weight: 600; } thead th { border-top: 0; color: var(--muted); font-size: 0.875rem; }
.number { text-align: right; white-space: nowrap; }
.name { white-space: nowrap; }
td.bars { width: 24%; min-width: 6rem; }
table.ways td.bars { width: 14%; }
tr.chosen th, tr.chosen td.number { color: var(--chosen); font-weight: 650; }
.tag { font-size: 0.8rem; font-weight: 500; color: var(--muted); border: 1px solid var(--grid); border-radius: 0.8rem;
  padding: 0 0.5rem; margin-left: 0.4rem; white-space: nowrap; }
td { overflow-wrap: break-word; }
@media (max-width: 58rem) {
  thead { position: absolute; clip-path: inset(50%); }
  table, tbody, tr, th, td, caption { display: block; }
  tr { border-top: 1px solid var(--grid); padding: 0.6rem 0; }
  th, th.name, td, td.bars, table.ways td.bars, td.number { border: 0; padding: 0.1rem 0; width: auto; text-align: left;
    white-space: normal; }
  td:empty { display: none; }
  td[data-label]::before { content: attr(data-label) " "; color: var(--muted); font-weight: 400; }
  td.bars::before { content: none; }
  .fall { grid-template-columns: 1fr auto; } .fall .track { grid-column: 1 / -1; } }
details { margin: 0.25rem 0; } summary { cursor: pointer; color: var(--muted); }
ul { padding-left: 1.2rem; margin: 0.35rem 0; }
footer { margin-top: 2.5rem; font-size: 0.875rem; border-top: 1px solid var(--grid); padding-top: 0.75rem; }
@media print { :root { --paper: #fff; } main { max-width: none; } tr { break-inside: avoid; } }
"""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def page(title: str, body: str) -> str:
    """Return one HTML page.

    Args:
        title: plain text, for the browser's tab.
        body: markup, for the one ``main`` of the page.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def sentence(text: str) -> str:
    """Return a clause as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def start_bar(start: Interval, horizon: float, target: float | None = None) -> str:
    """Return a start as a bar from its lower to its upper bound with a dot where it is expected.

    Args:
        start: seconds.
        horizon: the seconds that the whole width stands for.
        target: where to draw a dashed line; none where it lies beyond the horizon.
    """
    label = f"{start.expected:.0f} seconds expected, {start.low:.0f} to {start.high:.0f}"
    line = ""
    if target is not None and target <= horizon:
        label += f", target {target:g}"
        line = f'<span class="target" style="left:{_percent(target, horizon)}"></span>'
    left, right = _percent(start.low, horizon), _percent(max(0.0, horizon - start.high), horizon)
    return (
        f'<div class="track" role="img" aria-label="{label}"><span class="span" style="left:{left};right:{right}">'
        f'</span><span class="dot" style="left:{_percent(start.expected, horizon)}"></span>{line}</div>'
    )


def price_bar(usd: float, dearest: float) -> str:
    """Return a price as a bar on a linear scale: twice as long is twice as dear."""
    return (
        f'<div class="track" role="img" aria-label="{usd:.2f} US dollars a month of at most {dearest:.2f}">'
        f'<span class="bar" style="width:{_percent(usd, dearest)}"></span></div>'
    )


def waterfall_bars(phases: Sequence[tuple[str, float]]) -> str:
    """Return the phases of a start one after another, each beginning where the one before it ends.

    Args:
        phases: name and expected seconds, in the order in which they begin.
    """
    whole = sum(seconds for _, seconds in phases) or 1.0
    passed, rows = 0.0, []
    for index, (name, seconds) in enumerate(phases):
        colour = PHASE_COLOURS[index % len(PHASE_COLOURS)]
        style = f"left:{_percent(passed, whole)};width:{_percent(seconds, whole)};min-width:2px;background:var(--{colour})"
        rows.append(
            f'<b>{escape(name)}</b><i>{seconds:.0f} s</i><div class="track" role="img" '
            f'aria-label="{escape(name)} {seconds:.0f} seconds, after {passed:.0f}"><span style="{style}"></span></div>'
        )
        passed += seconds
    return f'<div class="fall">{"".join(rows)}</div>'


def _percent(value: float, whole: float) -> str:
    return f"{100 * min(1.0, max(0.0, value / whole if whole else 0.0)):.2f}%"
