"""How long it takes to claim the next job in fair order, and to find the place of a job, with 500 and 50,000 queued.

    python -m bench.queue [--few 500] [--many 50000] [--claims 100]

Twenty members of five teams. Each claim is a real one in its own transaction. The figure is the median.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from bench._environment import report
from bench._members import add_generations, make_members, make_request
from generations.jobs.dispatch import start_next
from generations.jobs.models import Generation, State
from generations.jobs.queue import place_in_queue

PLACES = 20


def milliseconds(action: Callable[[], object], times: int) -> float:
    """The median of so many runs. Each must find something."""
    times_taken = []
    for _ in range(times):
        started = time.perf_counter()
        found = action()
        times_taken.append(time.perf_counter() - started)
        assert found is not None
    return statistics.median(times_taken) * 1000


def measure(waiting: int, claims: int) -> float:
    """Report both figures and return that of the claims."""
    last = Generation.objects.filter(state=State.QUEUED).latest("created_at")
    place = milliseconds(lambda: place_in_queue(last), PLACES)
    claim = milliseconds(start_next, claims)
    report(f"queue.claim_of_{waiting}", claim, "ms")
    report(f"queue.place_of_{waiting}", place, "ms")
    return claim


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=500)
    parser.add_argument("--many", type=int, default=50_000)
    parser.add_argument("--claims", type=int, default=100)
    options = parser.parse_args()
    request = make_request(make_members(teams=5, each=4)[0])
    add_generations(request, options.few, State.QUEUED)
    few = measure(options.few, options.claims)
    add_generations(request, options.many - options.few + options.claims, State.QUEUED)
    many = measure(options.many, options.claims)
    report("queue.many_to_few", many / few, "x")


if __name__ == "__main__":
    main()
