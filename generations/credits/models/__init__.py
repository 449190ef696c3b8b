"""Credits: balances, reservations and limits.

- A team has one wallet: `posted` is what it owns, `held` what jobs in progress have reserved; the rest is available.
- A hold reserves credits for one job. It leaves `pending` once: captured, released or expired.
- A ledger entry is one change of a wallet with the balances after it. Entries are only ever added.
- At every commit a wallet's balances equal those of its newest entry; no wallet's `posted - held` is below zero.
- A quota caps what a member or a key may spend in a period inside the wallet; a hold counts in the period in which it
  was placed. Team, role, member and key can each have a quota.
- All of these rules, except the quotas, are constraints and triggers in PostgreSQL.
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
