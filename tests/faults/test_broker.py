"""Valkey is killed, unreachable, full, or does not respond. It stores nothing that cannot be lost."""

import signal
from collections.abc import Iterator

import pytest

from generations.events.models import Alert
from generations.jobs.models import State

from .cluster import Cluster, wait_until
from .studio import Studio
from .visitor import Visitor

PAGES = ("/", "/studio/", "/jobs/", "/gallery/", "/credits/")


@pytest.fixture
def visitor(cluster: Cluster, studio: Studio) -> Iterator[Visitor]:
    cluster.start("web")
    with Visitor(cluster, studio) as visitor:
        yield visitor


def test_a_valkey_that_lost_everything_costs_no_job_and_no_restart(cluster: Cluster, studio: Studio) -> None:
    """Row 12: jobs in every state continue, with the same worker and the same beat process."""
    same = [cluster.process(name).pid for name in ("worker", "media-worker", "beat")]
    cluster.provider.configure(polls_until_done=1000)
    studio.submit(3)
    studio.wait_for(State.PROCESSING)
    cluster.signal("worker", signal.SIGSTOP)
    studio.submit(2)
    cluster.kill("valkey")
    cluster.signal("worker", signal.SIGCONT)
    cluster.provider.configure(polls_until_done=1)
    cluster.start("valkey")
    studio.wait_for(State.COMPLETED)
    assert [cluster.process(name).pid for name in ("worker", "media-worker", "beat")] == same
    assert cluster.provider.count("submit") == 5


def test_without_valkey_people_sign_in_read_and_submit(cluster: Cluster, studio: Studio, visitor: Visitor) -> None:
    """Row 13: the job is stored, and sent when Valkey is back; the workers reconnect by themselves."""
    worker = cluster.process("worker").pid
    cluster.kill("valkey")
    visitor.sign_in()
    assert visitor.submit() == 303
    assert [visitor.get(page).status_code for page in PAGES] == [200] * len(PAGES)
    assert (studio.states(), studio.balance().held > 0) == ([State.QUEUED], True)
    cluster.start("valkey")
    studio.wait_for(State.COMPLETED)
    assert cluster.process("worker").pid == worker


def test_a_long_outage_ends_by_itself(cluster: Cluster, studio: Studio, visitor: Visitor) -> None:
    """Row 13: workers retry at growing intervals, staff are alerted, and nothing has to be restarted."""
    cluster.restart("beat", HEARTBEAT_MAX_AGE=1)
    parts = ("worker", "media-worker", "beat")
    same = [cluster.process(name).pid for name in parts]
    is_alarmed = Alert.objects.open().filter(kind="workers").exists
    tried = _tries(cluster)
    cluster.kill("valkey")
    assert visitor.submit() == 303
    wait_until(lambda: _tries(cluster) >= tried + 4, what="the worker to try four times")
    wait_until(is_alarmed, what="the alert")
    assert visitor.submit() == 303
    assert [visitor.get(page).status_code for page in PAGES] == [200] * len(PAGES)
    cluster.start("valkey")
    studio.wait_for(State.COMPLETED)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")
    assert [cluster.process(name).pid for name in parts] == same


def test_a_valkey_that_does_not_answer_keeps_nobody_waiting(cluster: Cluster, studio: Studio, visitor: Visitor) -> None:
    """Row 13: connections are accepted but never answered."""
    cluster.signal("valkey", signal.SIGSTOP)
    visitor.sign_in()
    assert visitor.submit() == 303
    assert [visitor.get(page).status_code for page in PAGES] == [200] * len(PAGES)
    cluster.signal("valkey", signal.SIGCONT)
    studio.wait_for(State.COMPLETED)


def test_a_full_valkey_is_as_none_at_all(cluster: Cluster, studio: Studio, visitor: Visitor) -> None:
    """Row 14: it refuses every write and evicts nothing; staff are alerted."""
    cluster.restart("beat", HEARTBEAT_MAX_AGE=1)
    with cluster.valkey_client() as valkey:
        valkey.config_set("maxmemory", "1")
        visitor.sign_in()
        assert visitor.submit() == 303
        assert [visitor.get(page).status_code for page in PAGES] == [200] * len(PAGES)
        wait_until(Alert.objects.open().filter(kind="workers").exists, what="the alert")
        valkey.config_set("maxmemory", "0")
    studio.wait_for(State.COMPLETED)


def _tries(cluster: Cluster) -> int:
    """Return how often the worker has tried to connect to Valkey."""
    return cluster.log("worker").read_text().count("Trying again in")
