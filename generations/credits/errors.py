"""Why credits could not be taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from generations.common.errors import DailiesError

Limit = Literal["wallet", "member"]


@dataclass(frozen=True)
class Shortage:
    """What a 402 tells, in credits.

    `limit` names who stopped it: the team's wallet or the member's own quota. `available` and `held` are
    those of that limit; `resets_at` is when the quota's period ends, None for a wallet. `contacts` are the
    e-mail addresses of the people who can help.
    """

    required: int
    available: int
    held: int
    limit: Limit
    resets_at: datetime | None
    contacts: tuple[str, ...]


class OutOfCreditsError(DailiesError):
    """HTTP 402. Nothing was stored and nothing held."""

    def __init__(self, shortage: Shortage) -> None:
        whose = "The team's wallet" if shortage.limit == "wallet" else "Your own quota"
        super().__init__(
            f"{whose} does not cover this: {shortage.required:,} credits are needed, {shortage.available:,} are left."
        )
        self.shortage = shortage
