"""For `make run`: everything on this machine, demo accounts, emails in the log."""

from django.core.management.utils import get_random_secret_key

from .base import *  # noqa: F403
from .base import SECRET_KEY

DEBUG = False
SECRET_KEY = SECRET_KEY or get_random_secret_key()  # the stack sets the one stored in DATA_DIR
ALLOWED_HOSTS = ["*"]
IS_DEMO = True
WEBHOOKS_TO_LOOPBACK = True
STORAGES["staticfiles"] = {"BACKEND": "project.storages.LocalStaticStorage"}
