"""What a member may still spend: the team's wallet and the member's own quota, side by side."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce, Now

from generations.accounts.models import Membership

from .models import Hold, HoldState, Quota, Wallet
from .periods import span_of


@dataclass(frozen=True)
class QuotaUse:
    """Credits of one member in the running period: held and charged, against the cap."""

    cap: int
    held: int
    charged: int
    resets_at: datetime | None

    @property
    def spent(self) -> int:
        return self.held + self.charged

    @property
    def left(self) -> int:
        return self.cap - self.spent


@dataclass(frozen=True)
class Balance:
    """Credits of the team (`posted`, `held`) and, if the member has one, of the quota."""

    posted: int
    held: int
    quota: QuotaUse | None

    @property
    def available(self) -> int:
        return self.posted - self.held

    @property
    def spendable(self) -> int:
        """The most that one more job of this member may cost."""
        return max(0, min(self.available, self.quota.left) if self.quota else self.available)


def balance_of(membership: Membership) -> Balance:
    """Read the balance in two queries, three with a quota."""
    posted, held = Wallet.objects.filter(team=membership.team_id).values_list("posted", "held").first() or (0, 0)
    return Balance(posted=posted, held=held, quota=quota_use(membership))


def quota_use(membership: Membership) -> QuotaUse | None:
    """What the member has spent in the running period, or None without a quota."""
    quota = Quota.objects.filter(membership=membership.pk).values_list("cap", "period", Now()).first()
    if quota is None:
        return None
    cap, period, now = quota
    span = span_of(period, now)
    holds = Hold.objects.filter(wallet__team=membership.team_id, user=membership.user_id)
    if span.start:
        holds = holds.filter(created_at__gte=span.start)
    use = holds.aggregate(
        held=Coalesce(Sum("amount", filter=Q(state=HoldState.PENDING)), 0),
        charged=Coalesce(Sum("captured"), 0),
    )
    return QuotaUse(cap=cap, held=use["held"], charged=use["charged"], resets_at=span.end)
