"""The settings of `make run` from the environment and `.env`, and a check of the services that they name."""

from collections.abc import Iterator

import psycopg
import redis
from pydantic import Field, ValidationError

from project.env import Environment

from .processes import StackError

CONNECT_SECONDS = 5


class StackEnvironment(Environment):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    engine_port: int | None = Field(default=None, ge=1, le=65535)

    @property
    def is_engine_needed(self) -> bool:
        return self.is_local_engine and not self.engine_url

    @property
    def web_url(self) -> str:
        name = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::", "::1", "") else self.host  # noqa: S104
        return f"http://{name}:{self.port}"


def read_environment() -> StackEnvironment:
    """Raise StackError with one line that names every invalid variable."""
    try:
        environment = StackEnvironment()
    except ValidationError as error:
        raise StackError("; ".join(_messages(error))) from error
    if environment.s3_endpoint_url and not environment.s3_bucket:
        raise StackError("S3_ENDPOINT_URL also requires S3_BUCKET")
    return environment


def _messages(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in detail["loc"]).upper()
        message = detail["msg"].replace("Input should be", "must be").removeprefix("Value error, ")
        yield f"{name}: {message[0].lower()}{message[1:]}"


def check_external_services(environment: StackEnvironment) -> None:
    """Raise StackError with the name of the variable whose server cannot be reached."""
    if environment.database_url:
        _check_database(environment.database_url)
    if environment.redis_url:
        _check_redis(environment.redis_url)


def _check_database(url: str) -> None:
    if not url.startswith(("postgresql://", "postgres://")):
        raise StackError("DATABASE_URL must begin with postgresql://")
    try:
        psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        raise StackError(f"DATABASE_URL cannot be reached: {_first_line(error)}") from error


def _check_redis(url: str) -> None:
    if not url.startswith(("redis://", "rediss://")):
        raise StackError("REDIS_URL must begin with redis:// or rediss://")
    timeouts = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": CONNECT_SECONDS}
    try:
        with redis.Redis.from_url(url, **timeouts) as client:
            client.ping()
    except redis.RedisError as error:
        raise StackError(f"REDIS_URL cannot be reached: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
