"""What one may still spend: the team's wallet and one's own quota, side by side."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from generations.accounts.models import ApiKey, Membership

from .models import Wallet
from .quotas import Cap, Caps, EffectiveQuota, Level, effective_quota


@dataclass(frozen=True)
class QuotaUse:
    """Credits of the running period, held and charged, against the cap. `level` is who set it."""

    cap: int
    held: int
    charged: int
    resets_at: datetime | None
    level: Level = Level.MEMBER
    raised: int = 0

    @property
    def spent(self) -> int:
        return self.held + self.charged

    @property
    def left(self) -> int:
        """Below zero when the cap was lowered under what had been spent."""
        return self.cap - self.spent


@dataclass(frozen=True)
class Balance:
    """Credits of the team (`posted`, `held`) and, if there is one, of the quota with the least left.

    `limits` are what the member, not a key, may ask of one job.
    """

    posted: int
    held: int
    quota: QuotaUse | None
    limits: Caps = field(default_factory=Caps)

    @property
    def available(self) -> int:
        return self.posted - self.held

    @property
    def spendable(self) -> int:
        """The most that one more job may cost."""
        return max(0, min(self.available, self.quota.left) if self.quota else self.available)


def balance_of(membership: Membership, api_key: ApiKey | None = None) -> Balance:
    """Read the balance in two queries, and one more for each quota."""
    wallet = Wallet.objects.filter(team=membership.team_id).values_list("posted", "held").first()
    posted, held = wallet or (0, 0)
    effective = effective_quota(membership, api_key)
    uses = quota_uses(membership, effective, api_key)
    least = min(uses, key=lambda use: use.left, default=None)
    return Balance(posted=posted, held=held, quota=least, limits=effective.member)


def quota_uses(membership: Membership, quota: EffectiveQuota, api_key: ApiKey | None = None) -> list[QuotaUse]:
    """What has been spent in the running period of each cap that holds: the member's, then the key's."""
    return [
        _use(membership, api_key if of == "key" else None, caps.cap.value, caps.cap.level)
        for of, caps in quota
        if caps.cap.value and caps.cap.level
    ]


def _use(membership: Membership, api_key: ApiKey | None, cap: Cap, level: Level) -> QuotaUse:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT used.held, used.charged FROM generations_wallet w, "
            "generations_quota_use(w.id, %s, %s, %s) used WHERE w.team_id = %s",
            [membership.user_id, api_key.pk if api_key else None, cap.span.start, membership.team_id],
        )
        held, charged = cursor.fetchone() or (0, 0)
    return QuotaUse(cap=cap.credits, held=held, charged=charged, resets_at=cap.span.end, level=level, raised=cap.raised)
