"""Gathers the tasks of the rooms, where each is defined and explained."""

from .api.tasks import send_webhooks, sweep_replays, sweep_webhooks
from .credits.tasks import keep_wallets
from .events.tasks import send_letter
from .jobs.tasks import check_books, dispatch_due, poll_due, purge_teams, save_generation, send_generation
from .media.tasks import sweep
from .ops.tasks import canary

__all__ = [
    "canary",
    "check_books",
    "dispatch_due",
    "keep_wallets",
    "poll_due",
    "purge_teams",
    "save_generation",
    "send_generation",
    "send_letter",
    "send_webhooks",
    "sweep",
    "sweep_replays",
    "sweep_webhooks",
]
