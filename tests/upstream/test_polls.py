"""Every response to a poll, alone and in a batch: both must give the same outcome."""

import asyncio
from collections.abc import Callable

import pytest

from generations.upstream.client import Provider
from generations.upstream.errors import Problem
from generations.upstream.outcomes import Completed, Failed, PollError, PollOutcome, ResultError, Running
from generations.upstream.polling import poll_many
from tests.fakes import behaviors
from tests.fakes.provider import ScriptedProvider

Poll = Callable[[str], PollOutcome]


@pytest.fixture(params=["single", "in a batch"])
def poll(request: pytest.FixtureRequest, provider: Provider) -> Poll:
    if request.param == "single":
        return provider.poll
    return lambda job: asyncio.run(poll_many(provider, [job]))[job]


@pytest.fixture
def job(scripted: ScriptedProvider) -> str:
    return scripted.make_jobs(1)[0]


def test_it_follows_a_job_to_its_end(poll, scripted, job):
    assert [outcome.status for outcome in (poll(job), poll(job))] == ["pending", "processing"]
    done = poll(job)
    assert isinstance(done, Completed)
    assert done.video_url == f"{scripted.base_url}/_files/{job}.mp4?signature=scripted"
    assert len(done.request_id) == 32


def test_it_sends_the_key(poll, provider, scripted, job):
    poll(job)
    [request] = scripted.requests("poll")
    assert request.headers["authorization"] == f"Bearer {provider.api_key}"
    assert request.headers["host"] == scripted.base_url.removeprefix("http://")


def test_it_returns_the_failure_of_the_provider(poll, scripted, job):
    scripted.fail(job, "content_filtered_error", "Not this picture.")
    outcome = poll(job)
    assert isinstance(outcome, Failed)
    assert (outcome.type, outcome.message) == ("content_filtered_error", "Not this picture.")


@pytest.mark.parametrize("error", [None, "boom", {"message": 5}, {}])
def test_a_failure_without_a_reason_is_a_failure(poll, scripted, job, error):
    scripted.script("poll", behaviors.amend(status="failed", error=error))
    outcome = poll(job)
    assert isinstance(outcome, Failed)
    assert (outcome.type, outcome.message) == ("api_error", "The provider gave no reason.")


@pytest.mark.parametrize("status", [402, 422])
def test_the_status_of_a_poll_can_be_the_failure(poll, scripted, job, status):
    scripted.script("poll", behaviors.refuse(status, message="Final."))
    outcome = poll(job)
    assert isinstance(outcome, Failed)
    assert (outcome.type, outcome.message) == (behaviors.REASONS[status], "Final.")


@pytest.mark.parametrize("word", ["queued", "expired", "COMPLETED", "canceled"])
def test_an_unknown_status_does_not_end_a_job(poll, scripted, job, word):
    scripted.script("poll", behaviors.status_word(word))
    outcome = poll(job)
    assert isinstance(outcome, Running)
    assert (outcome.status, outcome.is_known) == (word, False)


@pytest.mark.parametrize("word", ["pending", "processing"])
def test_the_statuses_of_the_contract_are_known(poll, scripted, job, word):
    scripted.script("poll", behaviors.status_word(word))
    assert poll(job).is_known


@pytest.mark.parametrize(
    "url", [None, "", "/video.mp4", "file:///etc/passwd", "data:video/mp4;base64,AAAA", "https://", "http://a:b@c/"]
)
def test_a_completed_job_without_a_usable_url_is_an_error(poll, scripted, job, url):
    scripted.script("poll", behaviors.completed_with(url))
    assert isinstance(poll(job), ResultError)


@pytest.mark.parametrize("result", [[], "url", {"video_url": []}])
def test_a_result_of_another_shape_is_an_error(poll, scripted, job, result):
    scripted.script("poll", behaviors.amend(status="completed", result=result))
    assert isinstance(poll(job), ResultError)


@pytest.mark.parametrize(
    ("behavior", "kind", "status"),
    [
        (behaviors.refuse(400), Problem.REJECTED, 400),
        (behaviors.refuse(401), Problem.REJECTED, 401),
        (behaviors.html(402), Problem.REJECTED, 402),
        (behaviors.refuse(403), Problem.REJECTED, 403),
        (behaviors.refuse(404), Problem.MISSING, 404),
        (behaviors.html(404), Problem.REJECTED, 404),
        (behaviors.refuse(413), Problem.REJECTED, 413),
        (behaviors.html(422), Problem.REJECTED, 422),
        (behaviors.refuse(429), Problem.BUSY, 429),
        (behaviors.refuse(500), Problem.SERVER_ERROR, 500),
        (behaviors.refuse(502), Problem.SERVER_ERROR, 502),
        (behaviors.refuse(503), Problem.BUSY, 503),
        (behaviors.refuse(504), Problem.SERVER_ERROR, 504),
        (behaviors.refuse(529), Problem.BUSY, 529),
        (behaviors.html(302), Problem.REJECTED, 302),
        (behaviors.html(200), Problem.INVALID_RESPONSE, 200),
        (behaviors.bad_json(), Problem.INVALID_RESPONSE, 200),
        (behaviors.amend(status=None), Problem.INVALID_RESPONSE, 200),
        (behaviors.amend(status=3), Problem.INVALID_RESPONSE, 200),
        (behaviors.amend(id="another"), Problem.INVALID_RESPONSE, 200),
        (behaviors.drop(), Problem.CUT_OFF, None),
        (behaviors.reset(), Problem.CUT_OFF, None),
        (behaviors.hang(), Problem.TIMED_OUT, None),
        (behaviors.slow_drip(0.1, in_head=True), Problem.TIMED_OUT, None),
    ],
)
def test_a_poll_error_says_nothing_about_the_job(poll, scripted, job, behavior, kind, status):
    scripted.always("poll", behavior)
    outcome = poll(job)
    assert isinstance(outcome, PollError)
    assert (outcome.kind, outcome.status) == (kind, status)
    assert outcome.is_missing == (kind is Problem.MISSING)
    assert outcome.message
    scripted.regular("poll")
    assert isinstance(poll(job), Running)


def test_it_returns_the_retry_after(poll, scripted, job):
    scripted.script("poll", behaviors.refuse(503, retry_after=9))
    assert poll(job).retry_after == 9.0


@pytest.mark.parametrize("unusual", ["../keys", "a b", "a?b=c", "ä", "a/b"])
def test_an_unusual_id_stays_within_the_route(poll, scripted, unusual):
    assert poll(unusual).is_missing or unusual == "a/b"
    assert scripted.requests()[0].path == f"/v2/image-to-video/{unusual}"
