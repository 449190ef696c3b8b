"""What the environment and `.env` say to `make run`, and which services are therefore embedded."""

from collections.abc import Iterator

from pydantic import Field, ValidationError

from project.env import Environment

from .errors import StackError


class Options(Environment):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    engine_port: int | None = Field(default=None, ge=1, le=65535)

    @property
    def is_engine_needed(self) -> bool:
        return self.is_local_engine and not self.engine_url

    @property
    def web_url(self) -> str:
        shown = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::", "::1", "") else self.host  # noqa: S104
        return f"http://{shown}:{self.port}"


def read_options() -> Options:
    """Raise StackError with one line that names every wrong variable."""
    try:
        options = Options()
    except ValidationError as error:
        raise StackError("; ".join(_complaints(error))) from error
    if options.s3_endpoint_url and not options.s3_bucket:
        raise StackError("S3_BUCKET must be given together with S3_ENDPOINT_URL")
    return options


def _complaints(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in detail["loc"]).upper()
        message = detail["msg"].replace("Input should be", "must be").removeprefix("Value error, ")
        yield f"{name}: {message[0].lower()}{message[1:]}"
