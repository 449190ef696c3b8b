"""`Idempotency-Key`: one answer for one key and body, for a day."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from generations.accounts.models import Team, User
from generations.api.contract.idempotency import sweep_replays
from generations.api.models import Replay
from generations.common.clock import database_time
from generations.credits.grants import grant_credits
from generations.credits.models import Hold, Quota
from generations.jobs.models import Generation
from tests.api.contract.bodies import body_with
from tests.api.contract.conftest import Program

DEAR = body_with(model="ltx-2-5-pro", resolution="3840x2160", duration=10)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["type"]


def test_the_same_request_returns_the_same_job(program: Program, fresh_key: str) -> None:
    first = program.submit(Idempotency_Key=fresh_key)
    again = program.submit(Idempotency_Key=fresh_key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert (first.headers.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert Generation.objects.count() == Hold.objects.count() == 1


def test_the_order_of_fields_does_not_count(program: Program, fresh_key: str) -> None:
    first = program.submit(body_with(), Idempotency_Key=fresh_key)
    again = program.submit(dict(reversed(body_with().items())), Idempotency_Key=fresh_key)
    assert again.json() == first.json()


def test_another_body_is_422(program: Program, fresh_key: str) -> None:
    program.submit(Idempotency_Key=fresh_key)
    answer = program.submit(body_with(prompt="Another."), Idempotency_Key=fresh_key)
    assert error_of(answer) == (422, "invalid_request_error")
    assert Generation.objects.count() == 1


def test_a_402_is_replayed_even_with_new_credits(program: Program, funded: Team, alice: User, fresh_key: str) -> None:
    program.submit(DEAR)
    program.submit(DEAR)
    first = program.submit(DEAR, Idempotency_Key=fresh_key)
    assert error_of(first) == (402, "insufficient_funds_error")
    grant_credits(team=funded, amount=1000, reason="more", actor=alice)
    again = program.submit(DEAR, Idempotency_Key=fresh_key)
    assert (again.status_code, again.json()) == (402, first.json())
    assert program.submit(DEAR).status_code == 202


def test_an_error_of_the_body_is_replayed(program: Program, fresh_key: str) -> None:
    first = program.submit(body_with(duration=7), Idempotency_Key=fresh_key)
    again = program.submit(body_with(duration=7), Idempotency_Key=fresh_key)
    assert (again.status_code, again.json()) == (400, first.json())


def test_retryable_errors_are_not_stored(program: Program, bob: User, funded: Team, fresh_key: str) -> None:
    quota = Quota.objects.create(team=funded, membership=bob.memberships.get(team=funded), max_jobs=1)
    program.submit()
    assert program.submit(Idempotency_Key=fresh_key).status_code == 429
    quota.delete()
    assert program.submit(Idempotency_Key=fresh_key).status_code == 202


def test_the_key_belongs_to_the_caller(
    program: Program, program_of: Callable[..., Program], funded: Team, bob: User, fresh_key: str
) -> None:
    other = program_of(bob, funded)
    ids = {p.submit(Idempotency_Key=fresh_key).json()["id"] for p in (program, other)}
    assert len(ids) == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_1_to_255_characters(program: Program, key: str) -> None:
    assert error_of(program.submit(Idempotency_Key=key)) == (400, "invalid_request_error")


def test_after_a_day_the_key_is_free(program: Program, fresh_key: str) -> None:
    first = program.submit(Idempotency_Key=fresh_key)
    Replay.objects.update(created_at=database_time(-timedelta(hours=24, seconds=1)))
    again = program.submit(body_with(prompt="Another."), Idempotency_Key=fresh_key)
    assert again.status_code == 202
    assert again.json()["id"] != first.json()["id"]


def test_old_responses_are_deleted(program: Program, fresh_key: str) -> None:
    program.submit(Idempotency_Key=fresh_key)
    assert sweep_replays() == 0
    Replay.objects.update(created_at=database_time(-timedelta(hours=24, seconds=1)))
    assert (sweep_replays(), Replay.objects.count()) == (1, 0)


class TestDeadRequests:
    def forget_answer(self, age: timedelta = timedelta(0)) -> None:
        Replay.objects.update(status=None, body=None, created_at=database_time(-age))

    def test_a_request_in_progress_is_409_with_retry_after(self, program: Program, fresh_key: str) -> None:
        program.submit(body_with(duration=7), Idempotency_Key=fresh_key)
        self.forget_answer()
        answer = program.submit(body_with(duration=7), Idempotency_Key=fresh_key)
        assert error_of(answer) == (409, "concurrency_limit_error")
        assert int(answer["Retry-After"]) > 0

    def test_a_request_that_died_after_storing_its_job_is_replayed(self, program: Program, fresh_key: str) -> None:
        first = program.submit(Idempotency_Key=fresh_key)
        self.forget_answer()
        again = program.submit(Idempotency_Key=fresh_key)
        assert (again.status_code, again.json()) == (202, first.json())
        assert program.submit(Idempotency_Key=fresh_key)["Idempotent-Replayed"] == "true"

    def test_a_request_that_died_before_is_processed_by_the_next(self, program: Program, fresh_key: str) -> None:
        assert program.submit(DEAR | {"duration": 7}, Idempotency_Key=fresh_key).status_code == 400
        self.forget_answer(timedelta(minutes=3))
        assert program.submit(DEAR | {"duration": 7}, Idempotency_Key=fresh_key).status_code == 400
        assert Replay.objects.get().status == 400


@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_requests_create_one_job(program: Program, fresh_key: str) -> None:
    barrier = Barrier(10)

    def submit(_: int) -> tuple[int, str]:
        try:
            barrier.wait()
            answer = program.submit(Idempotency_Key=fresh_key)
            return answer.status_code, answer.json().get("id", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(submit, range(10)))
    job = Generation.objects.get()
    assert {status for status, _ in answers} <= {202, 409}
    assert {told for status, told in answers if status == 202} == {str(job.pk)}
    assert program.submit(Idempotency_Key=fresh_key).json()["id"] == str(job.pk)
    assert transaction.get_connection().in_atomic_block is False
