"""Bars as figures for an SVG. Everything else about them is the template's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from generations.review.reports import Sums

STEP = 10
HEIGHT = 100
_GAP = 2


@dataclass(frozen=True)
class Bar:
    """One day: `spent` stands on the ground, `held` on top of it."""

    day: date
    sums: Sums
    x: int
    width: int
    spent_y: float
    spent_height: float
    held_y: float
    held_height: float


@dataclass(frozen=True)
class Chart:
    """`top` is the largest sum of a day, in credits: the full height."""

    bars: list[Bar]
    top: int
    width: int
    height: int = HEIGHT


def chart_of(days: Sequence[tuple[date, Sums]]) -> Chart:
    top = max((sums.spent + sums.held for _, sums in days), default=0)
    bars = [_bar(nth, day, sums, top) for nth, (day, sums) in enumerate(days)]
    return Chart([bar for bar in bars if bar.sums.spent or bar.sums.held], top, STEP * len(days))


def _bar(nth: int, day: date, sums: Sums, top: int) -> Bar:
    spent, held = (round(HEIGHT * part / top, 2) if top else 0.0 for part in (sums.spent, sums.held))
    return Bar(
        day=day,
        sums=sums,
        x=STEP * nth + _GAP // 2,
        width=STEP - _GAP,
        spent_y=round(HEIGHT - spent, 2),
        spent_height=spent,
        held_y=round(HEIGHT - spent - held, 2),
        held_height=held,
    )
