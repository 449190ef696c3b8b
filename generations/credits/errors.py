"""Why credits could not be taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from generations.common.errors import DailiesError, ForbiddenError

# Who stopped it. A team's default is a cap of each member's.
Limit = Literal["wallet", "member", "role", "key"]

WHOSE: dict[Limit, str] = {
    "wallet": "The team's wallet",
    "member": "Your quota",
    "role": "The quota of your role",
    "key": "The quota of this key",
}


@dataclass(frozen=True)
class Shortage:
    """What a 402 tells, in credits.

    `available` and `held` are those of the `limit`; `resets_at` is when the quota's period ends, None for a wallet and
    for a quota that never begins anew. `contacts` are the e-mail addresses of the people who can help.
    """

    required: int
    available: int
    held: int
    limit: Limit
    resets_at: datetime | None
    contacts: tuple[str, ...]


class OutOfCreditsError(DailiesError):
    """HTTP 402. Nothing was stored and nothing held."""

    status = 402
    code = "out_of_credits"

    def __init__(self, shortage: Shortage) -> None:
        super().__init__(
            f"{WHOSE[shortage.limit]} does not cover this: "
            f"{shortage.required:,} credits are needed, {shortage.available:,} are left."
        )
        self.shortage = shortage


class TooManyJobsError(DailiesError):
    """HTTP 429, never 402: as many jobs are under way as the quota allows at once. Nothing was stored."""

    status = 429
    code = "too_many_jobs"
    retry_after = 10  # seconds: about what the shortest job needs

    def __init__(self, limit: Limit, most: int, running: int) -> None:
        jobs = "job" if most == 1 else "jobs"
        super().__init__(f"{WHOSE[limit]} allows {most} {jobs} at once; {running} are under way. Wait for one to end.")
        self.limit = limit
        self.most = most
        self.running = running


class NotAllowedError(ForbiddenError):
    """HTTP 403: the quota excludes this model, length or size. `field` is the contract's name of it."""

    def __init__(self, field: str, limit: Limit, reason: str) -> None:
        super().__init__(f"{WHOSE[limit]} {reason}")
        self.field = field
        self.limit = limit


class FrozenError(DailiesError):
    """HTTP 503: site staff have stopped new jobs for a while, of this team or of all."""

    status = 503
    code = "unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"New jobs are stopped at present: {reason}")


class BadGrantError(DailiesError):
    """The amount or the reason will not do."""

    status = 422
    code = "invalid"
