from datetime import timedelta

import pytest
from django.utils import timezone

from generations.credits.grants import correct_credits
from generations.credits.models import Wallet
from generations.jobs.models import Generation, Outcome, State
from tests.library.factories import make_generation
from tests.web.pages import HTMX, links, words


@pytest.fixture
def jobs(team) -> str:
    return f"/t/{team.slug}/jobs/"


def rows(response) -> list[str]:
    html = response.content.decode()
    return [part.split('"')[0] for part in html.split('id="job-')[1:]]


def test_list_shows_own_jobs_newest_first(client_of, alice, bob, funded, jobs):
    older = make_generation(funded, bob, age=timedelta(hours=2))
    newer = make_generation(funded, bob, State.PROCESSING)
    make_generation(funded, alice)
    page = client_of(bob).get(jobs)
    assert rows(page) == [str(newer.pk), str(older.pk)]
    assert "Generating" in words(page)
    assert "LTX 2.3 Fast · 6 s · 1080p · 24 fps" in words(page)
    assert f"/t/{funded.slug}/takes/{older.pk}/" in links(page)
    assert f"/t/{funded.slug}/takes/{newer.pk}/" not in links(page)


def test_title_shows_the_number_of_active_jobs(client_of, bob, funded, jobs):
    make_generation(funded, bob)
    assert "<title>Jobs" in client_of(bob).get(jobs).content.decode()
    make_generation(funded, bob, State.QUEUED)
    make_generation(funded, bob, State.SAVING)
    page = client_of(bob).get(jobs).content.decode()
    assert "<title>(2) Jobs" in page
    assert page.count("data-live") == 2


def test_rows_show_the_credits_of_each_job(client_of, bob, funded, jobs):
    make_generation(funded, bob, State.FAILED, error_message="The provider declined the prompt.")
    make_generation(funded, bob, State.CANCELED, duration=8)
    make_generation(funded, bob, State.QUEUED, duration=10)
    page = words(client_of(bob).get(jobs))
    assert "The provider declined the prompt." in page
    assert "Failed 36 credits refunded" in page
    assert "Canceled 48 credits refunded" in page
    assert "60 credits reserved" in page


def test_admin_can_list_all_jobs(client_of, alice, bob, funded, jobs):
    theirs = make_generation(funded, bob, State.QUEUED)
    page = client_of(alice).get(jobs)
    assert rows(page) == []
    everybody = client_of(alice).get(jobs, {"of": "everybody"})
    assert rows(everybody) == [str(theirs.pk)]
    assert "by Bob" in words(everybody)


def test_creator_cannot_list_all_jobs(client_of, alice, bob, funded, jobs):
    make_generation(funded, alice, State.QUEUED)
    page = client_of(bob).get(jobs, {"of": "everybody"})
    assert rows(page) == []
    assert "Everyone" not in words(page)


@pytest.mark.parametrize("htmx", [{}, HTMX])
def test_pages_contain_every_job_once(client_of, bob, funded, jobs, htmx):
    made = [make_generation(funded, bob, State.CANCELED) for _ in range(53)]
    Generation.objects.update(created_at=made[0].created_at)
    seen, address = [], jobs
    while address:
        page = client_of(bob).get(address, **htmx)
        seen += rows(page)
        more = [link for link in links(page) if link.startswith("?after=")]
        address = jobs + more[0] if more else ""
    assert seen == sorted((str(job.pk) for job in made), reverse=True)


def test_row_can_be_loaded_alone(client_of, alice, bob, funded, jobs):
    job = make_generation(funded, bob, State.QUEUED)
    response = client_of(bob).get(f"{jobs}{job.pk}/row", **HTMX)
    assert response.content.decode().startswith("<li")
    assert rows(response) == [str(job.pk)]
    assert client_of(alice).get(f"{jobs}{job.pk}/row").status_code == 200


def test_row_shows_the_place_in_the_queue(client_of, alice, bob, funded, jobs):
    first = make_generation(funded, bob, State.QUEUED, age=timedelta(minutes=2))
    second = make_generation(funded, bob, State.QUEUED, age=timedelta(minutes=1))
    assert "Next in queue" in words(client_of(bob).get(f"{jobs}{first.pk}/row"))
    assert "Number 2 in queue" in words(client_of(bob).get(f"{jobs}{second.pk}/row"))


def test_row_shows_the_usual_duration(client_of, bob, funded, jobs, own_cache):
    now = timezone.now()
    for seconds in (60, 60, 60, 60, 120):
        took = timedelta(seconds=seconds)
        take = make_generation(funded, bob, age=took, finished_at=now)
        sent = take.attempts.create(number=1, outcome=Outcome.ACCEPTED, provider="x", provider_job_id="x", request={})
        take.attempts.filter(pk=sent.pk).update(started_at=now - took)
    job = make_generation(funded, bob, State.PROCESSING)
    assert "usually 1:00 to 1:36" in words(client_of(bob).get(f"{jobs}{job.pk}/row"))


