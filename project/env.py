"""The environment variables, typed and read once, and the Django settings built from them.

An invalid value stops the start with an error that names the variable.
"""

import os
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
# Limits in PostgreSQL: for the connection, for a lock of another transaction, and for an idle open transaction.
CONNECTION_OPTIONS = {
    "connect_timeout": "5",
    "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=5min",
}
EMAIL_TIMEOUT_SECONDS = 10
SSO_PROVIDER_ID = "sso"


class Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", str(ROOT / ".env")), extra="ignore", hide_input_in_errors=True
    )

    secret_key: SecretStr | None = None
    secret_key_fallbacks: SecretStr = SecretStr("")
    """Former keys, comma-separated. Data that was signed or encrypted with them can still be read."""
    allowed_hosts: str = ""
    """Comma-separated, e.g. `studio.example.com`."""
    public_url: str = "http://localhost:8000"
    """The public address of the site, used for links in emails and results."""
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
    """The local engine, used when LTX_API_KEY is not set."""
    provider_concurrency: int = Field(default=4, ge=1)
    """Maximum number of generations that the provider works on at the same time."""
    provider_rate: int = Field(default=0, ge=0)
    """Maximum number of submits to the provider per minute. 0 means no limit."""

    api_rate_key: int = Field(default=6000, ge=0)
    """API requests per minute: of one key, of all keys of a member, and of all keys of a team. 0 means no limit."""
    api_rate_member: int = Field(default=12000, ge=0)
    api_rate_team: int = Field(default=24000, ge=0)
    cors_allowed_origins: str = ""
    """Origins whose pages may call the API from a browser, separated by spaces, or `*`. None by default."""
    result_url_hours: float = Field(default=24, gt=0)
    """How long a result URL of the API is valid."""

    events_port: int | None = Field(default=None, ge=1, le=65535)
    """The port of the live events process, if no proxy serves it under `/events/` of the same address."""
    trusted_proxies: int = Field(default=0, ge=0)
    """Number of proxies in front of the site. That many addresses at the end of `X-Forwarded-For` are trusted."""
    email_url: str = "console:"
    """`console:`, `file:/path`, `smtp://user:password@host:587` or `smtps://…`."""
    default_from_email: str = "Dailies <dailies@localhost>"
    sentry_dsn: SecretStr | None = None
    metrics_token: SecretStr | None = None
    """Bearer token for `/metrics`. Without it only local settings serve `/metrics`, and only to this machine."""

    oidc_issuer_url: str = ""
    """An OpenID Connect provider for sign-in. Its discovery document is below this address."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = "single sign-on"
    """The name on the button: `Sign in with …`."""
    oidc_trust_email: bool = False
    """Trust the email addresses that the provider marks as verified: no confirmation email is sent, and the person is
    signed in to an existing account with that address."""

    @field_validator("email_url")
    @classmethod
    def _check_email_url(cls, value: str) -> str:
        email_settings(value)
        return value

    @field_validator("ltx_base_url", "public_url", "engine_url", "oidc_issuer_url")
    @classmethod
    def _strip_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("ltx_api_key", "sentry_dsn", "metrics_token", "oidc_client_secret", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @model_validator(mode="after")
    def _check_oidc(self) -> Self:
        values = [bool(self.oidc_issuer_url), bool(self.oidc_client_id), self.oidc_client_secret is not None]
        if any(values) and not all(values):
            raise ValueError(
                "OIDC_ISSUER_URL, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go together: set all three or none"
            )
        return self

    @property
    def is_local_engine(self) -> bool:
        return self.ltx_api_key is None


def database_settings(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?host=/socket/dir`. ValueError for any other kind of URL.

    An empty URL gives a database that cannot be reached, so that commands without a database still start.
    """
    try:
        values = conninfo_to_dict(url or "postgresql:///dailies")
    except ProgrammingError as error:
        raise ValueError("DATABASE_URL must begin with postgresql://") from error
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": values.pop("dbname", ""),
        "USER": values.pop("user", ""),
        "PASSWORD": values.pop("password", ""),
        "HOST": values.pop("host", ""),
        "PORT": values.pop("port", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**CONNECTION_OPTIONS, **values},
    }


def email_settings(url: str) -> dict[str, Any]:
    """`console:`, `file:/path`, `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`; ValueError otherwise."""
    parts = urlsplit(url)
    backends = "django.core.mail.backends"
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{backends}.console.EmailBackend"}
    if parts.scheme == "file" and parts.path:
        return {"EMAIL_BACKEND": f"{backends}.filebased.EmailBackend", "EMAIL_FILE_PATH": parts.path}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("EMAIL_URL must be console:, file:/path, smtp://host:port or smtps://host:port")
    is_encrypted = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": f"{backends}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if is_encrypted else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": is_encrypted,
        "EMAIL_USE_TLS": not is_encrypted and parts.username is not None,
        "EMAIL_TIMEOUT": EMAIL_TIMEOUT_SECONDS,
    }


def storage_settings(env: Environment, media_root: Path) -> dict[str, Any]:
    """STORAGES: uploads and videos in local files, or in the bucket of S3_BUCKET."""
    files = {
        "BACKEND": "generations.media.storages.FileStorage",
        "OPTIONS": {"location": media_root, "base_url": None},
    }
    s3 = {
        "BACKEND": "generations.media.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.s3_bucket,
            "endpoint_url": env.s3_endpoint_url,
            "region_name": env.s3_region,
            "access_key": env.s3_access_key_id,
            "secret_key": env.s3_secret_access_key.get_secret_value() if env.s3_secret_access_key else None,
            "file_overwrite": True,
            "default_acl": None,
        },
    }
    return {
        "default": s3 if env.s3_bucket else files,
        "staticfiles": {"BACKEND": "project.storages.StaticStorage"},
    }


def sso_settings(env: Environment) -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS: one OpenID Connect provider, or none."""
    if env.oidc_client_secret is None:
        return {}
    app = {
        "provider_id": SSO_PROVIDER_ID,
        "name": env.oidc_name,
        "client_id": env.oidc_client_id,
        "secret": env.oidc_client_secret.get_secret_value(),
        "settings": {
            "server_url": env.oidc_issuer_url,
            "oauth_pkce_enabled": True,
            "email_authentication": env.oidc_trust_email,
        },
    }
    return {"openid_connect": {"APPS": [app]}}
