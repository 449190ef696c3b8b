"""The settings of the processes under test: those of `make run`, with short times, and points to stop at.

FAULT_SETTINGS, a JSON object, changes any of them for one process; times are in seconds.
"""

import json
import os
from datetime import timedelta

from project.settings.local import *  # noqa: F403
from project.settings.local import CELERY_BEAT_SCHEDULE, STORAGES

SECRET_KEY = "for-tests-alone"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
FAULT_POINTS = os.environ["FAULT_POINTS"]

LEASE = timedelta(seconds=2)
POLL_INTERVAL = timedelta(seconds=0.2)
UNCONFIRMED_WINDOW = timedelta(seconds=4)
WORKER_GRACE = timedelta(seconds=1)
CELERY_BEAT_SCHEDULE = {
    name: {**CELERY_BEAT_SCHEDULE[name], "schedule": seconds}
    for name, seconds in {"dispatch": 0.2, "poll": 0.2, "canary": 0.5}.items()
}

for _name, _value in json.loads(os.environ.get("FAULT_SETTINGS", "{}")).items():
    globals()[_name] = timedelta(seconds=_value) if isinstance(globals().get(_name), timedelta) else _value
