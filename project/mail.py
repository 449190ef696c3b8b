"""Turn EMAIL_URL into Django's settings."""

from typing import Any
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 10
BACKENDS = "django.core.mail.backends"


def mail_from_url(url: str) -> dict[str, Any]:
    """`console:`, `file:/path`, `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`; ValueError otherwise."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{BACKENDS}.console.EmailBackend"}
    if parts.scheme == "file" and parts.path:
        return {"EMAIL_BACKEND": f"{BACKENDS}.filebased.EmailBackend", "EMAIL_FILE_PATH": parts.path}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("EMAIL_URL must be console:, file:/path, smtp://host:port or smtps://host:port")
    is_encrypted = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": f"{BACKENDS}.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if is_encrypted else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": is_encrypted,
        "EMAIL_USE_TLS": not is_encrypted and parts.username is not None,
        "EMAIL_TIMEOUT": TIMEOUT_SECONDS,
    }
