"""Periods of quotas. They begin at midnight in the team's time zone, also when clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .models import Period


@dataclass(frozen=True)
class Span:
    """From `start` up to but not including `end`, both in UTC; None means no limit."""

    start: datetime | None
    end: datetime | None


def span_of(period: str, moment: datetime, time_zone: str = "UTC") -> Span:
    """Return the period that contains the moment, by the calendar of the time zone. Weeks begin on Monday."""
    if period == Period.NONE:
        return Span(None, None)
    zone = zone_of(time_zone)
    day = _day_of(moment, zone)
    if period == Period.DAY:
        first, following = day, day + timedelta(days=1)
    elif period == Period.WEEK:
        first = day - timedelta(days=day.weekday())
        following = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
    return Span(_beginning(first, zone), _beginning(following, zone))


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone. One that the time zone data no longer contain counts as UTC: a quota must not fail."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day that began last. Clocks set back over midnight show the previous day again; it has ended."""
    day = moment.astimezone(zone).date()
    following = day + timedelta(days=1)
    return following if _beginning(following, zone) <= moment else day


def _beginning(day: date, zone: ZoneInfo) -> datetime:
    """Return the first midnight of the day; if clocks skip midnight, the moment of the change."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
