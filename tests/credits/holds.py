"""Hold credits as a submit does."""

from uuid import UUID, uuid4

from django.db import transaction

from generations.accounts.models import ApiKey, Membership
from generations.credits.holds import place_hold
from generations.credits.quotas import effective_quota


@transaction.atomic
def hold_credits(
    membership: Membership, amount: int, *, api_key: ApiKey | None = None, reference: UUID | None = None
) -> int:
    """Place a hold within the quotas of the member and the key, in a transaction of its own. Return its id."""
    quota = effective_quota(membership, api_key)
    hold = place_hold(
        membership=membership, reference=reference or uuid4(), amount=amount, quota=quota, api_key=api_key
    )
    return hold.pk
