"""A simple model of jobs: the expected state of a wallet, jobs, messages and workers, without SQL.

A wallet is two numbers; a job is a state, a fence and the state of its hold. Only the holder of the newest fence may
write; a hold is settled once; a POST without a response is never repeated.
"""

from dataclasses import dataclass
from threading import Thread
from typing import TypeVar
from uuid import UUID

import hypothesis.strategies as st

from generations.jobs.models import ACTIVE, State
from tests.fakes.behaviors import REGULAR, Behavior, drop, refuse

PRICE = 18
# More active jobs than this, and few of them would reach an end.
BUSY = 4
# How the provider may react to a POST, and the next state if the worker still has the job.
POSTS: dict[str, tuple[Behavior, State]] = {
    "accepts": (REGULAR, State.PROCESSING),
    "loses its answer": (drop(is_carried_out=True), State.UNCONFIRMED),
    "refuses": (refuse(422), State.FAILED),
    "is busy": (refuse(429), State.QUEUED),
    "refuses us": (refuse(402), State.PARKED),
}
# Reactions that continue a job are more frequent than those that end it.
answers = st.sampled_from(["accepts", "accepts", "accepts", *POSTS])
words = st.sampled_from(["completed", "completed", "completed", "running", "failed", "gone"])
picks = st.integers(0, 20)
T = TypeVar("T")


def pick_from(things: list[T], pick: int) -> T:
    return things[pick % len(things)]


@dataclass(eq=False)
class Job:
    """The model's view of a generation. `attempt` is the POST that may have created a job at the provider."""

    pk: UUID
    state: State = State.QUEUED
    fence: int = 0
    credits: str = "held"
    attempt: str = "none"
    is_old: bool = False
    was_canceled: bool = False
    was_settled_again: bool = False


@dataclass(frozen=True)
class Message:
    job: Job
    fence: int

    def is_for(self, *states: State) -> bool:
        return self.fence == self.job.fence and self.job.state in states


@dataclass(frozen=True)
class Worker:
    """A worker that is paused at a barrier, in its POST or its download."""

    job: Job
    fence: int
    barrier: str
    thread: Thread
    answer: str

    @property
    def has_the_job(self) -> bool:
        return self.job.fence == self.fence


class Model:
    """The expected result of all steps so far."""

    def __init__(self) -> None:
        self.jobs: dict[UUID, Job] = {}
        self.retries: dict[UUID, Job] = {}
        self.messages: list[Message] = []
        self.posted = self.held = self.posts = self.refusals = 0
        self.is_circuit_open = False

    @property
    def available(self) -> int:
        return self.posted - self.held

    def having(self, *states: State) -> list[Job]:
        return [job for job in self.jobs.values() if job.state in states]

    def mail(self, *states: State) -> list[Message]:
        return [message for message in self.messages if message.is_for(*states)]

    def mail_for(self, job: Job) -> list[Message]:
        return [message for message in self.mail(job.state) if message.job is job]

    def old_mail(self) -> list[Message]:
        return [message for message in self.messages if message.fence < message.job.fence]

    def may_submit(self) -> bool:
        """Whether to submit now. It is limited so that other steps happen; sometimes it is tried without credits."""
        return len(self.having(*ACTIVE)) < BUSY and (self.available >= PRICE or self.refusals < 2)

    def unsent(self) -> list[Message]:
        return [message for message in self.mail(State.SUBMITTING) if message.job.attempt == "none"]

    def settled(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.credits != "held" and not job.was_settled_again]

    def doubtful(self) -> list[Job]:
        sent = self.having(State.SUBMITTING, State.UNCONFIRMED)
        return [job for job in sent if job.attempt == "open" and not job.is_old]

    def claimed(self, pk: UUID, fence: int) -> None:
        job = self.jobs[pk]
        job.fence += 1
        assert job.fence == fence
        self.messages.append(Message(job, fence))

    def post(self, job: Job) -> None:
        self.posts += 1
        job.attempt, job.is_old = "open", False

    def answer(self, job: Job, answer: str) -> None:
        state = POSTS[answer][1]
        job.attempt = {State.PROCESSING: "accepted", State.UNCONFIRMED: "open"}.get(state, "none")
        if state == State.FAILED:
            self.end(job, state)
        else:
            job.state = state
        if answer == "refuses us":
            self.is_circuit_open = True
        if answer == "accepts":
            self.unpark()

    def resolve(self, job: Job) -> None:
        """A POST was started before. It is not repeated: its outcome becomes known, or the window passes."""
        if job.attempt == "accepted":
            job.state = State.PROCESSING
        elif job.is_old:
            self.end(job, State.FAILED)
        else:
            job.state = State.UNCONFIRMED

    def unpark(self) -> None:
        for job in self.having(State.PARKED) if self.is_circuit_open else []:
            job.state = State.QUEUED
            job.fence += 1
        self.is_circuit_open = False

    def end(self, job: Job, state: State) -> None:
        job.state = state
        if job.credits == "held":
            is_charged = state == State.COMPLETED
            job.credits = "charged" if is_charged else "returned"
            self.held -= PRICE
            self.posted -= PRICE if is_charged else 0
