"""The operations page: what waits where, what can be done about it, and for whom there is no such page."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from generations.accounts.models import Team, User
from generations.common.clock import database_time
from generations.events.models import Event
from generations.events.staff_alerts import open_alert
from generations.jobs.models import Attempt, Bill, Generation, Outcome, ProviderThrottle, State
from generations.jobs.provider_throttle import open_circuit, throttle_for
from generations.jobs.reconciliation import audit_books
from tests.library.factories import make_generation


@pytest.fixture
def staff(alice: User, client_of: Callable[[User], Client]) -> Client:
    alice.is_staff = True
    alice.save()
    return client_of(alice)


@pytest.fixture
def waiting(funded: Team, bob: User) -> Generation:
    return make_generation(funded, bob, State.QUEUED, prompt="The ferry waits.")


@pytest.fixture
def parked(funded: Team, bob: User) -> Generation:
    return make_generation(funded, bob, State.PARKED, prompt="The ferry is parked.")


def act(client: Client, generation: Generation, name: str, **form: str) -> str:
    """Do it and return what the page says about it."""
    answer = client.post(reverse("operations_job_action", args=[generation.pk, name]), form, follow=True)
    assert answer.redirect_chain
    return answer.content.decode()


def test_it_shows_what_waits_where_and_what_needs_a_look(
    staff: Client, waiting: Generation, parked: Generation
) -> None:
    open_alert("books", "The books do not close: 1 findings.")
    page = staff.get("/ops/").content.decode()
    assert "The ferry is parked." in page
    assert "The ferry waits." not in page
    assert "The books do not close" in page
    assert "Paused: provider account problem" in page


def test_it_finds_each_kind_of_trouble(staff: Client, funded: Team, bob: User) -> None:
    overdue = make_generation(funded, bob, State.PROCESSING, prompt="Overdue.")
    Generation.objects.filter(pk=overdue.pk).update(state_since=database_time(-timedelta(hours=1)))
    failing = make_generation(funded, bob, State.SAVING, prompt="Failing.")
    Generation.objects.filter(pk=failing.pk).update(failures=3)
    make_generation(funded, bob, State.UNCONFIRMED, prompt="Unconfirmed.")
    doubtful = make_generation(funded, bob, State.FAILED, prompt="Doubtful.")
    Attempt.objects.create(
        generation=doubtful, number=1, provider="p", request={}, outcome=Outcome.UNKNOWN, bill=Bill.POSSIBLE
    )
    make_generation(funded, bob, State.PROCESSING, prompt="All is well.")
    page = staff.get("/ops/").content.decode()
    for prompt in ("Overdue.", "Failing.", "Unconfirmed.", "Doubtful."):
        assert prompt in page
    assert "All is well." not in page


def test_staff_see_on_every_page_that_they_are_needed(staff: Client, team: Team, bob: User) -> None:
    open_alert("books", "The books do not close: 1 findings.")
    assert "Action needed" in staff.get(f"/t/{team.slug}/gallery/").content.decode()
    others = Client()
    others.force_login(bob)
    assert "Action needed" not in others.get(f"/t/{team.slug}/gallery/").content.decode()


def test_a_quiet_day_says_so(staff: Client) -> None:
    assert "No problems." in staff.get("/ops/").content.decode()


def test_a_job_can_be_lifted(staff: Client, waiting: Generation, alice: User) -> None:
    assert "It goes before all others." in act(staff, waiting, "lift")
    waiting.refresh_from_db()
    assert waiting.prioritized_at is not None
    assert Event.objects.get(kind="generation.lifted").actor == alice


def test_a_job_can_be_given_up_with_a_reason(staff: Client, parked: Generation, alice: User) -> None:
    assert "36 credits returned" in act(staff, parked, "give-up", reason="The account is closed.")
    parked.refresh_from_db()
    assert (parked.state, parked.error_message, parked.hold.state) == (
        State.FAILED,
        "The account is closed.",
        "released",
    )
    assert Event.objects.get(kind="generation.given_up").actor == alice
    assert list(audit_books()) == []


def test_what_has_moved_on_is_said_and_left_alone(staff: Client, funded: Team, bob: User) -> None:
    done = make_generation(funded, bob)
    for name in ("lift", "look", "give-up"):
        assert "This job has changed" in act(staff, done, name, reason="x")
    assert "no video to retrieve" in act(staff, done, "ask")
    done.refresh_from_db()
    assert done.state == State.COMPLETED


def test_a_worker_can_be_told_to_look_now(staff: Client, parked: Generation) -> None:
    Generation.objects.filter(pk=parked.pk).update(next_action_at=database_time(timedelta(hours=1)))
    act(staff, parked, "look")
    assert Generation.objects.filter(next_action_at__lte=database_time()).exists()


def test_the_circuit_can_be_probed(staff: Client, settings: Settings) -> None:
    settings.PROVIDER_URL = "https://provider.example"
    open_circuit("https://provider.example", "Insufficient funds.")
    assert "Insufficient funds." in staff.get("/ops/").content.decode()
    staff.post(reverse("operations_probe", args=[throttle_for("https://provider.example").pk]))
    assert ProviderThrottle.objects.filter(probe_at__lte=database_time()).exists()


def test_what_is_not_there_is_not_found(staff: Client, waiting: Generation) -> None:
    assert staff.post(reverse("operations_job_action", args=[uuid4(), "lift"])).status_code == 404
    assert staff.post(reverse("operations_job_action", args=[waiting.pk, "fly"])).status_code == 404
    assert staff.post(reverse("operations_probe", args=[999])).status_code == 404
    assert staff.get(reverse("operations_job_action", args=[waiting.pk, "lift"])).status_code == 405


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie"])
def test_for_everybody_else_there_is_no_such_page(
    who: str, waiting: Generation, request: pytest.FixtureRequest, client_of: Callable[[User], Client]
) -> None:
    client = client_of(request.getfixturevalue(who))
    assert client.get("/ops/").status_code == 404
    assert client.post(reverse("operations_job_action", args=[waiting.pk, "give-up"])).status_code == 404
    waiting.refresh_from_db()
    assert waiting.state == State.QUEUED


def test_visitors_are_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/ops/").status_code == 302


def test_more_trouble_takes_no_more_queries(
    staff: Client, funded: Team, bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        make_generation(funded, bob, State.PARKED)
    with django_assert_max_num_queries(8):
        staff.get("/ops/")
