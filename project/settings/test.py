"""The test suite: local settings with cheap password hashes and mail in memory."""

from tests.embedded import provide_services

provide_services()  # before the settings read the environment

from .local import *  # noqa: E402, F403

SECRET_KEY = "for-tests-alone"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
