import os
from threading import Event, Semaphore

from generations.common.debounce import Debouncer


def test_the_function_runs_in_another_thread() -> None:
    called = Event()
    Debouncer(called.set).trigger()
    assert called.wait(10)


def test_triggers_during_a_call_share_the_next_call() -> None:
    may_end, started, calls = Event(), Semaphore(0), []

    def function() -> None:
        calls.append(None)
        started.release()
        may_end.wait(10)

    debouncer = Debouncer(function, pause=0)
    debouncer.trigger()
    assert started.acquire(timeout=10)
    for _ in range(100):
        debouncer.trigger()
    may_end.set()
    assert started.acquire(timeout=10)
    assert not started.acquire(timeout=0.2)
    assert len(calls) == 2


def test_a_forked_process_starts_its_own_thread() -> None:
    called = Event()
    debouncer = Debouncer(called.set)
    debouncer.trigger()
    assert called.wait(10)
    called.clear()
    child = os.fork()
    if not child:
        debouncer.trigger()
        os._exit(0 if called.wait(10) else 1)
    assert os.waitpid(child, 0)[1] == 0
