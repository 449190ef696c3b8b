"""What a team owns: one object of each kind, and the same in bulk for a large team."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from generations.accounts.api_keys import create_key
from generations.accounts.invitations import invite
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
from generations.credits.quota_settings import increase_quota
from generations.credits.requests import request_credits
from generations.events.models import Event, Notification, WebhookDelivery
from generations.events.webhooks.delivery_log import send_test
from generations.events.webhooks.endpoints import create_endpoint
from generations.jobs.models import Generation, State
from generations.library.models import Project, Shot, Take
from generations.library.projects import create_project
from generations.media.models import Asset, AssetKind
from generations.media.storages import media_storage
from generations.review.models import Decision, Verdict
from tests.library.factories import make_generation, make_take

from .routes import TEAM_ROUTES

PRICE = 12


@dataclass(frozen=True)
class TeamData:
    """One object of each kind that a team owns. Their ids and texts must never reach another team."""

    team: Team
    take: Take
    queued: Generation
    key: ApiKey
    membership: Membership
    invitation: Invitation
    delivery: WebhookDelivery
    credit_request: CreditRequest
    quota_raise: QuotaRaise
    project: Project

    @property
    def secrets(self) -> set[str]:
        assets = Asset.objects.filter(team=self.team).values_list("pk", flat=True)
        ids = (
            self.take.pk,
            self.queued.pk,
            self.key.pk,
            self.invitation.pk,
            self.delivery.pk,
            self.delivery.endpoint_id,
        )
        words = (self.take.prompt, self.queued.prompt, self.key.name, self.invitation.email)
        words += (self.credit_request.reason, self.quota_raise.reason, self.project.name)
        ids += (self.credit_request.pk,)
        return {*map(str, (*ids, *assets)), *words, self.delivery.endpoint.url, self.delivery.endpoint.secret}


def create_team_data(team: Team, author: User, bird: str) -> TeamData:
    take = make_take(team, author, prompt=f"The {bird} lands.")
    queued = make_generation(team, author, State.QUEUED, prompt=f"The {bird} takes off.")
    for asset in Asset.objects.filter(team=team):
        media_storage().save(asset.name, ContentFile(bytes(asset.bytes)))
    membership = Membership.objects.select_related("team", "user").get(team=team, user=author)
    key = create_key(membership=membership, name=f"{bird} farm", scopes=[Scope.READ]).key
    owner = Membership.objects.select_related("team", "user").get(team=team, role=Role.OWNER)
    invitation = invite(
        inviter=owner, role=Role.CREATOR, lifetime=timedelta(days=7), email=f"{bird}@example.com"
    ).invitation
    endpoint = create_endpoint(team_id=team.pk, actor_id=author.pk, url=f"https://{bird}.example.com/hook")
    credit_request = request_credits(
        membership=membership, target=RequestTarget.QUOTA, amount=5, reason=f"More {bird}s."
    )
    quota_raise = increase_quota(membership=membership, amount=5, reason=f"The {bird} season.", actor=author)
    project = create_project(membership=membership, name=f"The {bird} film")
    delivery = send_test(endpoint)
    return TeamData(team, take, queued, key, membership, invitation, delivery, credit_request, quota_raise, project)


def team_urls(name: str, owner: TeamData) -> list[str]:
    """The URLs of a route for the objects that the team owns."""
    wanted = TEAM_ROUTES[name]
    if wanted == ("asset_id",):
        own = Asset.objects.filter(team=owner.team).order_by("pk")
        return [reverse(name, args=[pk]) for pk in own.values_list("pk", flat=True)]
    if wanted in (("generation_id",), ("take_id",)):
        return [reverse(name, args=[owner.team.slug, row.pk]) for row in (owner.take, owner.queued)]
    samples = {
        "key_id": owner.key.pk,
        "membership_id": owner.membership.pk,
        "invitation_id": owner.invitation.pk,
        "endpoint_id": owner.delivery.endpoint_id,
        "delivery_id": owner.delivery.pk,
        "name": "delete",
        "request_id": owner.credit_request.pk,
        "increase_id": owner.quota_raise.pk,
        "project_id": owner.project.pk,
        "level": "member",
    }
    return [reverse(name, args=[owner.team.slug, *(samples[part] for part in wanted)])]


@transaction.atomic
def fill_team(ours: TeamData, count: int) -> None:
    """Add `count` members to the team, each with one row of everything that a member can create."""
    people = _people(ours.team, count)
    _create_jobs(ours, people)
    _create_decisions(ours, people)
    _create_limits(ours, people)
    _create_integrations(ours, people)
    _create_events(ours, people)


def bulk_create(rows: Iterable[Model]) -> None:
    made = list(rows)
    type(made[0])._default_manager.bulk_create(made)


def _people(team: Team, count: int) -> list[Membership]:
    names = [f"{uuid4().hex[:12]}" for _ in range(count)]
    users = User.objects.bulk_create(User(email=f"{name}@example.com", name=name, password="!") for name in names)
    roles = (Role.CREATOR, Role.REVIEWER, Role.ADMIN, Role.BILLING)
    return Membership.objects.bulk_create(
        Membership(team=team, user=user, role=roles[number % len(roles)]) for number, user in enumerate(users)
    )


def _create_jobs(ours: TeamData, people: list[Membership]) -> None:
    """One finished take and one queued job a member, with images, holds and balanced ledger entries."""
    grant_credits(team=ours.team, amount=2 * PRICE * len(people), reason="for all of them")
    wallet = Wallet.objects.select_for_update().get(team=ours.team)
    stills = Asset.objects.bulk_create(_still(member) for member in people)
    shots = Shot.objects.bulk_create(
        Shot(team=ours.team, project=ours.project, first_frame=still, last_take_number=1) for still in stills
    )
    for state in (HoldState.CAPTURED, HoldState.PENDING):
        holds = Hold.objects.bulk_create(_hold(wallet, member, state) for member in people)
        bulk_create(entry for hold in holds for entry in _entries(wallet, hold))
        wallet.save(update_fields=["posted", "held"])
        if state == HoldState.CAPTURED:
            bulk_create(_take(ours, *row) for row in zip(people, holds, shots, strict=True))
        bulk_create(_job(ours, *row) for row in zip(people, holds, shots, strict=True))


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
        kind=AssetKind.IMAGE,
        name=f"{member.team_id}/{uuid4().hex}",
        mime="image/jpeg",
        sha256=uuid4().hex * 2,
        bytes=1234,
        width=1920,
        height=1080,
    )


def _take(ours: TeamData, member: Membership, hold: Hold, shot: Shot) -> Take:
    return Take(
        id=hold.reference,
        team=ours.team,
        shot=shot,
        project=ours.project,
        number=1,
        author=member.user,
        prompt="The lantern sways.",
        model="ltx-2-3-fast",
        resolution="1920x1080",
        seconds=6,
        fps=24,
        has_audio=False,
        price=PRICE,
        video=ours.take.video,
        poster=ours.take.poster,
    )


def _job(ours: TeamData, member: Membership, hold: Hold, shot: Shot) -> Generation:
    done = {"state": State.COMPLETED, "take_id": hold.reference, "finished_at": hold.settled_at}
    return Generation(
        id=hold.reference,
        team=ours.team,
        author=member.user,
        project=ours.project,
        idempotency_key=str(hold.reference),
        shot=shot,
        first_frame=shot.first_frame,
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


def _create_decisions(ours: TeamData, people: list[Membership]) -> None:
    """Each member decides on the same take."""
    bulk_create(
        Decision(take=ours.take, user=member.user, verdict=Verdict.APPROVED, note="As it should be.")
        for member in people
    )


def _create_limits(ours: TeamData, people: list[Membership]) -> None:
    """Quotas, credit requests, quota raises and spend alerts."""
    tomorrow = timezone.now() + timedelta(days=1)
    asked = {"target": RequestTarget.QUOTA, "amount": 40, "reason": "The last shots."}
    bulk_create(Quota(team=ours.team, membership=member, cap=100, max_jobs=9) for member in people)
    bulk_create(CreditRequest(membership=member, **asked) for member in people)
    bulk_create(CreditRequest(membership=member, state=RequestState.DECLINED, **asked) for member in people)
    bulk_create(QuotaRaise(membership=member, amount=5, reason="The season.", expires_at=tomorrow) for member in people)
    bulk_create(SpendWatcher(membership=member) for member in people)
    bulk_create(Crossing(team=ours.team, membership=member, basis="month", level=75) for member in people)


def _create_integrations(ours: TeamData, people: list[Membership]) -> None:
    """API keys with a quota, webhook deliveries and open invitations."""
    team, later = ours.team, timezone.now() + timedelta(days=7)
    keys = ApiKey.objects.bulk_create(
        ApiKey(team=team, user=member.user, name="farm", scopes=[Scope.READ]) for member in people
    )
    bulk_create(ApiKeySecret(key=key, prefix="dly_12345678", digest=uuid4().hex) for key in keys)
    bulk_create(Quota(team=team, api_key=key, cap=100) for key in keys)
    bulk_create(WebhookDelivery(endpoint=ours.delivery.endpoint, kind="webhook.test", payload={}) for _ in people)
    bulk_create(
        Invitation(team=team, email=f"{uuid4().hex}@example.com", digest=uuid4().hex, created_by=None, expires_at=later)
        for _ in people
    )


def _create_events(ours: TeamData, people: list[Membership]) -> None:
    """The audit log, the events of the take, and the owner's notifications."""
    team, owner = ours.team, Membership.objects.get(team=ours.team, role=Role.OWNER)
    about = {"email": "x@example.com", "before": {"role": "creator"}, "after": {"role": "admin"}}
    bulk_create(
        Event(team=team, actor=member.user, kind="member.role_changed", data=about, is_audit=True) for member in people
    )
    bulk_create(Event(team=team, actor=member.user, kind="take.decided", subject_id=ours.take.pk) for member in people)
    bulk_create(Project(team=team, name=uuid4().hex) for _ in people)
    bulk_create(Notification(user_id=owner.user_id, team=team, kind="x", text="Somebody joined.") for _ in people)
