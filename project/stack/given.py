"""Services that the environment names: they must answer before anything else starts."""

import psycopg
import redis

from .errors import StackError
from .options import Options

SECONDS = 5


def check_given(options: Options) -> None:
    """Raise StackError naming the variable whose server cannot be reached."""
    if options.database_url:
        _check_database(options.database_url)
    if options.redis_url:
        _check_redis(options.redis_url)


def _check_database(url: str) -> None:
    if not url.startswith(("postgresql://", "postgres://")):
        raise StackError("DATABASE_URL must begin with postgresql://")
    try:
        psycopg.connect(url, connect_timeout=SECONDS).close()
    except psycopg.Error as error:
        raise StackError(f"DATABASE_URL cannot be reached: {_first_line(error)}") from error


def _check_redis(url: str) -> None:
    if not url.startswith(("redis://", "rediss://")):
        raise StackError("REDIS_URL must begin with redis:// or rediss://")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as client:
            client.ping()
    except redis.RedisError as error:
        raise StackError(f"REDIS_URL cannot be reached: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
