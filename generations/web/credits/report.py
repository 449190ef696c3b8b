"""A report as a table: the same rows on the screen and as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from generations.review.reports import By, Report, Sums

from .. import formatting

COLUMNS = (
    "Jobs",
    "Spent",
    "Held",
    "Refunded",
    "Finished seconds",
    "Credits per finished second",
    "Approved seconds",
    "Credits per approved second",
)


@dataclass(frozen=True)
class ReportRow:
    """`most` is what the longest bar of the table stands for."""

    label: str
    sums: Sums
    most: int

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The name of each column and what stands in it."""
        return [(column, _shown(value)) for column, value in zip(COLUMNS, figures_of(self.sums), strict=True)]

    @property
    def spent_share(self) -> str:
        return formatting.percentage(self.sums.spent, self.most)

    @property
    def held_share(self) -> str:
        return formatting.percentage(self.sums.held, self.most)


def rows_of(report: Report) -> list[ReportRow]:
    most = max((line.sums.spent + line.sums.held for line in report.lines), default=0)
    name = formatting.model_name if report.by == By.MODEL else str
    return [ReportRow(name(line.label), line.sums, most) for line in report.lines]


def figures_of(sums: Sums) -> tuple[int | Decimal | None, ...]:
    """In the order of COLUMNS; None where there is nothing to divide by."""
    return (
        sums.jobs,
        sums.spent,
        sums.held,
        sums.refunded,
        sums.seconds,
        sums.per_second,
        sums.approved_seconds,
        sums.per_approved_second,
    )


def _shown(value: int | Decimal | None) -> str:
    if value is None:
        return "\N{EN DASH}"
    return formatting.figure(value) if isinstance(value, int) else f"{value:,}"


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
