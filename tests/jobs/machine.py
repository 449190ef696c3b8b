"""A state machine that runs random actions on jobs; a simple model says what the result must be.

Workers are real: a message is delivered by calling the service of its task against a scripted provider. A worker can be
paused in the middle of a request, in its own thread, while others acquire its job, and continue late.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from threading import Thread
from uuid import UUID, uuid4

import hypothesis.strategies as st
from django.db import connection, transaction
from django.db.models.functions import Now
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from generations.accounts.models import Membership
from generations.common.clock import database_time
from generations.common.errors import DailiesError
from generations.credits.errors import OutOfCreditsError
from generations.credits.grants import grant_credits
from generations.credits.holds import capture_hold, release_hold
from generations.credits.models import Wallet
from generations.jobs.cancel_retry import NotCancelableError, cancel_generation, retry_generation
from generations.jobs.dispatch import claim_due, start_next
from generations.jobs.models import ACTIVE, Attempt, Generation, Outcome, State
from generations.jobs.operations import ask_again
from generations.jobs.polling import poll_due
from generations.jobs.provider_throttle import close_circuit
from generations.jobs.reconciliation import audit_books
from generations.jobs.saving import save_generation
from generations.jobs.sending import send_generation
from generations.jobs.submit import GenerationRequest, submit_generation
from generations.jobs.transitions import LostLeaseError
from tests.fakes.behaviors import REGULAR, pause_at, refuse
from tests.fakes.provider import ScriptedProvider

from .model import POSTS, PRICE, Job, Message, Model, Worker, answers, pick_from, picks, words

TABLES = ("attempt", "generation", "hold", "ledgerentry", "wallet", "queueshare", "providerthrottle", "alert", "event")
A_LONG_TIME = timedelta(days=2)


class Jobs(RuleBasedStateMachine):
    def __init__(
        self, provider: ScriptedProvider, membership: Membership, generation_request: GenerationRequest
    ) -> None:
        super().__init__()
        self.provider, self.membership, self.generation_request = provider, membership, generation_request
        self.model = Model()
        self.workers: list[Worker] = []
        self.barriers = count()
        provider.clear()
        provider.configure(polls_until_done=1000)
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(f'generations_{name}' for name in TABLES)} CASCADE")

    def teardown(self) -> None:
        for worker in self.workers:
            self.provider.release(worker.barrier)
            worker.thread.join(10)

    # --- members ---

    @initialize(amount=st.integers(2 * PRICE, 5 * PRICE))
    def open_the_wallet(self, amount: int) -> None:
        self.grant(amount)
        self.submit()

    @precondition(lambda self: self.model.available < PRICE)
    @rule(amount=st.integers(1, 3 * PRICE))
    def grant(self, amount: int) -> None:
        grant_credits(team=self.membership.team, amount=amount, reason="more")
        self.model.posted += amount

    @precondition(lambda self: self.model.may_submit())
    @rule()
    def submit(self) -> None:
        self._admit(
            lambda: submit_generation(
                membership=self.membership, request=self.generation_request, idempotency_key=str(uuid4())
            )
        )

    @precondition(lambda self: self.model.having(State.FAILED, State.CANCELED) and self.model.may_submit())
    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        job = pick_from(self.model.having(State.FAILED, State.CANCELED), pick)
        row = self._row(job)
        if job.pk in self.model.retries:
            again = retry_generation(membership=self.membership, generation=row)
            assert again.pk == self.model.retries[job.pk].pk
        elif made := self._admit(lambda: retry_generation(membership=self.membership, generation=row)):
            self.model.retries[job.pk] = made

    @precondition(lambda self: not all(job.was_canceled for job in self.model.jobs.values()))
    @rule(pick=picks, seen=st.sampled_from([None, None, State.QUEUED, State.SUBMITTING]))
    def cancel(self, pick: int, seen: State | None) -> None:
        """The request may come from a page that shows an older state."""
        job = pick_from([job for job in self.model.jobs.values() if not job.was_canceled], pick)
        job.was_canceled = True
        row = self._row(job)
        row.state = seen or row.state
        can_cancel = job.state in (State.QUEUED, State.PARKED, State.SUBMITTING) and job.attempt == "none"
        if can_cancel and row.state == job.state:
            cancel_generation(membership=self.membership, generation=row)
            job.fence += 1
            self.model.end(job, State.CANCELED)
        elif job.state == State.CANCELED:
            cancel_generation(membership=self.membership, generation=row)
        else:
            refused(NotCancelableError, lambda: cancel_generation(membership=self.membership, generation=row))

    # --- workers ---

    @precondition(lambda self: self.model.having(*ACTIVE))
    @rule(
        pick=picks, steps=st.integers(1, 5), answer=answers, word=words, is_there=st.sampled_from([True, True, False])
    )
    def work(self, pick: int, steps: int, answer: str, word: str, is_there: bool) -> None:
        """Do the next steps of a job for as long as it makes progress."""
        job = pick_from(self.model.having(*ACTIVE), pick)
        for _ in range(steps):
            before = job.state
            self._step(job, answer, word, is_there)
            self.check()
            if job.state == before or job.state not in ACTIVE:
                break

    @precondition(lambda self: self.model.having(State.SUBMITTING, State.UNCONFIRMED, State.SAVING))
    @rule(pick=picks)
    def claim_again(self, pick: int) -> None:
        """The lease of its worker has expired."""
        self._claim_again(pick_from(self.model.having(State.SUBMITTING, State.UNCONFIRMED, State.SAVING), pick))

    @precondition(lambda self: self.model.unsent())
    @rule(pick=picks, answer=answers)
    def pause_while_sending(self, pick: int, answer: str) -> None:
        message = pick_from(self.model.unsent(), pick)
        self.model.post(message.job)
        self._pause("submit", send_generation, message, answer)

    @precondition(lambda self: self.model.mail(State.SAVING))
    @rule(pick=picks)
    def pause_while_saving(self, pick: int) -> None:
        self._pause("download", save_generation, pick_from(self.model.mail(State.SAVING), pick), "saves")

    @precondition(lambda self: self.workers)
    @rule(pick=picks)
    def wake(self, pick: int) -> None:
        """A paused worker continues. If another one has acquired its job, it only stores an acceptance."""
        worker = pick_from(self.workers, pick)
        self.workers.remove(worker)
        self.provider.release(worker.barrier)
        worker.thread.join(10)
        assert not worker.thread.is_alive()
        if worker.has_the_job and worker.answer == "saves":
            self.model.end(worker.job, State.COMPLETED)
        elif worker.has_the_job:
            self.model.answer(worker.job, worker.answer)
        elif worker.answer == "accepts":
            worker.job.attempt = "accepted"
            self.model.unpark()

    @precondition(lambda self: self.model.old_mail())
    @rule(pick=picks)
    def deliver_an_old_message(self, pick: int) -> None:
        """A message with an old fence, to any task, has no effect."""
        message = pick_from(self.model.old_mail(), pick)
        send_generation(message.job.pk, message.fence)
        save_generation(message.job.pk, message.fence)
        self.model.messages.remove(message)

    @precondition(lambda self: self._given_up())
    @rule(pick=picks)
    def ask_about_one_given_up(self, pick: int) -> None:
        job = pick_from(self._given_up(), pick)
        self.provider.finish(self._theirs(job))
        assert ask_again(generation=self._row(job), actor=None)
        job.state = State.SAVING
        job.fence += 1
        self.model.messages.append(Message(job, job.fence))

    # --- time, and actions that must have no effect ---

    @precondition(lambda self: self.model.doubtful())
    @rule(pick=picks)
    def let_the_window_pass(self, pick: int) -> None:
        job = pick_from(self.model.doubtful(), pick)
        Attempt.objects.filter(generation=job.pk).update(started_at=database_time(-A_LONG_TIME))
        job.is_old = True

    @precondition(lambda self: self.model.settled())
    @rule(pick=picks, is_capture=st.booleans())
    def settle_again(self, pick: int, is_capture: bool) -> None:
        job = pick_from(self.model.settled(), pick)
        job.was_settled_again = True
        hold_id = self._row(job).hold_id
        if is_capture:
            capture_hold(hold_id=hold_id, amount=PRICE)
        else:
            release_hold(hold_id=hold_id, reason="again")

    # --- invariants, checked after every step ---

    @invariant()
    def check(self) -> None:
        same("findings of the auditor", [str(finding) for finding in audit_books()], [])
        same("balances", Wallet.objects.values_list("posted", "held").get(), (self.model.posted, self.model.held))
        rows = {pk: row for pk, *row in Generation.objects.values_list("pk", "state", "fence")}
        same("states and fences", rows, {pk: [job.state, job.fence] for pk, job in self.model.jobs.items()})
        keys = [request.headers["idempotency-key"] for request in self.provider.requests("submit")]
        same("posts", (len(keys), len(set(keys))), (self.model.posts, self.model.posts))

    # --- the steps and their effect on the model ---

    def _step(self, job: Job, answer: str, word: str, is_there: bool) -> None:
        if job.state in (State.SUBMITTING, State.UNCONFIRMED, State.SAVING) and not self.model.mail_for(job):
            self._claim_again(job)
        match job.state:
            case State.QUEUED:
                self._claim_the_next()
            case State.PARKED:
                self._mend_the_account()
            case State.PROCESSING:
                self._poll(job, word)
            case State.SAVING:
                self._save(self.model.mail_for(job)[0], is_there=is_there)
            case _:
                self._send(self.model.mail_for(job)[0], answer)

    def _claim_the_next(self) -> None:
        Generation.objects.filter(state=State.QUEUED).update(next_action_at=Now())
        with transaction.atomic():
            row = start_next()
        assert row is not None
        job = self.model.jobs[row[0]]
        assert job.state == State.QUEUED
        job.state = State.SUBMITTING
        self.model.claimed(*row)

    def _claim_again(self, job: Job) -> None:
        Generation.objects.filter(pk=job.pk).update(next_action_at=Now(), lease_until=None)
        for row in claim_due([job.state], limit=50):
            self.model.claimed(*row)

    def _send(self, message: Message, answer: str) -> None:
        job = message.job
        self.provider.script("submit", POSTS[answer][0])
        send_generation(job.pk, message.fence)
        self.provider.regular("submit")
        job.fence += 1
        if job.attempt == "none":
            self.model.post(job)
            self.model.answer(job, answer)
        else:
            self.model.resolve(job)

    def _poll(self, job: Job, word: str) -> None:
        if word == "completed":
            self.provider.finish(self._theirs(job))
        elif word == "failed":
            self.provider.fail(self._theirs(job))
        elif word == "gone":
            self.provider.script("poll", refuse(404))
        Generation.objects.filter(pk=job.pk).update(next_action_at=Now(), lease_until=None)
        assert poll_due() == 1
        job.fence += 1
        if word == "completed":
            job.state = State.SAVING
            self.model.messages.append(Message(job, job.fence))
        elif word != "running":
            self.model.end(job, State.FAILED)

    def _save(self, message: Message, *, is_there: bool) -> None:
        if not is_there:
            self.provider.script("download", refuse(404))
        save_generation(message.job.pk, message.fence)
        message.job.fence += 1
        if is_there:
            self.model.end(message.job, State.COMPLETED)

    def _mend_the_account(self) -> None:
        close_circuit(self.provider.base_url)
        self.model.unpark()

    def _admit(self, submit: Callable[[], Generation]) -> Job | None:
        if self.model.available < PRICE:
            self.model.refusals += 1
            refused(OutOfCreditsError, submit)
            return None
        job = Job(submit().id)
        self.model.jobs[job.pk] = job
        self.model.held += PRICE
        return job

    def _pause(self, route: str, work: Callable[[UUID, int], None], message: Message, answer: str) -> None:
        """Deliver the message in a thread that pauses after the provider has received the request."""
        barrier = f"{route} {next(self.barriers)}"
        self.provider.script(route, pause_at(barrier, POSTS[answer][0] if answer in POSTS else REGULAR))
        thread = Thread(target=in_own_connection(work), args=(message.job.pk, message.fence), daemon=True)
        thread.start()
        self.provider.wait_until_paused(barrier)
        message.job.fence += 1
        self.workers.append(Worker(message.job, message.job.fence, barrier, thread, answer))

    def _given_up(self) -> list[Job]:
        """Failed jobs that the provider had accepted and did not report as failed."""
        accepted = [job for job in self.model.having(State.FAILED) if job.attempt == "accepted"]
        theirs = {job.id: job for job in self.provider.jobs()}
        return [job for job in accepted if not theirs[self._theirs(job)].failure]

    @staticmethod
    def _theirs(job: Job) -> str:
        return Attempt.objects.get(generation=job.pk, outcome=Outcome.ACCEPTED).provider_job_id

    @staticmethod
    def _row(job: Job) -> Generation:
        return Generation.objects.with_media().select_related("team").get(pk=job.pk)


def same(what: str, found: object, expected: object) -> None:
    assert found == expected, f"{what}: {found}, by the model {expected}"


def refused(kind: type[DailiesError], act: Callable[[], object]) -> None:
    try:
        act()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was due")


def in_own_connection(work: Callable[[UUID, int], None]) -> Callable[[UUID, int], None]:
    """Like the task: a lost lease is not an error."""

    def run(pk: UUID, fence: int) -> None:
        try:
            with suppress(LostLeaseError):
                work(pk, fence)
        finally:
            connection.close()

    return run
