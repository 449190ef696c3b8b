"""Batches of polls."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from generations.upstream.errors import Problem
from generations.upstream.outcomes import Completed, Failed, PollError, ResultError, Running
from generations.upstream.polling import connection_count, poll_many
from tests.fakes import behaviors

MIXED = [
    (behaviors.status_word("processing"), Running),
    (behaviors.status_word("thinking"), Running),
    (behaviors.completed_with("https://cdn.example/video.mp4"), Completed),
    (behaviors.completed_with(None), ResultError),
    (behaviors.refuse(422), Failed),
    (behaviors.refuse(404), PollError),
    (behaviors.refuse(500), PollError),
    (behaviors.bad_json(), PollError),
    (behaviors.drop(), PollError),
    (behaviors.hang(), PollError),
]


def test_each_job_gets_its_own_outcome(provider, scripted):
    jobs = scripted.make_jobs(60)
    expected = {}
    for number, job in enumerate(jobs):
        behavior, expected[job] = MIXED[number % len(MIXED)]
        scripted.always("poll", behavior, job=job)
    outcomes = asyncio.run(poll_many(provider, jobs))
    assert {job: type(outcome) for job, outcome in outcomes.items()} == expected


def test_it_polls_each_job_once(provider, scripted):
    jobs = scripted.make_jobs(50)
    outcomes = asyncio.run(poll_many(provider, [*jobs, *jobs]))
    assert list(outcomes) == jobs
    assert sorted(request.job for request in scripted.requests("poll")) == sorted(jobs)


def test_no_jobs_make_no_request(provider, scripted):
    assert asyncio.run(poll_many(provider, [])) == {}


def test_it_polls_many_jobs_at_once(patient_provider, scripted):
    scripted.always("poll", behaviors.pause_at("gate"))
    jobs = scripted.make_jobs(80)

    async def poll() -> None:
        polls = asyncio.create_task(poll_many(patient_provider, jobs, concurrency=20))
        await asyncio.to_thread(scripted.wait_until_paused, "gate", 20)
        scripted.release("gate")
        assert all(isinstance(outcome, Running) for outcome in (await polls).values())

    asyncio.run(poll())


def test_a_connection_serves_several_polls(provider, scripted):
    asyncio.run(poll_many(provider, scripted.make_jobs(80), concurrency=10))
    assert len({request.connection for request in scripted.requests("poll")}) == 10


def test_a_poll_that_was_cut_off_is_repeated_once(provider, scripted):
    jobs = scripted.make_jobs(2)

    scripted.script("poll", behaviors.drop(), job=jobs[0])
    outcomes = asyncio.run(poll_many(provider, jobs))
    assert all(isinstance(outcome, Running) for outcome in outcomes.values())
    assert scripted.count("poll") == 3


def test_a_response_that_closes_its_connection_is_no_error(provider, scripted):
    scripted.always("poll", behaviors.unframed())
    outcomes = asyncio.run(poll_many(provider, scripted.make_jobs(30), concurrency=2))
    assert all(isinstance(outcome, Running) for outcome in outcomes.values())
    assert scripted.count("poll") == 30


def test_it_stops_after_a_429(provider, scripted):
    scripted.always("poll", behaviors.refuse(429, retry_after=30))
    outcomes = asyncio.run(poll_many(provider, scripted.make_jobs(300), concurrency=4))
    assert scripted.count("poll") <= 8
    assert {outcome.kind for outcome in outcomes.values()} == {Problem.BUSY, Problem.NOT_POLLED}
    assert {outcome.retry_after for outcome in outcomes.values()} == {30.0}


def test_the_batch_ends_at_its_deadline(provider, scripted):
    first, *others = scripted.make_jobs(300)
    scripted.always("poll", behaviors.hang())
    scripted.script("poll", behaviors.REGULAR, job=first)
    outcomes = asyncio.run(poll_many(provider, [first, *others], concurrency=2, deadline_seconds=0.3))
    assert isinstance(outcomes[first], Running)
    assert {outcomes[job].kind for job in others} == {Problem.NOT_POLLED}


def test_an_endless_response_is_cut_off(provider, scripted):
    scripted.always("poll", behaviors.endless())
    [job] = scripted.make_jobs(1)
    assert asyncio.run(poll_many(provider, [job]))[job].kind is Problem.INVALID_RESPONSE


@given(jobs=st.integers(0, 5000), concurrency=st.integers(1, 1000))
def test_there_are_never_more_connections_than_jobs_or_allowed(jobs, concurrency):
    connections = connection_count(jobs, concurrency)
    assert connections <= min(jobs, concurrency)
    assert connections > 0 or jobs == 0
