"""Imports the tasks of all rooms, so that Celery registers them."""

from .api.tasks import send_webhooks, sweep_replays, sweep_webhooks
from .credits.tasks import keep_wallets
from .events.tasks import send_mail
from .jobs.tasks import check_books, dispatch_due, poll_due, purge_teams, save_generation, send_generation
from .media.cleanup import sweep
from .ops.tasks import record_heartbeat

__all__ = [
    "check_books",
    "dispatch_due",
    "keep_wallets",
    "poll_due",
    "purge_teams",
    "record_heartbeat",
    "save_generation",
    "send_generation",
    "send_mail",
    "send_webhooks",
    "sweep",
    "sweep_replays",
    "sweep_webhooks",
]
