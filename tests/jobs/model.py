"""What the model of the state machine knows of a wallet's jobs, of messages and of workers."""

from dataclasses import dataclass
from threading import Thread
from typing import TypeVar
from uuid import UUID

import hypothesis.strategies as st

from generations.jobs.states import State
from tests.fakes.behaviours import REGULAR, Behaviour, drop, refuse

# How the provider may meet a POST, and the state that follows when the worker still has the job.
POSTS: dict[str, tuple[Behaviour, State]] = {
    "accepts": (REGULAR, State.PROCESSING),
    "loses its answer": (drop(is_carried_out=True), State.UNCONFIRMED),
    "refuses": (refuse(422), State.FAILED),
    "is busy": (refuse(429), State.QUEUED),
    "refuses us": (refuse(402), State.PARKED),
}
# More of what leads on than of what ends.
answers = st.sampled_from(["accepts", "accepts", "accepts", *POSTS])
words = st.sampled_from(["completed", "completed", "completed", "running", "failed", "gone"])
picks = st.integers(0, 20)
T = TypeVar("T")


def pick_from(things: list[T], pick: int) -> T:
    return things[pick % len(things)]


@dataclass(eq=False)
class Job:
    """What the model knows of a generation. `attempt` is the POST that may have made a job at the provider."""

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
    """One that was paused at a barrier: in its POST, or while it downloads."""

    job: Job
    fence: int
    barrier: str
    thread: Thread
    answer: str

    @property
    def has_the_job(self) -> bool:
        return self.job.fence == self.fence
