"""A report as a table: the same rows on the screen and as CSV."""

from dataclasses import dataclass
from decimal import Decimal

from generations.review.reports import By, Report, Sums

from . import wording

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
        return wording.share_of(self.sums.spent, self.most)

    @property
    def held_share(self) -> str:
        return wording.share_of(self.sums.held, self.most)


def rows_of(report: Report) -> list[ReportRow]:
    most = max((line.sums.spent + line.sums.held for line in report.lines), default=0)
    name = wording.model_name if report.by == By.MODEL else str
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
    return wording.figure(value) if isinstance(value, int) else f"{value:,}"