def test_late_take_is_free(client_of, bob, funded, jobs):
    late = make_generation(funded, bob, is_late=True)
    assert "Not charged (finished after refund)" in words(client_of(bob).get(jobs))
    page = client_of(bob).get(f"/t/{funded.slug}/takes/{late.pk}/")
    assert "Cost Not charged (finished after the refund)" in words(page)


def test_row_of_another_member_is_a_404(client_of, alice, bob, charlie, other_team, funded, jobs):
    mine = make_generation(funded, alice, State.QUEUED)
    assert client_of(bob).get(f"{jobs}{mine.pk}/row").status_code == 404
    assert client_of(charlie).get(f"{jobs}{mine.pk}/row").status_code == 404
    assert client_of(charlie).get(f"/t/{other_team.slug}/jobs/{mine.pk}/row").status_code == 404


def test_queued_job_can_be_canceled(client_of, bob, funded, jobs):
    job = make_generation(funded, bob, State.QUEUED)
    page = client_of(bob).post(f"{jobs}{job.pk}/cancel", follow=True)
    assert "Canceled. 36 credits refunded." in words(page)
    assert Generation.objects.get().state == State.CANCELED
    assert Wallet.objects.get(team=funded).held == 0


def test_htmx_gets_the_row_and_the_balance(client_of, bob, funded, jobs):
    job = make_generation(funded, bob, State.QUEUED)
    response = client_of(bob).post(f"{jobs}{job.pk}/cancel", **HTMX)
    assert "Canceled" in words(response)
    assert "1,000 credits" in words(response)


def test_sent_job_cannot_be_canceled(client_of, bob, funded, jobs):
    job = make_generation(funded, bob, State.PROCESSING)
    assert "Cancel" not in words(client_of(bob).get(jobs))
    response = client_of(bob).post(f"{jobs}{job.pk}/cancel", **HTMX)
    assert response.status_code == 409
    assert response["HX-Retarget"] == "#messages"
    assert "already generating" in words(response)
    assert Wallet.objects.get(team=funded).held == 36


def test_failed_job_can_be_retried(client_of, bob, funded, jobs):
    failed = make_generation(funded, bob, State.FAILED)
    client = client_of(bob)
    assert "Retry · 36 credits" in client.get(jobs).content.decode()
    for _ in range(2):
        assert client.post(f"{jobs}{failed.pk}/retry").status_code == 302
    (again,) = Generation.objects.exclude(pk=failed.pk)
    assert (again.state, again.retry_of, again.price) == (State.QUEUED, failed, 36)


def test_only_own_failed_jobs_can_be_retried(client_of, alice, bob, rita, funded, jobs):
    done, failed = make_generation(funded, bob), make_generation(funded, bob, State.FAILED)
    assert client_of(bob).post(f"{jobs}{done.pk}/retry").status_code == 409
    assert client_of(alice).post(f"{jobs}{failed.pk}/retry").status_code == 403
    assert client_of(rita).post(f"{jobs}{failed.pk}/retry").status_code == 403
    assert Generation.objects.count() == 2


def test_retry_without_credits_is_a_402(client_of, bob, funded, jobs):
    failed = make_generation(funded, bob, State.FAILED)
    correct_credits(team=funded, amount=-1000, reason="the month is over", actor=bob)
    assert client_of(bob).post(f"{jobs}{failed.pk}/retry").status_code == 402


def test_only_the_author_and_admins_can_cancel(client, client_of, alice, bob, rita, charlie, funded, jobs):
    job = make_generation(funded, alice, State.QUEUED)
    cancel = f"{jobs}{job.pk}/cancel"
    assert client.post(cancel).status_code == 302
    assert client_of(bob).post(cancel).status_code == 404
    assert client_of(rita).post(cancel).status_code == 403
    assert client_of(charlie).post(cancel).status_code == 404
    assert client_of(alice).get(cancel).status_code == 405
    assert Generation.objects.get().state == State.QUEUED
    theirs = make_generation(funded, bob, State.QUEUED)
    assert client_of(alice).post(f"{jobs}{theirs.pk}/cancel").status_code == 302
    theirs.refresh_from_db()
    assert theirs.state == State.CANCELED


def test_empty_list_links_to_the_studio(client_of, bob, team, jobs):
    page = client_of(bob).get(jobs)
    assert "No jobs yet" in words(page)
    assert f"/t/{team.slug}/studio/" in links(page)


def test_query_count_does_not_depend_on_the_number_of_jobs(client_of, bob, funded, jobs, django_assert_max_num_queries):
    browser = client_of(bob)
    make_generation(funded, bob, State.QUEUED)
    browser.get(jobs)
    with django_assert_max_num_queries(10) as few:
        browser.get(jobs)
    for state in State:
        make_generation(funded, bob, state)
    with django_assert_max_num_queries(len(few)):
        browser.get(jobs)
