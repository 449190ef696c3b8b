from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from generations.accounts.models import Team, User
from generations.accounts.roles import Role
from generations.accounts.teams import add_member
from generations.common.clock import database_time
from generations.credits.grants import grant_credits
from generations.jobs.dispatch import start_next
from generations.jobs.models import Generation, State
from generations.jobs.queue import place_in_queue, places_in_queue
from tests.conftest import make_user
from tests.library.factories import make_generation


def order() -> list[str]:
    """Start all queued jobs and return their prompts in the order of sending."""
    claimed = []
    while row := start_next():
        claimed.append(Generation.objects.get(pk=row[0]).prompt)
    return claimed


@pytest.fixture
def queue(funded: Team, other_team: Team, charlie: User) -> Callable[..., Generation]:
    grant_credits(team=other_team, amount=10_000, reason="opening balance", actor=charlie)
    grant_credits(team=funded, amount=10_000, reason="opening balance", actor=charlie)
    return lambda user, team, prompt: make_generation(team, user, State.QUEUED, prompt=prompt)


Queue = Callable[[User, Team, str], Generation]


def test_one_members_jobs_go_by_age(queue: Queue, funded: Team, bob: User) -> None:
    for prompt in "abc":
        queue(bob, funded, prompt)
    assert order() == ["a", "b", "c"]


def test_members_of_a_team_take_turns(queue: Queue, funded: Team, alice: User, bob: User) -> None:
    for prompt in ("b1", "b2", "b3"):
        queue(bob, funded, prompt)
    for prompt in ("a1", "a2"):
        queue(alice, funded, prompt)
    assert order() == ["b1", "a1", "b2", "a2", "b3"]


def test_teams_take_turns_however_many_members_they_have(
    queue: Queue, funded: Team, other_team: Team, alice: User, bob: User, charlie: User
) -> None:
    for user, prompt in ((bob, "b1"), (bob, "b2"), (alice, "a1"), (alice, "a2")):
        queue(user, funded, prompt)
    for prompt in ("c1", "c2", "c3"):
        queue(charlie, other_team, prompt)
    assert order() == ["b1", "c1", "a1", "c2", "b2", "c3", "a2"]


def test_a_batch_delays_another_members_single_job_by_one_slot(
    queue: Queue, funded: Team, alice: User, bob: User
) -> None:
    for number in range(20):
        queue(bob, funded, f"b{number}")
    assert start_next() is not None
    single = queue(alice, funded, "a")
    assert place_in_queue(single) <= 2
    assert order()[0] == "a"


def test_who_waits_out_a_failure_does_not_stop_the_others(queue: Queue, funded: Team, bob: User) -> None:
    first = queue(bob, funded, "a")
    queue(bob, funded, "b")
    Generation.objects.filter(pk=first.pk).update(next_action_at=database_time(timedelta(minutes=1)))
    assert order() == ["b"]


def test_a_prioritized_job_is_sent_first(queue: Queue, funded: Team, alice: User, bob: User) -> None:
    queue(alice, funded, "a")
    queue(bob, funded, "b1")
    prioritized = queue(bob, funded, "b2")
    Generation.objects.filter(pk=prioritized.pk).update(prioritized_at=database_time())
    prioritized.refresh_from_db()
    assert place_in_queue(prioritized) == 1
    assert order()[0] == "b2"


def test_nobody_is_sent_later_than_the_place_said(
    queue: Queue, funded: Team, other_team: Team, alice: User, bob: User, charlie: User
) -> None:
    dora = add_member(team=other_team, user=make_user("dora"), role=Role.CREATOR).user
    sizes = {(bob, funded): 5, (alice, funded): 2, (charlie, other_team): 3, (dora, other_team): 1}
    jobs = [queue(user, team, f"{user}-{n}") for (user, team), count in sizes.items() for n in range(count)]
    said = {job.prompt: place_in_queue(job) for job in jobs}
    went = {prompt: at for at, prompt in enumerate(order(), start=1)}
    assert len(went) == len(jobs)
    assert all(went[prompt] <= said[prompt] for prompt in went)


def test_a_job_that_does_not_wait_has_no_place(queue: Queue, funded: Team, bob: User) -> None:
    queue(bob, funded, "a")
    row = start_next()
    assert row is not None
    assert place_in_queue(Generation.objects.get(pk=row[0])) is None
    assert start_next() is None


def test_the_places_of_a_page_are_one_query(
    queue: Queue,
    funded: Team,
    other_team: Team,
    alice: User,
    bob: User,
    charlie: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    sizes = {(bob, funded): 5, (alice, funded): 2, (charlie, other_team): 3}
    jobs = [queue(user, team, f"{user}-{n}") for (user, team), count in sizes.items() for n in range(count)]
    Generation.objects.filter(pk=jobs[1].pk).update(prioritized_at=database_time())
    row = start_next()
    assert row is not None
    jobs = list(Generation.objects.all())
    with django_assert_num_queries(1):
        places = places_in_queue(jobs)
    assert places == {job.pk: place_in_queue(job) for job in jobs if job.pk != row[0]}
