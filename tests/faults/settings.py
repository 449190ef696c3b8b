"""The settings of the processes under test: those of `make run`, with short times, and with failpoints.

FAULT_SETTINGS, a JSON object, changes any of them for one process. Times are in seconds.
"""

import json
import os
from datetime import timedelta
from typing import Any

from celery import current_app
from celery.signals import after_task_publish

from project.settings.local import *  # noqa: F403
from project.settings.local import CELERY_BEAT_SCHEDULE, STORAGES

SECRET_KEY = "for-tests-alone"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
FAILPOINTS_DIR = os.environ["FAILPOINTS_DIR"]

LEASE = timedelta(seconds=2)
POLL_INTERVAL = timedelta(seconds=0.2)
UNCONFIRMED_WINDOW = timedelta(seconds=4)
WORKER_GRACE = timedelta(seconds=1)
CELERY_BEAT_SCHEDULE = {
    name: {**CELERY_BEAT_SCHEDULE[name], "schedule": seconds}
    for name, seconds in {"dispatch": 0.2, "poll": 0.2, "heartbeat": 0.5}.items()
}

MESSAGE_COPIES = 1
"""How often each message of the process is delivered, as if the broker considered its receiver dead."""

for _name, _value in json.loads(os.environ.get("FAULT_SETTINGS", "{}")).items():
    globals()[_name] = timedelta(seconds=_value) if isinstance(globals().get(_name), timedelta) else _value


def copy_message(sender: str, headers: dict[str, Any], body: Any, routing_key: str, **_: object) -> None:
    if "is_copy" not in headers:
        args, kwargs, _embedded = body
        for _copy in range(MESSAGE_COPIES - 1):
            current_app.send_task(
                sender, args, kwargs, task_id=headers["id"], queue=routing_key, headers={"is_copy": True}
            )


after_task_publish.connect(copy_message)
