"""Errors of a submit that exceeds the credits or the limits, and of changes of a wallet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from generations.common.errors import DailiesError, ForbiddenError

# What stopped a submit. The team's default quota is a limit of each member.
Limit = Literal["wallet", "member", "role", "key"]

LIMIT_NAMES: dict[Limit, str] = {
    "wallet": "The team's balance",
    "member": "Your limit",
    "role": "Your role's limit",
    "key": "This key's limit",
}


@dataclass(frozen=True)
class Shortage:
    """The content of a 402, in credits.

    `available` and `held` are those of the `limit`. `resets_at` is the end of the quota's period, None for a wallet and
    for a quota without a period. `contacts` are the email addresses of members who can add credits.
    """

    required: int
    available: int
    held: int
    limit: Limit
    resets_at: datetime | None
    contacts: tuple[str, ...]


class OutOfCreditsError(DailiesError):
    """The wallet or a cap does not cover the price. Nothing was stored and nothing held."""

    status = 402
    code = "out_of_credits"

    def __init__(self, shortage: Shortage) -> None:
        name = LIMIT_NAMES[shortage.limit]
        within = "" if shortage.limit == "wallet" else f" within {name[0].lower()}{name[1:]}"
        super().__init__(f"Not enough credits: {shortage.required:,} needed, {shortage.available:,} available{within}.")
        self.shortage = shortage


class TooManyJobsError(DailiesError):
    """As many jobs are in progress as the quota allows at once. Nothing was stored. Never a 402: it resolves itself."""

    status = 429
    code = "too_many_jobs"
    retry_after = 10  # seconds, about the duration of the shortest job

    def __init__(self, limit: Limit, most: int, running: int) -> None:
        jobs = "job" if most == 1 else "jobs"
        super().__init__(f"{LIMIT_NAMES[limit]} allows {most} {jobs} at a time. Wait for one to finish.")
        self.limit = limit
        self.most = most
        self.running = running


class NotAllowedError(ForbiddenError):
    """The quota excludes this model, duration or resolution. `field` is the contract's name of it."""

    def __init__(self, field: str, limit: Limit, reason: str) -> None:
        super().__init__(f"{LIMIT_NAMES[limit]} {reason}")
        self.field = field
        self.limit = limit


class FrozenError(DailiesError):
    """Site staff have paused new jobs of this team or of all teams."""

    status = 503
    code = "unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"New jobs are paused: {reason}")


class BadGrantError(DailiesError):
    """The amount, the expiry or the reason is not valid."""

    status = 422
    code = "invalid"
