"""Credits: the balance and the transactions of the team."""

from uuid import UUID

from ninja import Query, Router
from pydantic import BaseModel, Field

from generations.accounts.roles import Right
from generations.common.pagination import numbered_page
from generations.credits.balances import Balance, balance_of
from generations.credits.models import EntryKind, LedgerEntry

from .auth import MANAGE, READ_OR_GENERATE, ApiRequest, require_right
from .schemas import Moment, PageOut, PageParams, Person

balance_router = Router(tags=["Credits"])
statement_router = Router(tags=["Credits"])


class WalletOut(BaseModel):
    """The team's credits: posted, held (reserved for generations in progress) and available."""

    posted: int
    held: int
    available: int


class QuotaUseOut(BaseModel):
    """The member's credit limit in the current period."""

    cap: int
    held: int
    charged: int
    left: int
    resets_at: Moment | None


class BalanceOut(BaseModel):
    spendable: int = Field(description="Credits available for the next generation.")
    wallet: WalletOut
    quota: QuotaUseOut | None

    @classmethod
    def of(cls, balance: Balance) -> "BalanceOut":
        quota = balance.quota
        return cls(
            spendable=balance.spendable,
            wallet=WalletOut(posted=balance.posted, held=balance.held, available=balance.available),
            quota=quota
            and QuotaUseOut(
                cap=quota.cap, held=quota.held, charged=quota.charged, left=quota.left, resets_at=quota.resets_at
            ),
        )


class EntryOut(BaseModel):
    """A transaction and the balances after it."""

    id: int
    kind: EntryKind
    posted_change: int
    held_change: int
    posted_after: int
    held_after: int
    available_after: int
    generation: UUID | None = Field(description="The generation that the credits were held for.")
    user: Person | None
    reason: str
    created_at: Moment

    @classmethod
    def of(cls, entry: LedgerEntry) -> "EntryOut":
        generation = getattr(entry.hold, "generation", None)
        user = (entry.hold and entry.hold.user) or entry.actor
        same = ("id", "posted_change", "held_change", "posted_after", "held_after", "available_after", "reason")
        return cls(
            **{name: getattr(entry, name) for name in (*same, "created_at")},
            kind=EntryKind(entry.kind),
            generation=generation.pk if generation else None,
            user=Person.of(user) if user else None,
        )


class EntryFilters(PageParams):
    kind: EntryKind | None = None


@balance_router.get("", auth=READ_OR_GENERATE, response=BalanceOut, operation_id="get_credits")
def get_credits(request: ApiRequest) -> BalanceOut:
    """Get the team's balance and what the current key can spend of it."""
    return BalanceOut.of(balance_of(request.auth.membership))


@statement_router.get("", auth=MANAGE, response=PageOut[EntryOut], operation_id="list_statement")
def list_statement(request: ApiRequest, filters: Query[EntryFilters]) -> PageOut[EntryOut]:
    """List transactions, newest first. They are never changed."""
    require_right(request.auth, Right.MANAGE_CREDITS)
    entries = LedgerEntry.objects.filter(wallet__team=request.auth.team)
    if filters.kind:
        entries = entries.filter(kind=filters.kind)
    page = numbered_page(
        entries.select_related("actor", "hold__user", "hold__generation"), cursor=filters.cursor, size=filters.limit
    )
    return PageOut(data=[EntryOut.of(entry) for entry in page.rows], next_cursor=page.next_cursor)
