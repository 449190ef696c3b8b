"""The operations page: active jobs, the actions on them, and who has access."""

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


def run_action(client: Client, generation: Generation, name: str, **form: str) -> str:
    """Run the action and return the page after it."""
    response = client.post(reverse("operations_job_action", args=[generation.pk, name]), form, follow=True)
    assert response.redirect_chain
    return response.content.decode()


def test_page_shows_alerts_and_problem_jobs(staff: Client, waiting: Generation, parked: Generation) -> None:
    open_alert("books", "The books do not close: 1 findings.")
    page = staff.get("/ops/").content.decode()
    assert "The ferry is parked." in page
    assert "The ferry waits." not in page
    assert "The books do not close" in page
    assert "Paused: provider account problem" in page


def test_page_lists_every_kind_of_problem(staff: Client, funded: Team, bob: User) -> None:
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


def test_staff_see_open_alerts_on_every_page(staff: Client, team: Team, bob: User) -> None:
    open_alert("books", "The books do not close: 1 findings.")
    assert "Action needed" in staff.get(f"/t/{team.slug}/gallery/").content.decode()
    others = Client()
    others.force_login(bob)
    assert "Action needed" not in others.get(f"/t/{team.slug}/gallery/").content.decode()


def test_page_without_problems(staff: Client) -> None:
    assert "No problems." in staff.get("/ops/").content.decode()


def test_job_can_be_prioritized(staff: Client, waiting: Generation, alice: User) -> None:
    assert "Moved to the front of the queue." in run_action(staff, waiting, "lift")
    waiting.refresh_from_db()
    assert waiting.prioritized_at is not None
    assert Event.objects.get(kind="generation.lifted").actor == alice


def test_job_can_be_canceled_with_a_reason(staff: Client, parked: Generation, alice: User) -> None:
    assert "36 credits refunded" in run_action(staff, parked, "give-up", reason="The account is closed.")
    parked.refresh_from_db()
    assert (parked.state, parked.error_message, parked.hold.state) == (
        State.FAILED,
        "The account is closed.",
        "released",
    )
    assert Event.objects.get(kind="generation.given_up").actor == alice
    assert list(audit_books()) == []


def test_action_on_a_changed_job_is_rejected(staff: Client, funded: Team, bob: User) -> None:
    done = make_generation(funded, bob)
    for name in ("lift", "look", "give-up"):
        assert "This job has changed" in run_action(staff, done, name, reason="x")
    assert "no video to retrieve" in run_action(staff, done, "ask")
    done.refresh_from_db()
    assert done.state == State.COMPLETED


def test_check_now_makes_the_job_due(staff: Client, parked: Generation) -> None:
    Generation.objects.filter(pk=parked.pk).update(next_action_at=database_time(timedelta(hours=1)))
    run_action(staff, parked, "look")
    assert Generation.objects.filter(next_action_at__lte=database_time()).exists()


def test_circuit_can_be_tested(staff: Client, settings: Settings) -> None:
    settings.PROVIDER_URL = "https://provider.example"
    open_circuit("https://provider.example", "Insufficient funds.")
    assert "Insufficient funds." in staff.get("/ops/").content.decode()
    staff.post(reverse("operations_probe", args=[throttle_for("https://provider.example").pk]))
    assert ProviderThrottle.objects.filter(probe_at__lte=database_time()).exists()


def test_unknown_objects_are_a_404(staff: Client, waiting: Generation) -> None:
    assert staff.post(reverse("operations_job_action", args=[uuid4(), "lift"])).status_code == 404
    assert staff.post(reverse("operations_job_action", args=[waiting.pk, "fly"])).status_code == 404
    assert staff.post(reverse("operations_probe", args=[999])).status_code == 404
    assert staff.get(reverse("operations_job_action", args=[waiting.pk, "lift"])).status_code == 405


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie"])
def test_others_get_a_404(
    who: str, waiting: Generation, request: pytest.FixtureRequest, client_of: Callable[[User], Client]
) -> None:
    client = client_of(request.getfixturevalue(who))
    assert client.get("/ops/").status_code == 404
    assert client.post(reverse("operations_job_action", args=[waiting.pk, "give-up"])).status_code == 404
    waiting.refresh_from_db()
    assert waiting.state == State.QUEUED


def test_query_count_does_not_depend_on_the_number_of_jobs(
    staff: Client, funded: Team, bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        make_generation(funded, bob, State.PARKED)
    with django_assert_max_num_queries(8):
        staff.get("/ops/")
