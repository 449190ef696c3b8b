"""Concurrent work on the same rows: each job is settled once and the books balance."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier
from time import monotonic
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client

from generations.accounts.models import Membership, Team, User
from generations.credits.balances import balance_of
from generations.credits.errors import OutOfCreditsError
from generations.credits.grants import correct_credits, grant_credits
from generations.credits.holds import release_hold
from generations.credits.models import HoldState
from generations.jobs.attempts import close_attempt, open_attempt
from generations.jobs.cancel_retry import NotCancelableError, cancel_generation
from generations.jobs.dispatch import start_next
from generations.jobs.models import Attempt, Generation, Outcome, State
from generations.jobs.operations import StateChangedError, give_up
from generations.jobs.reconciliation import audit_books
from generations.jobs.sending import send_generation
from generations.jobs.submit import GenerationRequest, submit_generation
from generations.jobs.transitions import Lease, LostLeaseError, acquire_lease, complete_generation, fail_generation
from generations.media.models import Asset, AssetKind
from tests.fakes.behaviors import pause_at
from tests.fakes.provider import ScriptedProvider
from tests.library.factories import make_asset, make_generation
from tests.web.pages import form_values

from .conftest import Drive
from .rows import Member, Submit

T = TypeVar("T")
THREADS = 16

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _books_close() -> Iterator[None]:
    yield
    assert [str(finding) for finding in audit_books()] == []


def at_once(work: Callable[[int], T], times: int) -> list[T]:
    """Call it from several threads that start together, each with its own connection."""
    line = Barrier(THREADS)

    def go(worker: int) -> dict[int, T]:
        try:
            connection.ensure_connection()
            line.wait(10)
            return {number: work(number) for number in range(worker, times, THREADS)}
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        results = dict(pair for done in pool.map(go, range(THREADS)) for pair in done.items())
    return [results[number] for number in range(times)]


@pytest.fixture
def credit_for_seven(funded: Team, alice: User) -> Team:
    correct_credits(team=funded, amount=7 * 18 + 17 - 1000, reason="for seven", actor=alice)
    return funded


class TestTwoHundredSubmitsWithCreditForSeven:
    """Row 50."""

    def test_seven_are_accepted_and_all_others_told_why(
        self, generation_request: GenerationRequest, credit_for_seven: Team, bob: User, member: Member
    ) -> None:
        membership = member(bob, credit_for_seven)

        def submit(_: int) -> str:
            try:
                submit_generation(membership=membership, request=generation_request, idempotency_key=str(uuid4()))
            except OutOfCreditsError as error:
                return f"{error.shortage.limit} of {error.shortage.required}"
            return "accepted"

        assert Counter(at_once(submit, 200)) == {"accepted": 7, "wallet of 18": 193}
        self.check(membership)

    def test_the_page_answers_seven_with_the_list_and_all_others_with_402(
        self,
        generation_request: GenerationRequest,
        credit_for_seven: Team,
        bob: User,
        member: Member,
        client_of: Callable[[User], Client],
    ) -> None:
        address = f"/t/{credit_for_seven.slug}/studio/"
        settings = {
            "model": generation_request.model,
            "resolution": generation_request.resolution,
            "fps": "24",
            "duration": "6",
            "seen_price": "18",
        }
        filled = {
            "first_frame": str(generation_request.first_frame.pk),
            "prompt": generation_request.prompt,
            **settings,
        }
        values = form_values(client_of(bob).get(address), **filled)
        browsers = [client_of(bob) for _ in range(THREADS)]

        def press(number: int) -> int:
            return browsers[number % THREADS].post(address, {**values, "idempotency_key": str(uuid4())}).status_code

        assert Counter(at_once(press, 200)) == {303: 7, 402: 193}
        self.check(member(bob, credit_for_seven))

    @staticmethod
    def check(membership: Membership) -> None:
        assert set(Generation.objects.values_list("state", "hold__state")) == {(State.QUEUED, HoldState.PENDING)}
        assert Generation.objects.count() == 7
        assert (balance_of(membership).held, balance_of(membership).available) == (126, 17)


STEPS = 5


def live(take_of: dict[str, Asset], pause: Callable[[], None] = lambda: None) -> None:
    """Process the next job in STEPS steps, each in one transaction, unless another thread ends it."""
    with transaction.atomic():
        row = start_next()
    if row is None:
        return
    pause()
    lease = acquire_lease(*row, State.SUBMITTING)
    if lease is None:
        return
    generation = Generation.objects.get(pk=row[0])
    with suppress(LostLeaseError):
        pause()
        attempt = open_attempt(generation, lease, provider="p", request={})
        pause()
        with transaction.atomic():
            close_attempt(attempt, Outcome.ACCEPTED, provider_job_id=str(generation.pk))
            lease.move(State.SUBMITTING, State.PROCESSING)
        pause()
        lease.move(State.PROCESSING, State.SAVING)
        pause()
        complete_generation(generation, lease, **take_of)


@dataclass
class Page:
    """A page with a cancel button that is loaded in one state of the job and used in another."""

    membership: Membership
    generation: Generation
    loaded_at: int
    pressed_at: int
    said: str = ""
    moment: int = 0

    def pass_moment(self) -> None:
        if self.moment == self.loaded_at:
            self.generation = Generation.objects.get(pk=self.generation.pk)
        if self.moment == self.pressed_at:
            self.said = press(self.membership, self.generation)
        self.moment += 1


def press(membership: Membership, generation: Generation) -> str:
    try:
        cancel_generation(membership=membership, generation=generation)
    except NotCancelableError:
        return "too late"
    return "canceled"


class TestCancelAtEveryMoment:
    """Row 47: the response tells the real result for the job and its credits."""

    @pytest.fixture
    def take_of(self, funded: Team) -> dict[str, Asset]:
        return {"video": make_asset(funded, AssetKind.VIDEO), "poster": make_asset(funded, AssetKind.POSTER)}

    @staticmethod
    def check(generation: Generation, said: str) -> None:
        row = Generation.objects.select_related("hold").get(pk=generation.pk)
        ends = {
            "canceled": (State.CANCELED, HoldState.RELEASED, None),
            "too late": (State.COMPLETED, HoldState.CAPTURED, row.price),
        }
        assert (row.state, row.hold.state, row.hold.captured) == ends[said]

    @pytest.mark.parametrize("loaded_at", range(STEPS + 2))
    def test_a_page_loaded_at_one_moment_and_pressed_at_another(
        self, loaded_at: int, take_of: dict[str, Asset], funded: Team, bob: User, member: Member
    ) -> None:
        for pressed_at in range(loaded_at, STEPS + 2):
            page = Page(member(bob, funded), make_generation(funded, bob, State.QUEUED), loaded_at, pressed_at)
            page.pass_moment()
            live(take_of, page.pass_moment)
            while page.moment < STEPS + 2:
                page.pass_moment()
            self.check(page.generation, page.said)

    def test_five_hundred_at_any_moment(
        self, take_of: dict[str, Asset], funded: Team, alice: User, bob: User, member: Member
    ) -> None:
        grant_credits(team=funded, amount=20_000, reason="for five hundred", actor=alice)
        membership = member(bob, funded)
        jobs = [make_generation(funded, bob, State.QUEUED) for _ in range(500)]

        def work(number: int) -> str:
            if number % 2:
                live(take_of)
                return ""
            return press(membership, Generation.objects.get(pk=jobs[number // 2].pk))

        said = at_once(work, 2 * len(jobs))
        while Generation.objects.filter(state=State.QUEUED).exists():
            live(take_of)
        for number, job in enumerate(jobs):
            self.check(job, said[2 * number])
        assert {"canceled", "too late"} <= set(said)


class TestTwoWhoEndTheSameJob:
    """Row 22: the second transaction waits for the first; there is no deadlock."""

    @pytest.mark.parametrize("end", [give_up, cancel_generation])
    def test_the_second_waits_and_then_finds_the_job_over(
        self, end: Callable[..., None], submit: Submit, bob: User, funded: Team, member: Member
    ) -> None:
        generation = submit()
        row = claim_in_transaction()
        by = {"actor": bob, "reason": ""} if end is give_up else {"membership": member(bob, funded)}
        seen = Generation.objects.get(pk=generation.pk)

        def second() -> None:
            try:
                end(generation=seen, **by)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                release_hold(hold_id=generation.hold_id, reason="refused")
                other = pool.submit(second)
                wait_until_blocking()
                fail_generation(seen, Lease(*row), error_type="refused", message="Refused.")
            with pytest.raises((StateChangedError, NotCancelableError)):
                other.result(10)
        assert Generation.objects.get().error_type == "refused"


def claim_in_transaction() -> tuple[UUID, int]:
    with transaction.atomic():
        row = start_next()
    assert row is not None
    return row


def wait_until_blocking() -> None:
    """Wait until another connection waits for a lock of this one."""
    deadline = monotonic() + 10
    with connection.cursor() as cursor:
        while monotonic() < deadline:
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.rowcount:
                return
    raise AssertionError("nobody waits for us")


class TestAWorkerThatIsOvertaken:
    """Row 19: it has the provider's response, and another worker has acquired the job."""

    def test_its_acceptance_is_kept_and_the_job_goes_on(
        self, submit: Submit, drive: Drive, provider: ScriptedProvider
    ) -> None:
        provider.script("submit", pause_at("answer"))
        generation = submit()
        drive.dispatch()
        fence = Generation.objects.get().fence
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(self.send, generation, fence)
            provider.wait_until_paused("answer")
            drive.make_due()
            drive.send()
            assert Generation.objects.get().state == State.UNCONFIRMED
            provider.release("answer")
            slow.result(10)
        assert Attempt.objects.get().outcome == Outcome.ACCEPTED
        drive.to_the_end()
        assert Generation.objects.get().state == State.COMPLETED
        assert (provider.count("submit"), len(provider.jobs())) == (1, 1)

    @staticmethod
    def send(generation: Generation, fence: int) -> None:
        try:
            send_generation(generation.pk, fence)
        finally:
            connection.close()
