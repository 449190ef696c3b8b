"""Gathers the models of the rooms, where each is defined and explained."""

from .accounts.models import Membership, Team, User
from .credits.models import Hold, LedgerEntry, OfferedModel, PriceRow, Quota, Wallet
from .events.models import Alert, Event
from .jobs.models import Attempt, Gate, Generation, Turn
from .media.models import Asset

__all__ = [
    "Alert",
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
    "Team",
    "Turn",
    "User",
    "Wallet",
]
