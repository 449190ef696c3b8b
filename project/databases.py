"""Turn DATABASE_URL into Django's settings."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# Who waits longer than this for a connection, for a row that another holds, or for its own next step, gives up.
PATIENCE = {"connect_timeout": "5", "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=5min"}


def database_from_url(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?host=/socket/dir`; ValueError for anything but PostgreSQL.

    An empty URL gives a database that cannot be reached, so that commands which need none still start.
    """
    parts = urlsplit(url or "postgresql:///dailies")
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("DATABASE_URL must begin with postgresql://")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": query.pop("port", None) or str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**PATIENCE, **query},
    }
