import os
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

from . import broker

broker.register()
app = Celery("dailies")
app.set_default()  # of every thread: those that answer requests have not imported this
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
if app.steps is not None:
    app.steps["worker"].add(DjangoStructLogInitStep)


@worker_ready.connect
def note_ready(**_: object) -> None:
    """Tell whoever started the worker, and asked for it, that it takes messages now."""
    if path := os.environ.get("WORKER_READY_FILE"):
        Path(path).touch()


@worker_ready.connect
def watch_hearing(**_: object) -> None:
    from generations.ops.hearing import watch_hearing  # only now is Django set up

    watch_hearing()


@worker_ready.connect
def end_in_time(**_: object) -> None:
    from generations.ops.leaving import end_in_time  # only now is Django set up

    end_in_time()


@beat_init.connect
def watch_workers(**_: object) -> None:
    from generations.ops.watch import watch_workers  # only now is Django set up

    watch_workers()
