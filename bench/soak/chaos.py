"""What goes wrong, one thing after the other, and how it is mended again."""

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
OF_WORKERS = {"LEASE": LEASE, "UNCONFIRMED_WINDOW": 10, "PROVIDER_CONCURRENCY": 12}
PAUSE = (0.3, 2.5)  # seconds between two disturbances
OUTAGE = (0.0, 2.0)  # seconds that a service stays away

MISHAPS: dict[str, tuple[Behavior, ...]] = {
    "submit": (drop(), drop(is_carried_out=True), reset(is_carried_out=True), refuse(503), refuse(429, retry_after=1)),
    "poll": (drop(), reset(), refuse(500), refuse(429, retry_after=1)),
    "upload": (drop(), refuse(503)),
    "put": (drop(), reset()),
    "download": (drop(), reset(), truncated(1000), refuse(404)),
}


class Chaos:
    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self.ended_alone: Counter[str] = Counter()
        self._cluster = cluster
        self._chance = chance
        self._counts: Counter[str] = Counter()
        self._acts: tuple[Callable[[], None], ...] = (
            self.kill_worker,
            self.kill_pool_child,
            self.kill_pool_child,
            self.stop_worker,
            self.freeze_worker,
            self.kill_beat,
            self.kill_web,
            self.kill_valkey,
            self.restart_postgres,
            self.crash_postgres,
            self.upset_provider,
            self.upset_provider,
        )

    def start_parts(self) -> None:
        self._cluster.start_all()
        for name in ("worker", "media-worker", "beat"):
            self._cluster.stop(name)
        for name in PARTS:
            self._start(name)

    def strike(self) -> None:
        """Let one thing go wrong, and mend it."""
        act = self._chance.choice(self._acts)
        self._counts[act.__name__] += 1
        act()
        self._note_ends()
        time.sleep(self._chance.uniform(*PAUSE))

    def make_peace(self) -> None:
        """Nothing goes wrong any more."""
        self._note_ends()
        for route in MISHAPS:
            self._cluster.provider.regular(route)

    def summary(self) -> str:
        told = ", ".join(f"{name} {count}" for name, count in sorted(self._counts.items()))
        alone = "".join(f"\nended without being asked to: {name} {n}" for name, n in self.ended_alone.items())
        return f"disturbances: {told}{alone}"

    # What goes wrong.

    def kill_worker(self) -> None:
        self._restart(self._chance.choice(WORKERS))

    def stop_worker(self) -> None:
        """As a deployment does."""
        name = self._chance.choice(WORKERS)
        self._cluster.stop(name)
        self._start(name)

    def kill_pool_child(self) -> None:
        self._chance.choice(self._cluster.pool(self._chance.choice(WORKERS))).kill()

    def freeze_worker(self) -> None:
        """Longer than a lease, so that another one takes over what it holds."""
        name = self._chance.choice(WORKERS)
        self._cluster.signal(name, signal.SIGSTOP)
        time.sleep(LEASE + 1)
        self._cluster.signal(name, signal.SIGCONT)

    def kill_beat(self) -> None:
        self._restart(self._chance.choice(BEATS))

    def kill_web(self) -> None:
        self._restart("web")

    def kill_valkey(self) -> None:
        """It keeps nothing: every message under way is lost."""
        self._cluster.kill("valkey")
        time.sleep(self._chance.uniform(*OUTAGE))
        self._cluster.start("valkey")

    def restart_postgres(self) -> None:
        self._end_postgres(signal.SIGINT)

    def crash_postgres(self) -> None:
        self._end_postgres(signal.SIGQUIT)

    def upset_provider(self) -> None:
        route = self._chance.choice(tuple(MISHAPS))
        self._cluster.provider.script(route, *self._chance.choices(MISHAPS[route], k=self._chance.randint(1, 3)))

    # How it is mended.

    def _end_postgres(self, how: signal.Signals) -> None:
        """SIGINT is its fast shutdown, SIGQUIT the immediate one, after which it recovers as from a crash."""
        self._cluster.signal("postgres", how)
        wait_until(lambda: not self._cluster.is_running("postgres"), what="PostgreSQL to end")
        time.sleep(self._chance.uniform(*OUTAGE))
        self._cluster.restart("postgres")

    def _note_ends(self) -> None:
        """Nothing of ours may end because something else did: `make run` would end with it."""
        for name in PARTS:
            if not self._cluster.is_running(name):
                self.ended_alone[name] += 1
                print(f"{name} ended by itself", flush=True)
                self._restart(name)

    def _restart(self, name: str) -> None:
        self._cluster.kill(name)
        self._start(name)

    def _start(self, name: str) -> None:
        self._cluster.start(name, **(OF_WORKERS if name in WORKERS else {"LEASE": LEASE}))
