from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.upstream.retries import LONGEST_DELAY, LONGEST_RETRY_AFTER, parse_retry_after, retry_delay

NOW = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
chance = st.floats(0, 1, exclude_max=True)
failures = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("count", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (5, 16), (9, 256), (10, 300), (99, 300)]
)
def test_it_doubles_up_to_a_limit(count, seconds):
    assert retry_delay(count, random=lambda: 0.0) == seconds


@given(count=failures, asked=st.none() | st.floats(0, 10**7), luck=chance)
def test_chance_adds_at_most_half(count, asked, luck):
    least = retry_delay(count, retry_after=asked, random=lambda: 0.0)
    assert least <= retry_delay(count, retry_after=asked, random=lambda: luck) <= least * 1.5


@given(count=failures, asked=st.floats(0, LONGEST_RETRY_AFTER), luck=chance)
def test_it_never_comes_back_before_it_was_asked_to(count, asked, luck):
    assert retry_delay(count, retry_after=asked, random=lambda: luck) >= asked


@given(count=failures, asked=st.none() | st.floats(0), luck=chance)
def test_nobody_waits_for_ever(count, asked, luck):
    limit = LONGEST_DELAY if asked is None else LONGEST_RETRY_AFTER
    assert 1 <= retry_delay(count, retry_after=asked, random=lambda: luck) <= 1.5 * limit


@given(count=st.integers(0, 100), luck=chance)
def test_more_failures_never_mean_a_shorter_wait(count, luck):
    assert retry_delay(count, random=lambda: luck) <= retry_delay(count + 1, random=lambda: luck)


def test_chance_is_drawn_when_none_is_given():
    assert len({retry_delay(5) for _ in range(20)}) > 1


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("120", 120), ("1.5", 1.5), (" 7 ", 7)])
def test_seconds_are_read(value, seconds):
    assert parse_retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize(
    "value", [None, "", "soon", "-1", "nan", "inf", "-inf", "1e999", "2026-01-15T10:00:05Z", "Thu"]
)
def test_nonsense_is_nothing(value):
    assert parse_retry_after(value, now=NOW) is None


@given(seconds=st.integers(0, 10**6))
def test_a_date_is_read(seconds):
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(date, now=NOW) == seconds


def test_a_date_in_the_past_means_now():
    assert parse_retry_after(format_datetime(NOW - timedelta(days=1), usegmt=True), now=NOW) == 0


def test_a_date_without_a_zone_is_utc():
    assert parse_retry_after("Thu, 15 Jan 2026 10:00:30", now=NOW) == 30


@given(value=st.text())
def test_any_text_can_be_read(value):
    seconds = parse_retry_after(value, now=NOW)
    assert seconds is None or seconds >= 0
