"""Everything the environment may say, typed, read once. A wrong value stops the start with the name of the variable."""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .mail import mail_from_url

ROOT = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", str(ROOT / ".env")), extra="ignore", hide_input_in_errors=True
    )

    secret_key: SecretStr | None = None
    secret_key_fallbacks: SecretStr = SecretStr("")
    """Former keys, comma separated: what was signed or encrypted under them is still read."""
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

    api_rate_key: int = Field(default=6000, ge=0)
    """API requests a minute of one key; 0 for no limit. The next two are of one person's keys, and of a team's."""
    api_rate_member: int = Field(default=12000, ge=0)
    api_rate_team: int = Field(default=24000, ge=0)
    cors_allowed_origins: str = ""
    """Origins whose pages may call the API from a browser, separated by spaces, or `*`; none by default."""
    result_url_hours: float = Field(default=24, gt=0)
    """How long the address of a result that the API gave out may be used."""

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

    oidc_issuer_url: str = ""
    """An OpenID Connect provider that people may sign in with; its discovery document stands below this address."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = "single sign-on"
    """What the button calls it: `Sign in with …`."""
    oidc_trust_email: bool = False
    """Believe the provider when it says that an address is verified: no letter, and whoever has an account here with
    that address is let into it."""

    @field_validator("email_url")
    @classmethod
    def _is_mail_url(cls, value: str) -> str:
        mail_from_url(value)
        return value

    @field_validator("ltx_base_url", "public_url", "engine_url", "oidc_issuer_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("ltx_api_key", "sentry_dsn", "metrics_token", "oidc_client_secret", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        given = [bool(self.oidc_issuer_url), bool(self.oidc_client_id), self.oidc_client_secret is not None]
        if any(given) and not all(given):
            raise ValueError(
                "OIDC_ISSUER_URL, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go together: set all three or none"
            )
        return self

    @property
    def is_local_engine(self) -> bool:
        return self.ltx_api_key is None
