from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from generations.credits.models import Period
from generations.credits.periods import span_of

MOMENTS = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(MOMENTS, st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH]))
def test_a_period_contains_its_moment_and_the_next_one_follows_without_a_gap(moment: datetime, period: Period) -> None:
    span = span_of(period, moment)
    assert span.start is not None
    assert span.end is not None
    assert span.start <= moment < span.end
    assert span_of(period, span.end).start == span.end
    assert span_of(period, span.end - timedelta(microseconds=1)) == span


def test_months_end_by_the_calendar() -> None:
    span = span_of(Period.MONTH, datetime(2028, 2, 29, 23, 59, tzinfo=UTC))
    assert (span.start, span.end) == (datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC))


def test_weeks_begin_on_monday() -> None:
    assert span_of(Period.WEEK, datetime(2026, 11, 22, tzinfo=UTC)).start == datetime(2026, 11, 16, tzinfo=UTC)


def test_a_quota_without_a_period_never_resets() -> None:
    span = span_of(Period.NONE, datetime(2026, 11, 22, tzinfo=UTC))
    assert (span.start, span.end) == (None, None)


# Clocks that change at midnight, over midnight, by half an hour, by a whole day, or not at all.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
]
FIRST, LAST = datetime(2007, 1, 1, tzinfo=UTC), datetime(2012, 7, 1, tzinfo=UTC)
HALF_HOUR, MINUTE = timedelta(minutes=30), timedelta(minutes=1)


@cache
def first_moments(zone: str) -> dict[Period, list[datetime]]:
    """Naively: look at the calendar on the wall, each minute when something changes; no leaf is ever turned back."""
    wall = ZoneInfo(zone)
    begins: dict[Period, list[datetime]] = {period: [] for period in (Period.DAY, Period.WEEK, Period.MONTH)}
    newest = FIRST.astimezone(wall).date()
    moment = FIRST
    while moment < LAST:
        now, soon = moment.astimezone(wall), (moment + HALF_HOUR).astimezone(wall)
        day = now.date()
        if day > newest:
            begins[Period.DAY].append(moment)
            if day.isocalendar()[:2] != newest.isocalendar()[:2]:
                begins[Period.WEEK].append(moment)
            if day.month != newest.month:
                begins[Period.MONTH].append(moment)
            newest = day
        is_quiet = (now.date(), now.utcoffset()) == (soon.date(), soon.utcoffset())
        moment += HALF_HOUR if is_quiet else MINUTE
    return begins


@given(st.sampled_from(ZONES), st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH]), st.data())
def test_a_period_matches_a_naive_calendar(zone: str, period: Period, data: st.DataObject) -> None:
    begins = first_moments(zone)[period]
    edge = data.draw(st.sampled_from(begins[1:-1]))
    moment = edge + timedelta(minutes=data.draw(st.integers(-90, 90)))
    at = bisect_right(begins, moment)
    span = span_of(period, moment, zone)
    assert (span.start, span.end) == (begins[at - 1], begins[at])


def test_an_unknown_time_zone_counts_as_utc() -> None:
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert span_of(Period.DAY, moment, "Nowhere/Land") == span_of(Period.DAY, moment)
