"""`make run`: everything on this machine, demo accounts, mail in the log."""

from .base import *  # noqa: F403
from .base import SECRET_KEY

DEBUG = False
SECRET_KEY = SECRET_KEY or "local-only-not-a-secret"
ALLOWED_HOSTS = ["*"]
IS_DEMO = True
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
