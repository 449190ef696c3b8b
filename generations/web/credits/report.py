"""The spending report as a table, for the screen and CSV, and as a chart in SVG paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from generations.review.reports import By, Report, Sums

from .. import formatting

COLUMNS = (
    "Jobs",
    "Spent",
    "Reserved",
    "Refunded",
    "Seconds generated",
    "Credits / second generated",
    "Approved seconds",
    "Credits / approved second",
)
BAR_STEP = 10
CHART_HEIGHT = 100
_GAP = 2


@dataclass(frozen=True)
class ReportRow:
    """`max_credits` is the sum that fills the whole bar of a row."""

    label: str
    sums: Sums
    max_credits: int

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Return each column with its formatted value."""
        return [(column, _formatted(value)) for column, value in zip(COLUMNS, values_of(self.sums), strict=True)]

    @property
    def spent_share(self) -> str:
        return formatting.percentage(self.sums.spent, self.max_credits)

    @property
    def held_share(self) -> str:
        return formatting.percentage(self.sums.held, self.max_credits)


@dataclass(frozen=True)
class Chart:
    """One bar a day: spent credits, and on top of them reserved ones. `top` is the highest sum of a day, in credits.

    Each of `spent` and `held` is one SVG path, so the chart has two elements for any number of days.
    """

    top: int
    width: int
    spent: str
    held: str
    height: int = CHART_HEIGHT


def report_rows(report: Report) -> list[ReportRow]:
    max_credits = max((line.sums.spent + line.sums.held for line in report.lines), default=0)
    name = formatting.model_name if report.by == By.MODEL else str
    return [ReportRow(name(line.label), line.sums, max_credits) for line in report.lines]


def csv_rows(report: Report) -> Iterator[tuple[object, ...]]:
    yield (report.by.title(), *COLUMNS)
    for row in report_rows(report):
        yield (row.label, *values_of(row.sums))
    yield ("Total", *values_of(report.total))


def values_of(sums: Sums) -> tuple[int | Decimal | None, ...]:
    """Return the values in the order of COLUMNS. None: nothing to divide by."""
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


def spending_chart(days: Sequence[tuple[date, Sums]]) -> Chart:
    top = max((sums.spent + sums.held for _, sums in days), default=0)
    heights = [_heights(sums, top) for _, sums in days]
    return Chart(
        top=top,
        width=BAR_STEP * len(days),
        spent="".join(_bar(index, CHART_HEIGHT, spent) for index, (spent, _) in enumerate(heights)),
        held="".join(_bar(index, CHART_HEIGHT - spent, held) for index, (spent, held) in enumerate(heights)),
    )


def _formatted(value: int | Decimal | None) -> str:
    if value is None:
        return "\N{EN DASH}"
    return formatting.figure(value) if isinstance(value, int) else f"{value:,}"


def _heights(sums: Sums, top: int) -> tuple[float, float]:
    return (CHART_HEIGHT * sums.spent / top, CHART_HEIGHT * sums.held / top) if top else (0, 0)


def _bar(index: int, bottom: float, height: float) -> str:
    if not height:
        return ""
    return f"M{BAR_STEP * index + _GAP // 2} {bottom:.2f}v{-height:.2f}h{BAR_STEP - _GAP}v{height:.2f}z"
