"""The Celery application, its connection to Valkey, and what each worker and beat process starts beside its work."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):
    """A channel that a worker can close after the connection to Valkey is lost.

    When the broker is lost, the worker first drops the connection and then closes its channel. Kombu's channel would
    then return unacknowledged messages over the lost connection. A task that was running meanwhile acknowledges its
    message to the old channel. Either raises an error that ends the worker. Without a connection this channel does
    neither: messages are only hints, and the rows in PostgreSQL say what is to do.
    """

    @property
    def _is_lost(self) -> bool:
        return getattr(self.connection, "client", None) is None

    def close(self) -> None:
        if self._is_lost:
            self.do_restore = False
        super().close()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        if not self._is_lost:
            super().basic_ack(delivery_tag, multiple=multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if not self._is_lost:
            super().basic_reject(delivery_tag, requeue=requeue)


class Transport(redis.Transport):
    Channel = Channel


# Use this transport for every broker URL with redis:// or rediss://.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))

app = Celery("dailies")
app.set_default()  # for all threads: the threads of the web server have not imported this module
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
if app.steps is not None:
    app.steps["worker"].add(DjangoStructLogInitStep)


# The handlers import from `generations` inside, because Django is set up only when the process is ready.


@worker_ready.connect
def touch_ready_file(**_: object) -> None:
    """Touch the file named by WORKER_READY_FILE: the worker receives messages now."""
    if path := os.environ.get("WORKER_READY_FILE"):
        Path(path).touch()


@worker_ready.connect
def start_watchdog(**_: object) -> None:
    from generations.ops.worker_watchdog import start_watchdog

    start_watchdog()


@worker_ready.connect
def limit_shutdown_time(**_: object) -> None:
    from generations.ops.graceful_shutdown import limit_shutdown_time

    limit_shutdown_time()


@beat_init.connect
def start_heartbeat_monitor(**_: object) -> None:
    from generations.ops.heartbeat import start_monitor

    start_monitor()
