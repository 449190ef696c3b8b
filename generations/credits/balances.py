"""What a member can still spend: the team's wallet and the member's quota."""

from dataclasses import dataclass, field

from generations.accounts.models import ApiKey, Membership

from .models import Wallet
from .quotas import QuotaLimits, QuotaUse, effective_quota, quota_uses, read_usage


@dataclass(frozen=True)
class Balance:
    """Credits of the team (`posted`, `held`) and, if there is one, of the quota with the least left.

    `limits` are those of the member, without a key.
    """

    posted: int
    held: int
    quota: QuotaUse | None
    limits: QuotaLimits = field(default_factory=QuotaLimits)

    @property
    def available(self) -> int:
        return self.posted - self.held

    @property
    def spendable(self) -> int:
        """Credits available for the next job."""
        return max(0, min(self.available, self.quota.left) if self.quota else self.available)


def balance_of(membership: Membership, api_key: ApiKey | None = None) -> Balance:
    """Read the balance in two queries, and one more where a quota sets a cap or jobs at once."""
    wallet = Wallet.objects.filter(team=membership.team_id).values_list("posted", "held").first()
    posted, held = wallet or (0, 0)
    quota = effective_quota(membership, api_key)
    uses = quota_uses(quota, read_usage(membership, quota, api_key))
    least = min(uses, key=lambda use: use.left, default=None)
    return Balance(posted=posted, held=held, quota=least, limits=quota.member)
