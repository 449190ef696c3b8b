"""Credits: who has how many, who is using them, and why.

- A team has one wallet: `posted` is what it owns, `held` what jobs under way may still take; the rest is available.
- A hold reserves credits for one job. It leaves `pending` once: captured, released or expired.
- An entry tells one change of a wallet with the balance after it. Entries are only ever added.
- At every commit a wallet's balances equal those of its newest entry; no wallet's `posted - held` is below zero.
- A quota caps what a member or a key may spend in a period inside the wallet; holds count in the period they were
  made in. Team, role, member and key each may set one.
- All of these rules are constraints and triggers in PostgreSQL. Python asks, the database decides.
"""

from .controls import CreditRequest, Crossing, Freeze, RefillMode, RefillRule, RequestState, RequestTarget, SpendWatcher
from .ledger import EntryKind, Hold, HoldState, LedgerEntry, Lot, Wallet
from .prices import OfferedModel, PriceRow
from .quotas import Period, Quota, QuotaRaise

__all__ = [
    "CreditRequest",
    "Crossing",
    "EntryKind",
    "Freeze",
    "Hold",
    "HoldState",
    "LedgerEntry",
    "Lot",
    "OfferedModel",
    "Period",
    "PriceRow",
    "Quota",
    "QuotaRaise",
    "RefillMode",
    "RefillRule",
    "RequestState",
    "RequestTarget",
    "SpendWatcher",
    "Wallet",
]
