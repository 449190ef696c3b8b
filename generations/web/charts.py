"""Bars as the paths of an SVG: one for what was spent, one on top of it for what is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from generations.review.reports import Sums

STEP = 10
HEIGHT = 100
_GAP = 2


@dataclass(frozen=True)
class Chart:
    """`top` is the largest sum of a day, in credits: the full height."""

    top: int
    width: int
    spent: str
    held: str
    height: int = HEIGHT


def chart_of(days: Sequence[tuple[date, Sums]]) -> Chart:
    """A bar for each day. However many days, it is two elements."""
    top = max((sums.spent + sums.held for _, sums in days), default=0)
    heights = [_heights(sums, top) for _, sums in days]
    return Chart(
        top=top,
        width=STEP * len(days),
        spent="".join(_bar(nth, HEIGHT, spent) for nth, (spent, _) in enumerate(heights)),
        held="".join(_bar(nth, HEIGHT - spent, held) for nth, (spent, held) in enumerate(heights)),
    )


def _heights(sums: Sums, top: int) -> tuple[float, float]:
    return (HEIGHT * sums.spent / top, HEIGHT * sums.held / top) if top else (0, 0)


def _bar(nth: int, ground: float, height: float) -> str:
    if not height:
        return ""
    return f"M{STEP * nth + _GAP // 2} {ground:.2f}v{-height:.2f}h{STEP - _GAP}v{height:.2f}z"
