"""Reports beside a sum that a person could follow: one job at a time."""

import csv
from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from io import StringIO
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from generations.accounts.models import Membership, Team
from generations.accounts.teams import add_member, create_team
from generations.credits.grants import grant_credits
from generations.credits.models import Hold, OfferedModel, PriceRow
from generations.credits.prices import seed_price_list
from generations.jobs.models import Generation, State
from generations.library.models import Project
from generations.review.decisions import decide
from generations.review.models import Verdict
from generations.review.reports import By, Sums, spending_report
from tests.conftest import make_user
from tests.library.factories import make_generation
from tests.web.pages import cells, words


def held_at(job: Generation, moment: datetime) -> None:
    """As if the credits had been held then; what guards a hold is put aside for it."""
    from pgtrigger import ignore

    with ignore("generations.Hold:hold_settles_once"):
        Hold.objects.filter(pk=job.hold_id).update(created_at=moment)


def naive(team: Team, by: By, first: date, last: date) -> dict[str, Sums]:
    """Look at every job on its own."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for job in Generation.objects.filter(team=team).select_related("hold", "author", "project"):
        day = job.hold.created_at.astimezone(ZoneInfo(team.time_zone)).date()
        if not first <= day <= last:
            continue
        key = {
            By.MEMBER: str(job.author_id),
            By.MODEL: job.model,
            By.PROJECT: str(job.project_id or ""),
            By.DAY: day.isoformat(),
        }[by]
        verdicts = {decision.verdict for decision in job.take.decisions.all()} if job.take else set()
        seconds = job.duration if job.state == State.COMPLETED else 0
        is_pending = job.hold.state == "pending"
        sums = found[key]
        sums["jobs"] += 1
        sums["spent"] += job.hold.captured or 0
        sums["held"] += job.hold.amount if is_pending else 0
        sums["refunded"] += 0 if is_pending else job.hold.amount - (job.hold.captured or 0)
        sums["seconds"] += seconds
        sums["approved_seconds"] += seconds if verdicts == {"approved"} else 0
    return {key: Sums(**sums) for key, sums in found.items()}


@dataclass(frozen=True)
class Job:
    author: int
    model: str
    duration: int
    state: State
    project: int | None
    hours_ago: int
    verdicts: tuple[str, ...]


JOBS = st.builds(
    Job,
    author=st.integers(0, 2),
    model=st.sampled_from(("ltx-2-3-fast", "ltx-2-3-pro")),
    duration=st.sampled_from((6, 8, 10)),
    state=st.sampled_from((State.COMPLETED, State.COMPLETED, State.FAILED, State.QUEUED)),
    project=st.none() | st.integers(0, 1),
    hours_ago=st.integers(0, 24 * 9),
    verdicts=st.lists(st.sampled_from(("approved", "changes")), max_size=3).map(tuple),
)
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")


class TestReports(TestCase):
    @hypothesis_settings(max_examples=15)
    @given(jobs=st.lists(JOBS, max_size=8), zone=st.sampled_from(ZONES), length=st.integers(0, 8))
    def test_it_sums_up_what_each_job_did(self, jobs: list[Job], zone: str, length: int) -> None:
        team = self.make_team(zone)
        self.make_jobs(team, jobs)
        last = timezone.now().astimezone(ZoneInfo(zone)).date()
        first = last - timedelta(days=length)
        for by in By:
            report = spending_report(team, by=by, first=first, last=last)
            expected = naive(team, by, first, last)
            assert {line.key: line.sums for line in report.lines} == expected
            whole = {f.name: sum(getattr(sums, f.name) for sums in expected.values()) for f in fields(Sums)}
            assert report.total == Sums(**whole)
            assert {day.isoformat(): sums for day, sums in report.days if sums.jobs} == naive(team, By.DAY, first, last)

    def make_team(self, zone: str) -> Team:
        if not PriceRow.objects.exists():
            seed_price_list(PriceRow, OfferedModel)
        owner = make_user(uuid4().hex)
        team = create_team(name="Machine", owner=owner)
        Team.objects.filter(pk=team.pk).update(time_zone=zone)
        for _ in range(2):
            add_member(team=team, user=make_user(uuid4().hex), role="creator")
        grant_credits(team=team, amount=100_000, reason="opening balance", actor=owner)
        return Team.objects.get(pk=team.pk)

    def make_jobs(self, team: Team, jobs: list[Job]) -> None:
        members = list(Membership.objects.filter(team=team).select_related("team", "user").order_by("pk"))
        projects = [Project.objects.create(team=team, name=name) for name in ("Feature", "Trailer")]
        for job in jobs:
            project = None if job.project is None else projects[job.project]
            made = make_generation(
                team,
                members[job.author].user,
                job.state,
                model=job.model,
                duration=job.duration,
                project=project,
            )
            held_at(made, timezone.now() - timedelta(hours=job.hours_ago))
            if job.state == State.COMPLETED:
                for member, verdict in zip(members, job.verdicts, strict=False):
                    decide(membership=member, take=made.take, verdict=Verdict(verdict))


@pytest.fixture
def report_page(funded) -> str:
    return f"/t/{funded.slug}/credits/report/"


def test_the_page_says_what_a_second_cost(client_of, alice, bob, rita, funded, member, report_page):
    good, bad = make_generation(funded, bob), make_generation(funded, bob)
    make_generation(funded, alice, State.FAILED)
    make_generation(funded, alice, State.QUEUED, duration=8)
    decide(membership=member(rita, funded), take=good.take, verdict=Verdict.APPROVED)
    decide(membership=member(rita, funded), take=bad.take, verdict=Verdict.CHANGES)
    text = words(client_of(alice).get(report_page))
    assert "Spent 72 Reserved 48 Refunded 36" in text
    assert "Bob 2 72 0 0 12 6.00 6 12.00" in text
    assert "Alice 2 0 48 36 0 – 0 –" in text
    assert "Total 4 72 48 36 12 6.00 6 12.00" in text


def on_screen(page: HttpResponse) -> list[list[str]]:
    """The table as it stands on the screen, figures without their separators."""
    return [[cell.replace(",", "").replace("–", "") for cell in row] for row in cells(page)]


@pytest.mark.parametrize("by", By)
def test_the_csv_is_what_is_on_the_screen(client_of, alice, bob, funded, report_page, by):
    project = Project.objects.create(team=funded, name="Feature")
    make_generation(funded, bob, project=project)
    make_generation(funded, alice, State.FAILED, model="ltx-2-3-pro")
    browser = client_of(alice)
    shown = on_screen(browser.get(report_page, {"by": by}))
    answer = browser.get(report_page, {"by": by, "format": "csv"})
    assert answer["Content-Type"].startswith("text/csv")
    assert list(csv.reader(StringIO(answer.content.decode("utf-8-sig")))) == shown
    assert len(shown) >= 3


def test_a_name_that_looks_like_a_formula_is_text(client_of, alice, bob, funded, report_page):
    bob.name = '=HYPERLINK("http://evil")'
    bob.save()
    make_generation(funded, bob)
    answer = client_of(alice).get(report_page, {"format": "csv"})
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1][0] == "'" + bob.name


def test_a_project_is_looked_at_alone(client_of, alice, bob, funded, report_page):
    project = Project.objects.create(team=funded, name="Feature")
    make_generation(funded, bob, project=project)
    make_generation(funded, alice)
    text = words(client_of(alice).get(report_page, {"project": project.pk}))
    assert "Spent 36" in text
    assert "Alice 1" not in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"first": "2030-02-01", "last": "2030-01-01"}, "End date must be after start date"),
        ({"first": "2020-01-01", "last": "2029-01-01"}, "range of up to 366 days"),
        ({"first": "yesterday"}, "Enter a valid date"),
        ({"by": "mood"}, "Select a valid choice"),
        ({"project": "x"}, "Select a valid choice"),
        ({"first": "0001-01-01", "last": "0001-01-02"}, "No data for this date"),
        ({"first": "9999-12-30", "last": "9999-12-31"}, "No data for this date"),
    ],
)
def test_a_range_that_will_not_do_says_so(client_of, alice, funded, report_page, query, said):
    answer = client_of(alice).get(report_page, query)
    assert answer.status_code == 422
    assert said in words(answer)


@pytest.mark.parametrize(("who", "status"), [("alice", 200), ("bob", 403), ("rita", 403), ("charlie", 404)])
def test_it_is_for_who_manages_the_credits(client_of, request, funded, report_page, who, status):
    assert client_of(request.getfixturevalue(who)).get(report_page).status_code == status


def test_it_costs_the_same_number_of_queries_however_much(
    client_of, alice, bob, rita, funded, report_page, django_assert_num_queries, django_assert_max_num_queries
):
    browser = client_of(alice)
    make_generation(funded, bob)
    browser.get(report_page)
    with django_assert_max_num_queries(15) as few:
        browser.get(report_page)
    for person in (alice, bob):
        for _ in range(4):
            make_generation(funded, person)
    with django_assert_num_queries(len(few)):
        browser.get(report_page)
