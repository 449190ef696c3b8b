"""Where a quota's period begins and ends, in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .models import Period


@dataclass(frozen=True)
class Span:
    """From `start` up to but not including `end`; None is open."""

    start: datetime | None
    end: datetime | None


def span_of(period: str, moment: datetime) -> Span:
    """The period that holds the moment. Weeks begin on Monday."""
    day = moment.astimezone(UTC).date()
    if period == Period.NONE:
        return Span(None, None)
    if period == Period.DAY:
        first, following = day, day + timedelta(days=1)
    elif period == Period.WEEK:
        first = day - timedelta(days=day.weekday())
        following = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
    return Span(_midnight(first), _midnight(following))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
