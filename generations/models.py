"""Gathers the models of the rooms, where each is defined and explained."""

from .accounts.models import ApiKey, ApiKeySecret, Membership, Team, User
from .api.models import Replay
from .credits.models import Hold, LedgerEntry, OfferedModel, PriceRow, Quota, Wallet
from .events.models import Alert, Event, WebhookCursor, WebhookDelivery, WebhookEndpoint, WebhookTry
from .jobs.models import Attempt, Gate, Generation, Turn
from .media.models import Asset, Upload

__all__ = [
    "Alert",
    "ApiKey",
    "ApiKeySecret",
    "Asset",
    "Attempt",
    "Event",
    "Gate",
    "Generation",
    "Hold",
    "LedgerEntry",
    "Membership",
    "OfferedModel",
    "PriceRow",
    "Quota",
    "Replay",
    "Team",
    "Turn",
    "Upload",
    "User",
    "Wallet",
    "WebhookCursor",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookTry",
]
