"""Structured logs: one event a line, with request and generation ids, as text for people or JSON for machines."""

import logging
import re
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class NewsFilter(logging.Filter):
    """Drop what says nothing new: the start of a request whose end is logged too, and health checks that went well."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = record.msg if isinstance(record.msg, dict) else {}
        if event.get("event") == "request_started":
            return False
        return not (event.get("event") == "request_finished" and _is_healthy_check(event))


# What stands in these addresses opens an account or a team to whoever reads it.
_SECRETS = re.compile(r"(/invitations/|/password/reset/key/|/confirm-email/)[^/\s'\"]+")


def without_secrets(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Log that a link from a letter was opened, but not which."""
    if "request" in event:
        event["request"] = _SECRETS.sub(r"\1…", str(event["request"]))
    return event


def _is_healthy_check(event: dict[str, Any]) -> bool:
    is_check = str(event.get("request", "")).startswith(("GET /healthz", "GET /readyz", "GET /metrics"))
    return is_check and event.get("code") == 200


def logging_config(log_format: str, level: str) -> dict[str, Any]:
    # Never the tracebacks that show local variables: passwords and keys stand in some of them.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = structlog.processors.JSONRenderer() if log_format == "json" else console
    final: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, without_secrets]
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
        "filters": {"news": {"()": "project.logs.NewsFilter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured", "filters": ["news"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "httpx": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            # The dispatcher and the poller run every second; what they do is logged by the jobs themselves.
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
