"""Structured logs: one event per line with request and generation ids, as text or as JSON. Error reports to Sentry."""

import logging
import re
from importlib.util import find_spec
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from pydantic import SecretStr

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class NoiseFilter(logging.Filter):
    """Drop the start of requests, because their end is logged too, and successful health checks."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = record.msg if isinstance(record.msg, dict) else {}
        if event.get("event") == "request_started":
            return False
        return not (event.get("event") == "request_finished" and _is_healthy_check(event))


# The rest of these URLs is a secret that gives access to an account or a team.
_SECRETS = re.compile(r"(/invitations/|/password/reset/key/|/confirm-email/)[^/\s'\"]+")


def mask_secrets(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Log that a link from an email was opened, but not its secret."""
    if "request" in event:
        event["request"] = _SECRETS.sub(r"\1…", str(event["request"]))
    return event


def _is_healthy_check(event: dict[str, Any]) -> bool:
    is_check = str(event.get("request", "")).startswith(("GET /healthz", "GET /readyz", "GET /metrics"))
    return is_check and event.get("code") == 200


def logging_config(log_format: str, level: str) -> dict[str, Any]:
    # Plain tracebacks: rich ones show local variables, which may contain passwords and keys.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = structlog.processors.JSONRenderer() if log_format == "json" else console
    final: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_secrets]
    if log_format == "json":
        final.append(structlog.processors.format_exc_info)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [*final, renderer],
                "foreign_pre_chain": _SHARED,
            },
        },
        "filters": {"noise": {"()": "project.logs.NoiseFilter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured", "filters": ["noise"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "httpx": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            # The dispatcher and the poller run every second. Their effects are logged for each job.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "django_structlog.celery.receivers": {"level": "WARNING"},
        },
    }


def configure_logging() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def report_errors(dsn: SecretStr | None) -> None:
    """Send errors to a tracker with the Sentry protocol, without cookies, addresses, request bodies or variables."""
    if dsn is None:
        return
    if find_spec("sentry_sdk") is None:
        raise ImproperlyConfigured("SENTRY_DSN is set but sentry-sdk is not installed; install the extra `sentry`")
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn.get_secret_value(),
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
    )
