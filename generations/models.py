"""Gathers the models of the rooms, where each is defined and explained."""

from .accounts.models import ApiKey, ApiKeySecret, Invitation, Membership, Team, User
from .api.models import Replay
from .credits.models import (
    CreditRequest,
    Crossing,
    Freeze,
    Hold,
    LedgerEntry,
    Lot,
    OfferedModel,
    PriceRow,
    Quota,
    QuotaRaise,
    RefillRule,
    SpendWatcher,
    Wallet,
)
from .events.models import Alert, DeliveryAttempt, Event, Notification, WebhookCursor, WebhookDelivery, WebhookEndpoint
from .jobs.models import Attempt, Generation, ProviderThrottle, QueueShare
from .library.models import Project, Shot, Take
from .media.models import Asset, Upload
from .review.models import Decision

__all__ = [
    "Alert",
    "ApiKey",
    "ApiKeySecret",
    "Asset",
    "Attempt",
    "CreditRequest",
    "Crossing",
    "Decision",
    "DeliveryAttempt",
    "Event",
    "Freeze",
    "Generation",
    "Hold",
    "Invitation",
    "LedgerEntry",
    "Lot",
    "Membership",
    "Notification",
    "OfferedModel",
    "PriceRow",
    "Project",
    "ProviderThrottle",
    "QueueShare",
    "Quota",
    "QuotaRaise",
    "RefillRule",
    "Replay",
    "Shot",
    "SpendWatcher",
    "Take",
    "Team",
    "Upload",
    "User",
    "Wallet",
    "WebhookCursor",
    "WebhookDelivery",
    "WebhookEndpoint",
]
