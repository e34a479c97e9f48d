"""The charts of one task's start, as SVG to be put into a page.

The colours are the page's CSS variables, so that one drawing serves a light and a dark screen; the text stays text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import UnsupportedError
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.fargate.prices import UnknownPrice
from cdk_pull.fargate.ways.changes import AS_IT_IS
from cdk_pull.report.size_text import month

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from cdk_pull.fargate.choose import Candidate
    from cdk_pull.report.plan import Plan

__all__ = ["COLOURS", "NARROW", "WIDE", "Format", "sizes_chart", "ways_chart"]

COLOURS: Final = {
    "ink": "#101011",
    "muted": "#202022",
    "grid": "#303033",
    "other": "#404044",
    "chosen": "#505055",
    "noise": "#606066",
    "target": "#707077",
    "change": "#808088",
}
"""CSS variables, and the colours that stand for them while matplotlib draws."""

_EXTRA: Final = "the page needs matplotlib; pip install 'cdk-pull[html]'"
_DPI: Final = 72
_PRICES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.edgecolor": COLOURS["grid"],
    "axes.labelcolor": COLOURS["muted"],
    "xtick.color": COLOURS["grid"],
    "ytick.color": COLOURS["grid"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["muted"],
    "text.color": COLOURS["ink"],
    "axes.grid": True,
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
}
_ID: Final = re.compile(r'(\bid="|href="#|url\(#)')
_LEFT_TO_THE_PAGE: Final = re.compile(
    r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>| font-family: [^;]*;| (?:width|height)=\"[0-9.]+pt\"",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Format:
    """A drawing's measures.

    Attributes:
        name: begins every id in the drawing, so that several stand in one page.
        width: in CSS pixels, at which the text has its size.
        height: of the chart of sizes, in the same.
        text: size of the text, in the same.
        wide: whether words find room beside the marks.
    """

    name: str
    width: int
    height: int
    text: float
    wide: bool

    @property
    def gap(self) -> str:
        """What stands between a name and its figure."""
        return ", " if self.wide else "\n"


WIDE: Final = Format("wide", 880, 460, 13, wide=True)
NARROW: Final = Format("narrow", 360, 420, 11.5, wide=False)


def sizes_chart(plan: Plan, form: Format) -> str:
    """Return the start of every size against its price, with the noise, the target and the choice.

    Raises:
        UnsupportedError: when matplotlib is not installed.
    """

    def paint(axes: Axes) -> None:
        candidates = plan.choice.candidates
        _horizontal_bands(axes, plan, form)
        for candidate, memories in zip(candidates, plan.memories, strict=True):
            chosen = candidate is plan.choice.candidate
            colour = COLOURS["chosen" if chosen else "other"]
            start, x = candidate.start.total, _x(plan, candidate)
            if plan.priced and len(memories) > 1:
                prices = [price for _, price in memories if not isinstance(price, UnknownPrice)]
                axes.plot(prices, [start.expected] * len(prices), "-", color=colour, lw=1, alpha=0.45)
                axes.plot(prices, [start.expected] * len(prices), "|", color=colour, ms=5, alpha=0.6)
            axes.plot(
                [x, x],
                [start.low, start.high],
                "-",
                color=colour,
                lw=4 if chosen else 2.5,
                solid_capstyle="round",
            )
            axes.plot([x], [start.expected], "o", color=colour, ms=10 if chosen else 7)
            axes.annotate(
                f"{candidate.size.vcpu:g}" + (" vCPU" if form.wide else ""),
                (x, start.high),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                color=colour if chosen else COLOURS["ink"],
                weight="bold" if chosen else "normal",
            )
        axes.set_ylim(0, plan.horizon * 1.12)
        axes.set_ylabel("seconds from created to started")
        _price_axis(axes, plan, form)

    return _draw(paint, form, form.height, "sizes")


def ways_chart(plan: Plan, form: Format) -> str:
    """Return the start of each way by size and images together, the choice with today's images first.

    Raises:
        UnsupportedError: when matplotlib is not installed.
    """
    rows = len(plan.ways) + 1

    def paint(axes: Axes) -> None:
        chosen = plan.choice.candidate
        lines = [(f"{chosen.size} with {AS_IT_IS}", chosen, "chosen")]
        lines += [(way.what, way.candidate, "change") for way in plan.ways]
        for row, (what, candidate, colour) in enumerate(lines):
            start = candidate.start.total
            axes.plot(
                [start.low, start.high], [row, row], color=COLOURS[colour], lw=4, solid_capstyle="round"
            )
            axes.plot([start.expected], [row], "o", color=COLOURS[colour], ms=10)
            _row_label(axes, form, row, what, f"{start.expected:.0f} s, {month(candidate)} a month")
        highest = max(candidate.start.total.high for _, candidate, _ in lines)
        if plan.task.target_seconds is not None and plan.task.target_seconds <= highest:
            target = plan.task.target_seconds
            axes.axvline(target, color=COLOURS["target"], lw=1.5, ls="--")
            axes.text(
                target,
                1.01,
                f"target {target:g} s",
                transform=axes.get_xaxis_transform(),
                ha="center",
                color=COLOURS["target"],
            )
        axes.set_xlim(0, highest * 1.05)
        axes.set_ylim(rows - 0.5, -0.75)
        axes.set_yticks([])
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("seconds from created to started")

    return _draw(paint, form, 62 + rows * (44 if form.wide else 58), "ways")


def _horizontal_bands(axes: Axes, plan: Plan, form: Format) -> None:
    """Draw the noise and the target, named beside the axes, each name on its side so that they never meet."""
    low, high = plan.noise
    middle, target = (low + high) / 2, plan.drawn_target
    axes.axhspan(low, high, color=COLOURS["noise"], alpha=0.35, lw=0)
    noise_above = target is None or target <= middle
    _beside(axes, middle, f"noise{form.gap}{NOISE_SECONDS:g} s", "ink", above=noise_above)
    if target is not None:
        axes.axhline(target, color=COLOURS["target"], lw=1.5, ls="--")
        _beside(axes, target, f"target{form.gap}{target:g} s", "target", above=not noise_above)


def _beside(axes: Axes, seconds: float, words: str, colour: str, *, above: bool) -> None:
    axes.annotate(
        words,
        (1, seconds),
        xycoords=axes.get_yaxis_transform(),
        xytext=(5, 0),
        textcoords="offset points",
        va="bottom" if above else "top",
        color=COLOURS[colour],
    )


def _x(plan: Plan, candidate: Candidate) -> float:
    return (
        candidate.size.vcpu
        if isinstance(candidate.price, UnknownPrice) or not plan.priced
        else candidate.price
    )


def _price_axis(axes: Axes, plan: Plan, form: Format) -> None:
    """Scale the horizontal axis by price, or by vCPU where no price is known."""
    positions = [_x(plan, candidate) for candidate in plan.choice.candidates]
    axes.set_xscale("log")
    axes.minorticks_off()
    low, high = min(positions) / 1.35, max(positions) * 1.6
    axes.set_xlim(low, high)
    if plan.priced:
        # A label at the very left would stand upon the vertical axis' zero.
        offered = _PRICES if form.wide else _PRICES[1::2]
        ticks = [price for price in offered if 1.15 * low <= price <= high]
        axes.set_xticks(ticks, [f"${price:.2f}" for price in ticks])
        axes.set_xlabel(f"US dollars per hour, {plan.task.region}")
    else:
        axes.set_xticks(positions, [f"{position:g}" for position in positions])
        axes.set_xlabel("vCPU (the price is not known)")


def _row_label(axes: Axes, form: Format, row: int, what: str, value: str) -> None:
    axes.annotate(
        f"{what}: {value}" if form.wide else f"{what}\n{value}",
        (0, row),
        xytext=(4, 9),
        textcoords="offset points",
        va="bottom",
        color=COLOURS["ink"],
    )


def _draw(paint: Callable[[Axes], None], form: Format, height: int, name: str) -> str:
    """Return what is painted on one pair of axes as SVG."""
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - in an extra, and slow to import
        from matplotlib.figure import Figure  # noqa: PLC0415 - the same
    except ImportError:
        raise UnsupportedError(_EXTRA) from None
    prefix = f"{form.name}-{name}-"
    sink = StringIO()
    with rc_context(_STYLE | {"svg.hashsalt": prefix, "font.size": form.text}):
        figure = Figure(figsize=(form.width / _DPI, height / _DPI), dpi=_DPI, layout="constrained")
        paint(figure.add_subplot())
        figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_page(sink.getvalue(), prefix)


def _for_page(svg: str, prefix: str) -> str:
    """Return a drawing that takes its colours and its font from the page, with ids of its own."""
    svg = _LEFT_TO_THE_PAGE.sub("", svg[svg.index("<svg") :])
    svg = _ID.sub(lambda match: match[0] + prefix, svg)
    for name, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg
