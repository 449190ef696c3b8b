"""For the tests: local settings with fast password hashes and emails in memory."""

from tests.embedded import provide_services

provide_services()  # must run before the settings read the environment

from .local import *  # noqa: E402, F403

SECRET_KEY = "for-tests-alone"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
