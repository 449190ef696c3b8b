"""A quota period ends while jobs are in progress: the period they count in, and what can be submitted afterwards.

The clocks of Python and of the database are set together: functions with the same names precede PostgreSQL's in the
search path, and new rows take their times from them. The test's transaction rolls all of it back.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client

from generations.accounts.api_keys import create_key
from generations.accounts.models import Membership, Team, User
from generations.accounts.roles import Scope
from generations.credits.holds import capture_hold, release_hold
from generations.credits.models import Period, Quota
from generations.jobs.models import Generation
from tests.api.contract.bodies import body_with
from tests.web.pages import form_values, words

PRICE, CAP = 36, 100
BERLIN = ZoneInfo("Europe/Berlin")
# An ordinary day, one of 23 hours and one of 25.
DAYS = [date(2027, 6, 15), date(2027, 3, 28), date(2027, 10, 31)]
SETTINGS = {"model": "ltx-2-3-fast", "resolution": "1920x1080", "duration": "6", "quoted": None}
At = Callable[[datetime], None]

_CLOCK = """
SET CONSTRAINTS ALL IMMEDIATE;
CREATE SCHEMA clock;
CREATE FUNCTION clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
AS $$ SELECT current_setting('clock.now')::timestamptz $$;
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE
AS $$ SELECT current_setting('clock.now')::timestamptz $$;
ALTER TABLE generations_hold ALTER created_at SET DEFAULT clock.statement_timestamp();
ALTER TABLE generations_generation ALTER created_at SET DEFAULT clock.statement_timestamp();
SET CONSTRAINTS ALL DEFERRED;
SET LOCAL search_path = clock, pg_catalog, public;
"""


@pytest.fixture
def at(funded: Team, bob: User) -> Iterator[At]:
    """Return a function that sets every clock."""
    with connection.cursor() as cursor, time_machine.travel(0, tick=False) as traveller:

        def go(moment: datetime) -> None:
            traveller.move_to(moment)
            cursor.execute("SELECT set_config('clock.now', %s, true)", [moment.isoformat()])

        go(datetime(2027, 1, 1, tzinfo=BERLIN))
        cursor.execute(_CLOCK)
        yield go


@pytest.fixture
def capped(funded: Team, bob: User) -> Membership:
    """Bob has a credit limit per day. His team is in Berlin."""
    Team.objects.filter(pk=funded.pk).update(time_zone=BERLIN.key)
    membership = Membership.objects.select_related("team", "user").get(team=funded, user=bob)
    Quota.objects.create(team=funded, membership=membership, cap=CAP, period=Period.DAY)
    return membership


class Pages:
    """Bob in the studio."""

    def __init__(self, capped: Membership, still: str) -> None:
        self._user, self._still = capped.user, still
        self._team = f"/t/{capped.team.slug}"

    @property
    def _browser(self) -> Client:
        """Sign in for each request, because months pass in between."""
        browser = Client()
        browser.force_login(self._user)
        return browser

    def submit(self) -> bool:
        browser, studio = self._browser, f"{self._team}/studio/"
        values = {"first_frame": self._still, "prompt": "The lantern sways.", **SETTINGS}
        response = browser.post(studio, form_values(browser.get(studio), **values))
        self.refusal = words(response)
        assert response.status_code in (303, 402)
        return response.status_code == 303

    def says_left(self, left: int, resets_at: datetime) -> bool:
        page = words(self._browser.get(f"{self._team}/credits/"))
        return f"{left} of {CAP} credits left. Resets on {resets_at:%-d %B %Y, %H:%M} ({BERLIN.key})" in page

    def says_when(self, resets_at: datetime) -> bool:
        return f"Resets {resets_at:%-d %B %Y, %H:%M} ({BERLIN.key})" in self.refusal


class Programs:
    """Bob's key."""

    def __init__(self, capped: Membership) -> None:
        made = create_key(membership=capped, name="farm", scopes=list(Scope))
        self._client = Client(headers={"Authorization": f"Bearer {made.secret}"})

    def _post(self, path: str) -> tuple[int, dict]:  # type: ignore[type-arg]
        body = body_with(model=SETTINGS["model"], resolution=SETTINGS["resolution"], duration=6)
        response = self._client.post(path, body, content_type="application/json")
        return response.status_code, response.json()

    def submit(self) -> bool:
        status, self.refusal = self._post("/v2/image-to-video")
        assert status in (202, 402)
        return status == 202

    def says_left(self, left: int, resets_at: datetime) -> bool:
        limits = self._post("/api/v1/quote")[1]["limits"]
        [limit] = [limit for limit in limits if limit["limit"] == "member"]
        return (limit["available"], datetime.fromisoformat(limit["resets_at"])) == (left, resets_at)

    def says_when(self, resets_at: datetime) -> bool:
        error = self.refusal["error"]
        assert error["available"] == CAP - 2 * PRICE
        return datetime.fromisoformat(error["resets_at"]) == resets_at


