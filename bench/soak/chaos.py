"""The random faults, one after another, and the recovery from each."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable

from tests.fakes.behaviors import Behavior, drop, refuse, reset, truncated
from tests.faults.cluster import Cluster, wait_until

WORKERS = ("worker", "worker2", "media-worker", "media-worker2")
BEATS = ("beat", "beat2")
PARTS = (*WORKERS, *BEATS, "web")
LEASE = 5
WORKER_SETTINGS = {"LEASE": LEASE, "UNCONFIRMED_WINDOW": 10, "PROVIDER_CONCURRENCY": 12}
PAUSE = (0.3, 2.5)  # seconds between two faults
OUTAGE = (0.0, 2.0)  # seconds that a service is down

PROVIDER_FAULTS: dict[str, tuple[Behavior, ...]] = {
    "submit": (drop(), drop(is_carried_out=True), reset(is_carried_out=True), refuse(503), refuse(429, retry_after=1)),
    "poll": (drop(), reset(), refuse(500), refuse(429, retry_after=1)),
    "upload": (drop(), refuse(503)),
    "put": (drop(), reset()),
    "download": (drop(), reset(), truncated(1000), refuse(404)),
}


class Chaos:
    def __init__(self, cluster: Cluster, rng: random.Random) -> None:
        self.unexpected_exits: Counter[str] = Counter()
        self._cluster = cluster
        self._rng = rng
        self._counts: Counter[str] = Counter()
        self._faults: tuple[Callable[[], None], ...] = (
            self.kill_worker,
            self.kill_pool_child,
            self.kill_pool_child,
            self.stop_worker,
            self.suspend_worker,
            self.kill_beat,
            self.kill_web,
            self.kill_valkey,
            self.restart_postgres,
            self.crash_postgres,
            self.disturb_provider,
            self.disturb_provider,
        )

    def start_parts(self) -> None:
        self._cluster.start_all()
        for name in ("worker", "media-worker", "beat"):
            self._cluster.stop(name)
        for name in PARTS:
            self._start(name)

    def inject_fault(self) -> None:
        """Inject one random fault, and recover from it."""
        fault = self._rng.choice(self._faults)
        self._counts[fault.__name__] += 1
        fault()
        self._count_exits()
        time.sleep(self._rng.uniform(*PAUSE))

    def stop_faults(self) -> None:
        """Inject no more faults."""
        self._count_exits()
        for route in PROVIDER_FAULTS:
            self._cluster.provider.regular(route)

    def summary(self) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self._counts.items()))
        exits = "".join(f"\nexited unexpectedly: {name} {n}" for name, n in self.unexpected_exits.items())
        return f"faults: {counts}{exits}"

    # The faults.

    def kill_worker(self) -> None:
        self._restart(self._rng.choice(WORKERS))

    def stop_worker(self) -> None:
        """Stop it like a deployment."""
        name = self._rng.choice(WORKERS)
        self._cluster.stop(name)
        self._start(name)

    def kill_pool_child(self) -> None:
        self._rng.choice(self._cluster.pool(self._rng.choice(WORKERS))).kill()

    def suspend_worker(self) -> None:
        """Suspend it for longer than a lease, so that another worker continues its jobs."""
        name = self._rng.choice(WORKERS)
        self._cluster.signal(name, signal.SIGSTOP)
        time.sleep(LEASE + 1)
        self._cluster.signal(name, signal.SIGCONT)

    def kill_beat(self) -> None:
        self._restart(self._rng.choice(BEATS))

    def kill_web(self) -> None:
        self._restart("web")

    def kill_valkey(self) -> None:
        """It stores nothing on disk: all messages are lost."""
        self._cluster.kill("valkey")
        time.sleep(self._rng.uniform(*OUTAGE))
        self._cluster.start("valkey")

    def restart_postgres(self) -> None:
        self._stop_postgres(signal.SIGINT)

    def crash_postgres(self) -> None:
        self._stop_postgres(signal.SIGQUIT)

    def disturb_provider(self) -> None:
        route = self._rng.choice(tuple(PROVIDER_FAULTS))
        self._cluster.provider.script(route, *self._rng.choices(PROVIDER_FAULTS[route], k=self._rng.randint(1, 3)))

    # The recovery.

    def _stop_postgres(self, how: signal.Signals) -> None:
        """SIGINT is the fast shutdown, SIGQUIT the immediate one, after which PostgreSQL recovers as from a crash."""
        self._cluster.signal("postgres", how)
        wait_until(lambda: not self._cluster.is_running("postgres"), what="PostgreSQL to end")
        time.sleep(self._rng.uniform(*OUTAGE))
        self._cluster.restart("postgres")

    def _count_exits(self) -> None:
        """No process of ours may exit because another one did: `make run` would stop."""
        for name in PARTS:
            if not self._cluster.is_running(name):
                self.unexpected_exits[name] += 1
                print(f"{name} exited unexpectedly", flush=True)
                self._restart(name)

    def _restart(self, name: str) -> None:
        self._cluster.kill(name)
        self._start(name)

    def _start(self, name: str) -> None:
        self._cluster.start(name, **(WORKER_SETTINGS if name in WORKERS else {"LEASE": LEASE}))
