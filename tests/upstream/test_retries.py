from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.upstream.retries import MAX_DELAY, MAX_RETRY_AFTER, parse_retry_after, retry_delay

NOW = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
random_numbers = st.floats(0, 1, exclude_max=True)
failures = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("count", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (5, 16), (9, 256), (10, 300), (99, 300)]
)
def test_the_delay_doubles_up_to_a_limit(count, seconds):
    assert retry_delay(count, random=lambda: 0.0) == seconds


@given(count=failures, requested=st.none() | st.floats(0, 10**7), jitter=random_numbers)
def test_jitter_adds_at_most_half(count, requested, jitter):
    least = retry_delay(count, retry_after=requested, random=lambda: 0.0)
    assert least <= retry_delay(count, retry_after=requested, random=lambda: jitter) <= least * 1.5


@given(count=failures, requested=st.floats(0, MAX_RETRY_AFTER), jitter=random_numbers)
def test_the_delay_is_never_less_than_the_retry_after(count, requested, jitter):
    assert retry_delay(count, retry_after=requested, random=lambda: jitter) >= requested


@given(count=failures, requested=st.none() | st.floats(0), jitter=random_numbers)
def test_the_delay_is_limited(count, requested, jitter):
    limit = MAX_DELAY if requested is None else MAX_RETRY_AFTER
    assert 1 <= retry_delay(count, retry_after=requested, random=lambda: jitter) <= 1.5 * limit


@given(count=st.integers(0, 100), jitter=random_numbers)
def test_more_failures_never_mean_a_shorter_delay(count, jitter):
    assert retry_delay(count, random=lambda: jitter) <= retry_delay(count + 1, random=lambda: jitter)


def test_the_default_jitter_is_random():
    assert len({retry_delay(5) for _ in range(20)}) > 1


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("120", 120), ("1.5", 1.5), (" 7 ", 7)])
def test_seconds_are_parsed(value, seconds):
    assert parse_retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize(
    "value", [None, "", "soon", "-1", "nan", "inf", "-inf", "1e999", "2026-01-15T10:00:05Z", "Thu"]
)
def test_an_invalid_value_is_ignored(value):
    assert parse_retry_after(value, now=NOW) is None


@given(seconds=st.integers(0, 10**6))
def test_a_date_is_parsed(seconds):
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(date, now=NOW) == seconds


def test_a_date_in_the_past_means_now():
    assert parse_retry_after(format_datetime(NOW - timedelta(days=1), usegmt=True), now=NOW) == 0


def test_a_date_without_a_zone_is_utc():
    assert parse_retry_after("Thu, 15 Jan 2026 10:00:30", now=NOW) == 30


@given(value=st.text())
def test_any_text_can_be_parsed(value):
    seconds = parse_retry_after(value, now=NOW)
    assert seconds is None or seconds >= 0
