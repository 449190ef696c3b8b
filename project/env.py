"""Everything the environment may say, typed, read once. A wrong value stops the start with the name of the variable."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .mail import mail_from_url

ROOT = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", str(ROOT / ".env")), extra="ignore", hide_input_in_errors=True
    )

    secret_key: SecretStr | None = None
    allowed_hosts: str = ""
    """Comma separated, e.g. `studio.example.com`."""
    public_url: str = "http://localhost:8000"
    """Where people reach the studio; links in mails and results are built from it."""
    data_dir: Path = ROOT / ".data"
    log_format: Literal["console", "json"] = "console"
    log_level: str = "INFO"

    database_url: str = ""
    redis_url: str = ""

    s3_bucket: str = ""
    s3_endpoint_url: str | None = None
    s3_region: str | None = None
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None

    ltx_api_key: SecretStr | None = None
    ltx_base_url: str = "https://api.ltx.io"
    engine_url: str = ""
    """The local engine; used when there is no key."""
    provider_concurrency: int = Field(default=4, ge=1)
    """Generations in the provider's hands at once."""
    provider_rate: int = Field(default=0, ge=0)
    """Submits to the provider a minute; 0 for no limit."""

    events_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of the live events process when no proxy puts it under `/events/` of the same address."""
    trusted_proxies: int = Field(default=0, ge=0)
    """How many proxies stand before the studio: so many addresses at the end of `X-Forwarded-For` are believed."""
    email_url: str = "console:"
    """`console:`, `file:/path`, `smtp://user:password@host:587` or `smtps://…`."""
    default_from_email: str = "Dailies <dailies@localhost>"
    sentry_dsn: SecretStr | None = None
    metrics_token: SecretStr | None = None
    """Whoever bears it may read `/metrics`; without one only local settings answer, and only to this machine."""

    @field_validator("email_url")
    @classmethod
    def _is_mail_url(cls, value: str) -> str:
        mail_from_url(value)
        return value

    @field_validator("ltx_base_url", "public_url", "engine_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("ltx_api_key", "sentry_dsn", "metrics_token", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @property
    def is_local_engine(self) -> bool:
        return self.ltx_api_key is None