@pytest.fixture(params=["pages", "programs"])
def bobs(request: pytest.FixtureRequest, capped: Membership, still: object, at: At) -> Pages | Programs:
    at(datetime(2027, 3, 20, tzinfo=BERLIN))
    return Pages(capped, str(still.pk)) if request.param == "pages" else Programs(capped)  # type: ignore[attr-defined]


def midnight(day: date, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.combine(day, time.min, zone)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_job_counts_on_the_day_it_was_submitted(day: date, bobs: Pages | Programs, at: At) -> None:
    """Two jobs of 23:59 end at 00:01, one charged and one refunded. Both count for the old day."""
    next_day = midnight(day + timedelta(days=1))
    over_next = midnight(day + timedelta(days=2))
    late, early = next_day - timedelta(minutes=1), next_day.astimezone(ZoneInfo("UTC")) + timedelta(minutes=1)
    at(late)
    assert [bobs.submit() for _ in range(3)] == [True, True, False]
    assert bobs.says_when(next_day)
    at(early)
    assert bobs.says_left(CAP, over_next)
    charged, given_back = Generation.objects.order_by("pk")
    capture_hold(hold_id=charged.hold_id, amount=PRICE)
    release_hold(hold_id=given_back.hold_id, reason="failed")
    assert bobs.says_left(CAP, over_next)
    at(late)
    assert bobs.says_left(CAP - PRICE, next_day)
    at(early)
    assert [bobs.submit() for _ in range(3)] == [True, True, False]
    assert bobs.says_when(over_next)


def test_period_follows_daylight_saving_time(bobs: Pages | Programs, at: At) -> None:
    """The repeated hour at the end of daylight saving time belongs to one period."""
    twice = datetime(2027, 10, 31, 0, 30, tzinfo=ZoneInfo("UTC"))
    at(twice)
    assert bobs.submit()
    at(twice + timedelta(hours=1))
    assert twice.astimezone(BERLIN).time() == (twice + timedelta(hours=1)).astimezone(BERLIN).time()
    assert bobs.says_left(CAP - PRICE, midnight(date(2027, 11, 1)))


def test_changed_time_zone_moves_the_period(
    capped: Membership, still: object, at: At, client_of: Callable[[User], Client], alice: User
) -> None:
    """Earlier holds count in the period of the new time zone."""
    utc = ZoneInfo("UTC")
    Team.objects.filter(pk=capped.team_id).update(time_zone="UTC")
    at(datetime(2027, 6, 15, 21, 30, tzinfo=utc))
    page = Pages(capped, str(still.pk))  # type: ignore[attr-defined]
    assert page.submit()
    at(datetime(2027, 6, 15, 22, 30, tzinfo=utc))
    assert page.submit()
    assert not page.submit()
    address = f"/t/{capped.team.slug}/settings/time-zone"
    assert client_of(alice).post(address, {"time_zone": BERLIN.key}).status_code == 302
    assert page.says_left(CAP - PRICE, midnight(date(2027, 6, 17)))
    assert page.submit()
    assert page.says_left(CAP - 2 * PRICE, midnight(date(2027, 6, 17)))
    assert not page.submit()
