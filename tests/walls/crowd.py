"""A team with as many people as wanted, each of whom has done everything once: made in bulk."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from generations.accounts.models import ApiKey, ApiKeySecret, Invitation, Membership, Team, User
from generations.accounts.roles import Role, Scope
from generations.common.ids import uuid7
from generations.credits.grants import grant_credits
from generations.credits.models import (
    CreditRequest,
    Crossing,
    EntryKind,
    Hold,
    HoldState,
    LedgerEntry,
    Quota,
    QuotaRaise,
    RequestState,
    RequestTarget,
    SpendWatcher,
    Wallet,
)
from generations.events.models import Event, Notice, WebhookDelivery
from generations.jobs.models import Generation, Project
from generations.jobs.states import State
from generations.media.models import Asset, AssetKind
from generations.review.models import Decision, Verdict

from .test_walls import Property

PRICE = 12


@transaction.atomic
def crowd(ours: Property, count: int) -> None:
    """Fill the team: so many people, and for each a row of whatever a member leaves behind."""
    people = _people(ours.team, count)
    _work(ours, people)
    _decide(ours, people)
    _run_out(ours, people)
    _connect(ours, people)
    _act(ours, people)


def store(rows: "Iterable[Model]") -> None:
    made = list(rows)
    type(made[0])._default_manager.bulk_create(made)


def _people(team: Team, count: int) -> list[Membership]:
    names = [f"{uuid4().hex[:12]}" for _ in range(count)]
    users = User.objects.bulk_create(User(email=f"{name}@example.com", name=name, password="!") for name in names)
    roles = (Role.CREATOR, Role.REVIEWER, Role.ADMIN, Role.BILLING)
    return Membership.objects.bulk_create(
        Membership(team=team, user=user, role=roles[number % len(roles)]) for number, user in enumerate(users)
    )


def _work(ours: Property, people: list[Membership]) -> None:
    """A take of each is finished, and a job of each waits; with stills, holds and a ledger that closes."""
    grant_credits(team=ours.team, amount=2 * PRICE * len(people), reason="for all of them")
    wallet = Wallet.objects.select_for_update().get(team=ours.team)
    stills = Asset.objects.bulk_create(_still(member) for member in people)
    for state in (HoldState.CAPTURED, HoldState.PENDING):
        holds = Hold.objects.bulk_create(_hold(wallet, member, state) for member in people)
        store(entry for hold in holds for entry in _entries(wallet, hold))
        wallet.save(update_fields=["posted", "held"])
        store(_job(ours, *row) for row in zip(people, holds, stills, strict=True))


def _hold(wallet: Wallet, member: Membership, state: HoldState) -> Hold:
    hold = Hold(wallet=wallet, user=member.user, reference=uuid7(), amount=PRICE, state=state)
    if state == HoldState.CAPTURED:
        hold.captured, hold.settled_at = PRICE, timezone.now()
    return hold


def _entries(wallet: Wallet, hold: Hold) -> Iterator[LedgerEntry]:
    wallet.held += PRICE
    yield _entry(wallet, hold, EntryKind.HOLD, held_change=PRICE)
    if hold.captured:
        wallet.held -= PRICE
        wallet.posted -= PRICE
        yield _entry(wallet, hold, EntryKind.CAPTURE, held_change=-PRICE, posted_change=-PRICE)


def _entry(wallet: Wallet, hold: Hold, kind: EntryKind, **changes: int) -> LedgerEntry:
    after = {"posted_after": wallet.posted, "held_after": wallet.held}
    return LedgerEntry(wallet=wallet, kind=kind, hold=hold, actor=hold.user, **after, **changes)


def _still(member: Membership) -> Asset:
    return Asset(
        team_id=member.team_id,
        uploader=member.user,
        kind=AssetKind.STILL,
        name=f"{member.team_id}/{uuid4().hex}",
        mime="image/jpeg",
        sha256=uuid4().hex * 2,
        bytes=1234,
        width=1920,
        height=1080,
    )


def _job(ours: Property, member: Membership, hold: Hold, still: Asset) -> Generation:
    done = {
        "state": State.COMPLETED,
        "video": ours.take.video,
        "poster": ours.take.poster,
        "finished_at": hold.settled_at,
    }
    return Generation(
        id=hold.reference,
        team=ours.team,
        author=member.user,
        project=ours.project,
        idempotency_key=str(hold.reference),
        first_frame=still,
        prompt="The lantern sways.",
        model="ltx-2-3-fast",
        duration=6,
        resolution="1920x1080",
        fps=24,
        price=PRICE,
        credits_per_second=2,
        hold=hold,
        **done if hold.captured else {},
    )


def _decide(ours: Property, people: list[Membership]) -> None:
    """Everybody on the same take."""
    store(
        Decision(generation=ours.take, user=member.user, verdict=Verdict.APPROVED, note="As it should be.")
        for member in people
    )


def _run_out(ours: Property, people: list[Membership]) -> None:
    """Quotas, what was asked for and given on top of them, and who is told."""
    tomorrow = timezone.now() + timedelta(days=1)
    asked = {"target": RequestTarget.QUOTA, "amount": 40, "reason": "The last shots."}
    store(Quota(team=ours.team, membership=member, cap=100, max_jobs=9) for member in people)
    store(CreditRequest(membership=member, **asked) for member in people)
    store(CreditRequest(membership=member, state=RequestState.DECLINED, **asked) for member in people)
    store(QuotaRaise(membership=member, amount=5, reason="The season.", expires_at=tomorrow) for member in people)
    store(SpendWatcher(membership=member) for member in people)
    store(Crossing(team=ours.team, membership=member, basis="month", level=75) for member in people)


def _connect(ours: Property, people: list[Membership]) -> None:
    """Programs: keys with a quota, what a webhook was told, and open invitations."""
    team, later = ours.team, timezone.now() + timedelta(days=7)
    keys = ApiKey.objects.bulk_create(
        ApiKey(team=team, user=member.user, name="farm", scopes=[Scope.READ]) for member in people
    )
    store(ApiKeySecret(key=key, prefix="dly_12345678", digest=uuid4().hex) for key in keys)
    store(Quota(team=team, api_key=key, cap=100) for key in keys)
    store(WebhookDelivery(endpoint=ours.told.endpoint, kind="webhook.test", payload={}) for _ in people)
    store(
        Invitation(team=team, email=f"{uuid4().hex}@example.com", digest=uuid4().hex, created_by=None, expires_at=later)
        for _ in people
    )


def _act(ours: Property, people: list[Membership]) -> None:
    """What was done and told: the trail, the events of the job, and the owner's notices."""
    team, owner = ours.team, Membership.objects.get(team=ours.team, role=Role.OWNER)
    about = {"email": "x@example.com", "before": {"role": "creator"}, "after": {"role": "admin"}}
    store(
        Event(team=team, actor=member.user, kind="member.role_changed", data=about, is_audit=True) for member in people
    )
    store(Event(team=team, actor=member.user, kind="take.decided", subject_id=ours.take.pk) for member in people)
    store(Project(team=team, name=uuid4().hex) for _ in people)
    store(Notice(user_id=owner.user_id, team=team, kind="x", text="Somebody joined.") for _ in people)
