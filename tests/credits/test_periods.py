from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from generations.credits.models import Period
from generations.credits.periods import span_of

MOMENTS = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(MOMENTS, st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH]))
def test_a_period_holds_its_moment_and_the_next_one_follows_without_a_gap(moment: datetime, period: Period) -> None:
    span = span_of(period, moment)
    assert span.start is not None
    assert span.end is not None
    assert span.start <= moment < span.end
    assert span_of(period, span.end).start == span.end
    assert span_of(period, span.end - timedelta(microseconds=1)) == span


def test_months_end_where_the_calendar_says() -> None:
    span = span_of(Period.MONTH, datetime(2028, 2, 29, 23, 59, tzinfo=UTC))
    assert (span.start, span.end) == (datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC))


def test_weeks_begin_on_monday() -> None:
    assert span_of(Period.WEEK, datetime(2026, 11, 22, tzinfo=UTC)).start == datetime(2026, 11, 16, tzinfo=UTC)


def test_no_period_never_ends() -> None:
    span = span_of(Period.NONE, datetime(2026, 11, 22, tzinfo=UTC))
    assert (span.start, span.end) == (None, None)
