"""Where a quota's period begins and ends: at midnight in the team's time zone, which clocks may set forward or back."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .models import Period


@dataclass(frozen=True)
class Span:
    """From `start` up to but not including `end`, both in UTC; None is open."""

    start: datetime | None
    end: datetime | None


def span_of(period: str, moment: datetime, time_zone: str = "UTC") -> Span:
    """The period that holds the moment, by the calendar of the time zone. Weeks begin on Monday."""
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
    """A zone that the time zone data have dropped counts as UTC: a quota must not fail for it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day that has begun last. Clocks set back over midnight show the day before once more; it is over."""
    day = moment.astimezone(zone).date()
    following = day + timedelta(days=1)
    return following if _beginning(following, zone) <= moment else day


def _beginning(day: date, zone: ZoneInfo) -> datetime:
    """The first midnight of the day; where clocks leap over midnight, the moment of the leap."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
