import os
from threading import Event, Semaphore

from generations.common.bell import Bell


def test_a_strike_rings_from_another_thread() -> None:
    rang = Event()
    bell = Bell(rang.set)
    bell.strike()
    assert rang.wait(10)


def test_strikes_during_a_ring_share_the_next_one() -> None:
    may_end, begun, rings = Event(), Semaphore(0), []

    def ring() -> None:
        rings.append(None)
        begun.release()
        may_end.wait(10)

    bell = Bell(ring, pause=0)
    bell.strike()
    assert begun.acquire(timeout=10)
    for _ in range(100):
        bell.strike()
    may_end.set()
    assert begun.acquire(timeout=10)
    assert not begun.acquire(timeout=0.2)
    assert len(rings) == 2


def test_a_fork_has_a_thread_of_its_own() -> None:
    rang = Event()
    bell = Bell(rang.set)
    bell.strike()
    assert rang.wait(10)
    rang.clear()
    child = os.fork()
    if not child:
        bell.strike()
        os._exit(0 if rang.wait(10) else 1)
    assert os.waitpid(child, 0)[1] == 0
