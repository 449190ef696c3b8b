"""Valkey is killed, down, full or does not respond. It stores nothing that cannot be lost."""

import signal
from collections.abc import Iterator

import pytest

from generations.events.models import Alert
from generations.jobs.models import State

from .browser_user import BrowserUser
from .cluster import Cluster, wait_until
from .studio import Studio

PAGES = ("/", "/studio/", "/jobs/", "/gallery/", "/credits/")


@pytest.fixture
def user(cluster: Cluster, studio: Studio) -> Iterator[BrowserUser]:
    cluster.start("web")
    with BrowserUser(cluster, studio) as user:
        yield user


def test_loss_of_all_data_in_valkey_loses_no_job_and_needs_no_restart(cluster: Cluster, studio: Studio) -> None:
    """Row 12: jobs in every state continue, with the same worker and the same beat."""
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


def test_without_valkey_users_can_sign_in_read_and_submit(cluster: Cluster, studio: Studio, user: BrowserUser) -> None:
    """Row 13: the submit is stored, and sent when Valkey is back. The workers reconnect without a restart."""
    worker = cluster.process("worker").pid
    cluster.kill("valkey")
    user.sign_in()
    assert user.submit() == 303
    assert [user.get(page).status_code for page in PAGES] == [200] * len(PAGES)
    assert (studio.states(), studio.balance().held > 0) == ([State.QUEUED], True)
    cluster.start("valkey")
    studio.wait_for(State.COMPLETED)
    assert cluster.process("worker").pid == worker


def test_everything_recovers_from_a_long_outage(cluster: Cluster, studio: Studio, user: BrowserUser) -> None:
    """Row 13: workers retry at increasing intervals, staff get an alert, and no restart is needed."""
    cluster.restart("beat", HEARTBEAT_MAX_AGE=1)
    parts = ("worker", "media-worker", "beat")
    same = [cluster.process(name).pid for name in parts]
    is_alarmed = Alert.objects.open().filter(kind="workers").exists
    tried = _connection_attempts(cluster)
    cluster.kill("valkey")
    assert user.submit() == 303
    wait_until(lambda: _connection_attempts(cluster) >= tried + 4, what="the worker to try four times")
    wait_until(is_alarmed, what="the alert")
    assert user.submit() == 303
    assert [user.get(page).status_code for page in PAGES] == [200] * len(PAGES)
    cluster.start("valkey")
    studio.wait_for(State.COMPLETED)
    wait_until(lambda: not is_alarmed(), what="the end of the alert")
    assert [cluster.process(name).pid for name in parts] == same


def test_pages_do_not_wait_if_valkey_does_not_respond(cluster: Cluster, studio: Studio, user: BrowserUser) -> None:
    """Row 13: Valkey accepts connections and never responds."""
    cluster.signal("valkey", signal.SIGSTOP)
    user.sign_in()
    assert user.submit() == 303
    assert [user.get(page).status_code for page in PAGES] == [200] * len(PAGES)
    cluster.signal("valkey", signal.SIGCONT)
    studio.wait_for(State.COMPLETED)


def test_a_full_valkey_is_like_no_valkey(cluster: Cluster, studio: Studio, user: BrowserUser) -> None:
    """Row 14: it rejects every write and evicts nothing. Staff get an alert."""
    cluster.restart("beat", HEARTBEAT_MAX_AGE=1)
    with cluster.valkey_client() as valkey:
        valkey.config_set("maxmemory", "1")
        user.sign_in()
        assert user.submit() == 303
        assert [user.get(page).status_code for page in PAGES] == [200] * len(PAGES)
        wait_until(Alert.objects.open().filter(kind="workers").exists, what="the alert")
        valkey.config_set("maxmemory", "0")
    studio.wait_for(State.COMPLETED)


def _connection_attempts(cluster: Cluster) -> int:
    """How often the worker has tried to connect to Valkey."""
    return cluster.log("worker").read_text().count("Trying again in")
