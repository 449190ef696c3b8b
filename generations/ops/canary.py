"""A small task that runs all the time. When it stops coming back, workers are gone or deaf, whatever they report."""

from django.db import connection

from generations.common.valkey import valkey

_KEY = "dailies:canary"
_LIFE = 7 * 24 * 3600


def sing() -> None:
    """Store the present moment. Raises redis.RedisError: a task that cannot store it has not finished."""
    valkey().set(_KEY, repr(_database_epoch()), ex=_LIFE)


def canary_age() -> float | None:
    """Seconds since a worker finished the task, by the database's clock; None when none ever did."""
    stored = valkey().get(_KEY)
    return max(0.0, _database_epoch() - float(str(stored))) if stored else None


def _database_epoch() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
        row = cursor.fetchone()
    return float(row[0])
