"""For production: behind TLS. Does not start without real secrets."""

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403
from .base import ALLOWED_HOSTS, ENV, PUBLIC_URL, SECRET_KEY

for name, value in {
    "SECRET_KEY": len(SECRET_KEY) >= 32,
    "ALLOWED_HOSTS": ALLOWED_HOSTS and "*" not in ALLOWED_HOSTS,
    "PUBLIC_URL": PUBLIC_URL.startswith("https://"),
    "DATABASE_URL": ENV.database_url,
    "REDIS_URL": ENV.redis_url,
}.items():
    if not value:
        raise ImproperlyConfigured(f"{name} must be set for production; see README.md")

DEBUG = False
IS_DEMO = False
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
